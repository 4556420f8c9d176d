// The native engine without JavaScript, for the conformance suite: executes step programs that come in on standard input
// and answers with tensors on standard output. It runs wherever a C++ program does, under an emulator too.
//
// Little-endian frames. A plan (command 1) is kept under a number until another takes its place or it is dropped (3).
//   0 levels            -> u32 bits: 1 << level
//   1 plan              u32 number, level, threads; words; constants; u64 arenaBytes; inputs, outputs, ops
//                       -> u32 length of a fault, its text; 0 when there is none
//   2 run               u32 number, hash; the inputs' bytes in order
//                       -> i32 status (-1 done), then if done the outputs' bytes, the ops' bytes, with hash 32 bytes an op
//   3 drop              u32 number
// A list is its u32 length and its items; a constant is u64 bytes and them; a slot is u64 offset, u64 bytes, i32 dtype, lo, hi.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../src/lane.h"

namespace {

using namespace aivm;

void read(void* to, size_t bytes) {
  if (bytes > 0 && fread(to, 1, bytes, stdin) != bytes) exit(2);
}

void write(const void* from, size_t bytes) {
  if (bytes > 0 && fwrite(from, 1, bytes, stdout) != bytes) exit(3);
}

template <typename T>
T number() {
  T value;
  read(&value, sizeof value);
  return value;
}

std::vector<Slot> slots() {
  std::vector<Slot> list(number<uint32_t>());
  for (Slot& slot : list) {
    slot.offset = number<uint64_t>();
    slot.bytes = number<uint64_t>();
    slot.dtype = number<int32_t>();
    slot.lo = number<int32_t>();
    slot.hi = number<int32_t>();
  }
  return list;
}

// A plan, what it owns, and the lane that runs it.
struct Loaded {
  Plan plan;
  Weights weights;
  std::vector<std::shared_ptr<Region>> regions;
  std::unique_ptr<Lane> lane;
};

std::shared_ptr<Region> region(size_t bytes) {
  std::shared_ptr<Region> made = Region::allocate(bytes);
  if (made == nullptr) exit(4);
  return made;
}

void readPlan(Loaded& to) {
  to.plan.words.resize(number<uint32_t>());
  read(to.plan.words.data(), to.plan.words.size() * sizeof(int32_t));
  const uint32_t constants = number<uint32_t>();
  for (uint32_t i = 0; i < constants; i++) {
    const uint64_t bytes = number<uint64_t>();
    to.regions.push_back(region(bytes));
    read(to.regions.back()->data(), bytes);
    to.plan.constants.push_back({to.regions.back()->data(), bytes});
  }
  to.plan.arenaBytes = number<uint64_t>();
  to.plan.inputs = slots();
  to.plan.outputs = slots();
  to.plan.ops = slots();
}

// Packs weights and makes the lane; the fault, if there is one.
std::string prepare(Loaded& to, int threads) {
  const std::string fault = findFault(to.plan);
  if (!fault.empty()) return fault;
  if ((cpuLevels() >> static_cast<int>(to.plan.level) & 1) == 0) return "a level that this CPU has not";
  if (!preparePlan(to.plan)) return "a level that this build has not";
  const DenseKernels& dense = *denseKernels(to.plan.level);
  to.weights.constants = to.plan.addresses();
  for (const size_t at : to.plan.convSteps) {
    const int32_t* step = to.plan.words.data() + at;
    to.regions.push_back(region(dense.packedBytes(step)));
    dense.pack(step, to.weights.constants.data(), to.regions.back()->data());
    to.weights.packed.push_back(to.regions.back()->data());
  }
  to.lane = Lane::create(to.plan, to.weights, threads);
  return to.lane == nullptr ? "no memory" : "";
}

void run(Loaded& on, bool hash) {
  uint8_t* arena = on.lane->arena()->data();
  for (const Slot& slot : on.plan.inputs) read(arena + slot.offset, slot.bytes);
  const int32_t status = on.lane->run(hash);
  write(&status, sizeof status);
  if (status != kRunDone) return;
  for (const Slot& slot : on.plan.outputs) write(arena + slot.offset, slot.bytes);
  for (const Slot& slot : on.plan.ops) write(arena + slot.offset, slot.bytes);
  if (hash) write(on.lane->roots()->data(), on.plan.ops.size() * 32);
}

}  // namespace

int main() {
  std::map<uint32_t, std::unique_ptr<Loaded>> plans;
  uint32_t command;
  while (fread(&command, sizeof command, 1, stdin) == 1) {
    if (command == 0) {
      const uint32_t levels = cpuLevels();
      write(&levels, sizeof levels);
    } else if (command == 1) {
      const uint32_t id = number<uint32_t>();
      plans.erase(id);
      auto loaded = std::make_unique<Loaded>();
      loaded->plan.level = static_cast<Level>(number<uint32_t>());
      const int threads = static_cast<int>(number<uint32_t>());
      readPlan(*loaded);
      const std::string fault = prepare(*loaded, threads);
      const uint32_t length = static_cast<uint32_t>(fault.size());
      write(&length, sizeof length);
      write(fault.data(), length);
      if (fault.empty()) plans[id] = std::move(loaded);
    } else if (command == 2) {
      const auto found = plans.find(number<uint32_t>());
      const uint32_t hash = number<uint32_t>();
      if (found == plans.end()) return 5;
      run(*found->second, hash != 0);
    } else if (command == 3) {
      plans.erase(number<uint32_t>());
    } else {
      return 6;
    }
    fflush(stdout);
  }
  return 0;
}
