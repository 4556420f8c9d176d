// How a conv step runs and how its constants are packed, for an instruction set `Isa`:
//   Isa::LANES      output channels of a panel (one accumulator register)
//   Isa::MAX_PANELS panels of a tile, at most
//   Isa::BYTES      whether it multiplies bytes (u8 x i8, four to a group) for i8 x i8; all else is i16 in pairs
//   Isa::LANE_MAJOR whether the values of a group lie together for each lane, or lane by lane for each value
// A window is `segments` runs of `length` elements of x that lie together: a kernel row when its taps do, else a tap.
// Every run is rounded up to whole groups of 4 bytes, with weights 0.
#pragma once
#include "denseFinish.h"

namespace aivm {
namespace {

enum Path { pathPlain, pathTiles, pathDepthwise };

struct ConvPlan {
  Path path;
  bool bytes;            // u8 x i8
  bool direct;           // x is read where it lies, not from a staged copy
  int elementBytes;      // of a staged element of x
  int unit;              // elements of a group
  int64_t channels;         // of x
  int64_t inputs, outputs;  // channels of a group of channels
  int64_t segments, length, segmentGroups;
  int64_t panels, chunks;   // panels of a group of channels, and tiles' worth of panels
  int64_t blockGroups;      // groups that may be summed in 32 bits; 0: all
  int64_t stagedColumns, stagedRowBytes;
  // Offsets in the packed constants.
  int64_t initAt, factorAt, factorFAt, weightsAt, weightsBytes, bytesTotal;
  int64_t paramColumns;  // columns of init and factor: groups x panels x LANES
};

// What starts the packed constants.
struct PackedHeader {
  int32_t mode;
  int32_t unused[15];
};

template <class Isa>
void planLayout(ConvPlan& p, const ConvStep& c) {
  p.paramColumns = p.path == pathDepthwise ? roundUp(c.C, 64) : c.groups * p.panels * Isa::LANES;
  p.initAt = sizeof(PackedHeader);
  p.factorAt = p.initAt + p.paramColumns * (p.blockGroups ? 8 : 4);
  p.factorAt = roundUp(p.factorAt, 64);
  p.factorFAt = p.factorAt + p.paramColumns * 8;
  p.weightsAt = roundUp(p.factorFAt + p.paramColumns * 4, 64);
  if (p.path == pathDepthwise) p.weightsBytes = Isa::depthwiseWeightBytes(c, p.bytes);
  else p.weightsBytes = c.groups * p.panels * p.segments * p.segmentGroups * Isa::LANES * 4;
  p.bytesTotal = p.path == pathPlain ? 64 : roundUp(p.weightsAt + p.weightsBytes, 64);
}

inline bool readsInside(const ConvStep& c) {
  return c.padTop == 0 && c.padLeft == 0 && (c.OH - 1) * c.strideH + (c.kernelH - 1) * c.dilationH < c.H &&
         (c.OW - 1) * c.strideW + (c.kernelW - 1) * c.dilationW < c.W;
}

template <class Isa>
ConvPlan planConv(const ConvStep& c) {
  ConvPlan p = {};
  p.bytes = Isa::BYTES && c.x.dtype == 0 && c.w.dtype == 0;
  p.elementBytes = p.bytes ? 1 : 2, p.unit = 4 / p.elementBytes;
  p.channels = c.C, p.inputs = c.C / c.groups, p.outputs = c.Cout / c.groups;
  const bool depthwise = c.groups > 1 && p.inputs == 1 && p.outputs == 1;
  p.path = depthwise && c.block == 0 ? pathDepthwise : pathTiles;
  if (!p.bytes && c.block == 1) p.path = pathPlain;
  const bool rows = c.dilationW == 1 && c.groups == 1;
  p.segments = rows ? c.kernelH : c.kernelH * c.kernelW;
  p.length = rows ? c.kernelW * p.inputs : p.inputs;
  p.segmentGroups = ceilDiv(p.length, p.unit);
  p.panels = ceilDiv(p.outputs, Isa::LANES), p.chunks = ceilDiv(p.panels, Isa::MAX_PANELS);
  if (c.block > 0) p.blockGroups = p.bytes ? least<int64_t>(most(1, c.block / 4), 8192) : most(1, c.block / 2);
  const bool whole = p.length % p.unit == 0 || c.x.place == 1;
  p.direct = whole && readsInside(c) && (1 << c.x.dtype) == p.elementBytes;
  p.stagedColumns = (c.OW - 1) * c.strideW + (c.kernelW - 1) * c.dilationW + 1;
  p.stagedRowBytes = p.stagedColumns * c.C * p.elementBytes;
  planLayout<Isa>(p, c);
  return p;
}

// First panel of a chunk: chunks differ by one panel at most.
inline int64_t chunkStart(const ConvPlan& p, int64_t chunk) { return p.panels * chunk / p.chunks; }

// Offset of a chunk's weights in those of its group of channels.
template <class Isa>
int64_t chunkWeights(const ConvPlan& p, int64_t chunk) {
  return chunkStart(p, chunk) * p.segments * p.segmentGroups * Isa::LANES * 4;
}

// Puts one weight into a chunk of `width` panels: group g, value j of it, column n of the chunk.
template <class Isa>
inline void putWeight(uint8_t* chunk, bool bytes, int64_t width, int64_t g, int64_t j, int64_t n, int32_t value) {
  const int64_t unit = bytes ? 4 : 2, base = g * width * Isa::LANES * unit + n / Isa::LANES * Isa::LANES * unit;
  const int64_t lane = n % Isa::LANES;
  const int64_t at = base + (Isa::LANE_MAJOR ? lane * unit + j : j * Isa::LANES + lane);
  if (bytes) reinterpret_cast<int8_t*>(chunk)[at] = static_cast<int8_t>(value);
  else reinterpret_cast<int16_t*>(chunk)[at] = static_cast<int16_t>(value);
}

// Weight of channel o at element k of segment s.
struct WeightReader {
  const uint8_t* data;
  int dtype;
  int64_t row;      // weights of an output channel
  int64_t segment;  // of a segment
  int32_t at(int64_t o, int64_t s, int64_t k) const { return elementAt(data, dtype, o * row + s * segment + k); }
};

inline WeightReader weightReader(const ConvPlan& p, const ConvStep& c, const uint8_t* const* constants) {
  return {addressIn(c.w, nullptr, constants), c.w.dtype, c.kernelH * c.kernelW * p.inputs, p.length};
}

template <class Isa>
void packTiles(const ConvPlan& p, const ConvStep& c, const WeightReader& w, uint8_t* out) {
  const int64_t perGroup = p.weightsBytes / c.groups;
  memset(out, 0, static_cast<size_t>(p.weightsBytes));
  for (int64_t o = 0; o < c.Cout; o++) {
    const int64_t column = o % p.outputs, panel = column / Isa::LANES;
    int64_t chunk = 0;
    while (chunkStart(p, chunk + 1) <= panel) chunk++;
    const int64_t from = chunkStart(p, chunk), width = chunkStart(p, chunk + 1) - from;
    uint8_t* to = out + o / p.outputs * perGroup + chunkWeights<Isa>(p, chunk);
    for (int64_t s = 0; s < p.segments; s++)
      for (int64_t k = 0; k < p.length; k++)
        putWeight<Isa>(to, p.bytes, width, s * p.segmentGroups + k / p.unit, k % p.unit, column - from * Isa::LANES,
                       w.at(o, s, k));
  }
}

// Column of init and factor that channel o has.
template <class Isa>
int64_t paramColumn(const ConvPlan& p, int64_t o) {
  if (p.path == pathDepthwise) return Isa::depthwiseColumn(p.channels, o, p.bytes);
  return o / p.outputs * p.panels * Isa::LANES + o % p.outputs;
}

// Strictest mode that one channel allows. `sum` is the sum of |w|, x is at most `reach` in size.
inline int modeOf(const ConvStep& c, double sum, double bias, double factor) {
  const double reach = c.x.dtype == 0 ? 128 : 32768;
  double acc = (bias < 0 ? -bias : bias) + sum * reach;
  if (c.block == 0) acc = least(acc, 2147483648.0);
  const double result = acc * factor + 32769.0;
  if (acc <= 16777216.0 && result < 4194304.0) return modeF32;
  if (c.block != 0 || result >= 2147483648.0) return modeSafe;
  return factor <= 0.125 ? modeMixed : modeF64;
}

template <class Isa>
void packParameters(const ConvPlan& p, const ConvStep& c, const WeightReader& w, const uint8_t* const* constants,
                    uint8_t* out) {
  const auto place = [&](const Ref& ref) { return addressIn(ref, nullptr, constants); };
  int mode = modeF32;
  for (int64_t o = 0; o < c.Cout; o++) {
    int64_t sum = 0, size = 0;
    for (int64_t k = 0; k < w.row; k++) {
      const int64_t value = elementAt(w.data, w.dtype, o * w.row + k);
      sum += value, size += value < 0 ? -value : value;
    }
    const int64_t bias = elementAt(place(c.bias), c.bias.dtype, o), column = paramColumn<Isa>(p, o);
    const double factor = elementAt(place(c.multiplier), c.multiplier.dtype, o) *
                          twoTo(-elementAt(place(c.shift), c.shift.dtype, o));
    const int64_t init = bias - (p.bytes ? 128 * sum : 0);
    if (p.blockGroups) reinterpret_cast<int64_t*>(out + p.initAt)[column] = init;
    else reinterpret_cast<uint32_t*>(out + p.initAt)[column] = static_cast<uint32_t>(init);
    reinterpret_cast<double*>(out + p.factorAt)[column] = factor;
    reinterpret_cast<float*>(out + p.factorFAt)[column] = static_cast<float>(factor);
    mode = most(mode, modeOf(c, static_cast<double>(size), static_cast<double>(bias), factor));
  }
  reinterpret_cast<PackedHeader*>(out)->mode = mode;
}

template <class Isa>
void packConv(const int32_t* step, const uint8_t* const* constants, uint8_t* out) {
  const ConvStep c = convStep(step);
  const ConvPlan p = planConv<Isa>(c);
  if (p.path == pathPlain) return;
  memset(out, 0, static_cast<size_t>(p.weightsAt));
  const WeightReader w = weightReader(p, c, constants);
  packParameters<Isa>(p, c, w, constants, out);
  if (p.path == pathDepthwise) Isa::packDepthwise(c, w, p.bytes, out + p.weightsAt);
  else packTiles<Isa>(p, c, w, out + p.weightsAt);
}

template <class Isa>
size_t packedConvBytes(const int32_t* step) {
  return static_cast<size_t>(planConv<Isa>(convStep(step)).bytesTotal);
}

}  // namespace
}  // namespace aivm
