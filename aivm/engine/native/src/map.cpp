// map: every output element from the matching elements of up to three operands.
#include "chunk.h"
#include "copy.h"
#include "level.h"
#include "mapLoops.h"
#include "nest.h"

namespace aivm {
namespace AIVM_LEVEL {
namespace {

enum MapKind { kCopy, kAdd, kMul, kRescale, kTable, kWhere, kCompare, kDiv, kMod, kIsqrt, kBitwise, kShift };

constexpr MapLoop kLoops[] = {nullptr,   addLoop, mulLoop, rescaleLoop, nullptr,     whereLoop,
                              compareLoop, divLoop, modLoop, isqrtLoop,   bitwiseLoop, shiftLoop};

// Words: kind, y a b c, sizes, strides of y a b c, parameters.
constexpr int kKind = kHeaderWords;
constexpr int kRefs = kKind + 1;
constexpr int kSizes = kRefs + 4 * kRefWords;
constexpr int kStrides = kSizes + kRank;
constexpr int kParameters = kStrides + 4 * kRank;

struct Operand {
  const uint8_t* address;
  int dtype;
};

// Largest magnitude of an element type.
double mostOf(int dtype) { return powerOfTwo(8 * dtypeBytes(dtype) - 1); }

// Largest magnitude of the product of a multiplier with elements of the operand at word `ref`.
double scaledMost(const int32_t* step, int ref, double zero, double multiplier) {
  return (mostOf(refDtype(step, ref)) + std::fabs(zero)) * std::fabs(multiplier);
}

MapLoop loopOf(const int32_t* step) {
  const int32_t kind = step[kKind];
  const int32_t* words = step + kParameters;
  const int a = kRefs + kRefWords, b = a + kRefWords;
  if (kind == kAdd) {
    const double bound = scaledMost(step, a, 0, words[0]) + scaledMost(step, b, 0, words[1]) +
                         std::fabs(static_cast<double>(words[2]));
    if (fitsWord(bound, words[3])) return addWordLoop;
  }
  if (kind == kRescale && fitsWord(scaledMost(step, a, words[0], words[1]), words[2])) return rescaleWordLoop;
  return kLoops[kind];
}

template <typename X, typename Y>
void lookUp(uint8_t* y, int64_t yStride, const uint8_t* x, int64_t xStride, const uint8_t* table, int64_t count) {
  const Y* middle = reinterpret_cast<const Y*>(table) + (sizeof(X) == 1 ? 128 : 32768);
  const X* from = reinterpret_cast<const X*>(x);
  Y* to = reinterpret_cast<Y*>(y);
  if (xStride == 1 && yStride == 1) {
    for (int64_t i = 0; i < count; i++) to[i] = middle[from[i]];
  } else {
    for (int64_t i = 0; i < count; i++) to[i * yStride] = middle[from[i * xStride]];
  }
}

void tableMap(const int32_t* step, const Context& context, int thread, int threads) {
  const Nest nest = nestAt(step, kSizes, kStrides, 2);
  uint8_t* y = refAddress(step, kRefs, context);
  const uint8_t* x = refAddress(step, kRefs + kRefWords, context);
  const uint8_t* table = refAddress(step, kRefs + 2 * kRefWords, context);
  const int yDtype = refDtype(step, kRefs), xDtype = refDtype(step, kRefs + kRefWords);
  using LookUp = void (*)(uint8_t*, int64_t, const uint8_t*, int64_t, const uint8_t*, int64_t);
  constexpr LookUp kLookUps[2][3] = {{lookUp<int8_t, int8_t>, lookUp<int8_t, int16_t>, lookUp<int8_t, int32_t>},
                                     {lookUp<int16_t, int8_t>, lookUp<int16_t, int16_t>, lookUp<int16_t, int32_t>}};
  const LookUp run = kLookUps[xDtype == kI8 ? 0 : 1][yDtype];
  const int64_t yStride = nest.strides[0][nest.rank - 1], xStride = nest.strides[1][nest.rank - 1];
  eachRow<2>(nest, thread, threads, [&](const int64_t* at, int64_t from, int64_t to) {
    run(y + ((at[0] + from * yStride) << yDtype), yStride, x + ((at[1] + from * xStride) << xDtype), xStride, table,
        to - from);
  });
}

void copyMap(const int32_t* step, const Context& context, int thread, int threads) {
  const Nest nest = nestAt(step, kSizes, kStrides, 2);
  uint8_t* y = refAddress(step, kRefs, context);
  const uint8_t* x = refAddress(step, kRefs + kRefWords, context);
  copyNest(nest, y, x, refDtype(step, kRefs), thread, threads);
}

// Operands that do not move along the innermost axis are loaded once for each row, the others chunk by chunk.
void arithmeticMap(const int32_t* step, const Context& context, int thread, int threads) {
  const Nest nest = nestAt(step, kSizes, kStrides, 4);
  const MapLoop loop = loopOf(step);
  uint8_t* y = refAddress(step, kRefs, context);
  const int yDtype = refDtype(step, kRefs);
  Operand operands[3];
  int used = 0;
  for (; used < 3 && refPlace(step, kRefs + (used + 1) * kRefWords) != kPlaceNone; used++) {
    const int word = kRefs + (used + 1) * kRefWords;
    operands[used] = {refAddress(step, word, context), refDtype(step, word)};
  }
  int64_t strides[4];
  for (int ref = 0; ref < 4; ref++) strides[ref] = nest.strides[ref][nest.rank - 1];
  alignas(64) int32_t buffers[4][kChunk];
  const bool direct = yDtype == kI32 && strides[0] == 1;
  eachRow<4>(nest, thread, threads, [&](const int64_t* at, int64_t from, int64_t to) {
    const int32_t* chunks[3] = {buffers[0], buffers[0], buffers[0]};
    for (int64_t i = from; i < to; i += kChunk) {
      const int count = static_cast<int>(to - i < kChunk ? to - i : kChunk);
      for (int k = 0; k < used; k++) {
        if (i > from && strides[k + 1] == 0) continue;
        const int64_t index = at[k + 1] + i * strides[k + 1];
        chunks[k] = loadChunk(buffers[k], operands[k].address, operands[k].dtype, index, strides[k + 1], count);
      }
      const int64_t index = at[0] + i * strides[0];
      int32_t* out = direct ? reinterpret_cast<int32_t*>(y) + index : buffers[3];
      loop(chunks[0], chunks[1], chunks[2], step + kParameters, out, count);
      if (!direct) storeChunk(y, yDtype, index, strides[0], out, count);
    }
  });
}

}  // namespace

void mapKernel(const int32_t* step, const Context& context, int thread, int threads) {
  if (step[kKind] == kCopy) copyMap(step, context, thread, threads);
  else if (step[kKind] == kTable) tableMap(step, context, thread, threads);
  else arithmeticMap(step, context, thread, threads);
}

}  // namespace AIVM_LEVEL
}  // namespace aivm
