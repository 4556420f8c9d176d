// pool: largest element or scaled sum of windows of NHWC tensors, channels side by side.
#include "level.h"

namespace aivm {
namespace AIVM_LEVEL {
namespace {

// Words: kind, y, x, N H W C OH OW kernelH kernelW strideH strideW padTop padLeft dilationH dilationW, zeroX, REQUANT.
constexpr int kY = kHeaderWords + 1;
constexpr int kX = kY + kRefWords;
constexpr int kGeometry = kX + kRefWords;
constexpr int kZeroX = kGeometry + 14;
constexpr int kLo = kZeroX + 4;
constexpr int kLanes = 256;

struct Window {
  int64_t n, h, w, c, oh, ow, kernelH, kernelW, strideH, strideW, padTop, padLeft, dilationH, dilationW;
};

// Kernel positions [from, to) of one axis that lie inside x.
struct Span {
  int64_t from, to;
};

Span spanOf(int64_t start, int64_t size, int64_t kernel, int64_t dilation) {
  Span span = {0, kernel};
  while (span.from < kernel && start + span.from * dilation < 0) span.from++;
  while (span.to > span.from && start + (span.to - 1) * dilation >= size) span.to--;
  return span;
}

// Calls visit(address of the first channel) for every position of the window inside x.
template <typename T, typename Visit>
void eachPosition(const Window& of, const T* image, int64_t oy, int64_t ox, const Visit& visit) {
  const int64_t y = oy * of.strideH - of.padTop, x = ox * of.strideW - of.padLeft;
  const Span rows = spanOf(y, of.h, of.kernelH, of.dilationH);
  const Span columns = spanOf(x, of.w, of.kernelW, of.dilationW);
  for (int64_t i = rows.from; i < rows.to; i++)
    for (int64_t j = columns.from; j < columns.to; j++)
      visit(image + ((y + i * of.dilationH) * of.w + x + j * of.dilationW) * of.c);
}

// Where the positions of a window that lie inside x are: the first channel of the first one, and the steps to the others.
template <typename T>
struct Positions {
  const T* first;
  int64_t rows, columns, rowStep, columnStep;
};

template <typename T>
Positions<T> positionsOf(const Window& of, const T* image, int64_t oy, int64_t ox) {
  const int64_t y = oy * of.strideH - of.padTop, x = ox * of.strideW - of.padLeft;
  const Span rows = spanOf(y, of.h, of.kernelH, of.dilationH);
  const Span columns = spanOf(x, of.w, of.kernelW, of.dilationW);
  const int64_t at = ((y + rows.from * of.dilationH) * of.w + x + columns.from * of.dilationW) * of.c;
  return {image + at, rows.to - rows.from, columns.to - columns.from, of.dilationH * of.w * of.c, of.dilationW * of.c};
}

// Largest of lo and a window, for N neighbouring channels: as many as fit registers, so the compiler keeps them there.
template <typename T, int N>
void maxBlock(const Positions<T>& of, int64_t channel, T lo, T* __restrict y) {
  T most[N];
  for (int c = 0; c < N; c++) most[c] = lo;
  for (int64_t i = 0; i < of.rows; i++) {
    const T* __restrict at = of.first + i * of.rowStep + channel;
    for (int64_t j = 0; j < of.columns; j++, at += of.columnStep)
      for (int c = 0; c < N; c++) most[c] = at[c] > most[c] ? at[c] : most[c];
  }
  for (int c = 0; c < N; c++) y[channel + c] = most[c];
}

template <typename T>
void maxChannels(const Positions<T>& of, int64_t first, int64_t end, T lo, T* y) {
  int64_t channel = first;
  for (; channel + 64 <= end; channel += 64) maxBlock<T, 64>(of, channel, lo, y);
  for (; channel + 16 <= end; channel += 16) maxBlock<T, 16>(of, channel, lo, y);
  for (; channel + 8 <= end; channel += 8) maxBlock<T, 8>(of, channel, lo, y);
  for (; channel < end; channel++) maxBlock<T, 1>(of, channel, lo, y);
}

// Sums of at most 2^15 positions fit int32; it is emptied into a double after so many.
template <typename T>
void sumChannels(const Window& of, const T* image, int64_t oy, int64_t ox, int64_t first, int count,
                 double zeroX, double* sums) {
  alignas(64) int32_t partial[kLanes];
  int64_t positions = 0;
  for (int i = 0; i < count; i++) { sums[i] = 0; partial[i] = 0; }
  const auto empty = [&] {
    for (int i = 0; i < count; i++) { sums[i] += partial[i]; partial[i] = 0; }
  };
  eachPosition(of, image, oy, ox, [&](const T* pixel) {
    const T* __restrict at = pixel + first;
    for (int i = 0; i < count; i++) partial[i] += at[i];
    if ((++positions & 0x7fff) == 0) empty();
  });
  empty();
  const double offset = static_cast<double>(positions) * zeroX;
  for (int i = 0; i < count; i++) sums[i] -= offset;
}

// Pixels are shared out, or the channels where there are few pixels; visit(image, oy, ox, first, count, pixel of y).
template <typename Visit>
void eachPart(const Window& of, int thread, int threads, const Visit& visit) {
  const int64_t pixels = of.n * of.oh * of.ow;
  const bool byPixels = pixels >= 4 * static_cast<int64_t>(threads) || of.c < 64;
  const int64_t from = byPixels ? 0 : shareStart(of.c, thread, threads);
  const int64_t to = byPixels ? of.c : shareStart(of.c, thread + 1, threads);
  const int64_t end = byPixels ? shareStart(pixels, thread + 1, threads) : pixels;
  for (int64_t pixel = byPixels ? shareStart(pixels, thread, threads) : 0; pixel < end; pixel++) {
    const int64_t ox = pixel % of.ow, oy = pixel / of.ow % of.oh, n = pixel / (of.ow * of.oh);
    for (int64_t first = from; first < to; first += kLanes)
      visit(n * of.h * of.w * of.c, oy, ox, first, static_cast<int>(to - first < kLanes ? to - first : kLanes),
            pixel * of.c);
  }
}

Window windowAt(const int32_t* g) {
  return {g[0], g[1], g[2], g[3], g[4], g[5], g[6], g[7], g[8], g[9], g[10], g[11], g[12], g[13]};
}

template <typename T>
void maxPool(const int32_t* step, const Context& context, int thread, int threads) {
  const Window of = windowAt(step + kGeometry);
  T* y = reinterpret_cast<T*>(refAddress(step, kY, context));
  const T* x = reinterpret_cast<const T*>(refAddress(step, kX, context));
  const T lo = static_cast<T>(step[kLo]);
  eachPart(of, thread, threads, [&](int64_t image, int64_t oy, int64_t ox, int64_t first, int count, int64_t to) {
    maxChannels(positionsOf(of, x + image, oy, ox), first, first + count, lo, y + to);
  });
}

template <typename T>
void averagePool(const int32_t* step, const Context& context, int thread, int threads) {
  const Window of = windowAt(step + kGeometry);
  uint8_t* y = refAddress(step, kY, context);
  const int dtype = refDtype(step, kY);
  const T* x = reinterpret_cast<const T*>(refAddress(step, kX, context));
  const Requant to = requantAt(step + kZeroX + 1);
  alignas(64) double sums[kLanes];
  eachPart(of, thread, threads, [&](int64_t image, int64_t oy, int64_t ox, int64_t first, int count, int64_t at) {
    sumChannels(of, x + image, oy, ox, first, count, step[kZeroX], sums);
    for (int i = 0; i < count; i++)
      storeElement(y, dtype, at + first + i, static_cast<int32_t>(requantize(sums[i], to)));
  });
}

}  // namespace

void poolKernel(const int32_t* step, const Context& context, int thread, int threads) {
  const bool max = step[kHeaderWords] == 0;
  const int dtype = refDtype(step, kX);
  if (dtype == kI8) (max ? maxPool<int8_t> : averagePool<int8_t>)(step, context, thread, threads);
  else if (dtype == kI16) (max ? maxPool<int16_t> : averagePool<int16_t>)(step, context, thread, threads);
  else (max ? maxPool<int32_t> : averagePool<int32_t>)(step, context, thread, threads);
}

}  // namespace AIVM_LEVEL
}  // namespace aivm
