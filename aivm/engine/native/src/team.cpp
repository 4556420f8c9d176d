// A step is a generation. Whoever has claimed a share of it may read its kernel and words: the caller does not go on to the
// next step before that share is finished.
#include "team.h"

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif

namespace aivm {
namespace {

// A helper that wakes on the processor of a caller who never pauses would wait there for the scheduler's balancing, some
// 10 milliseconds. So helpers stay off the processor that the caller has when the team is made, where there are others.
void keepOff(std::thread& helper, int processor) {
#if defined(__linux__)
  cpu_set_t allowed;
  if (processor < 0 || sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2) return;
  CPU_CLR(static_cast<unsigned>(processor), &allowed);
  pthread_setaffinity_np(helper.native_handle(), sizeof allowed, &allowed);
#else
  static_cast<void>(helper);
  static_cast<void>(processor);
#endif
}

int currentProcessor() {
#if defined(__linux__)
  return sched_getcpu();
#else
  return -1;
#endif
}

constexpr int kShareBits = 16;  // more shares than an engine has threads
constexpr uint64_t kShareMask = (uint64_t{1} << kShareBits) - 1;

}  // namespace

Team::Team(const std::vector<Context>& contexts)
    : contexts_(contexts), threads_(static_cast<int>(contexts.size())) {
  const int caller = currentProcessor();
  for (int thread = 1; thread < threads_; thread++) {
    helpers_.emplace_back([this, thread] { help(thread); });
    keepOff(helpers_.back(), caller);
  }
}

Team::~Team() {
  ending_ = true;
  if (threads_ > 1) started_.publish(++generation_);
  for (std::thread& helper : helpers_) helper.join();
}

void Team::share(Kernel kernel, const int32_t* step) {
  kernel_ = kernel;
  step_ = step;
  finished_.store(0);
  const uint64_t generation = ++generation_;
  claims_.store(generation << kShareBits);
  started_.publish(generation);
  takeShares(0, generation);
  done_.await(generation);
}

void Team::takeShares(int thread, uint64_t generation) {
  uint64_t claim = claims_.load();
  while (claim >> kShareBits == generation && static_cast<int>(claim & kShareMask) < threads_) {
    if (!claims_.compare_exchange_weak(claim, claim + 1)) continue;
    kernel_(step_, contexts_[static_cast<size_t>(thread)], static_cast<int>(claim & kShareMask), threads_);
    if (finished_.fetch_add(1) + 1 == threads_) done_.publish(generation);
    claim = claims_.load();
  }
}

void Team::help(int thread) {
  uint64_t seen = 0;
  for (;;) {
    seen = started_.await(seen + 1);
    if (ending_) return;
    takeShares(thread, seen);
  }
}

}  // namespace aivm
