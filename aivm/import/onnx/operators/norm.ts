/** Normalisation along rows: mean, sum of squares, integer square root and division, in primitive ops. */
import type { Probe } from "../../../quantize/calibrate.ts";
import { type Quantization, symmetric16 } from "../../../quantize/scheme.ts";
import { elementCount } from "../../../tensor/shape.ts";
import { addScaled, mul, rescale, table } from "../emit/compute.ts";
import { div, realConstant, rootWide } from "../emit/division.ts";
import { constant, emit, type Value } from "../emit/emit.ts";
import { pad, reshape, slice } from "../emit/move.ts";
import { mulWide, sumWide, tableWide } from "../emit/wide.ts";
import { unsupportedForm } from "../errors.ts";
import { floatAttribute, intAttribute, type OnnxNode, type OnnxTensor } from "../graph.ts";
import type { Family, Lowerer, Lowering } from "../lowering/lowering.ts";
import { headroomOf, quantizationOf } from "../lowering/quantization.ts";
import { hasInput, inputName, isUsed, outputName, positiveAxis, shapeOf } from "../lowering/tensors.ts";
import { getValue, operandValue, setValue } from "../lowering/values.ts";
import { forEachRow, rowsAlong } from "./rows.ts";

/** How a normalising operator sees its input: the axes of a row after grouping, and the formula. */
interface Rule {
  /** Shape in which the rows are taken; its product is that of the input. */
  readonly shape: readonly number[];
  readonly axes: readonly number[];
  readonly centred: boolean;
  /** 2: by root of the mean (or sum) of squares; 1: by the sum of magnitudes. */
  readonly power: 1 | 2;
  readonly mean: boolean;
  readonly epsilon: number;
}

/** Lowerers of norms. */
export const NORM_FAMILY: Family = new Map<string, Lowerer>([
  ["LayerNormalization", lowerNorm],
  ["RMSNormalization", lowerNorm],
  ["SimplifiedLayerNormalization", lowerNorm],
  ["InstanceNormalization", lowerNorm],
  ["GroupNormalization", lowerNorm],
  ["LpNormalization", lowerNorm],
  ["MeanVarianceNormalization", lowerNorm],
  ["LRN", lowerLrn],
]);

function ruleOf(node: OnnxNode, shape: readonly number[]): Rule | undefined {
  const rank = shape.length;
  const from = (axis: number): number[] => Array.from({ length: rank - axis }, (_, i) => axis + i);
  const epsilon = floatAttribute(node, "epsilon", 1e-5);
  switch (node.opType) {
    case "LayerNormalization":
    case "RMSNormalization":
    case "SimplifiedLayerNormalization": {
      const axes = from(positiveAxis(intAttribute(node, "axis", -1), rank));
      return { shape, axes, centred: node.opType === "LayerNormalization", power: 2, mean: true, epsilon };
    }
    case "InstanceNormalization":
      return { shape, axes: from(2), centred: true, power: 2, mean: true, epsilon };
    case "GroupNormalization": {
      const groups = intAttribute(node, "num_groups", 1);
      const [n = 1] = shape;
      return {
        shape: [n, groups, elementCount(shape) / n / groups],
        axes: [2],
        centred: true,
        power: 2,
        mean: true,
        epsilon,
      };
    }
    case "MeanVarianceNormalization": {
      const attribute = node.attributes.get("axes");
      const axes = attribute?.kind === "ints" ? attribute.value.map((a) => positiveAxis(a, rank)) : [0, 2, 3];
      return { shape, axes, centred: true, power: 2, mean: true, epsilon: 1e-9 };
    }
    case "LpNormalization": {
      const axis = positiveAxis(intAttribute(node, "axis", -1), rank);
      const power = intAttribute(node, "p", 2) === 1 ? 1 : 2;
      return { shape, axes: [axis], centred: false, power, mean: false, epsilon: 0 };
    }
    default:
      return undefined;
  }
}

/** What calibration must measure inside the norms of a graph: centred values and normalised ones. */
export function normProbes(nodes: readonly OnnxNode[]): Probe[] {
  return nodes.flatMap((node) => {
    const [input] = node.inputs;
    if (input === undefined || !NORM_FAMILY.has(node.opType) || node.opType === "LRN") return [];
    const part = (kind: "centred" | "result"): Probe => ({
      key: probeKey(node, kind),
      input,
      measure: (tensor) => measure(node, tensor, kind),
    });
    return [part("centred"), part("result")];
  });
}

/** Keys of the ranges inside the norm that a node is. */
export function normProbeKeys(node: OnnxNode): { readonly centred: string; readonly result: string } {
  return { centred: probeKey(node, "centred"), result: probeKey(node, "result") };
}

function probeKey(node: OnnxNode, kind: string): string {
  return `${kind} of ${outputName(node)}`;
}

function measure(node: OnnxNode, tensor: OnnxTensor, kind: "centred" | "result"): number[] {
  const rule = ruleOf(node, tensor.shape);
  const out: number[] = [];
  if (rule === undefined) return out;
  forEachRow({ shape: rule.shape, data: tensor.data }, rule.axes, (row) => {
    const mean = rule.centred ? row.reduce((a, b) => a + b, 0) / row.length : 0;
    const largest = row.reduce((most, v) => Math.max(most, Math.abs(v - mean)), 0);
    const sum = row.reduce((a, v) => a + Math.abs(v - mean) ** rule.power, 0);
    const divisor = divisorOf(rule, row.length, sum);
    out.push(kind === "centred" ? largest : divisor > 0 ? largest / divisor : 0);
  });
  return out;
}

/** What a row is divided by, from the sum of squares (or magnitudes) of its elements. */
function divisorOf(rule: Rule, length: number, sum: number): number {
  const measured = rule.mean ? sum / length + rule.epsilon : sum;
  return rule.power === 1 ? measured : Math.sqrt(Math.max(0, measured));
}

function lowerNorm(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const x = getValue(ctx, inputName(node, 0));
  const rule = ruleOf(node, x.shape);
  if (rule === undefined) throw unsupportedForm(node, { want: "a norm along rows", got: node.opType });
  const q = quantizationOf(ctx, outputName(node));
  const rows = rowsAlong(ctx, reshape(e, x, rule.shape), rule.axes);
  const scaled = hasInput(node, 1);
  const normal = normalised(ctx, node, { rule, rows: rows.value, q: scaled ? undefined : q });
  if (node.opType === "LayerNormalization")
    lowerStatistics(ctx, node, { rows: rows.value, divisor: normal.divisor });
  const back = reshape(e, rows.restore(normal.value), x.shape);
  if (!scaled) {
    setValue(ctx, outputName(node), back);
    return;
  }
  const product = mulWide(e, back, parameter(ctx, node, 1, x.shape));
  const y = hasInput(node, 2)
    ? addScaled(e, { a: product, b: parameter(ctx, node, 2, x.shape) }, q)
    : rescale(e, product, q);
  setValue(ctx, outputName(node), y);
}

/** Scale or shift in a shape that broadcasts: per channel (axis 1) for instance and group norms, else as given. */
function parameter(ctx: Lowering, node: OnnxNode, index: number, shape: readonly number[]): Value {
  const value = operandValue(ctx, inputName(node, index));
  const perChannel = node.opType === "InstanceNormalization" || node.opType === "GroupNormalization";
  if (!perChannel) return value;
  const channels = shape[1] ?? 1;
  const count = elementCount(value.shape);
  if (count !== channels)
    throw unsupportedForm(node, { want: `${channels} values of scale and bias (opset 21)`, got: `${count}` });
  return reshape(ctx.e, value, [channels, ...shape.slice(2).map(() => 1)]);
}

/** (x - mean) / divisor per row, at 16 bits (or in `q`): sum of squares, integer square root, one division per element. */
function normalised(
  ctx: Lowering,
  node: OnnxNode,
  parts: { readonly rule: Rule; readonly rows: Value; readonly q: Quantization | undefined },
): { readonly value: Value; readonly divisor: Value } {
  const { e } = ctx;
  const { rule, rows } = parts;
  const probed = (kind: string): number =>
    headroomOf(ctx) * (ctx.calibration.probed.get(probeKey(node, kind))?.max ?? 0);
  const limit = (kind: "centred" | "result"): Quantization =>
    symmetric16({
      min: 0,
      max: kind === "result" ? Math.min(probed(kind), largestResult(rule, rows)) : probed(kind),
    });
  const dividend = rule.centred ? centred(ctx, rows) : rows;
  const seen = rule.centred ? rescale(e, dividend, limit("centred")) : rows;
  const divisor = rowDivisor(ctx, rule, seen);
  return { value: div(e, dividend, divisor, parts.q ?? limit("result")), divisor };
}

/** No element of a normalised row is larger, whatever the row. */
function largestResult(rule: Rule, rows: Value): number {
  return rule.mean ? Math.sqrt(rows.shape[1] ?? 1) : 1;
}

/** x - mean per row of x [rows, length], as length x x - sum: no rounding where that fits 32 bits. */
function centred(ctx: Lowering, x: Value): Value {
  const { e } = ctx;
  const length = x.shape[1] ?? 1;
  const sum = sumWide(e, x, 1);
  const span = length * (x.q.hi - x.q.lo);
  let shift = 0;
  while (span / 2 ** shift >= 2 ** 31) shift++;
  const limit = Math.max(1, Math.ceil(span / 2 ** shift));
  const q: Quantization = {
    dtype: "i32",
    scale: (x.q.scale / length) * 2 ** shift,
    zero: 0,
    lo: -limit,
    hi: limit,
  };
  const attrs = [length, -Math.round(sum.q.scale / x.q.scale), -length * x.q.zero, shift, 0];
  return emit(e, "add", { operands: [x, sum], shape: x.shape, q, attrs });
}

/** What each row of x [rows, length] is divided by, [rows, 1]: its sum of magnitudes, or the root of its (mean) square. */
function rowDivisor(ctx: Lowering, rule: Rule, x: Value): Value {
  const { e } = ctx;
  const length = x.shape[1] ?? 1;
  if (rule.power === 1) return sumWide(e, table(e, x, Math.abs, symmetric16(realRange(x))), 1);
  const sum = sumWide(e, mulWide(e, x, x), 1);
  const mean = rule.mean ? length : 1;
  const epsilon = rule.mean ? rule.epsilon * mean : 0;
  const largest = sum.q.hi * sum.q.scale + epsilon;
  const scale = Math.max(sum.q.scale, largest / (2 ** 31 - 1));
  const q: Quantization = {
    dtype: "i32",
    scale,
    zero: 0,
    lo: 0,
    hi: Math.min(2 ** 31 - 1, Math.ceil(largest / scale)),
  };
  // As an operand in steps of the result: an offset that large would leave the multiplier of the sum few bits.
  const steps = Math.round(epsilon / scale);
  const added = (): Value =>
    constant(e, { shape: [1, 1], values: [steps], q: { ...q, lo: steps, hi: steps } });
  const measured = epsilon > 0 ? addScaled(e, { a: sum, b: added() }, q) : sum;
  return rootWide(e, { ...measured, q: { ...measured.q, scale: measured.q.scale / mean } });
}

function realRange(x: Value): { readonly min: number; readonly max: number } {
  return { min: x.q.scale * (x.q.lo - x.q.zero), max: x.q.scale * (x.q.hi - x.q.zero) };
}

/** The optional outputs Mean and InvStdDev of LayerNormalization. */
function lowerStatistics(
  ctx: Lowering,
  node: OnnxNode,
  parts: { readonly rows: Value; readonly divisor: Value },
): void {
  const { e } = ctx;
  const [mean, deviation] = [outputName(node, 1), outputName(node, 2)];
  const length = parts.rows.shape[1] ?? 1;
  if (isUsed(ctx, mean)) {
    const value = rescale(e, sumWide(e, parts.rows, 1), quantizationOf(ctx, mean), 1 / length);
    setValue(ctx, mean, reshape(e, value, shapeOf(ctx, mean)));
  }
  if (isUsed(ctx, deviation)) {
    const inverse = div(e, realConstant(e, 1), parts.divisor, quantizationOf(ctx, deviation));
    setValue(ctx, deviation, reshape(e, inverse, shapeOf(ctx, deviation)));
  }
}

/** x / (bias + alpha / size x sum of squares over `size` neighbouring channels) ^ beta. */
function lowerLrn(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const x = getValue(ctx, inputName(node, 0));
  const size = intAttribute(node, "size", 1);
  const alpha = floatAttribute(node, "alpha", 1e-4);
  const beta = floatAttribute(node, "beta", 0.75);
  const bias = floatAttribute(node, "bias", 1);
  const squares = mulWide(e, x, x);
  const before = Math.floor((size - 1) / 2);
  const edges = x.shape.map((_, i) => (i === 1 ? before : 0));
  const after = x.shape.map((_, i) => (i === 1 ? size - 1 - before : 0));
  const padded = pad(e, squares, { before: edges, after, value: 0 });
  const limit = Math.min(2 ** 31 - 1, size * Math.max(squares.q.hi, 1));
  const sumQ: Quantization = {
    dtype: "i32",
    scale: (squares.q.scale * size * Math.max(squares.q.hi, 1)) / limit,
    zero: 0,
    lo: 0,
    hi: limit,
  };
  const window = (i: number): Value =>
    slice(e, padded, {
      starts: x.shape.map((_, a) => (a === 1 ? i : 0)),
      steps: x.shape.map(() => 1),
      sizes: x.shape,
    });
  let sum = rescale(e, window(0), sumQ);
  for (let i = 1; i < size; i++) sum = addScaled(e, { a: sum, b: window(i) }, sumQ);
  const factor = tableWide(
    e,
    sum,
    (s) => (bias + (alpha / size) * Math.max(s, 0)) ** -beta,
    symmetric16({ min: 0, max: bias ** -beta }),
  );
  setValue(ctx, outputName(node), mul(e, x, factor, quantizationOf(ctx, outputName(node))));
}
