/** Gemm and MatMul (ai.onnx 1 to 13), weights constant or computed. */
import type { Quantization } from "../../../quantize/scheme.ts";
import { elementCount } from "../../../tensor/shape.ts";
import { addScaled, matmul, rescale } from "../emit/compute.ts";
import { emit, type Value } from "../emit/emit.ts";
import { reshape, transpose } from "../emit/move.ts";
import { matmulWide } from "../emit/wide.ts";
import { floatAttribute, intAttribute, type OnnxNode } from "../graph.ts";
import { foldedOutput } from "../lowering/folded.ts";
import type { Family, Lowering } from "../lowering/lowering.ts";
import {
  constantOf,
  hasInput,
  inputName,
  meanOf,
  numbersOf,
  onlyConsumer,
  outputName,
  powerOf,
  shapeOf,
  weightsOf,
} from "../lowering/tensors.ts";
import { getValue, operandValue, setValue } from "../lowering/values.ts";
import { withStatedGrid } from "../quantized/exactLayer.ts";
import { type FloatLayer, foldFollowers, layerConstants } from "./channels.ts";
import { softmaxTimes } from "./softmax.ts";

/** Lowerers of dense products. */
export const DENSE_FAMILY: Family = new Map([
  ["Gemm", lowerGemm],
  ["MatMul", lowerMatMul],
]);

/** y = alpha op(A) op(B) + beta C. */
function lowerGemm(ctx: Lowering, node: OnnxNode): void {
  const [m = 1, n = 1] = shapeOf(ctx, outputName(node));
  const transA = intAttribute(node, "transA", 0) !== 0;
  const transB = intAttribute(node, "transB", 0) !== 0;
  const b = constantOf(ctx, node.inputs[1]);
  const c = hasInput(node, 2) ? shapeOf(ctx, inputName(node, 2)) : [];
  const biasPerColumn = !hasInput(node, 2) || (constantOf(ctx, node.inputs[2]) !== undefined && isRow(c, n));
  const alpha = floatAttribute(node, "alpha", 1);
  const beta = floatAttribute(node, "beta", 1);
  if (b !== undefined && biasPerColumn && constantOf(ctx, node.inputs[0]) === undefined) {
    const rows = rowsOf(weightsOf(ctx, node, 1), { channels: n, byRow: transB, factor: alpha });
    const given = numbersOf(ctx, node, 2) ?? [0];
    const bias = Float64Array.from({ length: n }, (_, o) => beta * (given[given.length === 1 ? 0 : o] ?? 0));
    const source = { weights: node.inputs[1], bias: beta === 1 ? node.inputs[2] : undefined, factor: alpha };
    const layer = withStatedGrid(ctx, { channels: n, rows, bias }, source);
    lowerLayer(ctx, node, { layer, transA, shape: [m, n] });
    return;
  }
  const left = orient(ctx, operandValue(ctx, inputName(node, 0)), transA);
  const right = orient(ctx, operandValue(ctx, inputName(node, 1)), !transB);
  const output = foldedOutput(ctx, outputName(node));
  const product = matmulWide(ctx.e, left, right);
  if (!hasInput(node, 2)) {
    setValue(ctx, output.name, rescale(ctx.e, product, output.q, alpha));
    return;
  }
  const term = operandValue(ctx, inputName(node, 2));
  setValue(
    ctx,
    output.name,
    addScaled(ctx.e, { a: product, b: term, factorA: alpha, factorB: beta }, output.q),
  );
}

/** factor x weights as [channels][row length], from that order or from its transpose. */
function rowsOf(
  weights: ArrayLike<number>,
  form: { readonly channels: number; readonly byRow: boolean; readonly factor: number },
): Float64Array {
  const length = weights.length / form.channels;
  const rows = new Float64Array(weights.length);
  for (let o = 0; o < form.channels; o++) {
    for (let k = 0; k < length; k++) {
      const from = form.byRow ? o * length + k : k * form.channels + o;
      rows[o * length + k] = form.factor * (weights[from] ?? 0);
    }
  }
  return rows;
}

/** True for shapes that broadcast to one value per column of [m, n]. */
function isRow(shape: readonly number[], n: number): boolean {
  const count = elementCount(shape);
  return count === 1 || (count === n && (shape.at(-1) ?? 1) === n);
}

/** x or its transpose, rank 2. */
function orient(ctx: Lowering, x: Value, swap: boolean): Value {
  return swap ? transpose(ctx.e, x, [1, 0]) : x;
}

/** A dense layer with constant weights; BatchNormalization, Relu and Clip behind it are folded. */
function lowerLayer(
  ctx: Lowering,
  node: OnnxNode,
  facts: { readonly layer: FloatLayer; readonly transA: boolean; readonly shape: readonly number[] },
): void {
  const { layer, output } = foldFollowers(ctx, facts.layer, outputName(node));
  const name = inputName(node, 0);
  const x = orient(ctx, getValue(ctx, name), facts.transA);
  const length = layer.rows.length / layer.channels;
  const rowStats = (values: ArrayLike<number>): Float64Array =>
    meanRows(values, { length, transposed: facts.transA });
  const stats: RowStats = { means: rowStats(meanOf(ctx, name)), powers: rowStats(powerOf(ctx, name)) };
  const y = linear(ctx, x, { name: outputName(node), layer, stats, q: output.q });
  setValue(ctx, output.name, reshape(ctx.e, y, facts.shape));
}

/** Mean and mean square of each operand of a row. */
interface RowStats {
  readonly means: Float64Array;
  readonly powers: Float64Array;
}

/** What one linear op is made of. */
interface LinearParts {
  readonly name: string;
  readonly layer: FloatLayer;
  readonly stats: RowStats;
  readonly q: Quantization;
}

/** One linear op. x [..., row length] -> [..., channels]. */
function linear(ctx: Lowering, x: Value, by: LinearParts): Value {
  const { channels } = by.layer;
  const weightShape = [channels, by.layer.rows.length / channels];
  const constants = layerConstants(ctx, by.layer, {
    name: by.name,
    input: { q: x.q, means: [by.stats.means], powers: [by.stats.powers] },
    output: by.q,
    weightShape,
  });
  const { weights, bias, multiplier, shift } = constants;
  const operands = [x, weights, bias, multiplier, shift];
  const shape = [...x.shape.slice(0, -1), channels];
  return emit(ctx.e, "linear", { operands, shape, q: by.q, attrs: [by.q.zero] });
}

/** Mean of each of the `length` operands over all rows. */
function meanRows(
  mean: ArrayLike<number>,
  form: { readonly length: number; readonly transposed: boolean },
): Float64Array {
  const rows = mean.length / form.length;
  const out = new Float64Array(form.length);
  for (let i = 0; i < mean.length; i++) {
    const k = form.transposed ? Math.floor(i / rows) : i % form.length;
    out[k] = (out[k] ?? 0) + (mean[i] ?? 0) / rows;
  }
  return out;
}

/** numpy.matmul: batched, broadcast, vectors allowed. */
function lowerMatMul(ctx: Lowering, node: OnnxNode): void {
  const { e } = ctx;
  const [aName, bName] = [inputName(node, 0), inputName(node, 1)];
  const weights = constantOf(ctx, bName);
  const outShape = shapeOf(ctx, outputName(node));
  const scores = ctx.unnormalised.get(aName);
  if (scores !== undefined) {
    const b = operandValue(ctx, bName);
    const output = foldedOutput(ctx, outputName(node));
    const product = softmaxTimes(ctx, scores, transpose(e, b, lastTwoSwapped(b.shape.length)), output.q);
    setValue(ctx, output.name, reshape(e, product, outShape));
    return;
  }
  if (weights !== undefined && weights.shape.length === 2 && constantOf(ctx, aName) === undefined) {
    const n = weights.shape[1] ?? 1;
    const rows = rowsOf(weightsOf(ctx, node, 1), { channels: n, byRow: false, factor: 1 });
    const biased = followingBias(ctx, outputName(node), n);
    const plain = { channels: n, rows, bias: biased?.bias ?? new Float64Array(n) };
    const layer = withStatedGrid(ctx, plain, { weights: bName, bias: biased?.source });
    const target = biased === undefined ? node : { ...node, outputs: [biased.name] };
    lowerLayer(ctx, target, { layer, transA: false, shape: outShape });
    return;
  }
  const matrix = constantOf(ctx, aName);
  const ofVector = shapeOf(ctx, bName).length === 1 && constantOf(ctx, bName) === undefined;
  if (matrix !== undefined && matrix.shape.length === 2 && ofVector) {
    // A constant matrix times a vector: the same layer, read the other way round.
    const n = matrix.shape[0] ?? 1;
    const rows = rowsOf(weightsOf(ctx, node, 0), { channels: n, byRow: true, factor: 1 });
    const biased = followingBias(ctx, outputName(node), n);
    const layer = { channels: n, rows, bias: biased?.bias ?? new Float64Array(n) };
    const target = { ...node, inputs: [bName, aName], outputs: [biased?.name ?? outputName(node)] };
    lowerLayer(ctx, target, { layer, transA: false, shape: outShape });
    return;
  }
  const a = operandValue(ctx, aName);
  const b = operandValue(ctx, bName);
  const left = a.shape.length === 1 ? reshape(e, a, [1, ...a.shape]) : a;
  const right =
    b.shape.length === 1 ? reshape(e, b, [1, ...b.shape]) : transpose(e, b, lastTwoSwapped(b.shape.length));
  const output = foldedOutput(ctx, outputName(node));
  setValue(ctx, output.name, reshape(e, matmul(e, left, right, output.q), outShape));
}

/** An Add of a constant per column right behind a product is its bias. */
function followingBias(
  ctx: Lowering,
  name: string,
  n: number,
): { readonly bias: Float64Array; readonly name: string; readonly source: string | undefined } | undefined {
  const next = onlyConsumer(ctx, name);
  if (next?.opType !== "Add" || next.domain !== "") return undefined;
  const other = next.inputs[0] === name ? 1 : 0;
  const tensor = constantOf(ctx, next.inputs[other]);
  if (tensor === undefined || !(tensor.data instanceof Float32Array) || tensor.data.length !== n)
    return undefined;
  if ((tensor.shape.at(-1) ?? 1) !== n || tensor.shape.length > shapeOf(ctx, name).length) return undefined;
  ctx.absorbed.add(name);
  return { bias: Float64Array.from(tensor.data), name: outputName(next), source: next.inputs[other] };
}

function lastTwoSwapped(rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, i) => i);
  return [...axes.slice(0, -2), rank - 1, rank - 2];
}
