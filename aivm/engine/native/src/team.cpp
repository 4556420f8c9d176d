// A step is a generation: the caller publishes its number, the last helper to finish publishes it back.
#include "team.h"

namespace aivm {

Team::Team(const std::vector<Context>& contexts)
    : contexts_(contexts), threads_(static_cast<int>(contexts.size())) {
  for (int thread = 1; thread < threads_; thread++) helpers_.emplace_back([this, thread] { help(thread); });
}

Team::~Team() {
  kernel_ = nullptr;
  if (threads_ > 1) started_.publish(++generation_);
  for (std::thread& helper : helpers_) helper.join();
}

void Team::share(Kernel kernel, const int32_t* step) {
  kernel_ = kernel;
  step_ = step;
  pending_.store(threads_ - 1);
  started_.publish(++generation_);
  kernel(step, contexts_[0], 0, threads_);
  done_.await(generation_);
}

void Team::help(int thread) {
  for (uint64_t generation = 1;; generation++) {
    started_.await(generation);
    if (kernel_ == nullptr) return;
    kernel_(step_, contexts_[static_cast<size_t>(thread)], thread, threads_);
    if (pending_.fetch_sub(1) == 1) done_.publish(generation);
  }
}

}  // namespace aivm
