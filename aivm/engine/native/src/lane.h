// One run in flight: its arena, its threads, and the hashing of ops' outputs beside it.
#pragma once
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "plan.h"
#include "region.h"
#include "team.h"

namespace aivm {

// What the lanes of an engine share; outlives them.
struct Weights {
  std::vector<const uint8_t*> constants;
  std::vector<const void*> packed;
};

constexpr int kRunDone = -1;

class Lane {
 public:
  // Null when the system has not the memory.
  static std::unique_ptr<Lane> create(const Plan& plan, const Weights& weights, int threads);
  ~Lane();

  // Runs the program on the inputs in the arena, and with `hash` writes each op's tensorRoot to `roots`.
  // kRunDone, or the number of the first input with an element outside its range.
  int run(bool hash);
  // From now on `start` runs on a thread of the lane's own, which then calls `done` with what `run` gave.
  void startThread(std::function<void(int)> done);
  void start(bool hash);

  const std::shared_ptr<Region>& arena() const { return arena_; }
  const std::shared_ptr<Region>& roots() const { return roots_; }

 private:
  Lane(const Plan& plan) : plan_(plan) {}
  void hashOps(std::atomic<size_t>& next);
  bool isView(size_t op) const;
  void serve(const std::function<void(int)>& done);

  const Plan& plan_;
  std::shared_ptr<Region> arena_, scratch_, roots_;
  std::vector<Context> contexts_;
  std::unique_ptr<Team> team_;
  Signal progress_;         // steps done since the lane was made, counted while it hashes
  uint64_t stepsBefore_ = 0;
  std::thread thread_;
  Signal started_;
  uint64_t starts_ = 0;
  std::atomic<bool> hash_{false}, ending_{false};
};

}  // namespace aivm
