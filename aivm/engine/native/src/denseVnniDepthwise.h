// Depthwise convolution by vpdpbusd: the bytes of four taps are interleaved, so that each 32-bit lane holds one channel's
// four taps. Channels are taken in pieces of 64, then 32, then 16. In a piece, interleaving leaves channel c in
// accumulator (c % 16) / 4, word 4 x (c / 16) + c % 4; weights, bias and factors are packed in that order.
#pragma once
#include "denseDepthwise.h"
#include "denseVnniFinish.h"

namespace aivm {
namespace {

// Registers of 64, 32 and 16 bytes.
struct Wide64 {
  using V = __m512i;
  static constexpr int CHANNELS = 64;
  static V load(const uint8_t* p, int) { return get(p); }
  static V get(const void* p) { return _mm512_loadu_si512(p); }
  static V bytes(int value) { return _mm512_set1_epi8(static_cast<char>(value)); }
  static V flip(V v) { return _mm512_xor_si512(v, bytes(0x80)); }
  static V lo8(V a, V b) { return _mm512_unpacklo_epi8(a, b); }
  static V hi8(V a, V b) { return _mm512_unpackhi_epi8(a, b); }
  static V lo16(V a, V b) { return _mm512_unpacklo_epi16(a, b); }
  static V hi16(V a, V b) { return _mm512_unpackhi_epi16(a, b); }
  static V dot(V acc, V x, V w) { return _mm512_dpbusd_epi32(acc, x, w); }
  static void join(const V* acc, __m512i* v) { for (int q = 0; q < 4; q++) v[q] = acc[q]; }
};

struct Wide32 {
  using V = __m256i;
  static constexpr int CHANNELS = 32;
  static V load(const uint8_t* p, int) { return _mm256_loadu_si256(reinterpret_cast<const V*>(p)); }
  static V get(const void* p) { return _mm256_loadu_si256(static_cast<const V*>(p)); }
  static V bytes(int value) { return _mm256_set1_epi8(static_cast<char>(value)); }
  static V flip(V v) { return _mm256_xor_si256(v, bytes(0x80)); }
  static V lo8(V a, V b) { return _mm256_unpacklo_epi8(a, b); }
  static V hi8(V a, V b) { return _mm256_unpackhi_epi8(a, b); }
  static V lo16(V a, V b) { return _mm256_unpacklo_epi16(a, b); }
  static V hi16(V a, V b) { return _mm256_unpackhi_epi16(a, b); }
  static V dot(V acc, V x, V w) { return _mm256_dpbusd_epi32(acc, x, w); }
  static void join(const V* acc, __m512i* v) {
    for (int i = 0; i < 2; i++) v[i] = _mm512_inserti64x4(_mm512_castsi256_si512(acc[2 * i]), acc[2 * i + 1], 1);
  }
};

struct Wide16 {
  using V = __m128i;
  static constexpr int CHANNELS = 16;
  static V load(const uint8_t* p, int n) {
    return n >= 16 ? get(p) : _mm_maskz_loadu_epi8(static_cast<__mmask16>(firstBits(n)), p);
  }
  static V get(const void* p) { return _mm_loadu_si128(static_cast<const V*>(p)); }
  static V bytes(int value) { return _mm_set1_epi8(static_cast<char>(value)); }
  static V flip(V v) { return _mm_xor_si128(v, bytes(0x80)); }
  static V lo8(V a, V b) { return _mm_unpacklo_epi8(a, b); }
  static V hi8(V a, V b) { return _mm_unpackhi_epi8(a, b); }
  static V lo16(V a, V b) { return _mm_unpacklo_epi16(a, b); }
  static V hi16(V a, V b) { return _mm_unpackhi_epi16(a, b); }
  static V dot(V acc, V x, V w) { return _mm_dpbusd_epi32(acc, x, w); }
  static void join(const V* acc, __m512i* v) {
    const __m256i a = _mm256_set_m128i(acc[1], acc[0]), b = _mm256_set_m128i(acc[3], acc[2]);
    v[0] = _mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1);
  }
};

// The piece that channel c lies in.
struct Piece {
  int64_t first;
  int channels;
};

inline Piece pieceOf(int64_t channels, int64_t c) {
  const int64_t whole = channels / 64 * 64, rest = channels - whole;
  if (c < whole) return {c / 64 * 64, 64};
  const int64_t half = rest >= 32 ? 32 : 0;
  if (c < whole + half) return {whole, 32};
  return {whole + half + (c - whole - half) / 16 * 16, 16};
}

inline int64_t columnInPiece(int channels, int64_t c) { return c % 16 / 4 * (channels / 4) + c / 16 * 4 + c % 4; }

inline bool isThreeByThree(const ConvStep& c) {
  return c.kernelH == 3 && c.kernelW == 3 && c.dilationH == 1 && c.dilationW == 1;
}

// Four taps a group: in a 3 x 3 window those of a column, else four in a row.
inline int64_t tapGroups(const ConvStep& c) { return ceilDiv(c.kernelH * c.kernelW, 4); }

inline void packDepthwiseBytes(const ConvStep& c, const WeightReader& w, uint8_t* out) {
  const int64_t taps = c.kernelH * c.kernelW, groups = tapGroups(c);
  memset(out, 0, static_cast<size_t>(groups * roundUp(c.C, 64) * 4));
  for (int64_t o = 0; o < c.C; o++) {
    const Piece piece = pieceOf(c.C, o);
    const int64_t column = columnInPiece(piece.channels, o - piece.first);
    for (int64_t t = 0; t < taps; t++) {
      const int64_t group = isThreeByThree(c) ? t % 3 : t / 4, slot = isThreeByThree(c) ? t / 3 : t % 4;
      out[piece.first * groups * 4 + (group * piece.channels + column) * 4 + slot] =
          static_cast<uint8_t>(elementAt(w.data, w.dtype, o * w.row + t));
    }
  }
}

// Four taps interleaved: quads[q] is what accumulator q multiplies.
template <class W>
inline void interleave(typename W::V a, typename W::V b, typename W::V c, typename W::V d, typename W::V* quads) {
  const auto abLow = W::lo8(a, b), abHigh = W::hi8(a, b), cdLow = W::lo8(c, d), cdHigh = W::hi8(c, d);
  quads[0] = W::lo16(abLow, cdLow), quads[1] = W::hi16(abLow, cdLow);
  quads[2] = W::lo16(abHigh, cdHigh), quads[3] = W::hi16(abHigh, cdHigh);
}

// Bytes of a piece in channel order from its requantised registers.
template <class W>
inline __m512i pieceBytes(const __m512i* v) {
  if (W::CHANNELS == 64) return _mm512_packs_epi16(_mm512_packs_epi32(v[0], v[1]), _mm512_packs_epi32(v[2], v[3]));
  if (W::CHANNELS == 32) {
    const __m512i words = _mm512_packs_epi32(v[0], v[1]);
    const __m512i order = _mm512_set_epi32(0, 0, 0, 0, 0, 0, 0, 0, 13, 5, 12, 4, 9, 1, 8, 0);
    return _mm512_permutexvar_epi32(order, _mm512_packs_epi16(words, words));
  }
  const __m512i words = _mm512_packs_epi32(v[0], v[0]);
  const __m512i order = _mm512_set_epi32(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 8, 4, 0);
  return _mm512_permutexvar_epi32(order, _mm512_packs_epi16(words, words));
}

// What a piece of a depthwise convolution needs beside x.
struct DepthwisePiece {
  const uint8_t* weights;
  const int32_t* init;
  const double* factor;
  const float* factorF;
  const Finish* finish;
  int64_t channel;
  int count;  // channels wanted, at most CHANNELS
  int piece;  // channels of the piece: which registers
};

template <class W, int MODE>
inline void requantisePiece(const DepthwisePiece& d, const typename W::V* acc, const Vectors& q, __m512i* v) {
  W::join(acc, v);
  requantiseAll<MODE, W::CHANNELS / 16>(v, d.factor, d.factorF, q, v);
}

template <class W>
inline void emitPiece(const DepthwisePiece& d, __m512i* v, const Vectors& q, int64_t at) {
  alignas(64) int32_t mixed[64], values[64];
  for (int i = 0; i < W::CHANNELS / 16; i++) _mm512_store_si512(mixed + i * 16, clamp16(v[i], q));
  for (int lane = 0; lane < W::CHANNELS / 16; lane++)
    for (int k = 0; k < 4; k++) memcpy(values + lane * 16 + k * 4, mixed + k * (W::CHANNELS / 4) + lane * 4, 16);
  if (d.finish->kind == 1) return emitColumns(*d.finish, values, d.count, at);
  for (int i = 0; i < W::CHANNELS / 16; i++) v[i] = _mm512_load_si512(values + i * 16);
  if (d.finish->kind == 2) return storeTable<W::CHANNELS / 16>(*d.finish, v, d.count, at);
  storeAs<W::CHANNELS / 16>(d.finish->yDtype, v, d.count, q, d.finish->y + (at << d.finish->yDtype));
}

// Requantises and stores a piece whose channel 0 is element `at` of y. BYTES_OUT: y is i8 and there is no epilogue.
template <class W, int MODE, bool BYTES_OUT>
inline void finishPiece(const DepthwisePiece& d, const typename W::V* acc, const Vectors& q, int64_t at) {
  __m512i v[4];
  requantisePiece<W, MODE>(d, acc, q, v);
  if (!BYTES_OUT) return emitPiece<W>(d, v, q, at);
  const __m512i bytes = _mm512_min_epi8(_mm512_max_epi8(pieceBytes<W>(v), q.loBytes), q.hiBytes);
  uint8_t* y = d.finish->y + at;
  if (W::CHANNELS == 16 && d.count < 16) _mm512_mask_storeu_epi8(y, firstBits(d.count), bytes);
  else if (W::CHANNELS == 64) _mm512_storeu_si512(y, bytes);
  else if (W::CHANNELS == 32) _mm256_storeu_si256(reinterpret_cast<__m256i*>(y), _mm512_castsi512_si256(bytes));
  else _mm_storeu_si128(reinterpret_cast<__m128i*>(y), _mm512_castsi512_si128(bytes));
}

// Output pixels [from, to) of a line, 3 x 3. Column ix of line i of the window begins at rows[i] + ix x steps[i], or at
// `pad` (a run of padding values) outside [0, width); a line of padding is `pad` with step 0.
struct DepthwiseLine {
  const uint8_t* rows[3];
  int64_t steps[3];
  const uint8_t* pad;
  int64_t from, to, stride, padLeft, width, columnBytes;
  int64_t y;  // element of y of pixel 0, channel 0
};

template <class W>
__attribute__((always_inline)) inline void windowColumn(const DepthwiseLine& l, int64_t ix, int64_t channel, int count,
                                                        typename W::V* quads) {
  const bool inside = ix >= 0 && ix < l.width;
  const uint8_t* p[3];
  for (int i = 0; i < 3; i++) p[i] = inside ? l.rows[i] + ix * l.steps[i] : l.pad;
  const auto a = W::flip(W::load(p[0] + channel, count)), b = W::flip(W::load(p[1] + channel, count));
  interleave<W>(a, b, W::flip(W::load(p[2] + channel, count)), W::bytes(0), quads);
}

template <class W>
__attribute__((always_inline)) inline void moveColumn(const typename W::V* from, typename W::V* to) {
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) to[i] = from[i];
}

// Columns of the next window from those of the last: those that both have move up.
template <class W, int STRIDE>
__attribute__((always_inline)) inline void nextColumns(const DepthwiseLine& l, int64_t ix, const DepthwisePiece& d,
                                                       typename W::V (&columns)[3][4]) {
  if (STRIDE == 1) moveColumn<W>(columns[1], columns[0]), moveColumn<W>(columns[2], columns[1]);
  else if (STRIDE == 2) moveColumn<W>(columns[2], columns[0]);
  else windowColumn<W>(l, ix, d.channel, d.count, columns[0]);
  if (STRIDE != 1) windowColumn<W>(l, ix + 1, d.channel, d.count, columns[1]);
  windowColumn<W>(l, ix + 2, d.channel, d.count, columns[2]);
}

// A column of three lines is interleaved once and serves every window that has it; the weights stay in registers.
template <class W, int MODE, bool BYTES_OUT, int STRIDE>
void depthwiseLine(const DepthwisePiece& piece, const DepthwiseLine& line) {
  using V = typename W::V;
  const DepthwisePiece d = piece;
  const DepthwiseLine l = line;
  const Vectors q = vectorsOf(d.finish->zero, d.finish->lo, d.finish->hi);
  V weights[3][4], columns[3][4];
#pragma GCC unroll 3
  for (int k = 0; k < 3; k++)
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) weights[k][i] = W::get(d.weights + (k * 4 + i) * W::CHANNELS);
  int64_t ix = l.from * l.stride - l.padLeft, at = l.y + l.from * l.columnBytes + d.channel;
#pragma GCC unroll 3
  for (int k = 0; k < 3; k++) windowColumn<W>(l, ix + k, d.channel, d.count, columns[k]);
  for (int64_t ox = l.from; ox < l.to; ox++, at += l.columnBytes) {
    V acc[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      acc[i] = W::get(d.init + i * (W::CHANNELS / 4));
#pragma GCC unroll 3
      for (int k = 0; k < 3; k++) acc[i] = W::dot(acc[i], columns[k][i], weights[k][i]);
    }
    finishPiece<W, MODE, BYTES_OUT>(d, acc, q, at);
    ix += l.stride;
    nextColumns<W, STRIDE>(l, ix, d, columns);
  }
}

template <class W, int MODE, bool BYTES_OUT>
void depthwiseByStride(const DepthwisePiece& d, const DepthwiseLine& l) {
  if (l.stride == 1) depthwiseLine<W, MODE, BYTES_OUT, 1>(d, l);
  else if (l.stride == 2) depthwiseLine<W, MODE, BYTES_OUT, 2>(d, l);
  else depthwiseLine<W, MODE, BYTES_OUT, 0>(d, l);
}

// Any window: the taps of one pixel, four at a time.
template <class W, int MODE, bool BYTES_OUT>
void depthwiseTaps(const DepthwisePiece& d, const DepthwisePixel& pixel) {
  using V = typename W::V;
  const Vectors q = vectorsOf(d.finish->zero, d.finish->lo, d.finish->hi);
  V acc[4], quads[4], taps[4];
  for (int i = 0; i < 4; i++) acc[i] = W::get(d.init + i * (W::CHANNELS / 4));
  const uint8_t* w = d.weights;
  for (int64_t t = 0; t < pixel.tapCount; t += 4, w += W::CHANNELS * 4) {
    for (int k = 0; k < 4; k++)
      taps[k] = t + k < pixel.tapCount ? W::flip(W::load(pixel.taps[t + k] + d.channel, d.count)) : W::bytes(0);
    interleave<W>(taps[0], taps[1], taps[2], taps[3], quads);
    for (int i = 0; i < 4; i++) acc[i] = W::dot(acc[i], quads[i], W::get(w + i * W::CHANNELS));
  }
  finishPiece<W, MODE, BYTES_OUT>(d, acc, q, pixel.at + d.channel);
}

inline DepthwisePiece pieceAt(const ConvPlan& p, const ConvStep& c, const uint8_t* packed, const Finish& f, int64_t channel) {
  const Piece piece = pieceOf(c.C, channel);
  return {packed + p.weightsAt + channel * tapGroups(c) * 4, reinterpret_cast<const int32_t*>(packed + p.initAt) + channel,
          reinterpret_cast<const double*>(packed + p.factorAt) + channel,
          reinterpret_cast<const float*>(packed + p.factorFAt) + channel, &f, channel,
          static_cast<int>(least<int64_t>(piece.channels, c.C - channel)), piece.channels};
}

template <int MODE, bool BYTES_OUT>
struct DepthwiseRunner {
  static void line(const DepthwisePiece& d, const DepthwiseLine& l) {
    if (d.piece == 64) depthwiseByStride<Wide64, MODE, BYTES_OUT>(d, l);
    else if (d.piece == 32) depthwiseByStride<Wide32, MODE, BYTES_OUT>(d, l);
    else depthwiseByStride<Wide16, MODE, BYTES_OUT>(d, l);
  }
  static void line(const DepthwisePiece& d, const DepthwisePixel& pixel) {
    if (d.piece == 64) depthwiseTaps<Wide64, MODE, BYTES_OUT>(d, pixel);
    else if (d.piece == 32) depthwiseTaps<Wide32, MODE, BYTES_OUT>(d, pixel);
    else depthwiseTaps<Wide16, MODE, BYTES_OUT>(d, pixel);
  }
};

// All pieces of a line or of a pixel.
template <class Work>
void runPieces(const ConvPlan& p, const ConvStep& c, const uint8_t* packed, const Finish& f, const Work& work) {
  const bool bytes = f.kind == 0 && f.yDtype == 0;
  for (int64_t channel = 0; channel < c.C;) {
    const DepthwisePiece d = pieceAt(p, c, packed, f, channel);
    if (f.mode == modeF32 && bytes) DepthwiseRunner<modeF32, true>::line(d, work);
    else if (f.mode == modeF32) DepthwiseRunner<modeF32, false>::line(d, work);
    else if (f.mode != modeSafe && bytes) DepthwiseRunner<modeF64, true>::line(d, work);
    else DepthwiseRunner<modeSafe, false>::line(d, work);
    channel += d.piece;
  }
}

// Output pixels [from, to) of the whole step, 3 x 3. `pad` is a run of padding values.
inline void depthwiseThree(const ConvPlan& p, const ConvStep& c, const uint8_t* x, const uint8_t* pad,
                           const uint8_t* packed, const Finish& f, int64_t from, int64_t to) {
  while (from < to) {
    const int64_t line = from / c.OW, top = line % c.OH * c.strideH - c.padTop, end = least(to, (line + 1) * c.OW);
    DepthwiseLine l = {{}, {}, pad, from - line * c.OW, end - line * c.OW, c.strideW, c.padLeft, c.W, c.C, line * c.OW * c.C};
    for (int i = 0; i < 3; i++) {
      const int64_t iy = top + i;
      const bool inside = iy >= 0 && iy < c.H;
      l.rows[i] = inside ? x + (line / c.OH * c.H + iy) * c.W * c.C : pad;
      l.steps[i] = inside ? c.C : 0;
    }
    runPieces(p, c, packed, f, l);
    from = end;
  }
}

}  // namespace
}  // namespace aivm
