// Chunks of elements of any dtype and stride as int32, and back: what lets one loop serve all dtypes.
#pragma once
#include <cstring>

#include "step.h"

namespace aivm {

// Elements of a chunk: its buffers stay in the L1 cache.
constexpr int kChunk = 512;

template <typename T>
static inline void widen(int32_t* __restrict to, const T* __restrict from, int64_t stride, int count) {
  if (stride == 1) {
    for (int i = 0; i < count; i++) to[i] = from[i];
  } else if (stride == 0) {
    const int32_t value = from[0];
    for (int i = 0; i < count; i++) to[i] = value;
  } else {
    for (int i = 0; i < count; i++) to[i] = from[i * stride];
  }
}

template <typename T>
static inline void narrow(T* __restrict to, const int32_t* __restrict from, int64_t stride, int count) {
  if (stride == 1) {
    for (int i = 0; i < count; i++) to[i] = static_cast<T>(from[i]);
  } else {
    for (int i = 0; i < count; i++) to[i * stride] = static_cast<T>(from[i]);
  }
}

// `count` elements that start at element `index`, as int32: in `buffer`, or where they lie when they are int32 already.
static inline const int32_t* loadChunk(int32_t* buffer, const uint8_t* address, int dtype, int64_t index,
                                       int64_t stride, int count) {
  if (dtype == kI8) widen(buffer, reinterpret_cast<const int8_t*>(address) + index, stride, count);
  else if (dtype == kI16) widen(buffer, reinterpret_cast<const int16_t*>(address) + index, stride, count);
  else if (stride == 1) return reinterpret_cast<const int32_t*>(address) + index;
  else widen(buffer, reinterpret_cast<const int32_t*>(address) + index, stride, count);
  return buffer;
}

static inline void storeChunk(uint8_t* address, int dtype, int64_t index, int64_t stride, const int32_t* values,
                              int count) {
  if (dtype == kI8) narrow(reinterpret_cast<int8_t*>(address) + index, values, stride, count);
  else if (dtype == kI16) narrow(reinterpret_cast<int16_t*>(address) + index, values, stride, count);
  else narrow(reinterpret_cast<int32_t*>(address) + index, values, stride, count);
}

}  // namespace aivm
