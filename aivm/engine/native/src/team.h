// A caller and its helper threads, who execute the shares of one step after the other.
#pragma once
#include <memory>
#include <thread>
#include <vector>

#include "signal.h"
#include "step.h"

namespace aivm {

class Team {
 public:
  // `contexts` holds one context for each thread, the caller's first, and outlives the team.
  explicit Team(const std::vector<Context>& contexts);
  ~Team();
  Team(const Team&) = delete;

  // Executes one step: the caller takes share 0 and returns when all shares are done.
  void execute(Kernel kernel, const int32_t* step) {
    if (threads_ == 1) return kernel(step, contexts_[0], 0, 1);
    share(kernel, step);
  }

 private:
  void share(Kernel kernel, const int32_t* step);
  void help(int thread);

  const std::vector<Context>& contexts_;
  const int threads_;
  Kernel kernel_ = nullptr;  // null: the helpers end
  const int32_t* step_ = nullptr;
  uint64_t generation_ = 0;
  Signal started_, done_;
  std::atomic<int> pending_{0};
  std::vector<std::thread> helpers_;
};

}  // namespace aivm
