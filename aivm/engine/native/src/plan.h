// A step program as this engine keeps it: checked, with the kernel of each step looked up.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "dense.h"
#include "step.h"

namespace aivm {

// A tensor in the arena, in bytes; lo and hi are the range that an input must keep.
struct Slot {
  size_t offset;
  size_t bytes;
  int dtype;
  int32_t lo, hi;
};

// A constant where its owner keeps it.
struct Constant {
  const uint8_t* data;
  size_t bytes;
};

struct Step {
  const int32_t* words;
  Kernel kernel;
  bool parallel;
  int32_t opIndex;
};

struct Plan {
  Level level;
  std::vector<int32_t> words;
  std::vector<Constant> constants;
  size_t arenaBytes;
  std::vector<Slot> inputs, outputs, ops;
  std::vector<Step> steps;
  std::vector<size_t> convSteps;   // where in `words` each conv step starts
  std::vector<size_t> readyAfter;  // for each op: steps that must be done before its output is in the arena
  size_t scratchBytes;             // of one thread, a multiple of 64

  std::vector<const uint8_t*> addresses() const;
};

// First reason why this plan must not be run: a word out of range, or a tensor outside the arena or its constant.
// Empty when there is none. `words`, `constants`, `arenaBytes` and the slots must be set.
std::string findFault(const Plan& plan);

// Fills in what follows from a plan without fault; false when this build has no kernels of its level.
bool preparePlan(Plan& plan);

}  // namespace aivm
