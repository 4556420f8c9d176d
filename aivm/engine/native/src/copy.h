// Copying along a nest: whole rows, rows of one value, strided rows, a few planes interleaved, and transposed tiles.
#pragma once
#include <cstring>
#if defined(__SSSE3__)
#include <immintrin.h>
#endif

#include "nest.h"

namespace aivm {

template <typename T>
static inline void copyRow(T* __restrict y, int64_t yStride, const T* __restrict x, int64_t xStride, int64_t count) {
  if (yStride == 1 && xStride == 1) {
    memcpy(y, x, static_cast<size_t>(count) * sizeof(T));
  } else if (yStride == 1 && xStride == 0) {
    const T value = x[0];
    for (int64_t i = 0; i < count; i++) y[i] = value;
  } else if (yStride == 1) {
    for (int64_t i = 0; i < count; i++) y[i] = x[i * xStride];
  } else {
    for (int64_t i = 0; i < count; i++) y[i * yStride] = x[i * xStride];
  }
}

// Axis along which x moves by 1 where the innermost one moves by more, for transposing in tiles; -1 when there is none.
static inline int transposedAxis(const Nest& nest) {
  const int last = nest.rank - 1;
  if (nest.strides[0][last] != 1 || nest.strides[1][last] <= 1 || nest.sizes[last] < 8) return -1;
  for (int axis = 0; axis < last; axis++)
    if (nest.strides[1][axis] == 1 && nest.sizes[axis] >= 8) return axis;
  return -1;
}

// Transposes planes in tiles of a cache line by a cache line; the other axes are walked around them.
template <typename T>
static inline void copyTransposed(const Nest& nest, int axis, T* y, const T* x, int thread, int threads) {
  constexpr int64_t kTile = 64 / sizeof(T) < 16 ? 16 : 64 / sizeof(T);
  const int last = nest.rank - 1;
  const int64_t rows = nest.sizes[axis], columns = nest.sizes[last];
  const int64_t yRow = nest.strides[0][axis], xColumn = nest.strides[1][last];
  // The nest of tile rows: `axis` counts tiles and the innermost axis is left out.
  Nest outer = nest;
  outer.sizes[axis] = (rows + kTile - 1) / kTile;
  outer.strides[0][axis] *= kTile;
  outer.strides[1][axis] *= kTile;
  outer.sizes[last] = 1;
  int64_t tiles = 1;
  for (int i = 0; i < last; i++) tiles *= outer.sizes[i];
  for (int64_t tile = shareStart(tiles, thread, threads); tile < shareStart(tiles, thread + 1, threads); tile++) {
    int64_t rest = tile, yAt = 0, xAt = 0, row = 0;
    for (int i = last - 1; i >= 0; i--) {
      const int64_t at = rest % outer.sizes[i];
      rest /= outer.sizes[i];
      yAt += at * outer.strides[0][i];
      xAt += at * outer.strides[1][i];
      if (i == axis) row = at * kTile;
    }
    const int64_t height = rows - row < kTile ? rows - row : kTile;
    for (int64_t column = 0; column < columns; column += kTile) {
      const int64_t width = columns - column < kTile ? columns - column : kTile;
      for (int64_t i = 0; i < height; i++) {
        T* __restrict to = y + yAt + i * yRow + column;
        const T* __restrict from = x + xAt + i + column * xColumn;
        for (int64_t j = 0; j < width; j++) to[j] = from[j * xColumn];
      }
    }
  }
}

// Planes of pixels become pixels of channels (an image as cameras have it). At most this many planes.
constexpr int64_t kPlanes = 4;

// True for y [pixels][planes] dense and x [planes][pixels] with dense rows.
static inline bool interleaves(const Nest& nest) {
  const int last = nest.rank - 1;
  if (last < 1 || nest.sizes[last] > kPlanes || nest.sizes[last - 1] < 64) return false;
  for (int axis = 0; axis < last - 1; axis++)
    if (nest.sizes[axis] != 1) return false;
  return nest.strides[0][last] == 1 && nest.strides[0][last - 1] == nest.sizes[last] && nest.strides[1][last - 1] == 1;
}

#if defined(__SSSE3__)
// Bytes of 16 pixels of 3 planes: y byte 16 x block + i is channel (16 x block + i) mod 3. Pixels done: a multiple of 16.
static inline int64_t interleaveThree(int8_t* y, const int8_t* x, int64_t plane, int64_t pixels) {
  __m128i order[3][3];
  for (int block = 0; block < 3; block++)
    for (int channel = 0; channel < 3; channel++) {
      alignas(16) int8_t from[16];
      for (int i = 0; i < 16; i++) {
        const int byte = 16 * block + i;
        from[i] = static_cast<int8_t>(byte % 3 == channel ? byte / 3 : -128);
      }
      order[block][channel] = _mm_load_si128(reinterpret_cast<const __m128i*>(from));
    }
  int64_t done = 0;
  for (; done + 16 <= pixels; done += 16) {
    __m128i of[3];
    for (int channel = 0; channel < 3; channel++)
      of[channel] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x + channel * plane + done));
    for (int block = 0; block < 3; block++) {
      const __m128i ab = _mm_or_si128(_mm_shuffle_epi8(of[0], order[block][0]), _mm_shuffle_epi8(of[1], order[block][1]));
      const __m128i abc = _mm_or_si128(ab, _mm_shuffle_epi8(of[2], order[block][2]));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(y + 3 * done + 16 * block), abc);
    }
  }
  return done;
}
#endif

template <typename T>
static inline void copyInterleaved(const Nest& nest, T* __restrict y, const T* __restrict x, int thread, int threads) {
  const int last = nest.rank - 1;
  const int64_t planes = nest.sizes[last], plane = nest.strides[1][last];
  const int64_t end = shareStart(nest.sizes[last - 1], thread + 1, threads);
  int64_t pixel = shareStart(nest.sizes[last - 1], thread, threads);
#if defined(__SSSE3__)
  if (sizeof(T) == 1 && planes == 3)
    pixel += interleaveThree(reinterpret_cast<int8_t*>(y + 3 * pixel), reinterpret_cast<const int8_t*>(x + pixel), plane, end - pixel);
#endif
  for (; pixel < end; pixel++)
    for (int64_t channel = 0; channel < planes; channel++) y[pixel * planes + channel] = x[channel * plane + pixel];
}

template <typename T>
static inline void copyElements(const Nest& nest, T* y, const T* x, int thread, int threads) {
  if (interleaves(nest)) return copyInterleaved(nest, y, x, thread, threads);
  const int axis = transposedAxis(nest);
  if (axis >= 0) return copyTransposed(nest, axis, y, x, thread, threads);
  const int64_t yStride = nest.strides[0][nest.rank - 1], xStride = nest.strides[1][nest.rank - 1];
  eachRow<2>(nest, thread, threads, [&](const int64_t* at, int64_t from, int64_t to) {
    copyRow(y + at[0] + from * yStride, yStride, x + at[1] + from * xStride, xStride, to - from);
  });
}

// y and x have one dtype; tensor 0 of the nest is y and tensor 1 is x.
static inline void copyNest(const Nest& nest, uint8_t* y, const uint8_t* x, int dtype, int thread, int threads) {
  if (dtype == kI8) {
    copyElements(nest, reinterpret_cast<int8_t*>(y), reinterpret_cast<const int8_t*>(x), thread, threads);
  } else if (dtype == kI16) {
    copyElements(nest, reinterpret_cast<int16_t*>(y), reinterpret_cast<const int16_t*>(x), thread, threads);
  } else {
    copyElements(nest, reinterpret_cast<int32_t*>(y), reinterpret_cast<const int32_t*>(x), thread, threads);
  }
}

}  // namespace aivm
