// Walking a NEST: up to four tensors along six axes, the last axis in one piece.
#pragma once
#include "step.h"

namespace aivm {

constexpr int kNestRefs = 4;

// A nest without axes of size 1, neighbours joined wherever every tensor allows it. Axis `rank - 1` is the innermost.
struct Nest {
  int rank;
  int64_t sizes[kRank];
  int64_t strides[kNestRefs][kRank];
};

// Nest of the sizes at word `sizes`, with the strides of `refs` tensors one behind the other at word `strides`.
static inline Nest nestAt(const int32_t* step, int sizes, int strides, int refs) {
  Nest nest;
  nest.rank = 0;
  for (int axis = 0; axis < kRank; axis++) {
    const int64_t size = step[sizes + axis];
    if (size == 1) continue;
    bool joins = nest.rank > 0;
    for (int ref = 0; ref < refs && joins; ref++)
      joins = nest.strides[ref][nest.rank - 1] == step[strides + ref * kRank + axis] * size;
    const int at = joins ? nest.rank - 1 : nest.rank++;
    nest.sizes[at] = joins ? nest.sizes[at] * size : size;
    for (int ref = 0; ref < refs; ref++) nest.strides[ref][at] = step[strides + ref * kRank + axis];
  }
  if (nest.rank > 0) return nest;
  nest.rank = 1;
  nest.sizes[0] = 1;
  for (int ref = 0; ref < kNestRefs; ref++) nest.strides[ref][0] = 0;
  return nest;
}

// Calls visit(offsets, from, to) for this thread's share: pieces [from, to) of the innermost axis, with the offset in
// elements of each tensor at index 0 of that axis. Rows are shared out, or parts of rows where there are few rows.
template <int refs, typename Visit>
static inline void eachRow(const Nest& nest, int thread, int threads, const Visit& visit) {
  const int last = nest.rank - 1;
  int64_t rows = 1;
  for (int axis = 0; axis < last; axis++) rows *= nest.sizes[axis];
  const int64_t inner = nest.sizes[last];
  const bool byRows = rows >= 4 * static_cast<int64_t>(threads) || inner < 64;
  const int64_t first = byRows ? shareStart(rows, thread, threads) : 0;
  const int64_t end = byRows ? shareStart(rows, thread + 1, threads) : rows;
  const int64_t from = byRows ? 0 : shareStart(inner, thread, threads);
  const int64_t to = byRows ? inner : shareStart(inner, thread + 1, threads);
  if (first >= end || from >= to) return;
  int64_t at[kRank] = {0};
  int64_t offsets[refs] = {0};
  int64_t rest = first;
  for (int axis = last - 1; axis >= 0; axis--) {
    at[axis] = rest % nest.sizes[axis];
    rest /= nest.sizes[axis];
    for (int ref = 0; ref < refs; ref++) offsets[ref] += at[axis] * nest.strides[ref][axis];
  }
  for (int64_t row = first;;) {
    visit(offsets, from, to);
    if (++row == end) return;
    for (int axis = last - 1; axis >= 0; axis--) {
      const bool wraps = ++at[axis] == nest.sizes[axis];
      const int64_t steps = wraps ? 1 - nest.sizes[axis] : 1;
      for (int ref = 0; ref < refs; ref++) offsets[ref] += steps * nest.strides[ref][axis];
      if (!wraps) break;
      at[axis] = 0;
    }
  }
}

}  // namespace aivm
