/** Normalisation along rows: mean, variance and a reciprocal square root in primitive ops. */
import type { Probe } from "../../quantize/calibrate.ts";
import { type Quantization, symmetric16 } from "../../quantize/scheme.ts";
import { elementCount } from "../../tensor/shape.ts";
import { addScaled, mul, pad, rescale, reshape, slice, table, type Value } from "./emit.ts";
import { unsupportedForm } from "./errors.ts";
import { floatAttribute, intAttribute, type OnnxNode, type OnnxTensor } from "./graph.ts";
import {
  type Family,
  getValue,
  hasInput,
  inputName,
  isUsed,
  type Lowerer,
  type Lowering,
  operandValue,
  outputName,
  positiveAxis,
  quantizationOf,
  setValue,
  shapeOf,
} from "./lowering.ts";
import { forEachRow, rowsAlong } from "./rows.ts";
import { mulWide, sumWide, tableWide } from "./wide.ts";

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

/** What calibration must measure inside the norms of a graph: centred values, factors and normalised values. */
export function normProbes(nodes: readonly OnnxNode[]): Probe[] {
  return nodes.flatMap((node) => {
    const [input] = node.inputs;
    if (input === undefined || !NORM_FAMILY.has(node.opType) || node.opType === "LRN") return [];
    const part = (kind: "centred" | "factor" | "result"): Probe => ({
      key: probeKey(node, kind),
      input,
      measure: (tensor) => measure(node, tensor, kind),
    });
    return [part("centred"), part("factor"), part("result")];
  });
}

function probeKey(node: OnnxNode, kind: string): string {
  return `${kind} of ${outputName(node)}`;
}

function measure(node: OnnxNode, tensor: OnnxTensor, kind: "centred" | "factor" | "result"): number[] {
  const rule = ruleOf(node, tensor.shape);
  const out: number[] = [];
  if (rule === undefined) return out;
  forEachRow({ shape: rule.shape, data: tensor.data }, rule.axes, (row) => {
    const mean = rule.centred ? row.reduce((a, b) => a + b, 0) / row.length : 0;
    const largest = row.reduce((most, v) => Math.max(most, Math.abs(v - mean)), 0);
    const sum = row.reduce((a, v) => a + Math.abs(v - mean) ** rule.power, 0);
    const factor = factorOf(rule, row.length)(sum);
    out.push(kind === "centred" ? largest : kind === "factor" ? factor : largest * factor);
  });
  return out;
}

/** What a row is multiplied with, from the sum of squares (or magnitudes) of its elements. */
function factorOf(rule: Rule, length: number): (sum: number) => number {
  return (sum) => {
    const measured = rule.mean ? sum / length + rule.epsilon : sum;
    if (measured <= 0) return 0;
    return rule.power === 1 ? 1 / measured : 1 / Math.sqrt(measured);
  };
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
    lowerStatistics(ctx, node, { rule, rows: rows.value, factor: normal.factor });
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

/** (x - mean) x factor per row, at 16 bits (or in `q`). */
function normalised(
  ctx: Lowering,
  node: OnnxNode,
  parts: { readonly rule: Rule; readonly rows: Value; readonly q: Quantization | undefined },
): { readonly value: Value; readonly factor: Value } {
  const { e } = ctx;
  const { rule, rows } = parts;
  const length = rows.shape[1] ?? 1;
  const limit = (kind: string): Quantization =>
    symmetric16({ min: 0, max: ctx.calibration.probed.get(probeKey(node, kind))?.max ?? 0 });
  const centredQ = limit("centred");
  const centred = rule.centred
    ? addScaled(e, { a: rows, b: sumWide(e, rows, 1), factorB: -1 / length }, centredQ)
    : rescale(e, rows, centredQ);
  const powers = rule.power === 1 ? table(e, centred, Math.abs, centredQ) : mulWide(e, centred, centred);
  const factor = tableWide(e, sumWide(e, powers, 1), factorOf(rule, length), limit("factor"));
  return { value: mul(e, centred, factor, parts.q ?? limit("result")), factor };
}

/** The optional outputs Mean and InvStdDev of LayerNormalization. */
function lowerStatistics(
  ctx: Lowering,
  node: OnnxNode,
  parts: { readonly rule: Rule; readonly rows: Value; readonly factor: Value },
): void {
  const { e } = ctx;
  const [mean, deviation] = [outputName(node, 1), outputName(node, 2)];
  const length = parts.rows.shape[1] ?? 1;
  if (isUsed(ctx, mean)) {
    const value = rescale(e, sumWide(e, parts.rows, 1), quantizationOf(ctx, mean), 1 / length);
    setValue(ctx, mean, reshape(e, value, shapeOf(ctx, mean)));
  }
  if (isUsed(ctx, deviation)) {
    setValue(
      ctx,
      deviation,
      reshape(e, rescale(e, parts.factor, quantizationOf(ctx, deviation)), shapeOf(ctx, deviation)),
    );
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
