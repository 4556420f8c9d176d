/** Scales and zero points as an already quantised file states them, and how its integers are stored here. */
import type { Quantization } from "../../../quantize/scheme.ts";
import type { DType } from "../../../tensor/tensor.ts";
import { unsupportedForm } from "../errors.ts";
import { intAttribute, type OnnxDtype, type OnnxNode, type OnnxTensor } from "../graph.ts";

/** Quantisation parameters of one QuantizeLinear or DequantizeLinear. real = scale x (q - zero). */
export interface QuantParams {
  /** Type of the integers. */
  readonly dtype: Exclude<OnnxDtype, "float32">;
  /** One scale, or one per position of `shape`. Each is a float32. */
  readonly scales: readonly number[];
  /** As many zero points. */
  readonly zeros: readonly number[];
  /** Shape that broadcasts to the tensor after repeating each entry `repeat` times along `axis`. */
  readonly shape: readonly number[];
  readonly axis: number;
  /** Elements along `axis` that share a scale: the block size, 1 without blocks. */
  readonly repeat: number;
}

/** Types that Q and DQ have between them, with the VM type, the offset that makes unsigned ones fit it, and the range. */
const STORED: Readonly<Partial<Record<OnnxDtype, readonly [DType, number, number, number]>>> = {
  int8: ["i8", 0, -128, 127],
  uint8: ["i8", 128, -128, 127],
  int16: ["i16", 0, -32768, 32767],
  uint16: ["i16", 32768, -32768, 32767],
  int32: ["i32", 0, -2147483648, 2147483647],
  int4: ["i8", 0, -8, 7],
  uint4: ["i8", 0, 0, 15],
  int2: ["i8", 0, -2, 1],
  uint2: ["i8", 0, 0, 3],
};

/** The parameters that inputs `scale` and `zero` of a node state, or undefined where they are computed. */
export function quantParams(
  node: OnnxNode,
  facts: {
    readonly constant: (name: string | undefined) => OnnxTensor | undefined;
    /** Type of the integers, and shape of the quantised tensor. */
    readonly dtype: OnnxDtype;
    readonly shape: readonly number[];
  },
): QuantParams | undefined {
  const { dtype, shape } = facts;
  const scale = facts.constant(node.inputs[1]);
  const zeroGiven = (node.inputs[2] ?? "") !== "";
  const zero = facts.constant(node.inputs[2]);
  if (scale === undefined || (zeroGiven && zero === undefined)) return undefined;
  if (dtype === "float32" || STORED[dtype] === undefined)
    throw unsupportedForm(node, { want: "integers of 2, 4, 8, 16 or 32 bits", got: dtype });
  const scales = Array.from(scale.data as ArrayLike<number | bigint>, Number);
  const bad = scales.find((v) => !(v > 0 && v < Number.POSITIVE_INFINITY));
  if (bad !== undefined) throw unsupportedForm(node, { want: "positive finite scales", got: `${bad}` });
  const given = zero === undefined ? [0] : Array.from(zero.data as ArrayLike<number | bigint>, Number);
  const zeros = scales.map((_, i) => given[given.length === 1 ? 0 : i] ?? 0);
  return { dtype, scales, zeros, ...placement(node, scale.shape, shape) };
}

/** Which elements of a tensor of `shape` each scale is for. */
function placement(
  node: OnnxNode,
  scaleShape: readonly number[],
  shape: readonly number[],
): Pick<QuantParams, "shape" | "axis" | "repeat"> {
  const count = scaleShape.reduce((a, b) => a * b, 1);
  if (count === 1) return { shape: [], axis: 0, repeat: 1 };
  const raw = intAttribute(node, "axis", 1);
  const axis = raw < 0 ? raw + shape.length : raw;
  const size = shape[axis] ?? 1;
  if (scaleShape.length === 1 && count === size)
    return { shape: [count, ...shape.slice(axis + 1).map(() => 1)], axis, repeat: 1 };
  const block = intAttribute(node, "block_size", 0);
  const blocks = scaleShape[axis] ?? 1;
  const fits = shape.every((s, i) => (i === axis ? blocks === Math.ceil(s / block) : scaleShape[i] === s));
  if (block > 0 && scaleShape.length === shape.length && fits)
    return { shape: scaleShape, axis, repeat: block };
  throw unsupportedForm(node, {
    want: `one scale, one per index of axis ${axis}, or one per block of block_size`,
    got: `scales [${scaleShape.join(",")}] for a tensor [${shape.join(",")}]`,
  });
}

/** What the stored integers of a tensor with these parameters mean. uint8 is stored minus 128, uint16 minus 32,768. */
export function storedQuantization(
  dtype: OnnxDtype,
  by: { readonly scale: number; readonly zero: number },
): Quantization {
  const [stored, offset, lo, hi] = STORED[dtype] ?? (["i32", 0, -2147483648, 2147483647] as const);
  return { dtype: stored, scale: by.scale, zero: by.zero - offset, lo, hi };
}

/** The single scale and zero point of a tensor, or undefined where there are several. */
export function singleQuantization(params: QuantParams): Quantization | undefined {
  const [scale = 1] = params.scales;
  const [zero = 0] = params.zeros;
  const same = params.scales.every((s) => s === scale) && params.zeros.every((z) => z === zero);
  return same ? storedQuantization(params.dtype, { scale, zero }) : undefined;
}
