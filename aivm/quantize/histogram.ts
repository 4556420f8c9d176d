/** Histograms that grow with what they see: the shape of a tensor's values, for ranges and for the errors of ranges. */
import type { Range } from "./scheme.ts";

const BINS = 2048;
const HALF = BINS / 2;
/** Bins do not get narrower than this: the inverse of their width must be finite. */
const SMALLEST_LIMIT_LOG2 = -200;

/** Counts of values by bins of one width over [-limit, limit); limit is a power of two, 0 as long as only 0 was seen. */
export interface Histogram {
  readonly counts: Float64Array;
  limit: number;
  total: number;
}

/** A histogram of nothing. */
export function createHistogram(): Histogram {
  return { counts: new Float64Array(BINS), limit: 0, total: 0 };
}

/** Counts the finite values of `data`. */
export function addToHistogram(histogram: Histogram, data: ArrayLike<number>): void {
  const { counts } = histogram;
  let largest = 0;
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(data[i] ?? 0);
    if (size > largest && size < Number.POSITIVE_INFINITY) largest = size;
  }
  widen(histogram, largest);
  const perUnit = histogram.limit === 0 ? 0 : HALF / histogram.limit;
  for (let i = 0; i < data.length; i++) {
    const at = Math.floor((data[i] ?? 0) * perUnit) + HALF;
    // NaN and the infinities have no bin.
    if (at >= 0 && at < BINS) {
      counts[at] = (counts[at] ?? 0) + 1;
      histogram.total++;
    }
  }
}

/** Doubles the bins' width, neighbours joined, until `largest` has a bin. */
function widen(histogram: Histogram, largest: number): void {
  if (largest < histogram.limit || largest === 0) return;
  if (histogram.limit === 0) {
    histogram.limit = 2 ** Math.max(Math.floor(Math.log2(largest)) + 1, SMALLEST_LIMIT_LOG2);
    return;
  }
  const { counts } = histogram;
  while (histogram.limit <= largest) {
    const joined = new Float64Array(BINS);
    for (let i = 0; i < BINS; i++) {
      const to = HALF + Math.floor((i - HALF) / 2);
      joined[to] = (joined[to] ?? 0) + (counts[i] ?? 0);
    }
    counts.set(joined);
    histogram.limit *= 2;
  }
}

/** Narrowest range that leaves a share of (1 - percentile / 100) / 2 of the values below it, and as much above; bin ends. */
export function percentileRange(histogram: Histogram, percentile: number): Range {
  const out = (histogram.total * (1 - percentile / 100)) / 2;
  const width = histogram.limit / HALF;
  let low = 0;
  for (let seen = 0; low < BINS; low++) {
    seen += histogram.counts[low] ?? 0;
    if (seen > out) break;
  }
  let high = BINS - 1;
  for (let seen = 0; high > low; high--) {
    seen += histogram.counts[high] ?? 0;
    if (seen > out) break;
  }
  return { min: (low - HALF) * width, max: (high + 1 - HALF) * width };
}

/** Mean squared error of storing the values over `range` in `levels` steps: rounding within, clipping beyond. */
export function storageError(histogram: Histogram, range: Range, levels: number): number {
  const width = histogram.limit / HALF;
  const step = (Math.max(range.max, 0) - Math.min(range.min, 0)) / levels;
  let sum = 0;
  for (let i = 0; i < BINS; i++) {
    const count = histogram.counts[i] ?? 0;
    if (count === 0) continue;
    const value = (i - HALF + 0.5) * width;
    // A bin that reaches over the end by less than its width is not beyond it.
    const beyond = Math.max(value - width / 2 - range.max, range.min - value - width / 2, 0);
    sum += count * (step ** 2 / 12 + beyond ** 2);
  }
  return histogram.total === 0 ? 0 : sum / histogram.total;
}

/** Share of the values that lie outside `range` by more than a bin, in [0, 1]. */
export function shareBeyond(histogram: Histogram, range: Range): number {
  const width = histogram.limit / HALF;
  let count = 0;
  for (let i = 0; i < BINS; i++) {
    const low = (i - HALF) * width;
    if (low > range.max || low + width < range.min) count += histogram.counts[i] ?? 0;
  }
  return histogram.total === 0 ? 0 : count / histogram.total;
}
