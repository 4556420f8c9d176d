/** Small programs that show what kernels get wrong: ends of dtypes, ties, clamps, sums beyond 32 bits, odd sizes. */
import { MAX_MULTIPLIER } from "../../numeric/requant.ts";
import { opNamed } from "../../ops/registry.ts";
import { type OpDescriptor, type Program, type Ref, SPEC_VERSION } from "../../program/program.ts";
import { createTensor, DTYPE_RANGE, type DType, type Tensor, tensorType } from "../../tensor/tensor.ts";

/** A program of one output, its last op's, with its constants and inputs. */
export interface SelfTestCase {
  readonly program: Program;
  readonly constants: readonly Tensor[];
  readonly inputs: readonly Tensor[];
}

interface Shape {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Of every family of kernels at least one. */
export function selfTestCases(): SelfTestCase[] {
  return [
    ...convCases(),
    ...matmulCases(),
    ...mapCases(),
    ...reduceCases(),
    ...moveCases(),
    ...chooseCases(),
  ];
}

function convCases(): SelfTestCase[] {
  const conv = [2, 1, 1, 1, 0, 2, 1, 2, 1, -3, 5];
  const depthwise = [1, 2, 1, 0, 1, 1, 2, 1, 67, 9, -1];
  const point = [1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0];
  const weights = (dtype: DType, shape: readonly number[]): Tensor[] => [
    extremes(dtype, shape, 2),
    ...channels(shape[0] ?? 1, 40),
  ];
  return [
    layer(
      "conv2d",
      conv,
      extremes("i8", [1, 6, 7, 5], 1),
      weights("i8", [35, 3, 2, 5]),
      of("i8", 1, 3, 8, 35),
    ),
    layer(
      "conv2d",
      conv,
      extremes("i16", [1, 6, 7, 5], 1),
      weights("i8", [35, 3, 2, 5]),
      of("i16", 1, 3, 8, 35),
    ),
    layer(
      "conv2d",
      conv,
      extremes("i8", [1, 6, 7, 5], 1),
      weights("i16", [6, 3, 2, 5]),
      of("i32", 1, 3, 8, 6),
    ),
    layer(
      "conv2d",
      depthwise,
      extremes("i8", [2, 6, 5, 67], 5),
      weights("i8", [67, 3, 2, 1]),
      of("i8", 2, 4, 3, 67),
    ),
    layer(
      "conv2d",
      depthwise,
      extremes("i16", [2, 6, 5, 67], 5),
      weights("i8", [67, 3, 2, 1]),
      of("i16", 2, 4, 3, 67),
    ),
    layer(
      "conv2d",
      point,
      extremes("i8", [1, 3, 5, 64], 5),
      weights("i8", [33, 1, 1, 64]),
      of("i8", 1, 3, 5, 33),
    ),
    layer("linear", [-7], extremes("i16", [3, 1024], 3), weights("i8", [5, 1024]), of("i16", 3, 5)),
    layer("linear", [-7], extremes("i16", [3, 520], 3), weights("i16", [17, 520]), of("i32", 3, 17)),
    layer("linear", [0], extremes("i8", [2, 37], 3), weights("i8", [40, 37]), of("i32", 2, 40)),
    // Weights that are no constants.
    one(
      "conv2d",
      conv,
      [extremes("i8", [1, 6, 7, 5], 1), ...weights("i8", [6, 3, 2, 5])],
      of("i8", 1, 3, 8, 6),
    ),
    residual(weights("i8", [33, 1, 1, 64])),
    activated(weights("i8", [33, 1, 1, 64])),
  ];
}

function matmulCases(): SelfTestCase[] {
  const [a, b] = [extremes("i8", [2, 5, 67], 1), extremes("i8", [2, 9, 67], 2)];
  const [wideA, wideB] = [extremes("i16", [3, 130], 3), extremes("i16", [17, 130], 4)];
  const divisors = extremes("i32", [3, 1], 8, [0, 1, -3, 7, 2 ** 31 - 1]);
  return [
    one("matmul", [3, -4, 3, 4, 1], [a, b], of("i8", 2, 5, 9)),
    one("matmul", [0, 0, 1, 20, 0], [wideA, wideB], of("i16", 3, 17)),
    one("matmulDiv", [0, 0, 5, -2, -7], [wideA, extremes("i16", [17, 130], 4), divisors], of("i16", 3, 17)),
  ];
}

function mapCases(): SelfTestCase[] {
  const [i8, i16, i32] = [
    extremes("i8", [5, 77], 1),
    extremes("i16", [5, 77], 2),
    extremes("i32", [5, 77], 3),
  ];
  const row = extremes("i16", [77], 4);
  const top = MAX_MULTIPLIER;
  const small = extremes("i32", [5, 77], 5, [0, 1, -1, 3, -7, 2 ** 31 - 1, -(2 ** 31)]);
  const shifts = extremes("i8", [5, 77], 6, [-2, 0, 1, 7, 8, 15, 31, 32, 40]);
  const shifted = [0, 1].flatMap((direction) =>
    [8, 16, 32].flatMap((width) => [0, 1].map((signed) => [direction, width, signed])),
  );
  const full = of("i32", 5, 77);
  return [
    one("add", [1, -1, 3, 1, -2], [i8, row], of("i8", 5, 77)),
    one("add", [top, -top, 2 ** 30, 50, 9], [i32, i32], full),
    one("mul", [-3, 7, 1, 3, 1], [i8, row], of("i16", 5, 77)),
    one("mul", [0, 0, top, 62, 0], [i16, row], full),
    one("rescale", [1, 1, 1, 0], [i8], of("i8", 5, 77)),
    one("rescale", [-5, 3, 5, 11], [i32], of("i16", 5, 77)),
    one("rescale", [0, 0, 0, 300], [i16], of("i8", 5, 77)),
    one("table", [], [i8, extremes("i16", [256], 7)], of("i16", 5, 77), [false, true]),
    one("table", [], [i16, extremes("i8", [65_536], 7)], of("i8", 5, 77), [false, true]),
    one("where", [], [small, i16, row], of("i16", 5, 77)),
    ...[0, 1, 2].map((relation) => one("compare", [relation], [i8, row], of("i8", 5, 77))),
    ...[0, 1, 2].map((rounding) => one("div", [1, 0, 3, 1, 2, rounding], [i16, small], of("i16", 5, 77))),
    one("div", [0, 0, 1, -20, 0, 0], [i32, small], full),
    ...[0, 1].map((sign) => one("mod", [sign], [i32, small], full)),
    one("isqrt", [-1, 0, 1, 0, 0], [i32], full),
    one("isqrt", [3, 36, 3, 10, -4], [i16], of("i16", 5, 77)),
    ...[0, 1, 2].map((kind) => one("bitwise", [kind], [i32, i16], full)),
    ...shifted.map((attrs) => one("shift", attrs, [i32, shifts], full)),
  ];
}

function reduceCases(): SelfTestCase[] {
  const x = [
    extremes("i8", [3, 19, 35], 1),
    extremes("i16", [3, 19, 35], 2),
    extremes("i32", [3, 19, 35], 3),
  ];
  const image = [extremes("i8", [1, 6, 7, 35], 1), extremes("i16", [1, 6, 7, 35], 2)];
  return [
    ...x.flatMap((tensor) => [
      one("sumReduce", [1, -7, 1, 4, 3], [tensor], of("i16", 3, 1, 35)),
      one("sumReduce", [2, 5, 1, 3, 0], [tensor], of("i32", 3, 19, 1)),
      one("maxReduce", [1], [tensor], { dtype: tensor.dtype, shape: [3, 1, 35] }),
      one("maxReduce", [2], [tensor], { dtype: tensor.dtype, shape: [3, 19, 1] }),
      one("argmax", [1], [tensor], of("i32", 3, 1, 35)),
      one("argmax", [2], [tensor], of("i32", 3, 19, 1)),
    ]),
    ...image.flatMap((tensor) => [
      one("maxPool2d", [3, 2, 2, 1, 1, 0, 1, 1, 1, 2], [tensor], {
        dtype: tensor.dtype,
        shape: [1, 3, 6, 35],
      }),
      one("avgPool2d", [3, 3, 2, 1, 1, 1, 0, 1, -3, 3, 5, 1], [tensor], {
        dtype: tensor.dtype,
        shape: [1, 3, 7, 35],
      }),
    ]),
  ];
}

function moveCases(): SelfTestCase[] {
  const x = [
    extremes("i8", [33, 3, 35], 1),
    extremes("i16", [33, 3, 35], 2),
    extremes("i32", [33, 3, 35], 3),
  ];
  return x.flatMap((tensor) => [
    one("transpose", [2, 1, 0], [tensor], { dtype: tensor.dtype, shape: [35, 3, 33] }),
    one("slice", [32, 0, 1, -1, 2, 3], [tensor], { dtype: tensor.dtype, shape: [33, 2, 11] }),
    one("pad", [1, 0, 2, -5], [tensor], { dtype: tensor.dtype, shape: [34, 4, 40] }),
    one("concat", [1], [tensor, tensor], { dtype: tensor.dtype, shape: [33, 6, 35] }),
    one("expand", [], [extremes(tensor.dtype, [1, 3, 1], 4)], { dtype: tensor.dtype, shape: [33, 3, 35] }),
    one("gather", [1], [tensor, extremes("i8", [2, 5], 5, [-9, 0, 1, 2, 127])], {
      dtype: tensor.dtype,
      shape: [33, 2, 5, 35],
    }),
  ]);
}

function chooseCases(): SelfTestCase[] {
  const x = extremes("i16", [9, 6], 1);
  const positions = extremes("i8", [13, 6], 2, [-1, 0, 3, 8, 9]);
  const updates = extremes("i16", [13, 6], 3);
  const parameters = [
    [1, 0],
    [1, 0],
    [7, 9],
    [1, 0],
    [1, 0],
  ];
  const seed = extremes("i32", [4], 4);
  return [
    ...parameters.map((last, reduction) =>
      one("scatter", [0, reduction, ...last], [x, positions, updates], of("i16", 9, 6)),
    ),
    one("rank", [1, 1], [extremes("i32", [3, 40, 2], 5)], of("i32", 3, 5, 2)),
    one("rank", [1, 0], [extremes("i8", [3, 40, 2], 5)], of("i32", 3, 40, 2)),
    one("random", [-7], [seed], of("i32", 131)),
    one("random", [2 ** 31 - 1], [seed], of("i16", 131)),
  ];
}

/** A convolution or linear layer whose weights are constants. */
function layer(
  name: string,
  attrs: readonly number[],
  x: Tensor,
  weights: readonly Tensor[],
  output: Shape,
): SelfTestCase {
  return one(name, attrs, [x, ...weights], output, [false, ...weights.map(() => true)]);
}

/** A convolution with a sum behind it, in one step. */
function residual(weights: readonly Tensor[]): SelfTestCase {
  const { program, constants, inputs } = pointwise(weights);
  const other = extremes("i8", [1, 3, 5, 33], 9);
  const sum = {
    opcode: opNamed("add").opcode,
    operands: [input(1), op(0)],
    output: tensorType("i8", [1, 3, 5, 33], { lo: -100, hi: 99 }),
    attrs: [3, 5, -4, 3, 1],
  };
  const types = [...inputs, other].map((tensor) => tensorType(tensor.dtype, tensor.shape));
  return {
    program: programOf("conv2d and add", types, program.constants, [...program.ops, sum]),
    constants,
    inputs: [...inputs, other],
  };
}

/** A convolution with a table behind it, in one step. */
function activated(weights: readonly Tensor[]): SelfTestCase {
  const { program, constants, inputs } = pointwise(weights);
  const entries = extremes("i16", [256], 11);
  const look = {
    opcode: opNamed("table").opcode,
    operands: [op(0), constant(constants.length)],
    output: tensorType("i16", [1, 3, 5, 33]),
    attrs: [],
  };
  const types = [...program.constants, tensorType("i16", [256])];
  return {
    program: programOf(
      "conv2d and table",
      program.inputs.map(({ type }) => type),
      types,
      [...program.ops, look],
    ),
    constants: [...constants, entries],
    inputs,
  };
}

function pointwise(weights: readonly Tensor[]): SelfTestCase {
  const attrs = [1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0];
  return layer("conv2d", attrs, extremes("i8", [1, 3, 5, 64], 5), weights, of("i8", 1, 3, 5, 33));
}

/** A program of one op. */
function one(
  name: string,
  attrs: readonly number[],
  operands: readonly Tensor[],
  output: Shape,
  isConstant: readonly boolean[] = [],
): SelfTestCase {
  const types = operands.map((tensor) => tensorType(tensor.dtype, tensor.shape));
  const chosen = <T>(list: readonly T[], constants: boolean): T[] =>
    list.filter((_, i) => (isConstant[i] ?? false) === constants);
  const refs = operands.map((_, i) => {
    const before = isConstant.slice(0, i).filter(Boolean).length;
    return isConstant[i] === true ? constant(before) : input(i - before);
  });
  const descriptor = {
    opcode: opNamed(name).opcode,
    operands: refs,
    output: tensorType(output.dtype, output.shape),
    attrs,
  };
  return {
    program: programOf(`${name} ${attrs.join()}`, chosen(types, false), chosen(types, true), [descriptor]),
    constants: chosen(operands, true),
    inputs: chosen(operands, false),
  };
}

function programOf(
  name: string,
  inputs: Program["constants"],
  constants: Program["constants"],
  ops: readonly OpDescriptor[],
): Program {
  return {
    specVersion: SPEC_VERSION,
    name,
    inputs: inputs.map((type, i) => ({ name: `x${i}`, type, scale: 1, zero: 0, ingest: "tensor" })),
    constants,
    ops,
    outputs: [{ name: "y", source: op(ops.length - 1), scale: 1, zero: 0 }],
    precision: "a8",
    card: "",
  };
}

function input(index: number): Ref {
  return { kind: "input", index };
}

function op(index: number): Ref {
  return { kind: "op", index };
}

function constant(index: number): Ref {
  return { kind: "const", index };
}

function of(dtype: DType, ...shape: number[]): Shape {
  return { dtype, shape };
}

/** Values that jump between both ends of the type, their neighbours, 0 and small ones; the same on every machine. */
function extremes(
  dtype: DType,
  shape: readonly number[],
  seed: number,
  menu: readonly number[] = menuOf(dtype),
): Tensor {
  const tensor = createTensor(dtype, shape);
  let state = seed;
  for (let i = 0; i < tensor.data.length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    tensor.data[i] = menu[(state >>> 16) % menu.length] ?? 0;
  }
  return tensor;
}

function menuOf(dtype: DType): readonly number[] {
  const { lo, hi } = DTYPE_RANGE[dtype];
  return [hi, lo, hi, lo + 1, 0, 1, -1, hi - 1, 2, 3, lo];
}

/** bias, multiplier and shift of `count` channels: ties (a power of two over another), large and small factors. */
function channels(count: number, spread: number): Tensor[] {
  const bias = createTensor("i32", [count]);
  const multiplier = createTensor("i32", [count]);
  const shift = createTensor("i8", [count]);
  for (let channel = 0; channel < count; channel++) {
    bias.data[channel] = (channel % 2 === 0 ? 1 : -1) * channel * spread;
    // 1 / 2^1..16 gives many exact halves.
    multiplier.data[channel] = [1, 3, 4095, 0][channel % 4] ?? 0;
    shift.data[channel] = channel % 4 === 2 ? 20 : 1 + (channel % 16);
  }
  return [bias, multiplier, shift];
}
