// Depthwise convolution: each output channel sees its own input channel. Pixel after pixel, all channels of each; a tap
// outside x reads a run of padding values. Portable kernel; an instruction set may have its own.
#pragma once
#include "densePlan.h"

namespace aivm {
namespace {

// One output pixel: taps[t] is the address of channel 0 of tap t.
struct DepthwisePixel {
  const uint8_t* const* taps;
  int64_t tapCount, channels;
  const uint8_t* packed;
  const ConvPlan* plan;
  const Finish* finish;
  int64_t at;  // element of y of channel 0
};

template <class X, int N>
inline void depthwiseColumns(const DepthwisePixel& d, int64_t from, int n, int32_t* acc) {
  const int64_t row = d.plan->paramColumns;
  const int16_t* w = reinterpret_cast<const int16_t*>(d.packed + d.plan->weightsAt) + from;
  memcpy(acc, d.packed + d.plan->initAt + from * 4, static_cast<size_t>(n) * 4);
  for (int64_t t = 0; t < d.tapCount; t++, w += row) {
    const X* x = reinterpret_cast<const X*>(d.taps[t]) + from;
    // Sums of parts may wrap: unsigned.
    for (int c = 0; c < (N > 0 ? N : n); c++) acc[c] = static_cast<int32_t>(static_cast<uint32_t>(acc[c]) + static_cast<uint32_t>(x[c] * w[c]));
  }
}

template <class X>
inline void depthwisePortable(const DepthwisePixel& d) {
  alignas(64) int32_t acc[32];
  const double* factor = reinterpret_cast<const double*>(d.packed + d.plan->factorAt);
  for (int64_t from = 0; from < d.channels; from += 32) {
    const int n = static_cast<int>(least<int64_t>(32, d.channels - from));
    if (n == 32) depthwiseColumns<X, 32>(d, from, n, acc);
    else depthwiseColumns<X, 0>(d, from, n, acc);
    finishColumns(*d.finish, acc, factor + from, n, d.at + from);
  }
}

// What an instruction set without kernels of its own inherits. Depthwise weights are i16 [taps][channels].
struct Portable {
  static void divideRow(const Finish& f, const int32_t* acc, double factor, int32_t divisor, int n, int64_t at) {
    int32_t v[FINISH_COLUMNS];
    divideColumns(f, acc, factor, divisor, n, v);
    emitColumns(f, v, n, at);
  }

  static int64_t depthwiseWeightBytes(const ConvStep& c, bool) { return c.kernelH * c.kernelW * roundUp(c.C, 64) * 2; }
  static int64_t depthwiseColumn(int64_t, int64_t channel, bool) { return channel; }
  static void packDepthwise(const ConvStep& c, const WeightReader& w, bool, uint8_t* out) {
    const int64_t row = roundUp(c.C, 64);
    int16_t* to = reinterpret_cast<int16_t*>(out);
    memset(out, 0, static_cast<size_t>(c.kernelH * c.kernelW * row * 2));
    for (int64_t t = 0; t < c.kernelH * c.kernelW; t++)
      for (int64_t o = 0; o < c.C; o++) to[t * row + o] = static_cast<int16_t>(elementAt(w.data, w.dtype, o * w.row + t));
  }
  // Output pixels [from, to) all at once, where there is a faster way for them; false where there is not.
  static bool depthwiseLines(const ConvPlan&, const ConvStep&, const uint8_t*, const uint8_t*, const uint8_t*,
                             const Finish&, int64_t, int64_t) {
    return false;
  }
  static void depthwise(const ConvStep& c, const DepthwisePixel& d) {
    if (c.x.dtype == 0) depthwisePortable<int8_t>(d);
    else depthwisePortable<int16_t>(d);
  }
};

inline int64_t padRowBytes(const ConvStep& c) { return roundUp(bytesOf(c.C, c.x.dtype) + 64, 64); }

// Scratch: a run of padding values, offsets of the taps, addresses of the taps.
inline int64_t depthwiseScratch(const ConvStep& c) { return padRowBytes(c) + roundUp(c.kernelH * c.kernelW * 16 + 128, 64); }

inline void fillPadRow(const ConvStep& c, uint8_t* row) {
  for (int64_t k = 0; k < c.C; k++) {
    if (c.x.dtype == 0) reinterpret_cast<int8_t*>(row)[k] = static_cast<int8_t>(c.padValue);
    else reinterpret_cast<int16_t*>(row)[k] = static_cast<int16_t>(c.padValue);
  }
}

struct TapFinder {
  const ConvStep& c;
  const uint8_t* x;
  const uint8_t* pad;
  const int64_t* offsets;  // of the taps from the first
  const uint8_t** taps;
};

// Addresses of the taps of the window at (oy, ox) of the image at `image`.
inline void findTaps(const TapFinder& f, const uint8_t* image, int64_t oy, int64_t ox) {
  const ConvStep& c = f.c;
  const int64_t iy = oy * c.strideH - c.padTop, ix = ox * c.strideW - c.padLeft;
  const bool inside = iy >= 0 && ix >= 0 && iy + (c.kernelH - 1) * c.dilationH < c.H &&
                      ix + (c.kernelW - 1) * c.dilationW < c.W;
  const int64_t base = bytesOf((iy * c.W + ix) * c.C, c.x.dtype);
  const int64_t count = c.kernelH * c.kernelW;
  if (inside) {
    for (int64_t t = 0; t < count; t++) f.taps[t] = image + base + f.offsets[t];
    return;
  }
  for (int64_t t = 0; t < count; t++) {
    const int64_t y = iy + t / c.kernelW * c.dilationH, column = ix + t % c.kernelW * c.dilationW;
    const bool in = y >= 0 && y < c.H && column >= 0 && column < c.W;
    f.taps[t] = in ? image + base + f.offsets[t] : f.pad;
  }
}

template <class Isa>
void convDepthwise(const ConvPlan& p, const ConvStep& c, const Context& context, const uint8_t* packed, int thread,
                   int threads) {
  const int64_t count = c.kernelH * c.kernelW, pixels = c.N * c.OH * c.OW;
  uint8_t* pad = context.scratch;
  int64_t* offsets = reinterpret_cast<int64_t*>(pad + padRowBytes(c));
  const uint8_t** taps = reinterpret_cast<const uint8_t**>(offsets + roundUp(count, 8));
  fillPadRow(c, pad);
  for (int64_t t = 0; t < count; t++)
    offsets[t] = bytesOf((t / c.kernelW * c.dilationH * c.W + t % c.kernelW * c.dilationW) * c.C, c.x.dtype);
  const uint8_t* x = addressIn(c.x, context.arena, context.constants);
  const TapFinder finder = {c, x, pad, offsets, taps};
  const Finish finish = finishOf(c, context, reinterpret_cast<const PackedHeader*>(packed)->mode);
  const int64_t from = shareFrom(pixels, thread, threads), to = shareFrom(pixels, thread + 1, threads);
  if (Isa::depthwiseLines(p, c, x, pad, packed, finish, from, to)) return;
  DepthwisePixel d = {taps, count, c.C, packed, &p, &finish, 0};
  for (int64_t pixel = from; pixel < to; pixel++) {
    const int64_t line = pixel / c.OW;
    findTaps(finder, x + bytesOf(line / c.OH * c.H * c.W * c.C, c.x.dtype), line % c.OH, pixel % c.OW);
    d.at = pixel * c.C;
    Isa::depthwise(c, d);
  }
}

}  // namespace
}  // namespace aivm
