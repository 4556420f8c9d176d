/** What calibration gathers of one float tensor, sample by sample. */
import {
  addToHistogram,
  createHistogram,
  type Histogram,
  percentileRange,
  storageError,
} from "./histogram.ts";
import type { Range } from "./scheme.ts";

/** What was seen of one float tensor. */
export interface TensorStats {
  readonly min: number;
  readonly max: number;
  /** Smallest magnitude: how close to 0 a divisor came. */
  readonly minAbs: number;
  /** Mean over the measured samples, per element; empty for tensors that no layer reads. */
  readonly mean: Float64Array;
  /** Mean square over the measured samples, per element; empty likewise. */
  readonly power: Float64Array;
  /** False when NaN or +infinity was seen; min and max cover the finite values only. */
  readonly finite: boolean;
  /** True when -infinity was seen: a mask in front of a softmax. */
  readonly masked: boolean;
  /** A percentile range, where it stores the held-out samples at 8 bits with less error than min-max does. */
  readonly clipped?: { readonly percentile: number; readonly range: Range };
}

/** Gathered so far. `held` is what the held-out samples showed; means and ranges of the others are apart from it. */
export interface Seen {
  readonly range: { min: number; max: number };
  readonly heldRange: { min: number; max: number };
  readonly histogram: Histogram;
  readonly heldHistogram: Histogram;
  readonly sum: Float64Array;
  readonly squares: Float64Array;
  minAbs: number;
  finite: boolean;
  masked: boolean;
  measured: number;
}

/** How one sample counts. */
export interface SampleUse {
  /** Held out: judges the ranges of the others. */
  readonly held: boolean;
  /** Counts towards the means. */
  readonly measured: boolean;
  /** Histograms are wanted. */
  readonly counted: boolean;
}

/** Nothing seen of a tensor of `length` elements. @param averaged a layer reads it: means are wanted */
export function emptySeen(length: number, averaged: boolean): Seen {
  const size = averaged ? length : 0;
  return {
    range: nothing(),
    heldRange: nothing(),
    histogram: createHistogram(),
    heldHistogram: createHistogram(),
    sum: new Float64Array(size),
    squares: new Float64Array(size),
    minAbs: Number.POSITIVE_INFINITY,
    finite: true,
    masked: false,
    measured: 0,
  };
}

/** An empty range. */
export function nothing(): { min: number; max: number } {
  return { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
}

/** Adds one sample's values. */
export function addSample(entry: Seen, data: Float32Array, use: SampleUse): void {
  addExtent(entry, data, use.held ? entry.heldRange : entry.range);
  if (use.counted) addToHistogram(use.held ? entry.heldHistogram : entry.histogram, data);
  if (!use.measured) return;
  entry.measured++;
  const { sum, squares } = entry;
  for (let i = 0; i < sum.length; i++) {
    const value = data[i] ?? 0;
    if (!Number.isFinite(value)) continue;
    sum[i] = (sum[i] ?? 0) + value;
    squares[i] = (squares[i] ?? 0) + value * value;
  }
}

function addExtent(entry: Seen, data: Float32Array, range: { min: number; max: number }): void {
  let { min, max } = range;
  let { minAbs } = entry;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] ?? 0;
    const size = Math.abs(value);
    if (!(size < Number.POSITIVE_INFINITY)) {
      if (value === Number.NEGATIVE_INFINITY) entry.masked = true;
      else entry.finite = false;
      continue;
    }
    if (value < min) min = value;
    if (value > max) max = value;
    if (size < minAbs) minAbs = size;
  }
  range.min = min;
  range.max = max;
  entry.minAbs = minAbs;
}

/** The statistics of all samples. */
export function statsOf(entry: Seen): TensorStats {
  const min = Math.min(entry.range.min, entry.heldRange.min);
  const max = Math.max(entry.range.max, entry.heldRange.max);
  const empty = min > max;
  const count = Math.max(entry.measured, 1);
  const clipped = clippedRange(entry);
  return {
    min: empty ? 0 : min,
    max: empty ? 0 : max,
    minAbs: entry.minAbs,
    mean: entry.sum.map((v) => v / count),
    power: entry.squares.map((v) => v / count),
    finite: entry.finite,
    masked: entry.masked,
    ...(clipped === undefined ? {} : { clipped }),
  };
}

/** Percentiles that may replace min-max; 99.9 and less is known to ruin networks. */
const PERCENTILES = [99.99, 99.999] as const;
/** Steps of 8 bits; 16 bits round so finely that clipping never pays. */
const LEVELS = 255;
/** A percentile must at least spare this share of the error. */
const GAIN = 0.9;

function clippedRange(entry: Seen): TensorStats["clipped"] {
  if (entry.histogram.total === 0 || entry.heldHistogram.total === 0) return undefined;
  const plain = storageError(entry.heldHistogram, entry.range, LEVELS);
  const choices = PERCENTILES.map((percentile) => {
    const found = percentileRange(entry.histogram, percentile);
    const range = { min: Math.max(found.min, entry.range.min), max: Math.min(found.max, entry.range.max) };
    return { percentile, range, error: storageError(entry.heldHistogram, range, LEVELS) };
  });
  const best = choices.reduce((a, b) => (b.error < a.error ? b : a));
  return best.error < GAIN * plain ? { percentile: best.percentile, range: best.range } : undefined;
}
