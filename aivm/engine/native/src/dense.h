// Dense kernels (conv, convAny, matmul) of the native engine: one table of functions per instruction set.
//
// What the caller owes: the arena, every constant and the scratch start at addresses that are a multiple of 64, and at
// least DENSE_SLACK bytes after the end of the arena can be read (their values do not matter). A table is only called
// when cpuLevels() has its level.
#pragma once
#include <cstddef>
#include <cstdint>

#include "step.h"

namespace aivm {

// Instruction sets, from the plainest. vnni is AVX-512 F, BW, VL, DQ and VNNI.
enum class Level : int { scalar = 0, neon = 1, avx2 = 2, vnni = 3 };

// Bytes that must be readable behind the arena.
constexpr size_t DENSE_SLACK = 64;

struct DenseKernels {
  // Bytes of the packed weights of a conv step (all of a conv's constants: weights, bias, factors); a multiple of 64.
  size_t (*packedBytes)(const int32_t* step);
  // Packs them to `out`, which is aligned to 64. `constants` as in Context: address of each constant.
  void (*pack)(const int32_t* step, const uint8_t* const* constants, uint8_t* out);
  // Bytes of scratch that each thread needs for a conv, convAny or matmul step. May be 0.
  size_t (*scratchBytes)(const int32_t* step);
  // Execute the share of `thread` out of `threads` of a step. Shares are disjoint and together are the whole step.
  void (*conv)(const int32_t* step, const Context& context, int thread, int threads);
  void (*convAny)(const int32_t* step, const Context& context, int thread, int threads);
  void (*matmul)(const int32_t* step, const Context& context, int thread, int threads);
};

// The table of a level, or nullptr when this build has none (neon on x86, avx2 and vnni on ARM).
const DenseKernels* denseKernels(Level level);

// Levels that this build has and this CPU can run, as bits: 1 << (int)Level. Scalar is always among them.
unsigned cpuLevels();

// The best of cpuLevels().
Level bestLevel();

}  // namespace aivm
