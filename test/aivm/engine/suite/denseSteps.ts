/** Steps of random programs that multiply: convolutions, layers and products, of every form that engines treat apart. */
import {
  createTensor,
  type DType,
  elementCount,
  type Tensor,
  type TensorType,
  tensorType,
} from "../../../../aivm/index.ts";
import { randomTensor } from "../../support/random.ts";
import type { NewOp, Value } from "./builder.ts";
import {
  ALL,
  asImage,
  asRows,
  type Draft,
  divisorNear,
  rangeOf,
  requantized,
  rescaled,
  SMALL,
  small,
  weights,
} from "./draft.ts";
import { factorsFor, shiftFor } from "./requants.ts";

/** conv2d: dense, pointwise, depthwise or grouped; padded, strided or dilated. */
export function convStep(draft: Draft, from: Value): Value {
  const { random } = draft;
  const x = small(draft, asImage(draft, from));
  const [, height = 1, width = 1, channels = 1] = x.type.shape;
  const groups = random.pick([1, 1, 1, channels, divisorNear(channels, random.int(2, 4))]);
  const each =
    groups === channels
      ? random.pick([1, 1, 2])
      : random.int(1, Math.ceil(random.pick([8, 24, 70]) / groups));
  const kernel = random.pick([
    [1, 1],
    [3, 3],
    [random.int(1, 5), random.int(1, 3)],
  ]);
  const [kernelH = 1, kernelW = 1] = kernel.map((size, axis) =>
    Math.min(size, (axis === 0 ? height : width) + 1),
  );
  const same = [kernelH - 1, kernelW - 1, kernelH - 1, kernelW - 1].map((size, i) =>
    i < 2 ? size >> 1 : size - (size >> 1),
  );
  const pads = random.pick([[0, 0, 0, 0], same, same, [0, 1, 2, 3].map(() => random.int(0, 2))]);
  const attrs = [
    ...random.pick([
      [1, 1],
      [1, 1],
      [2, 2],
      [random.int(1, 3), random.int(1, 2)],
    ]),
    ...pads,
    ...random.pick([
      [1, 1],
      [1, 1],
      [2, 1],
      [1, 2],
    ]),
    groups,
    random.pick([0, random.int(x.type.lo, x.type.hi)]),
  ];
  const shape = [groups * each, kernelH, kernelW, channels / groups];
  return layer(draft, { name: "conv2d", x, attrs, w: tensorType(random.pick(["i8", "i8", "i16"]), shape) });
}

/** linear over rows of any length; long ones have sums beyond 32 bits. */
export function linearStep(draft: Draft, from: Value): Value {
  const { random } = draft;
  const x = small(draft, random.int(0, 3) === 0 ? asRows(draft, from) : from);
  const length = x.type.shape.at(-1) ?? 1;
  const channels = random.int(1, random.pick([8, 40, 70]));
  return layer(draft, {
    name: "linear",
    x,
    attrs: [],
    w: tensorType(random.pick(["i8", "i8", "i16"]), [channels, length]),
  });
}

/** linear of all elements at once. */
export function wideLinearStep(draft: Draft, from: Value): Value {
  const { random } = draft;
  const x = small(draft, from);
  const length = elementCount(x.type.shape);
  const row = draft.builder.op({
    name: "reshape",
    operands: [x],
    attrs: [],
    dtype: x.type.dtype,
    shape: [1, length],
  });
  const w = tensorType(random.pick(SMALL), [random.int(1, 24), length]);
  return layer(draft, { name: "linear", x: row, attrs: [], w });
}

interface Layer {
  readonly name: "conv2d" | "linear";
  readonly x: Value;
  /** What stands before the zero point. */
  readonly attrs: readonly number[];
  readonly w: TensorType;
}

/** A layer with constant weights, its factors as large as the bound lets them be. */
function layer(draft: Draft, { name, x, attrs, w: wType }: Layer): Value {
  const { random, builder } = draft;
  const dtype = random.pick(["i8", "i8", "i8", "i16", "i32"] as const);
  const channels = wType.shape[0] ?? 1;
  const bias = random.pick([0, 1000, 2 ** 20, 2 ** 31 - 1]);
  const w = weights(draft, wType);
  const b = weights(draft, tensorType("i32", [channels], { lo: -bias, hi: bias }));
  const zero = random.pick([0, 0, random.int(-128, 127), random.int(-3000, 3000)]);
  const range = rangeOf(random, dtype);
  const given = (multiplier: Value, shift: Value): NewOp => {
    return { name, operands: [x, w, b, multiplier, shift], attrs: [...attrs, zero], dtype, range };
  };
  const multipliers = createTensor("i32", [channels]);
  const shifts = createTensor("i8", [channels]);
  const accumulator = builder.accumulator(given(unplaced(multipliers), unplaced(shifts)));
  for (let channel = 0; channel < channels; channel++) {
    const { multiplier } = factorsFor(random, accumulator, dtype);
    multipliers.data[channel] = multiplier;
    shifts.data[channel] = shiftFor(random, Number(accumulator) * multiplier, dtype);
  }
  return builder.op(given(builder.constant(multipliers), builder.constant(shifts)));
}

/** A constant that is not in the program: for asking after bounds. */
function unplaced(tensor: Tensor): Value {
  const type = tensorType(tensor.dtype, tensor.shape, { lo: 0, hi: 1 });
  return { ref: { kind: "const", index: 0 }, type, tensor };
}

/** matmul of two values, of a value with itself, or with a constant; batched where there are axes for it. */
export function matmulStep(draft: Draft, from: Value): Value {
  const { random } = draft;
  const [a, b] = factorsOfProduct(draft, from);
  const attrs = [zeroOf(draft, a.type.dtype), zeroOf(draft, b.type.dtype)];
  return requantized(draft, { name: "matmul", operands: [a, b], attrs, dtype: random.pick(ALL) });
}

/** matmulDiv by divisors of any size, 0 among them. */
export function matmulDivStep(draft: Draft, from: Value): Value {
  const { random, builder } = draft;
  const [a, b] = factorsOfProduct(draft, from);
  const limit = random.pick([3, 1000, 2 ** 31 - 1]);
  const rows = [...a.type.shape.slice(0, -1), 1];
  const d = weights(draft, tensorType("i32", rows, { lo: random.pick([0, -limit]), hi: limit }));
  const attrs = [
    zeroOf(draft, a.type.dtype),
    zeroOf(draft, b.type.dtype),
    random.pick([1, 7, 1000]),
    random.int(-6, 8),
    random.int(-9, 9),
  ];
  const dtype = random.pick(ALL);
  return builder.op({ name: "matmulDiv", operands: [a, b, d], attrs, dtype, range: rangeOf(random, dtype) });
}

function factorsOfProduct(draft: Draft, from: Value): [Value, Value] {
  const { random, values } = draft;
  const a = small(draft, from.type.shape.length < 2 ? asRows(draft, from) : from);
  const { shape } = a.type;
  const length = shape.at(-1) ?? 1;
  const fits = values.filter(
    ({ type }) =>
      type.shape.length === 2 &&
      type.shape[1] === length &&
      type.dtype !== "i32" &&
      (type.shape[0] ?? 0) <= 80,
  );
  if (fits.length > 0 && random.int(0, 2) > 0) return [a, random.pick(fits)];
  if (random.int(0, 2) === 0 && (shape.at(-2) ?? 99) <= 80) return [a, a];
  const rows = random.int(1, random.pick([4, 33, 70]));
  const batch = random.pick([[], shape.slice(0, -2)]);
  return [a, weights(draft, tensorType(random.pick(SMALL), [...batch, rows, length]))];
}

/** Self-attention over rows: scores, exponentials by table, their sums, and the weighted mean. */
export function attentionStep(draft: Draft, from: Value): Value {
  const { random, builder } = draft;
  const rows = asRows(draft, from);
  const [count = 1, length = 1] = rows.type.shape;
  const heads = random.pick([1, 2, 3]);
  const size = random.int(1, 20);
  const split = (): Value => {
    const w = tensorType("i8", [heads * size, length]);
    const flat = layer(draft, { name: "linear", x: small(draft, rows), attrs: [], w });
    const parted = builder.op({
      name: "reshape",
      operands: [small(draft, flat)],
      attrs: [],
      dtype: small(draft, flat).type.dtype,
      shape: [count, heads, size],
    });
    return parted;
  };
  const turned = (x: Value, attrs: number[]): Value =>
    builder.op({ name: "transpose", operands: [x], attrs, dtype: x.type.dtype });
  const [q, k, v] = [turned(split(), [1, 0, 2]), turned(split(), [1, 0, 2]), turned(split(), [1, 2, 0])];
  const scores = requantized(draft, {
    name: "matmul",
    operands: [q, k],
    attrs: [0, 0],
    dtype: random.pick(["i8", "i16"]),
  });
  const e = exponentials(draft, scores);
  const sums = builder.op({ name: "sumReduce", operands: [e], attrs: [2, 0, 1, 0, 0], dtype: "i32" });
  const d = builder.op({
    name: "reshape",
    operands: [sums],
    attrs: [],
    dtype: "i32",
    shape: [heads, count, 1],
  });
  const mean = builder.op({
    name: "matmulDiv",
    operands: [e, v, d],
    attrs: [0, 0, 1, 0, 0],
    dtype: v.type.dtype,
  });
  const back = turned(mean, [1, 0, 2]);
  return builder.op({
    name: "reshape",
    operands: [back],
    attrs: [],
    dtype: back.type.dtype,
    shape: [count, heads * size],
  });
}

/** exp(x - largest of the row) by table, as softmax has it. */
export function exponentials(draft: Draft, from: Value): Value {
  const { builder } = draft;
  const x = from.type.dtype === "i8" ? from : rescaled(draft, from, "i8");
  const axis = x.type.shape.length - 1;
  const most = builder.op({ name: "maxReduce", operands: [x], attrs: [axis], dtype: x.type.dtype });
  const top = builder.op({
    name: "reshape",
    operands: [most],
    attrs: [],
    dtype: x.type.dtype,
    shape: [...x.type.shape.slice(0, -1), 1],
  });
  const below = builder.op({
    name: "add",
    operands: [x, top],
    attrs: [1, -1, 0, 0, 0],
    dtype: "i8",
    range: { lo: -128, hi: 0 },
  });
  const entries = createTensor("i16", [256]);
  for (let i = 0; i < 256; i++) entries.data[i] = Math.max(0, 32_767 - (i > 128 ? 0 : (128 - i) * 255));
  const table = builder.constant(entries, tensorType("i16", [256], { lo: 0, hi: 32_767 }));
  return builder.op({ name: "table", operands: [below, table], attrs: [], dtype: "i16" });
}

function zeroOf({ random }: Draft, dtype: DType): number {
  return random.pick([0, 0, dtype === "i8" ? random.int(-128, 127) : random.int(-3, 3)]);
}

/** A table of random entries for operands of dtype x. */
export function tableFor({ random, builder }: Draft, x: DType): Value {
  const dtype = random.pick(ALL);
  const type = tensorType(dtype, [x === "i8" ? 256 : 65_536]);
  return builder.constant(randomTensor(random, type), type);
}
