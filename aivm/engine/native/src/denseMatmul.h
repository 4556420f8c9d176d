// Product of two activations: y[m][n] = sum over k of (a[m][k] - zeroA) x (b[n][k] - zeroB). A unit of work is a chunk
// of columns of one batch (and, where there are few of them, a part of its rows): its b is packed into scratch, then
// the tiles of conv run over the rows of a.
#pragma once
#include "denseConv.h"

namespace aivm {
namespace {

constexpr int64_t STAGE_ROWS = 24;  // rows of a that are copied at once, where a cannot be read as it lies

struct MatmulPlan {
  bool plain;  // no tile can sum even two products in 32 bits
  bool bytes, direct, sumsOfA;
  int elementBytes, unit, mode;
  int64_t groups, blockGroups, panels, chunks, batches;
  int64_t panelBytes, stageRowBytes, scratchBytes;
};

inline int64_t sizeOf(int64_t value) { return value < 0 ? -value : value; }

inline int matmulMode(const MatmulStep& m) {
  const double reachA = (m.a.dtype == 0 ? 128 : 32768) + sizeOf(m.zeroA);
  const double reachB = (m.b.dtype == 0 ? 128 : 32768) + sizeOf(m.zeroB);
  double acc = reachA * reachB * static_cast<double>(m.K);
  if (m.block == 0) acc = least(acc, 2147483648.0);
  const double result = acc * (m.multiplier * twoTo(-m.shift)) + 32769.0;
  if (acc <= 16777216.0 && result < 4194304.0) return modeF32;
  if (m.block != 0 || result >= 2147483648.0) return modeSafe;
  return m.multiplier * twoTo(-m.shift) <= 0.125 ? modeMixed : modeF64;
}

template <class Isa>
MatmulPlan planMatmul(const MatmulStep& m) {
  MatmulPlan p = {};
  p.bytes = Isa::BYTES && m.a.dtype == 0 && m.b.dtype == 0;
  p.plain = !p.bytes && m.block == 1;
  p.elementBytes = p.bytes ? 1 : 2, p.unit = 4 / p.elementBytes;
  p.groups = ceilDiv(m.K, p.unit);
  if (m.block > 0) p.blockGroups = p.bytes ? least<int64_t>(most(1, m.block / 4), 8192) : most(1, m.block / 2);
  p.panels = ceilDiv(m.N, Isa::LANES), p.chunks = ceilDiv(p.panels, Isa::MAX_PANELS);
  p.batches = m.sizes[0] * m.sizes[1] * m.sizes[2] * m.sizes[3];
  p.direct = m.kA == 1 && (1 << m.a.dtype) == p.elementBytes && (m.K % p.unit == 0 || m.a.place == 1);
  p.sumsOfA = m.zeroB != 0;
  p.mode = matmulMode(m);
  p.panelBytes = roundUp(p.groups * Isa::MAX_PANELS * Isa::LANES * 4, 64);
  p.stageRowBytes = roundUp(p.groups * 4, 64);
  p.scratchBytes = p.panelBytes + (p.direct ? 0 : STAGE_ROWS * p.stageRowBytes);
  return p;
}

// Where batch `index` begins in a, b, d and y, in elements.
struct BatchAt {
  int64_t a, b, d, y;
};

inline BatchAt batchAt(const MatmulStep& m, int64_t index) {
  BatchAt at = {0, 0, 0, 0};
  for (int axis = 3; axis >= 0; axis--) {
    const int64_t i = index % m.sizes[axis];
    index /= m.sizes[axis];
    at.a += i * m.strideA[axis], at.b += i * m.strideB[axis];
    at.d += i * m.strideD[axis], at.y += i * m.strideY[axis];
  }
  return at;
}

// One unit of work: rows [rowFrom, rowTo) times columns [from, from + columns) of a batch.
struct Product {
  const MatmulStep& m;
  const MatmulPlan& p;
  const uint8_t *a, *b, *d;  // of this batch
  int64_t y;                 // first element of this batch
  int64_t rowFrom, rowTo, from;
  int columns, panels;
  uint8_t* packed;
  uint8_t* stage;
  Finish finish;
};

// b as weights, element after element.
template <class Isa, class B, class Staged>
void packElements(const Product& u) {
  const MatmulStep& m = u.m;
  constexpr int64_t unit = 4 / sizeof(Staged);
  const int64_t width = u.panels * Isa::LANES * unit, next = Isa::LANE_MAJOR ? 1 : Isa::LANES, whole = m.K / unit;
  memset(u.packed, 0, static_cast<size_t>(u.p.groups * u.panels * Isa::LANES * 4));
  for (int n = 0; n < u.columns; n++) {
    const int64_t lane = n % Isa::LANES, panel = (n - lane) * unit;
    const B* from = reinterpret_cast<const B*>(u.b) + (u.from + n) * m.rowB;
    Staged* to = reinterpret_cast<Staged*>(u.packed) + panel + (Isa::LANE_MAJOR ? lane * unit : lane);
    for (int64_t g = 0; g < whole; g++, to += width)
      for (int64_t j = 0; j < unit; j++, from += m.kB) to[j * next] = static_cast<Staged>(*from);
    for (int64_t j = 0; j < m.K - whole * unit; j++, from += m.kB) to[j * next] = static_cast<Staged>(*from);
  }
}

// Sums of the columns of packed b: |sum| <= 16,384 x 2^15.
template <class Isa, class Staged>
void packedSums(const Product& u, int64_t* sums) {
  constexpr int unit = 4 / sizeof(Staged);
  const int width = u.panels * Isa::LANES;
  int32_t parts[unit * FINISH_COLUMNS] = {};
  const Staged* from = reinterpret_cast<const Staged*>(u.packed);
  for (int64_t g = 0; g < u.p.groups; g++, from += width * unit)
    for (int i = 0; i < width * unit; i++) parts[i] += from[i];
  for (int n = 0; n < width; n++) {
    const int lane = n % Isa::LANES, panel = (n - lane) * unit;
    sums[n] = 0;
    for (int j = 0; j < unit; j++) sums[n] += parts[panel + (Isa::LANE_MAJOR ? lane * unit + j : j * Isa::LANES + lane)];
  }
}

// b as weights, and the sums of its columns, or zeros where no one needs them.
template <class Isa>
void packColumns(const Product& u, int64_t* sums) {
  const MatmulStep& m = u.m;
  if (!Isa::packFast(u.p.bytes, m, u.b, u.from, u.columns, u.panels, u.p.groups, u.packed)) {
    if (u.p.bytes) packElements<Isa, int8_t, int8_t>(u);
    else if (m.b.dtype == 0) packElements<Isa, int8_t, int16_t>(u);
    else packElements<Isa, int16_t, int16_t>(u);
  }
  if (u.p.bytes) packedSums<Isa, int8_t>(u, sums);
  else if (m.zeroA != 0) packedSums<Isa, int16_t>(u, sums);
  else memset(sums, 0, sizeof(int64_t) * FINISH_COLUMNS);
}

template <class A>
int64_t sumOf(const A* from, int64_t n, int64_t stride) {
  int64_t sum = 0;
  for (int64_t k = 0; k < n; k++) sum += from[k * stride];
  return sum;
}

inline int64_t sumOfRow(const MatmulStep& m, const uint8_t* row) {
  if (m.a.dtype == 0) return sumOf(reinterpret_cast<const int8_t*>(row), m.K, m.kA);
  return sumOf(reinterpret_cast<const int16_t*>(row), m.K, m.kA);
}

inline void stageRow(const MatmulStep& m, const MatmulPlan& p, const uint8_t* row, uint8_t* to) {
  const bool widen = (1 << m.a.dtype) != p.elementBytes;
  if (m.kA == 1) stageRun(row, widen, p.elementBytes, m.K, to);
  else
    for (int64_t k = 0; k < m.K; k++) {
      const int32_t value = elementAt(row, m.a.dtype, k * m.kA);
      if (p.elementBytes == 1) reinterpret_cast<int8_t*>(to)[k] = static_cast<int8_t>(value);
      else reinterpret_cast<int16_t*>(to)[k] = static_cast<int16_t>(value);
    }
}

inline int32_t divisorAt(const Product& u, int64_t row) { return elementAt(u.d, u.m.d.dtype, row * u.m.rowD); }

// Columns' parts of the sums that do not depend on the row, and what finishing needs.
struct ColumnTerms {
  int64_t wide[FINISH_COLUMNS];
  alignas(64) int32_t init[FINISH_COLUMNS];
  alignas(64) double factor[FINISH_COLUMNS];
  alignas(64) float factorF[FINISH_COLUMNS];
};

template <class Isa>
void columnTerms(const Product& u, ColumnTerms& terms) {
  const MatmulStep& m = u.m;
  packColumns<Isa>(u, terms.wide);
  const double factor = m.multiplier * twoTo(-m.shift);
  for (int n = 0; n < u.panels * Isa::LANES; n++) {
    const int64_t lift = u.p.bytes ? 128 : 0;
    terms.wide[n] = static_cast<int64_t>(m.K) * m.zeroA * m.zeroB - (m.zeroA + lift) * terms.wide[n];
    terms.init[n] = static_cast<int32_t>(static_cast<uint32_t>(terms.wide[n]));
    terms.factor[n] = factor, terms.factorF[n] = static_cast<float>(factor);
  }
}

template <class Isa>
void wideProduct(const Product& u, int rows, Tile t, const int64_t* rowTerms, const ColumnTerms& terms,
                 const TileOutput& out, int64_t row) {
  const int width = u.panels * Isa::LANES;
  int64_t sums[TILE_SUMS];
  alignas(64) int32_t acc[TILE_SUMS];
  t.acc = acc;
  for (int i = 0; i < rows * width; i++) sums[i] = terms.wide[i % width] + rowTerms[i / width];
  sumBlocks<Isa>(u.p.bytes, rows, u.panels, t, u.p.blockGroups, sums);
  for (int r = 0; r < out.rows; r++) {
    int32_t v[FINISH_COLUMNS];
    if (u.d) divideColumns(u.finish, sums + r * width, terms.factor[0], divisorAt(u, row + r), u.columns, v);
    else requantiseColumns(u.finish, sums + r * width, terms.factor, u.columns, v);
    emitColumns(u.finish, v, u.columns, out.at + r * out.rowStride);
  }
}

template <class Isa>
void narrowProduct(const Product& u, int rows, Tile t, const ColumnTerms& terms, const TileOutput& out, int64_t row) {
  if (!u.d) return runTile<Isa>(u.p.bytes, rows, u.panels, t, out);
  alignas(64) int32_t acc[TILE_SUMS];
  t.acc = acc;
  Isa::tile(u.p.bytes, rows, u.panels, t);
  for (int r = 0; r < out.rows; r++)
    Isa::divideRow(u.finish, acc + r * u.panels * Isa::LANES, terms.factor[0], divisorAt(u, row + r), u.columns,
                   out.at + r * out.rowStride);
}

template <class Isa>
void productTile(const Product& u, int rows, const uint8_t* const* addresses, int64_t row, const ColumnTerms& terms) {
  const MatmulStep& m = u.m;
  static constexpr int64_t zero[1] = {0};
  int64_t rowTerms[TILE_ROWS] = {};
  int32_t rowInit[TILE_ROWS] = {};
  const int wanted = static_cast<int>(least<int64_t>(rows, u.rowTo - row));
  for (int r = 0; u.p.sumsOfA && r < wanted; r++) {
    rowTerms[r] = -static_cast<int64_t>(m.zeroB) * sumOfRow(m, u.a + bytesOf((row + r) * m.rowA, m.a.dtype));
    rowInit[r] = static_cast<int32_t>(static_cast<uint32_t>(rowTerms[r]));
  }
  Tile t = {addresses, zero, 1, u.p.groups, u.packed, terms.init, u.p.sumsOfA ? rowInit : nullptr, nullptr};
  const TileOutput out = {&u.finish, terms.factor, terms.factorF, u.y + row * m.rowY + u.from, m.rowY, u.columns, wanted};
  if (u.p.blockGroups) wideProduct<Isa>(u, rows, t, rowTerms, terms, out, row);
  else narrowProduct<Isa>(u, rows, t, terms, out, row);
}

template <class Isa>
void product(const Product& u) {
  const MatmulStep& m = u.m;
  ColumnTerms terms;
  columnTerms<Isa>(u, terms);
  const uint8_t* addresses[STAGE_ROWS + TILE_ROWS];
  for (int64_t row = u.rowFrom; row < u.rowTo; row += STAGE_ROWS) {
    const int64_t count = least(STAGE_ROWS, u.rowTo - row);
    for (int64_t i = 0; i < count; i++) {
      const uint8_t* from = u.a + bytesOf((row + i) * m.rowA, m.a.dtype);
      addresses[i] = u.p.direct ? from : u.stage + i * u.p.stageRowBytes;
      if (!u.p.direct) stageRow(m, u.p, from, u.stage + i * u.p.stageRowBytes);
    }
    for (int i = 0; i < TILE_ROWS; i++) addresses[count + i] = addresses[count - 1];
    for (int64_t i = 0; i < count;) {
      const int rows = Isa::pickRows(u.panels, count - i);
      productTile<Isa>(u, rows, addresses + i, row + i, terms);
      i += rows;
    }
  }
}

// Sums in 64 bits of the products as they are.
inline void matmulPlain(const MatmulStep& m, const Product& u) {
  const double factor = m.multiplier * twoTo(-m.shift);
  for (int64_t row = u.rowFrom; row < u.rowTo; row++)
    for (int64_t n = u.from; n < u.from + u.columns; n++) {
      int64_t sum = 0;
      for (int64_t k = 0; k < m.K; k++)
        sum += (static_cast<int64_t>(elementAt(u.a, m.a.dtype, row * m.rowA + k * m.kA)) - m.zeroA) *
               (static_cast<int64_t>(elementAt(u.b, m.b.dtype, n * m.rowB + k * m.kB)) - m.zeroB);
      int32_t v;
      if (u.d) divideColumns(u.finish, &sum, factor, divisorAt(u, row), 1, &v);
      else requantiseColumns(u.finish, &sum, &factor, 1, &v);
      emitColumns(u.finish, &v, 1, u.y + row * m.rowY + n);
    }
}

inline Finish matmulFinish(const MatmulStep& m, const MatmulPlan& p, const Context& context) {
  Finish f = {};
  f.mode = p.mode, f.zero = m.zero, f.lo = m.lo, f.hi = m.hi;
  f.yDtype = m.y.dtype, f.y = addressIn(m.y, context.arena, context.constants);
  return f;
}

template <class Isa>
void matmul(const int32_t* step, const Context& context, int thread, int threads) {
  const MatmulStep m = matmulStep(step);
  const MatmulPlan p = planMatmul<Isa>(m);
  const auto place = [&](const Ref& ref) { return addressIn(ref, context.arena, context.constants); };
  const uint8_t *a = place(m.a), *b = place(m.b), *d = place(m.d);
  const int64_t perRow = p.batches * p.chunks;
  // Where batches and chunks are too few to go round, rows are split as well.
  const int64_t parts = perRow >= 2 * threads ? 1 : least(ceilDiv(m.M, 24), ceilDiv(2 * threads, perRow));
  const int64_t units = perRow * parts, to = shareFrom(units, thread + 1, threads);
  for (int64_t unit = shareFrom(units, thread, threads); unit < to; unit++) {
    const int64_t part = unit % parts, chunk = unit / parts % p.chunks;
    const BatchAt at = batchAt(m, unit / parts / p.chunks);
    const int64_t panel = p.panels * chunk / p.chunks, panels = p.panels * (chunk + 1) / p.chunks - panel;
    const int columns = static_cast<int>(least(panels * Isa::LANES, m.N - panel * Isa::LANES));
    const Product u = {m, p, a + bytesOf(at.a, m.a.dtype), b + bytesOf(at.b, m.b.dtype), d ? d + bytesOf(at.d, m.d.dtype) : nullptr,
                       at.y, shareFrom(m.M, static_cast<int>(part), static_cast<int>(parts)),
                       shareFrom(m.M, static_cast<int>(part) + 1, static_cast<int>(parts)), panel * Isa::LANES, columns,
                       static_cast<int>(panels), context.scratch, context.scratch + p.panelBytes,
                       matmulFinish(m, p, context)};
    if (p.plain) matmulPlain(m, u);
    else product<Isa>(u);
  }
}

template <class Isa>
size_t scratchBytes(const int32_t* step) {
  if (step[0] == 1) return convScratch<Isa>(step);
  return step[0] == 3 ? static_cast<size_t>(planMatmul<Isa>(matmulStep(step)).scratchBytes + SLACK) : 0;
}

template <class Isa>
constexpr DenseKernels tableOf() {
  return {packedConvBytes<Isa>, packConv<Isa>, scratchBytes<Isa>, conv<Isa>, convAny<Isa>, matmul<Isa>};
}

}  // namespace
}  // namespace aivm
