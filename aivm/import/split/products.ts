/**
 * Dot products in parts. With constant weights each part is requantised with its channel's own multiplier to an i32
 * that is 2^bits finer than the result, as many bits as the proven sum leaves; the sum is rounded once more at the end.
 * So the result is that of the whole dot product wherever every shift is at most `bits` (then the parts are exact), and
 * else unless it lies within parts x 2^-(bits + 1) of a tie. Products of two activations are exact while a part's sum
 * fits an i32.
 */
import { clamp } from "../../numeric/clamp.ts";
import { MAX_MULTIPLIER, MAX_SHIFT } from "../../numeric/requant.ts";
import { convGeometry } from "../../ops/conv2d.ts";
import { attrAt, maxAbs, type OpNode, rowSumsOf } from "../../ops/op.ts";
import type { Window } from "../../ops/window.ts";
import { createTensor, DTYPE_RANGE, type Tensor, type TensorType } from "../../tensor/tensor.ts";
import { lowered, type Splitter, sumRows } from "./reduce.ts";
import {
  columnsOf,
  type Extent,
  fits,
  longestFitting,
  nodeFor,
  type Piece,
  padded,
  put,
  putConstant,
  type Rewrite,
  reshaped,
  shiftInto32,
  sliced,
  spreadFrom,
  write,
} from "./rewrite.ts";
import { boxExtent, halved, type KernelBox } from "./windows.ts";

/** Most bits that a partial result is coarser than the result. */
const COARSEST = -20;

/** One part of a dot product: its weights [channels][...], and its op over bias, multiplier and shift. */
interface Part {
  readonly weights: Tensor;
  readonly nodeOf: (parameters: readonly Piece[], output: Extent) => OpNode;
}

/** The constants behind a dot product, by channel. */
interface Channels {
  readonly bias: ArrayLike<number>;
  readonly multiplier: readonly number[];
  readonly shift: readonly number[];
}

/** linear with constant weights. */
export const splitLinear: Splitter = (r, { descriptor }, operands) => {
  const [x, w, ...parameters] = operands;
  const weights = w && constantOf(r, w);
  const channels = channelsOf(r, parameters);
  if (x === undefined || w === undefined || weights === undefined || channels === undefined) return undefined;
  const [outChannels = 1, length = 1] = weights.shape;
  const lead = x.type.shape.slice(0, -1);
  const nodeOf = (seen: Piece, row: Piece, rest: readonly Piece[], output: TensorType): OpNode =>
    nodeFor("linear", { operands: [seen, row, ...rest], output, attrs: [0] });
  const resized = (piece: Piece, shape: readonly number[]): Piece => ({
    ...piece,
    type: { ...piece.type, shape },
  });
  const most = longestFitting(r, length - 1, (size) =>
    nodeOf(resized(x, [...lead, size]), resized(w, [outChannels, size]), parameters, descriptor.output),
  );
  if (most < 2) return undefined;
  const size = Math.ceil(length / Math.ceil(length / most));
  const parts = Array.from({ length: Math.ceil(length / size) }, (_, i): Part => {
    const from = i * size;
    const count = Math.min(size, length - from);
    const part = box(weights, [0, from], [outChannels, count]);
    return {
      weights: part,
      nodeOf(rest, output) {
        const starts = [...lead.map(() => 0), from];
        const seen = sliced(r, x, { starts, sizes: [...lead, count] });
        const row = putConstant(r, { dtype: part.dtype, shape: part.shape, values: part.data });
        return nodeOf(seen, row, rest, { dtype: "i32", shape: descriptor.output.shape, ...output });
      },
    };
  });
  const zero = attrAt(descriptor, 0);
  return sumOfParts(r, { parts, channels, xMaxAbs: maxAbs(x.type), output: descriptor.output, zero });
};

/** A part of a convolution: positions of the window and channels [from, to) of each group. */
interface ConvBox extends KernelBox {
  readonly from: number;
  readonly to: number;
}

/** conv2d with constant weights. */
export const splitConv: Splitter = (r, node, operands) => {
  const [x, w, ...parameters] = operands;
  const weights = w && constantOf(r, w);
  const channels = channelsOf(r, parameters);
  if (x === undefined || w === undefined || weights === undefined || channels === undefined) return undefined;
  const { window, groupSize, padValue, zero } = convGeometry(node);
  const { output } = node.descriptor;
  const conv = { r, node, x, w, parameters };
  const whole = { top: 0, bottom: window.kernelH, left: 0, right: window.kernelW, from: 0, to: groupSize };
  const boxes = convBoxes(r, whole, (part) => fits(r, convNode(conv, part)));
  if (boxes === undefined) return undefined;
  const [, , top = 0, left = 0, bottom = 0, right = 0] = node.descriptor.attrs;
  const cut = boxes.some((part) => !isWholeWindow(part, window));
  const image = cut
    ? padded(r, x, { before: [0, top, left, 0], after: [0, bottom, right, 0], value: padValue })
    : x;
  if (image === undefined) return undefined;
  const parts = boxes.map((part): Part => {
    const sizes = [
      weights.shape[0] ?? 1,
      part.bottom - part.top,
      part.right - part.left,
      part.to - part.from,
    ];
    const own = box(weights, [0, part.top, part.left, part.from], sizes);
    return {
      weights: own,
      nodeOf(rest, range) {
        const seen = channelsSeen(r, isWholeWindow(part, window) ? x : windowSeen(r, image, window, part), {
          part,
          groups: window.channels / groupSize,
        });
        const row = putConstant(r, { dtype: own.dtype, shape: own.shape, values: own.data });
        return convNode({ ...conv, x: seen, w: row, parameters: rest, seen: true }, part, range);
      },
    };
  });
  const xMaxAbs = Math.max(maxAbs(x.type), Math.abs(padValue));
  const y = sumOfParts(r, { parts, channels, xMaxAbs, output, zero });
  return y && reshaped(r, y, output.shape);
};

function isWholeWindow(part: KernelBox, window: Window): boolean {
  return part.bottom - part.top === window.kernelH && part.right - part.left === window.kernelW;
}

/** Halves channels, but the window where it alone is too large. */
function convBoxes(r: Rewrite, whole: ConvBox, enough: (part: ConvBox) => boolean): ConvBox[] | undefined {
  if (enough(whole)) return [whole];
  const area = (whole.bottom - whole.top) * (whole.right - whole.left);
  if (whole.to - whole.from > 1 && area <= r.limit) {
    const middle = whole.from + Math.ceil((whole.to - whole.from) / 2);
    const halves = [
      { ...whole, to: middle },
      { ...whole, from: middle },
    ].map((half) => convBoxes(r, half, enough));
    const [first, second] = halves;
    return first && second && [...first, ...second];
  }
  const window = halved(whole, (part) => {
    const own = { ...whole, ...part };
    return (
      enough(own) ||
      ((part.bottom - part.top) * (part.right - part.left) <= r.limit && whole.to - whole.from > 1)
    );
  });
  const parts = window?.map((part) => ({ ...whole, ...part }));
  const found = parts?.map((part) =>
    enough(part) || parts.length === 1 ? [part] : convBoxes(r, part, enough),
  );
  return found?.some((list) => list === undefined) === false
    ? found.flatMap((list) => list ?? [])
    : undefined;
}

/** The op of one part; without `range` and `seen` only as large as it will be. */
function convNode(
  conv: {
    readonly node: OpNode;
    readonly x: Piece;
    readonly w: Piece;
    readonly parameters: readonly Piece[];
    readonly seen?: boolean;
  },
  part: ConvBox,
  range: Extent = DTYPE_RANGE.i32,
): OpNode {
  const { window, groupSize } = convGeometry(conv.node);
  const [strideH = 1, strideW = 1, top = 0, left = 0, bottom = 0, right = 0, ...rest] =
    conv.node.descriptor.attrs;
  const whole = isWholeWindow(part, window);
  const pads = whole ? [top, left, bottom, right] : [0, 0, 0, 0];
  const attrs = [strideH, strideW, ...pads, ...rest.slice(0, -1), 0];
  const { shape } = conv.node.descriptor.output;
  const output: TensorType = { dtype: "i32", shape, lo: range.lo, hi: range.hi };
  if (conv.seen === true)
    return nodeFor("conv2d", { operands: [conv.x, conv.w, ...conv.parameters], output, attrs });
  const [n = 1, h = 1, width = 1] = whole ? conv.x.type.shape : boxExtent(window, part).sizes;
  const groups = window.channels / groupSize;
  const x = { ...conv.x.type, shape: [n, h, width, groups * (part.to - part.from)] };
  const sizes = [
    conv.w.type.shape[0] ?? 1,
    part.bottom - part.top,
    part.right - part.left,
    part.to - part.from,
  ];
  const w = { ...conv.w.type, shape: sizes };
  const operands = [{ ...conv.x, type: x }, { ...conv.w, type: w }, ...conv.parameters];
  return nodeFor("conv2d", { operands, output, attrs });
}

function windowSeen(r: Rewrite, image: Piece, window: Window, part: KernelBox): Piece {
  return sliced(r, image, boxExtent(window, part));
}

/** Channels [from, to) of each group. */
function channelsSeen(r: Rewrite, x: Piece, of: { readonly part: ConvBox; readonly groups: number }): Piece {
  const { part, groups } = of;
  const [n = 1, h = 1, w = 1, channels = 1] = x.type.shape;
  const size = part.to - part.from;
  if (size * groups === channels) return x;
  const grouped = reshaped(r, x, [n, h, w, groups, channels / groups]);
  const seen = sliced(r, grouped, { starts: [0, 0, 0, 0, part.from], sizes: [n, h, w, groups, size] });
  return reshaped(r, seen, [n, h, w, groups * size]);
}

/** matmul of two activations. */
export const splitMatmul: Splitter = (r, { descriptor }, [a, b]) => {
  if (a === undefined || b === undefined) return undefined;
  const [zeroA = 0, zeroB = 0, multiplier = 0, shift = 0, zero = 0] = descriptor.attrs;
  const length = a.type.shape.at(-1) ?? 1;
  const part = (
    x: Piece,
    from: number,
    count: number,
  ): { readonly starts: number[]; readonly sizes: number[] } => ({
    starts: [...x.type.shape.slice(0, -1).map(() => 0), from],
    sizes: [...x.type.shape.slice(0, -1), count],
  });
  const resized = (x: Piece, count: number): Piece => ({
    ...x,
    type: { ...x.type, shape: part(x, 0, count).sizes },
  });
  const most = longestFitting(r, length - 1, (count) =>
    nodeFor("matmul", { operands: [resized(a, count), resized(b, count)], output: descriptor.output }),
  );
  if (most < 2) return undefined;
  const size = Math.ceil(length / Math.ceil(length / most));
  const largest = size * spreadFrom(a.type, zeroA) * spreadFrom(b.type, zeroB);
  const coarser = shiftInto32(largest);
  const limit = Math.ceil(largest / 2 ** coarser);
  const pieces: Piece[] = [];
  for (let from = 0; from < length; from += size) {
    const count = Math.min(size, length - from);
    pieces.push(
      put(r, "matmul", {
        operands: [sliced(r, a, part(a, from, count)), sliced(r, b, part(b, from, count))],
        output: { dtype: "i32", shape: descriptor.output.shape, lo: -limit, hi: limit },
        attrs: [zeroA, zeroB, 1, coarser, 0],
      }),
    );
  }
  const scaling = lowered({ multiplier, shift, zero }, coarser);
  const sum = scaling && sumRows(r, columnsOf(r, pieces), { zeroX: 0, scaling, output: descriptor.output });
  return sum && reshaped(r, sum, descriptor.output.shape);
};

/** The parts, added up in i32 at 2^bits times the result's resolution, then rounded to it. */
function sumOfParts(
  r: Rewrite,
  of: {
    readonly parts: readonly Part[];
    readonly channels: Channels;
    readonly xMaxAbs: number;
    readonly output: TensorType;
    readonly zero: number;
  },
): Piece | undefined {
  const { parts, channels, xMaxAbs, output, zero } = of;
  const bias = Array.from(channels.bias);
  const sums = parts.map((part) => rowSumsOf(part.weights).map((sum) => BigInt(sum) * BigInt(xMaxAbs)));
  const totals = bias.map((value, c) =>
    sums.reduce((sum, own) => sum + (own[c] ?? 0n), BigInt(Math.abs(value))),
  );
  const bits = finestBits(totals, channels, parts.length);
  if (bits === undefined) return undefined;
  const fine = channels.multiplier.map((multiplier, c) => finer(multiplier, channels.shift[c] ?? 0, bits));
  const vector = (dtype: "i8" | "i32", values: readonly number[]): Piece =>
    putConstant(r, { dtype, shape: [values.length], values });
  const scale = [
    vector(
      "i32",
      fine.map((f) => f.multiplier),
    ),
    vector(
      "i8",
      fine.map((f) => f.shift),
    ),
  ];
  const written = parts.map((part, i) => {
    const offsets = bias.map((value) => (i === 0 ? value : 0));
    const reach = (sums[i] ?? []).reduce((most, sum, c) => {
      const magnitude = (sum + BigInt(Math.abs(offsets[c] ?? 0))) * BigInt(fine[c]?.multiplier ?? 0);
      const own = (magnitude >> BigInt(fine[c]?.shift ?? 0)) + 1n;
      return own > most ? own : most;
    }, 0n);
    const hi = Number(reach);
    return write(r, part.nodeOf([vector("i32", offsets), ...scale], { lo: -hi, hi }));
  });
  return added(r, written, { bits, output, zero });
}

function added(
  r: Rewrite,
  parts: readonly Piece[],
  to: { readonly bits: number; readonly output: TensorType; readonly zero: number },
): Piece | undefined {
  const factor = to.bits < 0 ? 2 ** -to.bits : 1;
  return parts.slice(1).reduce<Piece | undefined>((sum, part, i) => {
    if (sum === undefined) return undefined;
    const last = i === parts.length - 2;
    const whole = DTYPE_RANGE.i32;
    const lo = Math.max(whole.lo, sum.type.lo + part.type.lo);
    const hi = Math.min(whole.hi, sum.type.hi + part.type.hi);
    return put(r, "add", {
      operands: [sum, part],
      output: last ? to.output : { ...part.type, lo, hi },
      attrs: last ? [factor, factor, 0, Math.max(0, to.bits), to.zero] : [1, 1, 0, 0, 0],
    });
  }, parts[0]);
}

/** Most bits finer than the result at which every channel's sum still fits an i32; undefined when none do. */
function finestBits(totals: readonly bigint[], channels: Channels, parts: number): number | undefined {
  const room = 2n ** 31n - 1n - BigInt(parts) - 1n;
  let bits = 31;
  for (const [c, total] of totals.entries()) {
    const [multiplier, shift] = [channels.multiplier[c] ?? 0, channels.shift[c] ?? 0];
    const held = (): boolean => {
      const fine = finer(multiplier, shift, bits);
      return (
        fine.multiplier <= MAX_MULTIPLIER && (total * BigInt(fine.multiplier)) >> BigInt(fine.shift) <= room
      );
    };
    while (bits >= COARSEST && !held()) bits--;
  }
  return bits >= COARSEST ? bits : undefined;
}

/** multiplier / 2^shift x 2^bits. A shift beyond the largest leaves nothing of a sum within the proven bound. */
function finer(
  multiplier: number,
  shift: number,
  bits: number,
): { readonly multiplier: number; readonly shift: number } {
  const left = shift - bits;
  if (left > MAX_SHIFT) return { multiplier: 0, shift: 0 };
  return left >= 0 ? { multiplier, shift: left } : { multiplier: multiplier * 2 ** -left, shift: 0 };
}

function constantOf(r: Rewrite, piece: Piece): Tensor | undefined {
  return piece.ref.kind === "const" ? r.constants[piece.ref.index] : undefined;
}

/** Bias, multiplier and shift as the op reads them. */
function channelsOf(r: Rewrite, parameters: readonly Piece[]): Channels | undefined {
  const [bias, multiplier, shift] = parameters.map((piece) => constantOf(r, piece)?.data);
  if (bias === undefined || multiplier === undefined || shift === undefined) return undefined;
  return {
    bias,
    multiplier: Array.from(multiplier, (value) => clamp(value, 0, MAX_MULTIPLIER)),
    shift: Array.from(shift, (value) => clamp(value, 0, MAX_SHIFT)),
  };
}

/** A box of a tensor. */
function box(tensor: Tensor, starts: readonly number[], sizes: readonly number[]): Tensor {
  const out = createTensor(tensor.dtype, sizes);
  const run = sizes.at(-1) ?? 1;
  const rows = out.data.length / run;
  for (let row = 0; row < rows; row++) {
    let rest = row;
    let from = starts.at(-1) ?? 0;
    let stride = tensor.shape.at(-1) ?? 1;
    for (let axis = sizes.length - 2; axis >= 0; axis--) {
      const size = sizes[axis] ?? 1;
      from += ((rest % size) + (starts[axis] ?? 0)) * stride;
      rest = Math.floor(rest / size);
      stride *= tensor.shape[axis] ?? 1;
    }
    out.data.set(tensor.data.subarray(from, from + run), row * run);
  }
  return out;
}
