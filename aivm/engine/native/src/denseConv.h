// Convolution by tiles: bands of output pixels, whose windows are read where x lies or from a copy with its padding;
// for each band, chunk after chunk of output channels (its weights stay in the nearest cache) over all its pixels.
#pragma once
#include "denseTiles.h"
#include "denseDepthwise.h"
#include "denseAny.h"

namespace aivm {
namespace {

constexpr int64_t BAND_PIXELS = 960;          // most output pixels of a band
constexpr int64_t BAND_BYTES = 192 * 1024;    // of x that a band may take from the cache
constexpr int64_t SLACK = 64;                 // bytes that a run may read beyond its end

// Output lines of a band of a staged convolution.
inline int64_t stagedLines(const ConvPlan& p, const ConvStep& c) {
  const int64_t window = (c.kernelH - 1) * c.dilationH + 1, rows = BAND_BYTES / p.stagedRowBytes;
  const int64_t lines = rows <= window ? 1 : (rows - window) / c.strideH + 1;
  return least(c.OH, most<int64_t>(1, least(lines, BAND_PIXELS / c.OW)));
}

inline int64_t stagedBytes(const ConvPlan& p, const ConvStep& c) {
  if (p.direct) return 0;
  // A band may begin within a line and end within another.
  const int64_t lines = least(c.OH, stagedLines(p, c) + 1);
  return roundUp(((lines - 1) * c.strideH + (c.kernelH - 1) * c.dilationH + 1) * p.stagedRowBytes + SLACK, 64);
}

// Elements of x to staged ones: copied, or widened from i8 to i16.
inline void stageRun(const uint8_t* from, bool widen, int elementBytes, int64_t n, uint8_t* to) {
  if (!widen) memcpy(to, from, static_cast<size_t>(n * elementBytes));
  else
    for (int64_t i = 0; i < n; i++)
      reinterpret_cast<int16_t*>(to)[i] = reinterpret_cast<const int8_t*>(from)[i];
}

inline void fillRun(int value, int elementBytes, int64_t n, uint8_t* to) {
  if (elementBytes == 1) memset(to, value & 255, static_cast<size_t>(n));
  else
    for (int64_t i = 0; i < n; i++) reinterpret_cast<int16_t*>(to)[i] = static_cast<int16_t>(value);
}

// One line of x with its padding: columns -padLeft .. of line iy of image n.
inline void stageLine(const ConvPlan& p, const ConvStep& c, const uint8_t* x, int64_t n, int64_t iy, uint8_t* to) {
  const int bytes = p.elementBytes;
  if (iy < 0 || iy >= c.H) return fillRun(c.padValue, bytes, p.stagedColumns * c.C, to);
  const int64_t left = least(c.padLeft, p.stagedColumns), inside = least(c.W, p.stagedColumns - left);
  const int64_t right = p.stagedColumns - left - inside;
  const uint8_t* from = x + bytesOf((n * c.H + iy) * c.W * c.C, c.x.dtype);
  if (left > 0) fillRun(c.padValue, bytes, left * c.C, to);
  stageRun(from, (1 << c.x.dtype) != bytes, bytes, inside * c.C, to + left * c.C * bytes);
  if (right > 0) fillRun(c.padValue, bytes, right * c.C, to + (left + inside) * c.C * bytes);
}

// Output pixels [from, to) and where the window of each begins.
struct Band {
  int64_t from, to;
  const uint8_t** rows;
  int64_t lineBytes;  // from a line of x (or its copy) to the next
};

// Window origins of a band in x as it lies.
inline void directBand(const ConvPlan& p, const ConvStep& c, const uint8_t* x, Band& band) {
  band.lineBytes = c.W * c.C * p.elementBytes;
  int64_t ox = band.from % c.OW, oy = band.from / c.OW % c.OH, n = band.from / c.OW / c.OH;
  const int64_t step = c.strideW * c.C * p.elementBytes;
  for (int64_t i = 0; i < band.to - band.from;) {
    const uint8_t* at = x + (n * c.H + oy * c.strideH) * band.lineBytes + ox * step;
    for (; ox < c.OW && i < band.to - band.from; ox++, i++, at += step) band.rows[i] = at;
    ox = 0;
    if (++oy == c.OH) oy = 0, n++;
  }
}

// Copies what a band of one image reads to `stage`.
inline void stagedBand(const ConvPlan& p, const ConvStep& c, const uint8_t* x, uint8_t* stage, Band& band) {
  band.lineBytes = p.stagedRowBytes;
  const int64_t n = band.from / (c.OW * c.OH), first = band.from / c.OW % c.OH;
  const int64_t last = (band.to - 1) / c.OW % c.OH, top = first * c.strideH - c.padTop;
  const int64_t lines = (last - first) * c.strideH + (c.kernelH - 1) * c.dilationH + 1;
  for (int64_t i = 0; i < lines; i++) stageLine(p, c, x, n, top + i, stage + i * p.stagedRowBytes);
  const int64_t step = c.strideW * c.C * p.elementBytes;
  int64_t ox = band.from % c.OW, oy = first;
  for (int64_t i = 0; i < band.to - band.from; i++) {
    band.rows[i] = stage + (oy - first) * c.strideH * p.stagedRowBytes + ox * step;
    if (++ox == c.OW) ox = 0, oy++;
  }
}

inline int64_t bandEnd(const ConvPlan& p, const ConvStep& c, int64_t from, int64_t to) {
  if (p.direct) {
    const int64_t pixelBytes = c.C * c.strideH * c.strideW * p.elementBytes;
    const int64_t pixels = least(BAND_PIXELS, most<int64_t>(48, BAND_BYTES / pixelBytes / 24 * 24));
    return least(to, from + pixels);
  }
  const int64_t image = (from / (c.OW * c.OH) + 1) * c.OW * c.OH;
  return least(least(to, image), (from / c.OW + stagedLines(p, c)) * c.OW);
}

inline void segmentOffsets(const ConvPlan& p, const ConvStep& c, int64_t lineBytes, int64_t group, int64_t* offsets) {
  const int64_t base = group * p.inputs * p.elementBytes;
  const int64_t perLine = p.segments / c.kernelH;
  for (int64_t s = 0; s < p.segments; s++)
    offsets[s] = base + s / perLine * c.dilationH * lineBytes + s % perLine * c.dilationW * c.C * p.elementBytes;
}

// A conv by tiles, as a thread sees it.
struct ConvRun {
  const ConvStep& c;
  const ConvPlan& p;
  const uint8_t* packed;
  Finish finish;
  int64_t* offsets;
};

template <class Isa>
void wideTile(const ConvRun& run, int rows, int panels, Tile t, int64_t param, const TileOutput& out) {
  const int width = panels * Isa::LANES;
  int64_t sums[TILE_SUMS];
  alignas(64) int32_t acc[TILE_SUMS];
  t.acc = acc;
  const int64_t* init = reinterpret_cast<const int64_t*>(run.packed + run.p.initAt) + param;
  for (int i = 0; i < rows * width; i++) sums[i] = init[i % width];
  sumBlocks<Isa>(run.p.bytes, rows, panels, t, run.p.blockGroups, sums);
  for (int r = 0; r < out.rows; r++)
    finishColumns(*out.finish, sums + r * width, out.factor, out.columns, out.at + r * out.rowStride);
}

// One chunk of the channels of one group over all pixels of a band.
template <class Isa>
void convChunk(const ConvRun& run, const Band& band, int64_t group, int64_t chunk) {
  const ConvPlan& p = run.p;
  const int64_t panel = chunkStart(p, chunk), panels = chunkStart(p, chunk + 1) - panel;
  const int64_t param = (group * p.panels + panel) * Isa::LANES, column = panel * Isa::LANES;
  const int64_t weights = p.weightsAt + group * (p.weightsBytes / run.c.groups) + chunkWeights<Isa>(p, chunk);
  const int64_t count = band.to - band.from;
  Tile t = {nullptr, run.offsets, p.segments, p.segmentGroups, run.packed + weights, nullptr, nullptr, nullptr};
  TileOutput out = {&run.finish, reinterpret_cast<const double*>(run.packed + p.factorAt) + param,
                    reinterpret_cast<const float*>(run.packed + p.factorFAt) + param, 0, run.c.Cout,
                    static_cast<int>(least(panels * Isa::LANES, p.outputs - column)), 0};
  if (!p.blockGroups) t.init = reinterpret_cast<const int32_t*>(run.packed + p.initAt) + param;
  for (int64_t i = 0; i < count; i += out.rows) {
    const int rows = Isa::pickRows(static_cast<int>(panels), count - i);
    t.rows = band.rows + i;
    out.rows = static_cast<int>(least<int64_t>(rows, count - i));
    out.at = (band.from + i) * run.c.Cout + group * p.outputs + column;
    if (p.blockGroups) wideTile<Isa>(run, rows, static_cast<int>(panels), t, param, out);
    else runTile<Isa>(p.bytes, rows, static_cast<int>(panels), t, out);
  }
}

// Pixels and chunks of a thread: pixels are split, or chunks where there are few pixels.
struct Share {
  int64_t pixelFrom, pixelTo, chunkFrom, chunkTo;
};

inline Share convShare(const ConvPlan& p, const ConvStep& c, int thread, int threads) {
  const int64_t pixels = c.N * c.OH * c.OW, chunks = c.groups * p.chunks;
  if (pixels < 24 * threads && chunks > 1)
    return {0, pixels, shareFrom(chunks, thread, threads), shareFrom(chunks, thread + 1, threads)};
  const int64_t tiles = ceilDiv(pixels, 6);
  return {least(pixels, 6 * shareFrom(tiles, thread, threads)),
          least(pixels, 6 * shareFrom(tiles, thread + 1, threads)), 0, chunks};
}

template <class Isa>
void convTiles(const ConvPlan& p, const ConvStep& c, const Context& context, const uint8_t* packed, const Share& share) {
  const uint8_t** rows = reinterpret_cast<const uint8_t**>(context.scratch);
  int64_t* offsets = reinterpret_cast<int64_t*>(rows + BAND_PIXELS + c.OW + TILE_ROWS);
  uint8_t* stage = reinterpret_cast<uint8_t*>(offsets + roundUp(p.segments, 8));
  const uint8_t* x = addressIn(c.x, context.arena, context.constants);
  const int mode = reinterpret_cast<const PackedHeader*>(packed)->mode;
  const ConvRun run = {c, p, packed, finishOf(c, context, mode), offsets};
  Band band = {share.pixelFrom, 0, rows, 0};
  for (; band.from < share.pixelTo && share.chunkFrom < share.chunkTo; band.from = band.to) {
    band.to = bandEnd(p, c, band.from, share.pixelTo);
    if (p.direct) directBand(p, c, x, band);
    else stagedBand(p, c, x, stage, band);
    for (int i = 0; i < TILE_ROWS; i++) rows[band.to - band.from + i] = rows[band.to - band.from - 1];
    for (int64_t unit = share.chunkFrom; unit < share.chunkTo; unit++) {
      segmentOffsets(p, c, band.lineBytes, unit / p.chunks, offsets);
      convChunk<Isa>(run, band, unit / p.chunks, unit % p.chunks);
    }
  }
}

template <class Isa>
void conv(const int32_t* step, const Context& context, int thread, int threads) {
  const ConvStep c = convStep(step);
  const ConvPlan p = planConv<Isa>(c);
  if (p.path == pathPlain) return convPlain(c, context, thread, threads);
  const uint8_t* packed = static_cast<const uint8_t*>(context.packed[step[3]]);
  if (p.path == pathDepthwise) return convDepthwise<Isa>(p, c, context, packed, thread, threads);
  convTiles<Isa>(p, c, context, packed, convShare(p, c, thread, threads));
}

template <class Isa>
void convAny(const int32_t* step, const Context& context, int thread, int threads) {
  convPlain(convStep(step), context, thread, threads);
}

template <class Isa>
size_t convScratch(const int32_t* step) {
  const ConvStep c = convStep(step);
  const ConvPlan p = planConv<Isa>(c);
  if (p.path == pathPlain) return 0;
  if (p.path == pathDepthwise) return static_cast<size_t>(depthwiseScratch(c));
  const int64_t table = (BAND_PIXELS + c.OW + TILE_ROWS) * 8 + roundUp(p.segments, 8) * 8;
  return static_cast<size_t>(roundUp(table, 64) + stagedBytes(p, c) + SLACK);
}

}  // namespace
}  // namespace aivm
