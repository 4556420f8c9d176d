/** Steps of random programs that move, select and compute element by element. */
import { createTensor, type DType, elementCount, tensorType } from "../../../../aivm/index.ts";
import type { Value } from "./builder.ts";
import { exponentials, tableFor } from "./denseSteps.ts";
import {
  ALL,
  asImage,
  type Draft,
  divisorNear,
  numbers,
  partner,
  rangeOf,
  requantized,
  rescaled,
  reshaped,
  SMALL,
  small,
  weights,
} from "./draft.ts";

/** A step: adds ops that read `x` and gives the last one's value. */
export type Step = (draft: Draft, x: Value) => Value;

/** An op that passes values of x's dtype on. */
function moved(
  draft: Draft,
  name: string,
  operands: readonly Value[],
  attrs: readonly number[],
  shape?: readonly number[],
): Value {
  const dtype = operands[0]?.type.dtype ?? "i8";
  return draft.builder.op({ name, operands, attrs, dtype, ...(shape === undefined ? {} : { shape }) });
}

function axisOf({ random }: Draft, x: Value): number {
  return random.int(0, x.type.shape.length - 1);
}

function shuffled({ random }: Draft, items: readonly number[]): number[] {
  const left = [...items];
  return items.map(() => left.splice(random.int(0, left.length - 1), 1)[0] ?? 0);
}

const addStep: Step = (draft, x) => {
  const { random, builder } = draft;
  const b = partner(draft, x, ALL);
  const dtype = random.pick(ALL);
  const top = random.pick([1, 1000, 2 ** 21 - 1]);
  const attrs = [
    random.int(-top, top),
    random.int(-top, top),
    random.pick([0, random.int(-(2 ** 30), 2 ** 30)]),
  ];
  const bits = { i8: 7, i16: 15, i32: 31 };
  const excess = Math.log2(top) + Math.max(bits[x.type.dtype], bits[b.type.dtype]) - bits[dtype];
  const shift = Math.max(0, Math.round(excess) - random.int(-1, 3));
  return builder.op({
    name: "add",
    operands: random.pick([
      [x, b],
      [b, x],
    ]),
    attrs: [...attrs, shift, random.int(-9, 9)],
    dtype,
    range: rangeOf(random, dtype),
  });
};

const mulStep: Step = (draft, from) => {
  const x = small(draft, from);
  const b = partner(draft, x, SMALL);
  const attrs = [draft.random.int(-9, 9), draft.random.pick([0, draft.random.int(-128, 127)])];
  return requantized(draft, { name: "mul", operands: [x, b], attrs, dtype: draft.random.pick(ALL) });
};

const tableStep: Step = (draft, from) => {
  const { random, builder } = draft;
  const x =
    from.type.dtype !== "i32" && (from.type.dtype === "i8" || random.int(0, 7) === 0)
      ? from
      : rescaled(draft, from, "i8");
  const table = tableFor(draft, x.type.dtype);
  return builder.op({ name: "table", operands: [x, table], attrs: [], dtype: table.type.dtype });
};

const poolStep: Step = (draft, from) => {
  const { random } = draft;
  const x = asImage(draft, from);
  const [, height = 1, width = 1] = x.type.shape;
  const whole = random.int(0, 3) === 0;
  const kernel = whole
    ? [height, width]
    : [random.int(1, Math.min(3, height)), random.int(1, Math.min(3, width))];
  const pads = whole ? [0, 0, 0, 0] : kernel.concat(kernel).map((size) => random.int(0, size - 1));
  const stride = random.pick([[1, 1], [2, 2], kernel]);
  if (random.int(0, 1) === 0) {
    const dilation = pads.every((pad) => pad === 0)
      ? random.pick([
          [1, 1],
          [1, 2],
        ])
      : [1, 1];
    return moved(draft, "maxPool2d", [x], [...kernel, ...stride, ...pads, ...dilation]);
  }
  const y = small(draft, x);
  const zeroX = random.int(-9, 9);
  return requantized(draft, {
    name: "avgPool2d",
    operands: [y],
    attrs: [...kernel, ...stride, ...pads, zeroX],
    dtype: random.pick(ALL),
  });
};

const reshapeStep: Step = (draft, x) => {
  const count = elementCount(x.type.shape);
  const first = divisorNear(count, draft.random.int(1, 12));
  const second = divisorNear(count / first, draft.random.int(1, 12));
  return reshaped(
    draft,
    x,
    draft.random.pick([
      [first, count / first],
      [first, second, count / first / second],
      [1, count],
    ]),
  );
};

const transposeStep: Step = (draft, x) =>
  moved(
    draft,
    "transpose",
    [x],
    shuffled(
      draft,
      x.type.shape.map((_, axis) => axis),
    ),
  );

const concatStep: Step = (draft, x) => {
  const { random, values } = draft;
  const axis = axisOf(draft, x);
  const others = values.filter(
    ({ type }) =>
      type.dtype === x.type.dtype &&
      type.shape.length === x.type.shape.length &&
      type.shape.every((size, i) => i === axis || size === x.type.shape[i]),
  );
  const parts = Array.from({ length: random.int(1, 3) }, () => {
    if (others.length > 0 && random.int(0, 2) > 0) return random.pick(others);
    const shape = x.type.shape.map((size, i) => (i === axis ? random.int(1, 4) : size));
    return weights(draft, tensorType(x.type.dtype, shape));
  });
  return moved(
    draft,
    "concat",
    random.pick([
      [x, ...parts],
      [...parts, x],
    ]),
    [axis],
  );
};

const sliceStep: Step = (draft, x) => {
  const { random } = draft;
  const cuts = x.type.shape.map((size) => {
    const step = random.pick([1, 1, 2, -1]);
    const start = step < 0 ? size - 1 : random.int(0, Math.floor((size - 1) / 2));
    const most = step < 0 ? size : Math.ceil((size - start) / step);
    return { start, step, size: random.int(Math.ceil(most / 2), most) };
  });
  const attrs = [...cuts.map((cut) => cut.start), ...cuts.map((cut) => cut.step)];
  return moved(
    draft,
    "slice",
    [x],
    attrs,
    cuts.map((cut) => cut.size),
  );
};

const padStep: Step = (draft, x) => {
  const before = x.type.shape.map(() => draft.random.int(0, 2));
  const shape = x.type.shape.map((size, i) => size + (before[i] ?? 0) + draft.random.int(0, 2));
  return moved(draft, "pad", [x], [...before, draft.random.int(-100, 100)], shape);
};

const expandStep: Step = (draft, x) => {
  const { shape } = x.type;
  const grown = shape.map((size) => (size === 1 ? draft.random.int(1, 4) : size));
  return moved(draft, "expand", [x], [], shape.length < 5 ? [draft.random.int(1, 3), ...grown] : grown);
};

const gatherStep: Step = (draft, x) => {
  const { random } = draft;
  const axis = axisOf(draft, x);
  const size = x.type.shape[axis] ?? 1;
  const type = tensorType(random.pick(ALL), [random.int(1, 6)], { lo: -1, hi: Math.min(126, size) });
  return moved(
    draft,
    "gather",
    [x, random.int(0, 1) === 0 ? weights(draft, type) : smallInput(draft, type)],
    [axis],
  );
};

/** An input of the program that this step alone reads; a constant when the program has enough of them. */
function smallInput(draft: Draft, type: ReturnType<typeof tensorType>): Value {
  const inputs = draft.values.filter(({ ref }) => ref.kind === "input").length;
  if (inputs >= 8) return weights(draft, type);
  const value = draft.builder.input(type);
  draft.values.unshift(value);
  return value;
}

const reduceStep: Step = (draft, x) => {
  const { random } = draft;
  const attrs = [axisOf(draft, x)];
  const name = random.pick(["argmax", "maxReduce", "sumReduce", "sumReduce"]);
  if (name === "argmax") return draft.builder.op({ name, operands: [x], attrs, dtype: "i32" });
  if (name === "maxReduce") return moved(draft, name, [x], attrs);
  return requantized(draft, {
    name,
    operands: [x],
    attrs: [...attrs, random.int(-9, 9)],
    dtype: random.pick(ALL),
  });
};

const whereStep: Step = (draft, x) => {
  const other = partner(draft, x, [x.type.dtype]);
  const against = partner(draft, x, [x.type.dtype]);
  const { random, builder } = draft;
  const condition = builder.op({
    name: "compare",
    operands: [x, against],
    attrs: [random.int(0, 2)],
    dtype: "i8",
  });
  const operands = [
    condition,
    ...random.pick([
      [x, other],
      [other, x],
    ]),
  ];
  return builder.op({ name: "where", operands, attrs: [], dtype: x.type.dtype });
};

const divStep: Step = (draft, x) => {
  const { random, builder } = draft;
  const b = partner(draft, x, ALL);
  const attrs = [
    random.int(-3, 3),
    random.int(-3, 3),
    random.pick([1, 9, 1000]),
    random.int(-8, 6),
    random.int(-9, 9),
    random.int(0, 2),
  ];
  return builder.op({ name: "div", operands: [x, b], attrs, dtype: random.pick(ALL) });
};

const modStep: Step = (draft, x) =>
  draft.builder.op({
    name: "mod",
    operands: [x, partner(draft, x, ALL)],
    attrs: [draft.random.int(0, 1)],
    dtype: "i32",
  });

const isqrtStep: Step = (draft, x) => {
  const lift = draft.random.int(0, { i8: 44, i16: 36, i32: 20 }[x.type.dtype]);
  return requantized(draft, {
    name: "isqrt",
    operands: [x],
    attrs: [draft.random.int(-3, 3), lift],
    dtype: draft.random.pick(ALL),
  });
};

const bitStep: Step = (draft, x) => {
  const { random, builder } = draft;
  const b = partner(draft, x, ALL);
  if (random.int(0, 1) === 0) {
    const wide = Math.max(...[x, b].map(({ type }) => ALL.indexOf(type.dtype)));
    return builder.op({
      name: "bitwise",
      operands: [x, b],
      attrs: [random.int(0, 2)],
      dtype: ALL[wide] ?? "i32",
    });
  }
  const attrs = [random.int(0, 1), random.pick([8, 16, 32]), random.int(0, 1)];
  return builder.op({ name: "shift", operands: [x, b], attrs, dtype: "i32" });
};

const rankStep: Step = (draft, x) => {
  const axis = axisOf(draft, x);
  const shape = x.type.shape.map((size, i) => (i === axis ? draft.random.int(1, Math.min(size, 8)) : size));
  return draft.builder.op({
    name: "rank",
    operands: [x],
    attrs: [axis, draft.random.int(0, 1)],
    dtype: "i32",
    shape,
  });
};

const scatterStep: Step = (draft, x) => {
  const { random, builder } = draft;
  const axis = axisOf(draft, x);
  const count = random.int(1, 6);
  const lanes = x.type.shape.map((size, i) => (i === axis ? count : size));
  const list = lanes.map((size, i) => (i === axis ? size : 1));
  const type = tensorType("i8", random.pick([lanes, list]), {
    lo: -2,
    hi: Math.min(127, (x.type.shape[axis] ?? 1) + 1),
  });
  const positions = random.int(0, 1) === 0 ? weights(draft, type) : smallInput(draft, type);
  const updates = weights(draft, tensorType(x.type.dtype, random.pick([lanes, list])));
  const reduction = random.pick(x.type.dtype === "i32" ? [0, 1, 3, 4] : [0, 1, 2, 3, 4]);
  const factors = reduction === 2 ? [random.int(0, 2 ** 15), random.int(0, 20)] : [1, 0];
  return builder.op({
    name: "scatter",
    operands: [x, positions, updates],
    attrs: [axis, reduction, ...factors],
    dtype: x.type.dtype,
  });
};

/** Noise from a seed, added: the shape of a sampling step. */
const noiseStep: Step = (draft, x) => {
  const { random, builder } = draft;
  const seed = smallInput(draft, tensorType("i32", [4]));
  const noise = builder.op({
    name: "random",
    operands: [seed],
    attrs: [random.int(0, 99)],
    dtype: random.pick(["i16", "i32"]),
    shape: x.type.shape,
  });
  return builder.op({
    name: "add",
    operands: [x, noise],
    attrs: [1000, 1, 0, random.int(4, 12), 0],
    dtype: random.pick(ALL),
  });
};

/** softmax along the last axis, divided element by element. */
const softmaxStep: Step = (draft, x) => {
  const { builder } = draft;
  const e = exponentials(draft, x);
  const sums = builder.op({
    name: "sumReduce",
    operands: [e],
    attrs: [e.type.shape.length - 1, 0, 1, 0, 0],
    dtype: "i32",
  });
  const d = reshaped(draft, sums, [...e.type.shape.slice(0, -1), 1]);
  return builder.op({ name: "div", operands: [e, d], attrs: [0, 0, 255, 0, -128, 0], dtype: "i8" });
};

/** layer norm along the last axis: mean, difference, root of the mean square, quotient, scale. */
const normStep: Step = (draft, from) => {
  const { random, builder } = draft;
  const x = small(draft, from);
  const { shape, dtype } = x.type;
  const last = shape.length - 1;
  const along = [...shape.slice(0, -1), 1];
  const scale = Math.max(1, Math.floor(2 ** 20 / (shape[last] ?? 1)));
  const mean = reshaped(
    draft,
    builder.op({ name: "sumReduce", operands: [x], attrs: [last, 0, scale, 20, 0], dtype }),
    along,
  );
  const centred = builder.op({ name: "add", operands: [x, mean], attrs: [1, -1, 0, 1, 0], dtype });
  const squares = builder.op({
    name: "mul",
    operands: [centred, centred],
    attrs: [0, 0, 1, dtype === "i8" ? 0 : 4, 0],
    dtype: "i32",
  });
  const power = reshaped(
    draft,
    builder.op({
      name: "sumReduce",
      operands: [squares],
      attrs: [last, 0, Math.min(scale, 2 ** 11), 11, 1],
      dtype: "i32",
    }),
    along,
  );
  const root = builder.op({ name: "isqrt", operands: [power], attrs: [0, 0, 1, 0, 0], dtype: "i32" });
  const unit = builder.op({
    name: "div",
    operands: [centred, root],
    attrs: [0, 0, random.pick([64, 8192]), 0, 0, 0],
    dtype: "i16",
  });
  const gain = weights(draft, tensorType("i8", [shape[last] ?? 1]));
  return requantized(draft, {
    name: "mul",
    operands: [unit, gain],
    attrs: [0, 0],
    dtype: random.pick(SMALL),
  });
};

/** Two values in one tensor and out of it again, the other way round. */
const swapStep: Step = (draft, x) => {
  const joined = moved(draft, "concat", [x, x], [0]);
  const turned = transposeStep(draft, joined);
  return sliceStep(draft, turned);
};

const rescaleStep: Step = (draft, x) => rescaled(draft, x, draft.random.pick(ALL));

/** A table of zeros: what planning could compute. */
const constantStep: Step = (draft, x) => {
  const { builder, random } = draft;
  const shape = [...x.type.shape];
  const a = numbers(draft, "i8", [1], [random.int(-128, 127)]);
  const grown = builder.op({ name: "expand", operands: [a], attrs: [], dtype: "i8", shape });
  const c = builder.constant(createTensor("i8", shape));
  const sum = builder.op({
    name: "add",
    operands: [grown, c],
    attrs: [3, 1, 5, 0, 0],
    dtype: "i16" as DType,
  });
  return builder.op({ name: "add", operands: [x, sum], attrs: [1, 1, 0, 0, 0], dtype: random.pick(ALL) });
};

/** All of them; those that real models consist of stand more than once. */
export const OTHER_STEPS: readonly Step[] = [
  addStep,
  addStep,
  addStep,
  mulStep,
  tableStep,
  tableStep,
  poolStep,
  poolStep,
  reshapeStep,
  transposeStep,
  transposeStep,
  concatStep,
  concatStep,
  sliceStep,
  padStep,
  expandStep,
  gatherStep,
  reduceStep,
  reduceStep,
  whereStep,
  divStep,
  modStep,
  isqrtStep,
  bitStep,
  bitStep,
  rankStep,
  scatterStep,
  noiseStep,
  softmaxStep,
  softmaxStep,
  normStep,
  normStep,
  swapStep,
  rescaleStep,
  constantStep,
];
