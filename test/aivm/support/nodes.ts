/** Random valid nodes of every op, with extreme values: what the laws and the differential tests run on. */
import {
  DTYPE_RANGE,
  type DType,
  elementCount,
  MAX_MULTIPLIER,
  type OpNode,
  opNamed,
  type Tensor,
  type TensorType,
  tensorOf,
  tensorType,
} from "../../../aivm/index.ts";
import { type Random, randomTensor } from "./random.ts";

/** A node, its operands' values, and which of them are constants of the model. */
export interface NodeCase {
  readonly node: OpNode;
  readonly operands: readonly Tensor[];
  readonly constant: readonly boolean[];
}

type Maker = (random: Random) => NodeCase;

/** Draws a case of the op named. */
export function randomNode(name: string, random: Random): NodeCase {
  const maker = MAKERS[name];
  if (maker === undefined) throw new RangeError(`no test case maker for op ${name}: add one`);
  return maker(random);
}

/** Names of the ops that have a maker. */
export function coveredOps(): string[] {
  return Object.keys(MAKERS);
}

const SMALL: readonly DType[] = ["i8", "i16"];
const ALL: readonly DType[] = ["i8", "i16", "i32"];

const MAKERS: Readonly<Record<string, Maker>> = {
  conv2d: makeConv,
  linear: makeLinear,
  matmul: makeMatmul,
  maxPool2d(random) {
    const type = anyType(random, random.pick(ALL), imageShape(random));
    const kernel = [random.int(1, 3), random.int(1, 3)];
    const steps = kernel.map((size, axis) =>
      2 * size - 1 <= (type.shape[axis + 1] ?? 1) ? random.int(1, 2) : 1,
    );
    const attrs = [...kernel, random.int(1, 2), random.int(1, 2), ...pads(random), ...steps];
    return moving({ name: "maxPool2d", random, types: [type], attrs });
  },
  avgPool2d(random) {
    const dtype = random.pick(SMALL);
    const type = anyType(random, dtype, imageShape(random));
    const global = random.int(0, 2) === 0;
    const kernel = global ? type.shape.slice(1, 3) : [random.int(1, 3), random.int(1, 3)];
    const attrs = [...kernel, 1, 1, ...(global ? [0, 0, 0, 0] : pads(random)), zeroOf(random, dtype)];
    return requantized({ name: "avgPool2d", random, types: [type], attrs });
  },
  add(random) {
    const [a, b] = broadcastPair(random);
    const types = [anyType(random, random.pick(ALL), a), anyType(random, random.pick(ALL), b)];
    const multipliers = [0, 1].map(() => random.int(-MAX_MULTIPLIER, MAX_MULTIPLIER));
    const attrs = [...multipliers, random.int(-(2 ** 30), 2 ** 30), random.int(0, 50), random.int(-9, 9)];
    return finished({ name: "add", random, types, attrs, output: random.pick(ALL) });
  },
  mul(random) {
    const [a, b] = broadcastPair(random);
    const [left, right] = [random.pick(SMALL), random.pick(SMALL)];
    const types = [anyType(random, left, a), anyType(random, right, b)];
    return requantized({ name: "mul", random, types, attrs: [zeroOf(random, left), zeroOf(random, right)] });
  },
  rescale(random) {
    const dtype = random.pick(ALL);
    const types = [anyType(random, dtype, anyShape(random))];
    return requantized({ name: "rescale", random, types, attrs: [zeroOf(random, dtype)] });
  },
  table(random) {
    const wide = random.int(0, 4) === 0;
    const entries = anyType(random, random.pick(ALL), [wide ? 65_536 : 256]);
    const types = [anyType(random, wide ? "i16" : "i8", anyShape(random)), entries];
    return moving({ name: "table", random, types, attrs: [], constant: [false, true] });
  },
  reshape(random) {
    const [a, b] = [random.int(1, 20), random.int(1, 30)];
    const types = [anyType(random, random.pick(ALL), [a, b])];
    return moving({ name: "reshape", random, types, attrs: [], shape: [b, 1, a] });
  },
  transpose(random) {
    const shape = anyShape(random);
    const attrs = shuffled(
      random,
      shape.map((_, axis) => axis),
    );
    return moving({ name: "transpose", random, types: [anyType(random, random.pick(ALL), shape)], attrs });
  },
  concat(random) {
    const shape = anyShape(random);
    const axis = random.int(0, shape.length - 1);
    const dtype = random.pick(ALL);
    const types = [1, 2, 3].map(() =>
      anyType(
        random,
        dtype,
        shape.map((size, i) => (i === axis ? random.int(1, 9) : size)),
      ),
    );
    return moving({ name: "concat", random, types, attrs: [axis] });
  },
  slice(random) {
    const shape = anyShape(random);
    const cuts = shape.map((size) => {
      const step = random.pick([1, 2, -1]);
      const start = step < 0 ? size - 1 : random.int(0, size - 1);
      const most = step < 0 ? size : Math.ceil((size - start) / step);
      return { start, step, size: random.int(1, most) };
    });
    const attrs = [...cuts.map((cut) => cut.start), ...cuts.map((cut) => cut.step)];
    const types = [anyType(random, random.pick(ALL), shape)];
    return moving({ name: "slice", random, types, attrs, shape: cuts.map((cut) => cut.size) });
  },
  pad(random) {
    const shape = anyShape(random);
    const before = shape.map(() => random.int(0, 2));
    const types = [anyType(random, random.pick(ALL), shape)];
    const grown = shape.map((size, axis) => size + (before[axis] ?? 0) + random.int(0, 2));
    return moving({ name: "pad", random, types, attrs: [...before, random.int(-100, 100)], shape: grown });
  },
  expand(random) {
    const shape = anyShape(random);
    const from = shape.map((size) => (random.int(0, 1) === 0 ? 1 : size));
    return moving({
      name: "expand",
      random,
      types: [anyType(random, random.pick(ALL), from)],
      attrs: [],
      shape,
    });
  },
  gather(random) {
    const shape = anyShape(random);
    const axis = random.int(0, shape.length - 1);
    const indices = anyType(random, random.pick(ALL), [random.int(1, 3), random.int(1, 4)]);
    return moving({
      name: "gather",
      random,
      types: [anyType(random, random.pick(ALL), shape), indices],
      attrs: [axis],
    });
  },
  argmax: (random) => reduction("argmax", random),
  maxReduce: (random) => reduction("maxReduce", random),
  sumReduce(random) {
    const shape = anyShape(random);
    const dtype = random.pick(ALL);
    const attrs = [random.int(0, shape.length - 1), zeroOf(random, dtype)];
    return requantized({ name: "sumReduce", random, types: [anyType(random, dtype, shape)], attrs });
  },
  where(random) {
    const [a, b] = broadcastPair(random);
    const dtype = random.pick(ALL);
    const condition = tensorType("i8", a, { lo: -1, hi: 1 });
    return moving({
      name: "where",
      random,
      types: [condition, anyType(random, dtype, b), anyType(random, dtype, a)],
      attrs: [],
    });
  },
  compare(random) {
    const [a, b] = broadcastPair(random);
    const types = [anyType(random, "i8", a), anyType(random, random.pick(ALL), b)];
    return moving({ name: "compare", random, types, attrs: [random.int(0, 2)], output: "i8" });
  },
  div(random) {
    const [a, b] = broadcastPair(random);
    const [left, right] = [random.pick(ALL), random.pick(ALL)];
    const types = [anyType(random, left, a), divisorType(random, right, b)];
    const attrs = [zeroOf(random, left), zeroOf(random, right)];
    return divided({ name: "div", random, types, attrs }, [random.int(0, 2)]);
  },
  mod(random) {
    const [a, b] = broadcastPair(random);
    const types = [anyType(random, random.pick(ALL), a), divisorType(random, random.pick(ALL), b)];
    return moving({ name: "mod", random, types, attrs: [random.int(0, 1)], output: "i32" });
  },
  isqrt(random) {
    const dtype = random.pick(ALL);
    const types = [anyType(random, dtype, anyShape(random))];
    const most = { i8: 44, i16: 36, i32: 20 }[dtype];
    const attrs = [zeroOf(random, dtype), random.int(0, most)];
    return requantized({ name: "isqrt", random, types, attrs });
  },
  matmulDiv(random) {
    const { node } = makeMatmul(random);
    const [a, b] = node.operands;
    if (a === undefined || b === undefined) throw new RangeError("a and b");
    const rows = a.shape.slice(0, -1);
    const d = divisorType(random, "i32", [random.pick([1, rows[0] ?? 1]), random.pick([1, rows[1] ?? 1]), 1]);
    return divided(
      { name: "matmulDiv", random, types: [a, b, d], attrs: node.descriptor.attrs.slice(0, 2) },
      [],
    );
  },
  bitwise(random) {
    const [a, b] = broadcastPair(random);
    const types = [anyType(random, random.pick(ALL), a), anyType(random, random.pick(ALL), b)];
    const wide = types.map((type) => ALL.indexOf(type.dtype));
    const output = ALL[Math.max(...wide)] ?? "i32";
    return moving({ name: "bitwise", random, types, attrs: [random.int(0, 2)], output });
  },
  shift(random) {
    const [a, b] = broadcastPair(random);
    const by = tensorType("i8", b, { lo: random.pick([-2, 3]), hi: random.pick([7, 40]) });
    const attrs = [random.int(0, 1), random.pick([8, 16, 32]), random.int(0, 1)];
    return moving({
      name: "shift",
      random,
      types: [anyType(random, random.pick(ALL), a), by],
      attrs,
      output: "i32",
    });
  },
  rank(random) {
    const shape = [...anyShape(random).slice(0, 3), random.pick([1, 5, 40])];
    const axis = random.int(0, shape.length - 1);
    const ties = random.int(0, 1) === 0;
    const type = ties ? tensorType("i8", shape, { lo: -2, hi: 2 }) : anyType(random, random.pick(ALL), shape);
    const sizes = shape.map((size, i) => (i === axis ? random.int(1, size) : size));
    const attrs = [axis, random.int(0, 1)];
    return moving({ name: "rank", random, types: [type], attrs, output: "i32", shape: sizes });
  },
  scatter: makeScatter,
  random(random) {
    const output = random.pick(["i16", "i32"] as const);
    const types = [tensorType("i32", [4])];
    const attrs = [random.int(-(2 ** 31), 2 ** 31 - 1)];
    return moving({ name: "random", random, types, attrs, output, shape: anyShape(random) });
  },
};

/** Divisors of any size; small ones, 0 among them, half of the time. */
function divisorType(random: Random, dtype: DType, shape: readonly number[]): TensorType {
  if (random.int(0, 1) === 0) return anyType(random, dtype, shape);
  return tensorType(dtype, shape, { lo: -random.int(0, 9), hi: random.int(0, 9) });
}

/** A node with multiplier, shift of either sign and zero appended, as large as the proven bound lets them be, then `last`. */
function divided(recipe: Recipe, last: readonly number[]): NodeCase {
  const { name, random, attrs } = recipe;
  const fits = (multiplier: number, shift: number): boolean => {
    const draft = nodeOf(
      { ...recipe, attrs: [...attrs, multiplier, shift, 0, ...last] },
      tensorType("i32", []),
    );
    return (opNamed(name).bound?.(draft, []).product ?? 0n) <= 2n ** 53n;
  };
  let multiplier = random.pick([1, random.int(0, 9), random.int(0, MAX_MULTIPLIER)]);
  while (multiplier > 1 && !fits(multiplier, 0)) multiplier = Math.floor(multiplier / 2);
  let shift = random.pick([0, random.int(-8, 8), random.int(-40, 40)]);
  while (!fits(multiplier, shift)) shift -= Math.sign(shift);
  return finished({ ...recipe, attrs: [...attrs, multiplier, shift, random.int(-9, 9), ...last] });
}

function makeScatter(random: Random): NodeCase {
  const shape = anyShape(random);
  const axis = random.int(0, shape.length - 1);
  const count = random.int(1, 12);
  const lanes = shape.map((size, i) => (i === axis ? count : size));
  const thin = (): number[] => lanes.map((size, i) => (i === axis || random.int(0, 2) > 0 ? size : 1));
  const reduction = random.int(0, 4);
  const dtype = reduction === 2 ? random.pick(SMALL) : random.pick(ALL);
  const size = shape[axis] ?? 1;
  const types = [
    anyType(random, dtype, shape),
    tensorType("i8", thin(), { lo: -2, hi: size + 1 }),
    anyType(random, dtype, thin()),
  ];
  const recipe = { name: "scatter", random, types, attrs: [axis, reduction, 1, 0] };
  if (reduction !== 1 && reduction !== 2) return moving(recipe);
  const scaled = reduction === 2 ? [random.int(0, MAX_MULTIPLIER), random.int(0, 40)] : [1, 0];
  return finished({
    ...recipe,
    attrs: [axis, reduction, ...scaled],
    output: reduction === 2 ? dtype : random.pick(ALL),
  });
}

/** Groups, channels of a group and output channels: few, or as many as leave every remainder of a vector. */
function channelsOf(random: Random): { groups: number; groupSize: number; outChannels: number } {
  const kind = random.int(0, 3);
  if (kind === 0) return { groups: 1, groupSize: random.int(1, 70), outChannels: random.int(1, 70) };
  const groups = kind === 1 ? random.int(1, 70) : random.pick([1, 1, 2, 3]);
  const groupSize = kind === 1 ? 1 : random.pick([1, 1, 2, 3, 5]);
  return { groups, groupSize, outChannels: groups * random.pick([1, 1, 2, 4]) };
}

function makeConv(random: Random): NodeCase {
  const { groups, groupSize, outChannels } = channelsOf(random);
  const side = groupSize * outChannels > 400 ? 4 : 8;
  const xType = anyType(random, random.pick(SMALL), [
    random.int(1, 2),
    random.int(3, side),
    random.int(3, side),
    groups * groupSize,
  ]);
  const kernel = [random.int(1, 3), random.int(1, 3)];
  const window = [
    random.int(1, 2),
    random.int(1, 2),
    ...pads(random),
    1,
    random.int(1, kernel[1] === 3 ? 1 : 2),
  ];
  const attrs = [...window, groups, random.int(xType.lo, xType.hi), random.int(-9, 9)];
  const wType = anyType(random, random.pick(["i8", "i8", "i16"]), [outChannels, ...kernel, groupSize]);
  return channelled({ name: "conv2d", random, types: [xType, wType], attrs, channels: outChannels });
}

function makeLinear(random: Random): NodeCase {
  const length = random.pick([1, 7, 8, 65, 300, 700, random.int(1, 70)]);
  const channels = random.int(1, random.pick([9, 70]));
  const xType = anyType(random, random.pick(SMALL), [random.int(1, 3), length]);
  const wType = anyType(random, random.pick(["i8", "i8", "i16"]), [channels, length]);
  return channelled({ name: "linear", random, types: [xType, wType], attrs: [random.int(-9, 9)], channels });
}

function makeMatmul(random: Random): NodeCase {
  const [batch, rows, length, columns] = [
    random.int(1, 3),
    random.int(1, random.pick([5, 20])),
    random.pick([1, 5, 64, 300, random.int(1, 70)]),
    random.int(1, random.pick([5, 70])),
  ];
  const [left, right] = [random.pick(SMALL), random.pick(SMALL)];
  const types = [
    anyType(random, left, [batch, rows, length]),
    anyType(
      random,
      right,
      random.pick([
        [columns, length],
        [1, columns, length],
        [batch, columns, length],
      ]),
    ),
  ];
  return requantized({ name: "matmul", random, types, attrs: [zeroOf(random, left), zeroOf(random, right)] });
}

function reduction(name: string, random: Random): NodeCase {
  const shape = anyShape(random);
  const types = [anyType(random, random.pick(ALL), shape)];
  const attrs = [random.int(0, shape.length - 1)];
  return moving({ name, random, types, attrs, ...(name === "argmax" ? { output: "i32" as const } : {}) });
}

interface Recipe {
  readonly name: string;
  readonly random: Random;
  readonly types: readonly TensorType[];
  readonly attrs: readonly number[];
  readonly constant?: readonly boolean[];
  readonly output?: DType;
  readonly shape?: readonly number[];
}

/** A node that passes values on: its output has the range that the op asks for. */
function moving(recipe: Recipe): NodeCase {
  const op = opNamed(recipe.name);
  const dtype =
    recipe.output ?? recipe.types[recipe.name === "where" || recipe.name === "table" ? 1 : 0]?.dtype ?? "i8";
  const draft = nodeOf(recipe, tensorType(dtype, recipe.shape ?? []));
  const passed = op.passedRange?.(draft) ?? DTYPE_RANGE[dtype];
  const range = {
    lo: Math.max(passed.lo, DTYPE_RANGE[dtype].lo),
    hi: Math.min(passed.hi, DTYPE_RANGE[dtype].hi),
  };
  return caseOf(recipe, nodeOf(recipe, tensorType(dtype, op.infer(draft), range)));
}

/** A node that clamps to a range of its own. */
function finished(recipe: Recipe): NodeCase {
  const { name, random } = recipe;
  const dtype = recipe.output ?? random.pick(ALL);
  const shape = opNamed(name).infer(nodeOf(recipe, tensorType(dtype, [])));
  return caseOf(recipe, nodeOf(recipe, anyType(random, dtype, shape)));
}

/** The same with multiplier, shift and zero appended, the multiplier within the proven bound. */
function requantized(recipe: Recipe): NodeCase {
  const { name, random, attrs } = recipe;
  const op = opNamed(name);
  const probe = { ...recipe, attrs: [...attrs, 1, 0, 0] };
  const { accumulator = 1n } = op.bound?.(nodeOf(probe, tensorType("i32", [])), []) ?? {};
  const multiplier = multiplierFor(random, accumulator);
  return finished({ ...recipe, attrs: [...attrs, multiplier, random.int(0, 40), random.int(-9, 9)] });
}

/** A node with weights, bias, multiplier and shift per channel, all constants. */
function channelled(recipe: Recipe & { readonly channels: number }): NodeCase {
  const { random, channels, types } = recipe;
  const [x, w] = types;
  if (x === undefined || w === undefined) throw new RangeError("x and w");
  const length = elementCount(w.shape) / channels;
  const largest = BigInt(length) * BigInt(spread(x)) * BigInt(spread(w)) + 2n ** 31n;
  const multiplier = multiplierFor(random, largest);
  const bias = random.pick([1000, 2 ** 31 - 1]);
  const full: Recipe = {
    ...recipe,
    types: [
      x,
      w,
      tensorType("i32", [channels], { lo: -bias, hi: bias }),
      tensorType("i32", [channels], { lo: 0, hi: multiplier }),
      tensorType("i8", [channels], { lo: 0, hi: 40 }),
    ],
    constant: [false, true, true, true, true],
  };
  return finished(full);
}

function nodeOf(recipe: Recipe, output: TensorType): OpNode {
  const { name, types, attrs } = recipe;
  const operands = types.map((_, index) => ({ kind: "input" as const, index }));
  return { descriptor: { opcode: opNamed(name).opcode, operands, output, attrs }, operands: types };
}

function caseOf(recipe: Recipe, node: OpNode): NodeCase {
  return {
    node,
    operands: recipe.types.map((type) => randomTensor(recipe.random, type)),
    constant: recipe.constant ?? recipe.types.map(() => false),
  };
}

function multiplierFor(random: Random, accumulator: bigint): number {
  const most = accumulator === 0n ? MAX_MULTIPLIER : Number(2n ** 53n / accumulator);
  return random.int(0, Math.max(0, Math.min(MAX_MULTIPLIER, most)));
}

function spread(type: TensorType): number {
  return Math.max(Math.abs(type.lo), Math.abs(type.hi));
}

function anyType(random: Random, dtype: DType, shape: readonly number[]): TensorType {
  if (random.int(0, 2) > 0) return tensorType(dtype, shape);
  const { hi } = DTYPE_RANGE[dtype];
  const limit = random.int(1, Math.min(hi, 2 ** 24));
  return tensorType(dtype, shape, { lo: -random.int(0, limit), hi: limit });
}

function anyShape(random: Random): number[] {
  // One in five is wide enough for vectors, with every remainder.
  if (random.int(0, 4) === 0) return [random.int(1, 3), random.int(1, 70)].slice(random.int(0, 1));
  return Array.from({ length: random.int(1, 4) }, () => random.int(1, random.pick([3, 6, 9])));
}

function imageShape(random: Random): number[] {
  return [random.int(1, 2), random.int(3, 7), random.int(3, 7), random.pick([1, 3, 8, random.int(1, 70)])];
}

function pads(random: Random): number[] {
  return [0, 1, 2, 3].map(() => random.int(0, 2)).map((pad, i) => (i < 2 ? pad : Math.max(pad, 1)));
}

function broadcastPair(random: Random): [number[], number[]] {
  const shape = anyShape(random);
  const thin = shape.map((size) => (random.int(0, 2) === 0 ? 1 : size)).slice(random.int(0, 1));
  return random.int(0, 1) === 0 ? [shape, thin] : [thin, shape];
}

function zeroOf(random: Random, dtype: DType): number {
  return dtype === "i8" ? random.int(-128, 127) : random.int(-3, 3);
}

function shuffled(random: Random, items: readonly number[]): number[] {
  const left = [...items];
  return items.map(() => left.splice(random.int(0, left.length - 1), 1)[0] ?? 0);
}

/** Tensor of literal values, i8 unless said otherwise. */
export function literal(shape: readonly number[], values: readonly number[], dtype: DType = "i8"): Tensor {
  return tensorOf(dtype, shape, values);
}
