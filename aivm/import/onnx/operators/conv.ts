/** Conv and ConvTranspose (ai.onnx 1, 11, 22), any rank, any groups, weights constant or computed. */
import { elementCount } from "../../../tensor/shape.ts";
import { addScaled, rescale } from "../emit/compute.ts";
import { emit, type Value } from "../emit/emit.ts";
import { concat, rearrange, reshape, slice, transpose } from "../emit/move.ts";
import { matmulWide } from "../emit/wide.ts";
import { unsupportedForm } from "../errors.ts";
import { intAttribute, type OnnxNode } from "../graph.ts";
import { foldedOutput } from "../lowering/folded.ts";
import type { Family, Lowering } from "../lowering/lowering.ts";
import {
  constantOf,
  hasInput,
  inputName,
  meanOf,
  numbersOf,
  outputName,
  powerOf,
  shapeOf,
  weightsOf,
} from "../lowering/tensors.ts";
import { channelsLast, getChannelsLast, getValue, operandValue, setValue } from "../lowering/values.ts";
import { channelsOfGrid, withStatedGrid } from "../quantized/exactLayer.ts";
import { type FloatLayer, foldConvBias, foldFollowers, type LayerInput, layerConstants } from "./channels.ts";
import {
  paddingAfter,
  transposedMap,
  transposedWindows,
  type Windows,
  windowMap,
  windowsOf,
} from "./windows.ts";

/** A convolution or transposed convolution as one dot product per output element. */
interface Convolution {
  readonly groups: number;
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly windows: Windows;
  /** [output position][kernel position] -> input position or -1. */
  readonly map: Int32Array;
}

/** Lowerers of convolutions. */
export const CONV_FAMILY: Family = new Map([
  ["Conv", lowerConv],
  ["ConvTranspose", lowerConvTranspose],
]);

function lowerConv(ctx: Lowering, node: OnnxNode): void {
  const xShape = shapeOf(ctx, inputName(node, 0));
  const wShape = shapeOf(ctx, inputName(node, 1));
  const windows = windowsOf(node, {
    input: xShape.slice(2),
    output: shapeOf(ctx, outputName(node)).slice(2),
    kernel: wShape.slice(2),
  });
  const conv: Convolution = {
    groups: intAttribute(node, "group", 1),
    batch: xShape[0] ?? 1,
    inChannels: xShape[1] ?? 1,
    outChannels: wShape[0] ?? 1,
    windows,
    map: windowMap(windows),
  };
  const constantWeights = constantOf(ctx, node.inputs[1]) !== undefined && biasIsConstant(ctx, node);
  if (constantWeights && windows.kernel.length <= 2) lowerNative(ctx, node, conv);
  else if (constantWeights) lowerGathered(ctx, node, conv, constantRows(ctx, node, conv, false));
  else lowerComputed(ctx, node, conv, false);
}

function lowerConvTranspose(ctx: Lowering, node: OnnxNode): void {
  const xShape = shapeOf(ctx, inputName(node, 0));
  const wShape = shapeOf(ctx, inputName(node, 1));
  const groups = intAttribute(node, "group", 1);
  const sizes = {
    input: xShape.slice(2),
    output: shapeOf(ctx, outputName(node)).slice(2),
    kernel: wShape.slice(2),
  };
  const windows = transposedWindows(node, sizes);
  const conv: Convolution = {
    groups,
    batch: xShape[0] ?? 1,
    inChannels: xShape[1] ?? 1,
    outChannels: (wShape[1] ?? 1) * groups,
    windows,
    map: transposedMap(windows),
  };
  const constantWeights = constantOf(ctx, node.inputs[1]) !== undefined && biasIsConstant(ctx, node);
  if (constantWeights) lowerGathered(ctx, node, conv, constantRows(ctx, node, conv, true));
  else lowerComputed(ctx, node, conv, true);
}

function biasIsConstant(ctx: Lowering, node: OnnxNode): boolean {
  return !hasInput(node, 2) || constantOf(ctx, node.inputs[2]) !== undefined;
}

// ---- constant weights ---------------------------------------------------------------------------------------------

/** The layer in floats, rows in the order [channel of the group][kernel position]. */
function constantRows(ctx: Lowering, node: OnnxNode, conv: Convolution, transposed: boolean): FloatLayer {
  const weights = weightsOf(ctx, node, 1);
  const taps = elementCount(conv.windows.kernel);
  const perGroupIn = conv.inChannels / conv.groups;
  const perGroupOut = conv.outChannels / conv.groups;
  const length = perGroupIn * taps;
  const rows = new Float64Array(conv.outChannels * length);
  for (let o = 0; o < conv.outChannels; o++) {
    const group = Math.floor(o / perGroupOut);
    for (let c = 0; c < perGroupIn; c++) {
      const from = transposed
        ? ((group * perGroupIn + c) * perGroupOut + (o % perGroupOut)) * taps
        : (o * perGroupIn + c) * taps;
      for (let t = 0; t < taps; t++) rows[o * length + c * taps + t] = weights[from + t] ?? 0;
    }
  }
  const layer = { channels: conv.outChannels, rows, bias: biasOf(ctx, node, conv.outChannels) };
  return withStatedGrid(ctx, layer, { weights: node.inputs[1], bias: node.inputs[2] });
}

function biasOf(ctx: Lowering, node: OnnxNode, channels: number): Float64Array {
  return Float64Array.from(numbersOf(ctx, node, 2) ?? new Array<number>(channels).fill(0));
}

/** Statistics of the operands of a row, in the operand order that `order` makes of [channel of the group][kernel position]. */
function operandStats(
  ctx: Lowering,
  of: { readonly node: OnnxNode; readonly conv: Convolution },
  order: (row: Float64Array) => Float64Array = (row) => row,
): Pick<LayerInput, "means" | "powers"> {
  const name = inputName(of.node, 0);
  const rows = (values: ArrayLike<number>): Float64Array[] => meanPatches(values, of.conv).map(order);
  return { means: rows(meanOf(ctx, name)), powers: rows(powerOf(ctx, name)) };
}

/** Mean of each operand of a row, per group, over output positions: [channel of the group][kernel position]. */
function meanPatches(mean: ArrayLike<number>, conv: Convolution): Float64Array[] {
  const taps = elementCount(conv.windows.kernel);
  const positions = elementCount(conv.windows.output);
  const plane = elementCount(conv.windows.input);
  const perGroup = conv.inChannels / conv.groups;
  return Array.from({ length: conv.groups }, (_, g) => {
    const out = new Float64Array(perGroup * taps);
    for (let n = 0; n < conv.batch; n++) {
      for (let c = 0; c < perGroup; c++) {
        const base = (n * conv.inChannels + g * perGroup + c) * plane;
        for (let i = 0; i < positions * taps; i++) {
          const source = conv.map[i] ?? -1;
          if (source >= 0)
            out[c * taps + (i % taps)] = (out[c * taps + (i % taps)] ?? 0) + (mean[base + source] ?? 0);
        }
      }
    }
    return out.map((v) => v / (conv.batch * positions));
  });
}

/** conv2d of the VM, channels last; a convolution over one axis gets a second one of size 1. */
function lowerNative(ctx: Lowering, node: OnnxNode, conv: Convolution): void {
  const { e } = ctx;
  const { windows } = conv;
  const taps = elementCount(windows.kernel);
  const perGroup = conv.inChannels / conv.groups;
  const biased = foldConvBias(ctx, constantRows(ctx, node, conv, false), outputName(node));
  const { layer, output } = foldFollowers(ctx, biased.layer, biased.name);
  const stored = getChannelsLast(ctx, inputName(node, 0));
  const x =
    windows.kernel.length === 1
      ? reshape(e, stored, [conv.batch, 1, windows.input[0] ?? 1, conv.inChannels])
      : stored;
  const two = (values: readonly number[], first: number): readonly number[] =>
    values.length === 1 ? [first, ...values] : values;
  const channelLast = (row: Float64Array): Float64Array => swapRowOrder(row, { channels: perGroup, taps });
  const ordered = { ...layer, rows: perRow(layer, channelLast) };
  const constants = layerConstants(ctx, ordered, {
    name: outputName(node),
    input: { q: x.q, ...operandStats(ctx, { node, conv }, channelLast) },
    output: output.q,
    weightShape: [conv.outChannels, ...two(windows.kernel, 1), perGroup],
  });
  const attrs = [
    ...two(windows.strides, 1),
    ...two(windows.before, 0),
    ...two(paddingAfter(windows), 0),
    ...two(windows.dilations, 1),
    conv.groups,
    x.q.zero,
    output.q.zero,
  ];
  const shape = [conv.batch, ...two(windows.output, 1), conv.outChannels];
  const { weights, bias, multiplier, shift } = constants;
  const y = emit(e, "conv2d", { operands: [x, weights, bias, multiplier, shift], shape, q: output.q, attrs });
  const rank = windows.kernel.length + 2;
  setValue(
    ctx,
    output.name,
    reshape(e, y, [conv.batch, ...windows.output, conv.outChannels]),
    channelsLast(rank),
  );
}

function perRow(layer: FloatLayer, change: (row: Float64Array) => Float64Array): Float64Array {
  const length = layer.rows.length / layer.channels;
  const out = new Float64Array(layer.rows.length);
  for (let o = 0; o < layer.channels; o++)
    out.set(change(layer.rows.subarray(o * length, (o + 1) * length)), o * length);
  return out;
}

/** [channel][kernel position] -> [kernel position][channel]. */
function swapRowOrder(
  row: Float64Array,
  sizes: { readonly channels: number; readonly taps: number },
): Float64Array {
  return row.map((_, i) => row[(i % sizes.channels) * sizes.taps + Math.floor(i / sizes.channels)] ?? 0);
}

/** Operands gathered into rows, then linear. */
function lowerGathered(ctx: Lowering, node: OnnxNode, conv: Convolution, raw: FloatLayer): void {
  const { e } = ctx;
  const biased = foldConvBias(ctx, raw, outputName(node));
  const { layer, output } = foldFollowers(ctx, biased.layer, biased.name);
  const x = getValue(ctx, inputName(node, 0));
  const perGroupOut = conv.outChannels / conv.groups;
  const length = layer.rows.length / layer.channels;
  const { means, powers } = operandStats(ctx, { node, conv });
  const own = (all: readonly Float64Array[], g: number): Float64Array[] => all.slice(g, g + 1);
  const parts = Array.from({ length: conv.groups }, (_, g) => {
    const part: FloatLayer = {
      channels: perGroupOut,
      rows: layer.rows.slice(g * perGroupOut * length, (g + 1) * perGroupOut * length),
      bias: layer.bias.slice(g * perGroupOut, (g + 1) * perGroupOut),
      ...(layer.grid === undefined
        ? {}
        : { grid: channelsOfGrid(layer.grid, g * perGroupOut, (g + 1) * perGroupOut) }),
    };
    const rows = gatherRows(ctx, x, conv, g);
    const constants = layerConstants(ctx, part, {
      name: outputName(node),
      input: {
        q: rows.q,
        means: own(means, g),
        powers: own(powers, g),
      },
      output: output.q,
      weightShape: [perGroupOut, length],
    });
    const { weights, bias, multiplier, shift } = constants;
    const shape = [...rows.shape.slice(0, -1), perGroupOut];
    return emit(e, "linear", {
      operands: [rows, weights, bias, multiplier, shift],
      shape,
      q: output.q,
      attrs: [output.q.zero],
    });
  });
  setValue(ctx, output.name, toChannelsFirst(ctx, concat(e, parts, 2), conv));
}

/** [N, positions, channels of the group x kernel positions]: the operands of each dot product side by side. */
function gatherRows(ctx: Lowering, x: Value, conv: Convolution, group: number): Value {
  const positions = elementCount(conv.windows.output);
  const taps = elementCount(conv.windows.kernel);
  const plane = elementCount(conv.windows.input);
  const perGroup = conv.inChannels / conv.groups;
  const map = new Int32Array(conv.batch * positions * perGroup * taps);
  let at = 0;
  for (let n = 0; n < conv.batch; n++) {
    for (let p = 0; p < positions; p++) {
      for (let c = 0; c < perGroup; c++) {
        const base = (n * conv.inChannels + group * perGroup + c) * plane;
        for (let t = 0; t < taps; t++) {
          const source = conv.map[p * taps + t] ?? -1;
          map[at++] = source < 0 ? -1 : base + source;
        }
      }
    }
  }
  return rearrange(ctx.e, x, { shape: [conv.batch, positions, perGroup * taps], map });
}

/** [N, positions, channels] -> [N, channels, spatial...]. */
function toChannelsFirst(ctx: Lowering, y: Value, conv: Convolution): Value {
  return reshape(ctx.e, transpose(ctx.e, y, [0, 2, 1]), [
    conv.batch,
    conv.outChannels,
    ...conv.windows.output,
  ]);
}

// ---- computed weights ---------------------------------------------------------------------------------------------

/** Weights that depend on the model's inputs: gathered rows times weight rows, both activations. */
function lowerComputed(ctx: Lowering, node: OnnxNode, conv: Convolution, transposed: boolean): void {
  const { e } = ctx;
  const output = foldedOutput(ctx, outputName(node));
  const x = getValue(ctx, inputName(node, 0));
  const weights = getValue(ctx, inputName(node, 1));
  const parts = Array.from({ length: conv.groups }, (_, g) =>
    matmulWide(e, gatherRows(ctx, x, conv, g), weightRows(ctx, weights, conv, { group: g, transposed })),
  );
  const sum = concat(e, parts, 2);
  const bias = hasInput(node, 2) ? operandValue(ctx, inputName(node, 2)) : undefined;
  if (bias !== undefined && bias.shape.length > 1)
    throw unsupportedForm(node, { want: "a bias of rank 1", got: `rank ${bias.shape.length}` });
  const y = bias === undefined ? rescale(e, sum, output.q) : addScaled(e, { a: sum, b: bias }, output.q);
  setValue(ctx, output.name, toChannelsFirst(ctx, y, conv));
}

/** [channels of the group, channels in x kernel positions] of a computed weight tensor. */
function weightRows(
  ctx: Lowering,
  weights: Value,
  conv: Convolution,
  at: { readonly group: number; readonly transposed: boolean },
): Value {
  const { e } = ctx;
  const taps = elementCount(conv.windows.kernel);
  const perGroupOut = conv.outChannels / conv.groups;
  const perGroupIn = conv.inChannels / conv.groups;
  if (!at.transposed) {
    const all = reshape(e, weights, [conv.outChannels, perGroupIn * taps]);
    return slice(e, all, {
      starts: [at.group * perGroupOut, 0],
      steps: [1, 1],
      sizes: [perGroupOut, perGroupIn * taps],
    });
  }
  const all = reshape(e, weights, [conv.inChannels, perGroupOut, taps]);
  const starts = [at.group * perGroupIn, 0, 0];
  const part = slice(e, all, { starts, steps: [1, 1, 1], sizes: [perGroupIn, perGroupOut, taps] });
  return reshape(e, transpose(e, part, [1, 0, 2]), [perGroupOut, perGroupIn * taps]);
}
