// reduce: sum, max or argmax along one axis, lanes side by side where they lie so, else lane by lane.
#include "level.h"
#include "nest.h"

namespace aivm {
namespace AIVM_LEVEL {
namespace {

enum ReduceKind { kSum, kMax, kArgmax };

// Words: kind, y, x, sizes, strides of y and of x, size and stride of the axis, zeroX, REQUANT.
constexpr int kY = kHeaderWords + 1;
constexpr int kX = kY + kRefWords;
constexpr int kSizes = kX + kRefWords;
constexpr int kStrides = kSizes + kRank;
constexpr int kAxisSize = kStrides + 2 * kRank;
constexpr int kZeroX = kAxisSize + 2;
constexpr int kLanes = 256;

struct Axis {
  int64_t size;
  int64_t stride;
};

// Narrow elements are summed in int32 as long as no partial sum can leave it.
template <typename T>
int64_t laneSum(const T* x, const Axis& axis) {
  constexpr int64_t kBlock = sizeof(T) == 4 ? 1 : 1 << 15;
  int64_t sum = 0;
  for (int64_t from = 0; from < axis.size && sizeof(T) < 4; from += kBlock) {
    const int64_t to = from + kBlock < axis.size ? from + kBlock : axis.size;
    int32_t partial = 0;
    if (axis.stride == 1) for (int64_t i = from; i < to; i++) partial += x[i];
    else for (int64_t i = from; i < to; i++) partial += x[i * axis.stride];
    sum += partial;
  }
  for (int64_t i = 0; i < axis.size && sizeof(T) == 4; i++) sum += x[i * axis.stride];
  return sum;
}

template <typename T>
T laneMax(const T* x, const Axis& axis) {
  T most = x[0];
  if (axis.stride == 1) {
    for (int64_t i = 1; i < axis.size; i++) most = x[i] > most ? x[i] : most;
  } else {
    for (int64_t i = 1; i < axis.size; i++) most = x[i * axis.stride] > most ? x[i * axis.stride] : most;
  }
  return most;
}

template <typename T>
int32_t laneArgmax(const T* x, const Axis& axis) {
  const T most = laneMax(x, axis);
  int64_t at = 0;
  while (x[at * axis.stride] != most) at++;
  return static_cast<int32_t>(at);
}

template <typename T>
int32_t laneValue(int kind, const T* x, const Axis& axis, double offset, const Requant& to) {
  if (kind == kMax) return laneMax(x, axis);
  if (kind == kArgmax) return laneArgmax(x, axis);
  return static_cast<int32_t>(requantize(static_cast<double>(laneSum(x, axis)) - offset, to));
}

// `count` lanes whose elements lie side by side; values[i] is the result of lane i.
template <typename T>
void lanesSum(const T* x, const Axis& axis, int count, double offset, const Requant& to, int32_t* values) {
  constexpr int64_t kBlock = sizeof(T) == 4 ? 1 : 1 << 15;
  alignas(64) double sums[kLanes];
  alignas(64) int32_t partial[kLanes];
  for (int i = 0; i < count; i++) sums[i] = -offset;
  for (int64_t from = 0; from < axis.size; from += kBlock) {
    const int64_t end = from + kBlock < axis.size ? from + kBlock : axis.size;
    for (int i = 0; i < count; i++) partial[i] = 0;
    for (int64_t row = from; row < end; row++) {
      const T* __restrict at = x + row * axis.stride;
      for (int i = 0; i < count; i++) partial[i] += at[i];
    }
    for (int i = 0; i < count; i++) sums[i] += partial[i];
  }
  for (int i = 0; i < count; i++) values[i] = static_cast<int32_t>(requantize(sums[i], to));
}

template <typename T>
void lanesMax(const T* x, const Axis& axis, int count, bool positions, int32_t* values) {
  alignas(64) T most[kLanes];
  alignas(64) int32_t best[kLanes];
  for (int i = 0; i < count; i++) most[i] = x[i];
  for (int i = 0; i < count; i++) best[i] = 0;
  for (int64_t row = 1; row < axis.size; row++) {
    const T* __restrict at = x + row * axis.stride;
    if (positions) {
      for (int i = 0; i < count; i++) best[i] = at[i] > most[i] ? static_cast<int32_t>(row) : best[i];
    }
    for (int i = 0; i < count; i++) most[i] = at[i] > most[i] ? at[i] : most[i];
  }
  for (int i = 0; i < count; i++) values[i] = positions ? best[i] : most[i];
}

template <typename T>
void reduceElements(const int32_t* step, const Context& context, int thread, int threads) {
  const Nest nest = nestAt(step, kSizes, kStrides, 2);
  uint8_t* y = refAddress(step, kY, context);
  const int yDtype = refDtype(step, kY), kind = step[kHeaderWords];
  const T* x = reinterpret_cast<const T*>(refAddress(step, kX, context));
  const Axis axis = {step[kAxisSize], step[kAxisSize + 1]};
  const double offset = static_cast<double>(axis.size) * step[kZeroX];
  const Requant to = requantAt(step + kZeroX + 1);
  const int64_t yStride = nest.strides[0][nest.rank - 1], xStride = nest.strides[1][nest.rank - 1];
  const bool sideBySide = xStride == 1 && nest.sizes[nest.rank - 1] >= 8;
  alignas(64) int32_t values[kLanes];
  eachRow<2>(nest, thread, threads, [&](const int64_t* at, int64_t from, int64_t end) {
    for (int64_t i = from; i < end; i += kLanes) {
      const int count = static_cast<int>(end - i < kLanes ? end - i : kLanes);
      const T* first = x + at[1] + i * xStride;
      if (sideBySide && kind == kSum) lanesSum(first, axis, count, offset, to, values);
      else if (sideBySide) lanesMax(first, axis, count, kind == kArgmax, values);
      else for (int j = 0; j < count; j++) values[j] = laneValue(kind, first + j * xStride, axis, offset, to);
      for (int j = 0; j < count; j++) storeElement(y, yDtype, at[0] + (i + j) * yStride, values[j]);
    }
  });
}

}  // namespace

void reduceKernel(const int32_t* step, const Context& context, int thread, int threads) {
  const int dtype = refDtype(step, kX);
  if (dtype == kI8) reduceElements<int8_t>(step, context, thread, threads);
  else if (dtype == kI16) reduceElements<int16_t>(step, context, thread, threads);
  else reduceElements<int32_t>(step, context, thread, threads);
}

}  // namespace AIVM_LEVEL
}  // namespace aivm
