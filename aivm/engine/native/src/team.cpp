// A step is a generation. Whoever has claimed a share of it may read its kernel and words: the caller does not go on to the
// next step before that share is finished.
#include "team.h"

namespace aivm {
namespace {

constexpr int kShareBits = 16;  // more shares than an engine has threads
constexpr uint64_t kShareMask = (uint64_t{1} << kShareBits) - 1;

}  // namespace

Team::Team(const std::vector<Context>& contexts)
    : contexts_(contexts), threads_(static_cast<int>(contexts.size())) {
  for (int thread = 1; thread < threads_; thread++) helpers_.emplace_back([this, thread] { help(thread); });
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
