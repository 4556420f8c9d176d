/** Pooling (ai.onnx 1 to 22): windows of any rank; two axes or fewer use the VM's own pools. */
import { integerQuantization, type Quantization, symmetric16 } from "../../../quantize/scheme.ts";
import { coordinatesOf, elementCount } from "../../../tensor/shape.ts";
import { addScaled, argmax, maxReduce, rescale, sumReduce, table } from "../emit/compute.ts";
import { div, root, rootWide } from "../emit/division.ts";
import { emit, integerConstant, largestFrom, multiplier, type Value } from "../emit/emit.ts";
import { gather, rearrange, reshape } from "../emit/move.ts";
import { mulWide, sumWide, tableWide } from "../emit/wide.ts";
import { intAttribute, intsAttribute, type OnnxNode, stringAttribute } from "../graph.ts";
import { foldedOutput } from "../lowering/folded.ts";
import type { Family, Lowering } from "../lowering/lowering.ts";
import { quantizationOf } from "../lowering/quantization.ts";
import { inputName, isUsed, outputName, shapeOf } from "../lowering/tensors.ts";
import { channelsLast, getChannelsLast, getValue, setValue } from "../lowering/values.ts";
import { paddingAfter, type Windows, windowMap, windowsOf } from "./windows.ts";

/** Lowerers of pools. */
export const POOL_FAMILY: Family = new Map([
  ["MaxPool", lowerMaxPool],
  ["AveragePool", lowerAveragePool],
  ["LpPool", lowerLpPool],
  ["GlobalMaxPool", (ctx, node) => lowerMax(ctx, node, globalWindows(ctx, node))],
  [
    "GlobalAveragePool",
    (ctx, node) => lowerAverage(ctx, node, { windows: globalWindows(ctx, node), countPadding: true }),
  ],
]);

/** Most positions of a window that an average takes in place. */
const LARGEST_NATIVE_WINDOW = 36;

/** Which elements of a window an average counts. */
interface CountRule {
  readonly countPadding: boolean;
  /** The attribute pads; padding beyond it (ceil_mode) never counts. */
  readonly declared?: readonly number[] | undefined;
  /** Padding chosen by auto_pad. */
  readonly automatic?: boolean;
}

function poolWindows(ctx: Lowering, node: OnnxNode): Windows {
  return windowsOf(node, {
    input: shapeOf(ctx, inputName(node, 0)).slice(2),
    output: shapeOf(ctx, outputName(node)).slice(2),
    kernel: intsAttribute(node, "kernel_shape") ?? [],
  });
}

function globalWindows(ctx: Lowering, node: OnnxNode): Windows {
  const input = shapeOf(ctx, inputName(node, 0)).slice(2);
  const ones = input.map(() => 1);
  return { input, output: ones, kernel: input, strides: ones, dilations: ones, before: input.map(() => 0) };
}

function lowerMaxPool(ctx: Lowering, node: OnnxNode): void {
  const windows = poolWindows(ctx, node);
  lowerMax(ctx, node, windows);
  if (isUsed(ctx, outputName(node, 1))) lowerIndices(ctx, node, windows);
}

/** Where the largest of each window lies in the whole input: the first one in a window's own order. */
function lowerIndices(ctx: Lowering, node: OnnxNode, windows: Windows): void {
  const { e } = ctx;
  const x = getValue(ctx, inputName(node, 0));
  const [batch = 1, channels = 1] = x.shape;
  const [planes, plane] = [batch * channels, elementCount(windows.input)];
  const [positions, taps] = [elementCount(windows.output), elementCount(windows.kernel)];
  const map = repeatInside(windowMap(windows), taps);
  const best = argmax(e, gatherPlanes(ctx, x, { windows, map, planes }), 1);
  const columnMajor = intAttribute(node, "storage_order", 0) !== 0;
  const named = columnMajor ? map.map((i) => columnMajorIndex(i, windows.input)) : map;
  const sources = integerConstant(e, "i32", [named.length], named);
  const starts = Array.from({ length: positions }, (_, i) => i * taps);
  const rows = integerConstant(e, "i32", [1, positions], starts);
  const tapQ = integerQuantization("i32", { lo: 0, hi: named.length - 1 });
  const at = addScaled(e, { a: reshape(e, best, [planes, positions]), b: rows }, tapQ);
  const offsets = integerConstant(
    e,
    "i32",
    [planes, 1],
    Array.from({ length: planes }, (_, i) => i * plane),
  );
  const q = integerQuantization("i32", { lo: 0, hi: planes * plane - 1 });
  const indices = addScaled(e, { a: gather(e, sources, { indices: at, axis: 0 }), b: offsets }, q);
  setValue(ctx, outputName(node, 1), reshape(e, indices, shapeOf(ctx, outputName(node, 1))));
}

/** Index of a row-major position when the first axis is the one whose neighbours are next to each other. */
function columnMajorIndex(index: number, shape: readonly number[]): number {
  const at = coordinatesOf(index, shape);
  return at.reduceRight((sum, c, axis) => sum * (shape[axis] ?? 1) + c, 0);
}

function lowerMax(ctx: Lowering, node: OnnxNode, windows: Windows): void {
  const { e } = ctx;
  const name = inputName(node, 0);
  const [batch = 1, channels = 1] = shapeOf(ctx, name);
  const out = outputName(node);
  if (windows.kernel.length <= 2) {
    const x = asImage(ctx, getChannelsLast(ctx, name), windows);
    const shape = [batch, ...two(windows.output, 1), channels];
    const y = emit(e, "maxPool2d", { operands: [x], shape, q: x.q, attrs: windowAttrs(windows, true) });
    setPooled(ctx, out, y, windows);
    return;
  }
  const x = getValue(ctx, name);
  const taps = elementCount(windows.kernel);
  const map = repeatInside(windowMap(windows), taps);
  const rows = gatherPlanes(ctx, x, { windows, map, planes: batch * channels });
  setValue(ctx, out, reshape(e, maxReduce(e, rows, 1), shapeOf(ctx, out)));
}

/** Padding replaced by another position of the same window: it changes no maximum. */
function repeatInside(map: Int32Array, taps: number): Int32Array {
  return map.map((source, i) => {
    if (source >= 0) return source;
    const start = i - (i % taps);
    return map.subarray(start, start + taps).find((s) => s >= 0) ?? 0;
  });
}

function lowerAveragePool(ctx: Lowering, node: OnnxNode): void {
  const countPadding = intAttribute(node, "count_include_pad", 0) !== 0;
  const automatic = stringAttribute(node, "auto_pad", "NOTSET").startsWith("SAME");
  lowerAverage(ctx, node, {
    windows: poolWindows(ctx, node),
    countPadding,
    declared: intsAttribute(node, "pads"),
    automatic,
  });
}

/** Mean of each window. Where windows differ in how many elements count, the exact sum is divided per position. */
function lowerAverage(ctx: Lowering, node: OnnxNode, rule: CountRule & { readonly windows: Windows }): void {
  const { e } = ctx;
  const { windows } = rule;
  const name = inputName(node, 0);
  const output = foldedOutput(ctx, outputName(node));
  const [batch = 1, channels = 1] = shapeOf(ctx, name);
  const taps = elementCount(windows.kernel);
  const counts = windowCounts(windows, rule);
  const uniform = counts.every((count) => count === taps);
  // Large windows read positions far apart: as rows their operands lie side by side.
  const native =
    windows.kernel.length <= 2 && taps <= LARGEST_NATIVE_WINDOW && windows.dilations.every((d) => d === 1);
  const x = native ? asImage(ctx, getChannelsLast(ctx, name), windows) : getValue(ctx, name);
  const q = uniform ? output.q : sumOf(x.q, taps);
  const pooled = native
    ? averageImage(ctx, x, { windows, channels, batch, q })
    : reshape(
        e,
        sumReduce(
          e,
          gatherPlanes(ctx, x, { windows, map: windowMap(windows), planes: batch * channels }),
          1,
          { q, factor: 1 / taps },
        ),
        [batch, channels, ...windows.output],
      );
  let y = pooled;
  if (!uniform) {
    const shape = native ? [1, ...two(windows.output, 1), 1] : [1, 1, ...windows.output];
    const divisors = integerConstant(
      e,
      "i32",
      shape,
      counts.map((count) => Math.max(count, 1)),
    );
    // The mean over all positions of the window, times their number, is the sum that the count divides.
    y = div(e, pooled, divisors, output.q, taps);
  }
  if (native) setPooled(ctx, output.name, y, windows);
  else setValue(ctx, output.name, y);
}

/** (sum of |x|^p over the window)^(1/p); padding counts as 0. */
function lowerLpPool(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const windows = poolWindows(ctx, node);
  const p = intAttribute(node, "p", 2);
  const x = getValue(ctx, inputName(node, 0));
  const [batch = 1, channels = 1] = x.shape;
  const rows = gatherPlanes(ctx, x, { windows, map: windowMap(windows), planes: batch * channels });
  const q = quantizationOf(ctx, outputName(node));
  const sum = sumWide(e, p === 2 ? mulWide(e, rows, rows) : magnitudes(ctx, rows, p), 1);
  const y = rootOfPowers(ctx, sum, p, q);
  setValue(ctx, outputName(node), reshape(e, y, shapeOf(ctx, outputName(node))));
}

/** |x|^p by table; 30 bits where it is more than the magnitude. */
function magnitudes(ctx: Lowering, x: Value, p: number): Value {
  const same = sameRange16(x.q);
  const scale = (same.scale * 32_767) ** p / 2 ** 30;
  const q: Quantization = p === 1 ? same : { dtype: "i32", scale, zero: 0, lo: 0, hi: 2 ** 30 };
  return table(ctx.e, x, (v) => Math.abs(v) ** p, q);
}

/** x^(1/p) for x >= 0. */
function rootOfPowers(ctx: Lowering, x: Value, p: number, q: Quantization): Value {
  const { e } = ctx;
  if (p % 2 === 0) return p === 2 ? root(e, x, q) : rootOfPowers(ctx, rootWide(e, x), p / 2, q);
  if (p === 1) return rescale(e, x, q);
  return tableWide(e, x, (s) => Math.max(s, 0) ** (1 / p), q);
}

/** How many elements of each window count: all but padding, or all but what lies beyond the declared padding. */
function windowCounts(windows: Windows, rule: CountRule): number[] {
  const taps = elementCount(windows.kernel);
  if (!rule.countPadding) return countInside(windowMap(windows), taps);
  const rank = windows.kernel.length;
  const after =
    rule.automatic === true
      ? paddingAfter(windows)
      : (rule.declared?.slice(rank) ?? windows.input.map(() => 0));
  const padded: Windows = {
    ...windows,
    input: windows.input.map((size, i) => size + (windows.before[i] ?? 0) + (after[i] ?? 0)),
    before: windows.before.map(() => 0),
  };
  return countInside(windowMap(padded), taps);
}

function countInside(map: Int32Array, taps: number): number[] {
  return Array.from(
    { length: map.length / taps },
    (_, p) => map.subarray(p * taps, (p + 1) * taps).filter((s) => s >= 0).length,
  );
}

function averageImage(
  ctx: Lowering,
  x: Value,
  to: {
    readonly windows: Windows;
    readonly channels: number;
    readonly batch: number;
    readonly q: Quantization;
  },
): Value {
  const taps = elementCount(to.windows.kernel);
  const bound = taps * largestFrom(x.q);
  const m = multiplier(x.q.scale / to.q.scale / taps, bound, "avgPool2d");
  const attrs = [...windowAttrs(to.windows, false), x.q.zero, m.multiplier, m.shift, to.q.zero];
  const shape = [to.batch, ...two(to.windows.output, 1), to.channels];
  return emit(ctx.e, "avgPool2d", { operands: [x], shape, q: to.q, attrs });
}

/** The exact sum of a window, as the mean over all of its positions. */
function sumOf(q: Quantization, taps: number): Quantization {
  const bound = taps * largestFrom(q);
  return { dtype: "i32", scale: q.scale / taps, zero: 0, lo: -bound, hi: bound };
}

/** 16 bits over the same real range: an average never leaves the range of what it averages. */
function sameRange16(q: Quantization): Quantization {
  return symmetric16({ min: q.scale * (q.lo - q.zero), max: q.scale * (q.hi - q.zero) });
}

/** [planes x positions, kernel positions]: every window as a row. */
function gatherPlanes(
  ctx: Lowering,
  x: Value,
  to: { readonly windows: Windows; readonly map: Int32Array; readonly planes: number },
): Value {
  const plane = elementCount(to.windows.input);
  const taps = elementCount(to.windows.kernel);
  const each = to.map.length;
  const map = new Int32Array(to.planes * each);
  for (let p = 0; p < to.planes; p++) {
    for (let i = 0; i < each; i++) {
      const source = to.map[i] ?? -1;
      map[p * each + i] = source < 0 ? -1 : p * plane + source;
    }
  }
  return rearrange(ctx.e, x, { shape: [(to.planes * each) / taps, taps], map });
}

function asImage(ctx: Lowering, x: Value, windows: Windows): Value {
  const [batch = 1] = x.shape;
  return reshape(ctx.e, x, [batch, ...two(windows.input, 1), x.shape.at(-1) ?? 1]);
}

function setPooled(ctx: Lowering, name: string, y: Value, windows: Windows): void {
  const shape = [y.shape[0] ?? 1, ...windows.output, y.shape.at(-1) ?? 1];
  setValue(ctx, name, reshape(ctx.e, y, shape), channelsLast(shape.length));
}

function windowAttrs(windows: Windows, dilated: boolean): number[] {
  return [
    ...two(windows.kernel, 1),
    ...two(windows.strides, 1),
    ...two(windows.before, 0),
    ...two(paddingAfter(windows), 0),
    ...(dilated ? two(windows.dilations, 1) : []),
  ];
}

/** One axis as two: a first one of size 1. */
function two(values: readonly number[], first: number): readonly number[] {
  return values.length === 1 ? [first, ...values] : values;
}
