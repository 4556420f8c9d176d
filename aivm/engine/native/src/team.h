// A caller and its helper threads, who execute the shares of one step after the other. A share is nobody's until it is
// claimed: a caller whose helpers are asleep, or have lost their processor, does the whole step and waits for nobody.
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

  // Executes one step: returns when all of its shares are done, by whomever.
  void execute(Kernel kernel, const int32_t* step) {
    if (threads_ == 1) return kernel(step, contexts_[0], 0, 1);
    share(kernel, step);
  }

 private:
  void share(Kernel kernel, const int32_t* step);
  void help(int thread);
  void takeShares(int thread, uint64_t generation);

  const std::vector<Context>& contexts_;
  const int threads_;
  Kernel kernel_ = nullptr;
  const int32_t* step_ = nullptr;
  uint64_t generation_ = 0;
  // The generation, and in the low bits the next share of it that nobody has.
  std::atomic<uint64_t> claims_{0};
  std::atomic<int> finished_{0};
  std::atomic<bool> ending_{false};
  Signal started_, done_;
  std::vector<std::thread> helpers_;
};

}  // namespace aivm
