// What every kernel sees of a step: its words (aivm/engine/plan/format.ts) and where the run's buffers lie.
// Functions are static: files are compiled for several instruction sets, and a linker must not share code between them.
#pragma once
#include <cstddef>
#include <cstdint>

namespace aivm {

// Words of a step's header, of a REF and of a REQUANT; axes of a NEST; bytes that arena offsets count in.
constexpr int kHeaderWords = 4;
constexpr int kRefWords = 3;
constexpr int kRequantWords = 5;
constexpr int kRank = 6;
constexpr int kArenaUnit = 64;

// Places and element types of a REF.
enum Place : int32_t { kPlaceNone = 0, kPlaceArena = 1, kPlaceConstant = 2 };
enum DType : int32_t { kI8 = 0, kI16 = 1, kI32 = 2 };

// Kernel numbers, as format.ts has them.
enum KernelNumber : int32_t {
  kConv = 1, kConvAny, kMatmul, kMap, kFill, kReduce, kPool, kGather, kScatter, kRanking, kRandom, kKernelEnd
};

// One run in flight, as one thread sees it.
struct Context {
  uint8_t* arena;                    // start of the run's arena, 64-byte aligned
  const uint8_t* const* constants;   // address of each constant
  uint8_t* scratch;                  // this thread's own, 64-byte aligned
  const void* const* packed;         // packed weights of conv steps, by word 3 of the step
};

// Executes the share of `thread` (0 .. threads - 1) of one step.
using Kernel = void (*)(const int32_t* step, const Context&, int thread, int threads);

static inline int refPlace(const int32_t* step, int word) { return step[word] & 3; }
static inline int refDtype(const int32_t* step, int word) { return step[word] >> 2; }
static inline int dtypeBytes(int dtype) { return 1 << dtype; }

// Address of the first element of the REF at `word`; null when it names nothing.
static inline uint8_t* refAddress(const int32_t* step, int word, const Context& context) {
  const int place = refPlace(step, word);
  if (place == kPlaceNone) return nullptr;
  const ptrdiff_t first = static_cast<ptrdiff_t>(step[word + 2]) << refDtype(step, word);
  if (place == kPlaceArena)
    return context.arena + static_cast<ptrdiff_t>(static_cast<uint32_t>(step[word + 1])) * kArenaUnit + first;
  return const_cast<uint8_t*>(context.constants[step[word + 1]]) + first;
}

// Element `index` of a tensor of any dtype.
static inline int32_t loadElement(const uint8_t* address, int dtype, ptrdiff_t index) {
  if (dtype == kI8) return reinterpret_cast<const int8_t*>(address)[index];
  if (dtype == kI16) return reinterpret_cast<const int16_t*>(address)[index];
  return reinterpret_cast<const int32_t*>(address)[index];
}

static inline void storeElement(uint8_t* address, int dtype, ptrdiff_t index, int32_t value) {
  if (dtype == kI8) reinterpret_cast<int8_t*>(address)[index] = static_cast<int8_t>(value);
  else if (dtype == kI16) reinterpret_cast<int16_t*>(address)[index] = static_cast<int16_t>(value);
  else reinterpret_cast<int32_t*>(address)[index] = value;
}

// First unit of `thread`'s share of `units`; its share ends where the next thread's begins.
static inline int64_t shareStart(int64_t units, int thread, int threads) {
  return static_cast<int64_t>(static_cast<uint64_t>(units) * static_cast<uint64_t>(thread) / threads);
}

// 2^exponent exactly, exponent in [-1022, 1023].
static inline double powerOfTwo(int exponent) {
  const uint64_t bits = static_cast<uint64_t>(1023 + exponent) << 52;
  double value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

// Adding and taking away 1.5 x 2^52 rounds |v| <= 2^51 half to even, by the rounding of f64 addition itself.
constexpr double kMagic = 6755399441055744.0;

// clamp(zero + RNE(v x multiplier / 2^shift), lo, hi) in f64, exact for |v x multiplier| <= 2^53. It clamps before it
// rounds: the limits are integers.
struct Requant {
  double factor;  // multiplier / 2^shift
  double zero;
  double low;     // lo - zero
  double high;    // hi - zero
};

static inline Requant requantOf(int32_t multiplier, int32_t shift, int32_t zero, int32_t lo, int32_t hi) {
  return {multiplier * powerOfTwo(-shift), static_cast<double>(zero), static_cast<double>(lo) - zero,
          static_cast<double>(hi) - zero};
}

// Requant of the five REQUANT words at `words`.
static inline Requant requantAt(const int32_t* words) {
  return requantOf(words[0], words[1], words[2], words[3], words[4]);
}

// The rounded value; an integer in [lo, hi] as a double.
static inline double requantize(double value, const Requant& to) {
  double bounded = value * to.factor;
  bounded = bounded < to.low ? to.low : bounded;
  bounded = bounded > to.high ? to.high : bounded;
  return bounded + kMagic - kMagic + to.zero;
}

}  // namespace aivm
