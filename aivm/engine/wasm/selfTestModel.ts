/** The model that the engine tests itself with: every kernel family on both ends of each dtype, ties of the rounding, both clamps. */
import { MAX_MULTIPLIER } from "../../numeric/requant.ts";
import { attrsOf, type OpNode } from "../../ops/op.ts";
import { opNamed } from "../../ops/registry.ts";
import { operandTypes, type Program, type Ref, SPEC_VERSION, typeOfRef } from "../../program/program.ts";
import { createTensor, DTYPE_RANGE, type DType, type Tensor, tensorType } from "../../tensor/tensor.ts";
import type { RunnableModel } from "../engine.ts";

/** The model, and inputs for it. */
export interface SelfTestModel {
  readonly model: RunnableModel;
  readonly inputs: readonly Tensor[];
}

/** An op to append: its attributes by name where they have names, or as they are. */
interface OpDraft {
  readonly name: string;
  readonly operands: readonly Ref[];
  readonly attrs?: Readonly<Record<string, number>> | readonly number[];
  readonly output?: DType;
  /** For ops whose output shape is free. */
  readonly shape?: readonly number[];
}

/** A model in the making. */
interface Builder {
  readonly input: (dtype: DType, shape: readonly number[]) => Ref;
  readonly constant: (tensor: Tensor) => Ref;
  readonly op: (draft: OpDraft) => Ref;
  readonly done: (hidden: readonly Ref[]) => SelfTestModel;
}

/** The whole of it. */
export function selfTestModel(): SelfTestModel {
  const build = createBuilder();
  const x8 = build.input("i8", [1, 6, 7, 16]);
  const x16 = build.input("i16", [1, 6, 7, 16]);
  const x32 = build.input("i32", [5, 37]);
  const fused = [...convolutions(build, x8, x16), ...rows(build)];
  products(build);
  elementwise(build, { x8, x16, x32 });
  movement(build, { x8, x16, x32 });
  return build.done(fused);
}

const WINDOW = { strideH: 2, strideW: 1, padTop: 1, padLeft: 1, padBottom: 0, padRight: 2 };
const DENSE = { strideH: 1, strideW: 1, padTop: 1, padLeft: 1, padBottom: 1, padRight: 1 };
const CONV = { dilationH: 1, dilationW: 1, groups: 1, padValue: -3, zero: 5 };

/** Convolutions of all modes; returns those whose output goes into the next op's step. */
function convolutions(build: Builder, x8: Ref, x16: Ref): Ref[] {
  const conv = (x: Ref, of: { w: Tensor; attrs?: object; output?: DType; window?: object }): Ref => {
    const channels = of.w.shape[0] ?? 1;
    return build.op({
      name: "conv2d",
      operands: [x, build.constant(of.w), ...channelConstants(channels).map(build.constant)],
      attrs: { ...(of.window ?? WINDOW), ...CONV, ...of.attrs } as Record<string, number>,
      output: of.output ?? "i8",
    });
  };
  conv(x8, { w: extremes("i8", [9, 3, 2, 16], 2), attrs: { dilationW: 2 } });
  conv(x16, { w: extremes("i8", [8, 3, 3, 16], 3), output: "i16" });
  conv(x16, { w: extremes("i16", [5, 2, 2, 16], 4), output: "i32" });
  conv(x8, { w: extremes("i8", [6, 3, 3, 8], 5), attrs: { groups: 2, padValue: -128 } });
  conv(x16, { w: extremes("i8", [16, 3, 3, 1], 6), attrs: { groups: 16 }, output: "i16", window: DENSE });
  conv(x8, { w: extremes("i8", [16, 3, 2, 1], 7), attrs: { groups: 16, dilationH: 2 } });
  const tabled = conv(x8, { w: extremes("i8", [8, 1, 1, 16], 8) });
  build.op({ name: "table", operands: [tabled, build.constant(extremes("i16", [256], 9))] });
  const added = conv(x8, { w: extremes("i8", [16, 3, 3, 16], 10), window: DENSE });
  build.op({ name: "add", operands: [x16, added], attrs: ADD, output: "i16" });
  return [tabled, added];
}

const ADD = { multiplierA: -3, multiplierB: 2_097_151, offset: 7, shift: 3, zero: -1 };

/** Products of rows with constant weights, sums beyond 32 bits among them, and with weights that are no constants. */
function rows(build: Builder): Ref[] {
  const linear = (x: Ref, w: Ref, of: { channels: number; output: DType }): Ref =>
    build.op({
      name: "linear",
      operands: [x, w, ...channelConstants(of.channels).map(build.constant)],
      attrs: { zero: -7 },
      output: of.output,
    });
  const long = build.input("i16", [3, 1024]);
  const short = build.input("i8", [4, 37]);
  linear(long, build.constant(extremes("i8", [5, 1024], 11)), { channels: 5, output: "i16" });
  linear(long, build.constant(extremes("i16", [9, 1024], 12)), { channels: 9, output: "i8" });
  linear(short, build.constant(extremes("i8", [17, 37], 13)), { channels: 17, output: "i32" });
  linear(short, build.input("i8", [6, 37]), { channels: 6, output: "i16" });
  return [];
}

function products(build: Builder): void {
  const a8 = build.input("i8", [2, 5, 65]);
  const a16 = build.input("i16", [2, 5, 65]);
  const b8 = build.input("i8", [1, 9, 65]);
  const b16 = build.input("i16", [2, 9, 65]);
  const d = build.input("i32", [2, 5, 1]);
  const attrs = { zeroA: -128, zeroB: 127, multiplier: 3, shift: 9, zero: 4 };
  build.op({ name: "matmul", operands: [a8, b8], attrs, output: "i8" });
  build.op({ name: "matmul", operands: [a16, b16], attrs, output: "i16" });
  build.op({
    name: "matmul",
    operands: [a16, b8],
    attrs: { ...attrs, multiplier: 1, shift: 0 },
    output: "i32",
  });
  build.op({ name: "matmulDiv", operands: [a16, b16, d], attrs: { ...attrs, shift: -4 }, output: "i16" });
}

interface Sources {
  readonly x8: Ref;
  readonly x16: Ref;
  readonly x32: Ref;
}

function elementwise(build: Builder, { x8, x16, x32 }: Sources): void {
  const thin = build.constant(extremes("i8", [16], 14));
  const row = build.constant(extremes("i32", [37], 15));
  const requant = { multiplier: 3, shift: 1, zero: 2 };
  build.op({ name: "add", operands: [x8, thin], attrs: { ...ADD, multiplierB: 1, shift: 1 }, output: "i8" });
  build.op({ name: "add", operands: [x32, row], attrs: ADD, output: "i32" });
  build.op({
    name: "mul",
    operands: [x16, x8],
    attrs: { zeroA: 0, zeroB: -9, ...requant, shift: 20 },
    output: "i16",
  });
  build.op({ name: "rescale", operands: [x8], attrs: { zeroX: 1, ...requant }, output: "i8" });
  build.op({
    name: "rescale",
    operands: [x32],
    attrs: { zeroX: 0, multiplier: MAX_MULTIPLIER, shift: 40, zero: 0 },
    output: "i16",
  });
  build.op({
    name: "rescale",
    operands: [x32],
    attrs: { zeroX: 0, multiplier: 1, shift: 62, zero: 3 },
    output: "i8",
  });
  build.op({ name: "table", operands: [x8, build.constant(extremes("i32", [256], 16))] });
  build.op({ name: "table", operands: [x16, build.constant(extremes("i8", [65_536], 17))] });
  build.op({ name: "where", operands: [x8, x16, x16] });
  build.op({ name: "compare", operands: [x8, x16], attrs: { relation: 1 }, output: "i8" });
  for (const rounding of [0, 1, 2]) {
    const attrs = { zeroA: 1, zeroB: 0, multiplier: 5, shift: rounding - 1, zero: -2, rounding };
    build.op({ name: "div", operands: [x32, row], attrs, output: "i16" });
  }
  build.op({ name: "mod", operands: [x32, row], attrs: { sign: 0 }, output: "i32" });
  build.op({ name: "isqrt", operands: [x32], attrs: { zeroX: 0, lift: 20, ...requant }, output: "i32" });
  build.op({ name: "bitwise", operands: [x8, x16], attrs: { kind: 2 }, output: "i16" });
  build.op({
    name: "shift",
    operands: [x32, build.constant(extremes("i8", [37], 18))],
    attrs: { direction: 1, width: 16, signed: 1 },
    output: "i32",
  });
}

function movement(build: Builder, { x8, x16, x32 }: Sources): void {
  const pool = { kernelH: 3, kernelW: 2, ...DENSE };
  const requant = { multiplier: 1_365, shift: 13, zero: -4 };
  build.op({ name: "maxPool2d", operands: [x8], attrs: { ...pool, dilationH: 1, dilationW: 2 } });
  build.op({ name: "avgPool2d", operands: [x16], attrs: { ...pool, zeroX: 2, ...requant }, output: "i16" });
  build.op({ name: "sumReduce", operands: [x16], attrs: { axis: 2, zeroX: -1, ...requant }, output: "i16" });
  build.op({
    name: "sumReduce",
    operands: [x32],
    attrs: { axis: 1, zeroX: 0, multiplier: 1, shift: 5, zero: 0 },
    output: "i32",
  });
  build.op({ name: "maxReduce", operands: [x32], attrs: { axis: 0 } });
  build.op({ name: "argmax", operands: [x8], attrs: { axis: 3 }, output: "i32" });
  build.op({ name: "transpose", operands: [x8], attrs: [0, 3, 1, 2] });
  build.op({ name: "transpose", operands: [x16], attrs: [3, 2, 1, 0] });
  build.op({ name: "reshape", operands: [x32], shape: [37, 5] });
  build.op({ name: "slice", operands: [x16], attrs: [0, 5, 1, 15, 1, -1, 2, -2], shape: [1, 6, 3, 8] });
  build.op({ name: "concat", operands: [x8, x8], attrs: { axis: 2 } });
  build.op({ name: "pad", operands: [x8], attrs: [0, 1, 0, 3, -128], shape: [1, 8, 7, 20] });
  build.op({ name: "expand", operands: [build.constant(extremes("i16", [5, 1], 19))], shape: [5, 37] });
  const few = build.constant(extremes("i8", [2, 3], 20));
  build.op({ name: "gather", operands: [x16, few], attrs: { axis: 2 } });
  build.op({ name: "rank", operands: [x32], attrs: { axis: 1, largest: 1 }, output: "i32", shape: [5, 9] });
  const updates = build.constant(extremes("i32", [3, 37], 22));
  const positions = build.constant(counting("i8", [3, 37]));
  for (const reduction of [0, 1, 3]) {
    const attrs = { axis: 0, reduction, multiplier: 1, shift: 0 };
    build.op({ name: "scatter", operands: [x32, positions, updates], attrs, output: "i32" });
  }
  const seed = build.constant(extremes("i32", [4], 23));
  build.op({ name: "random", operands: [seed], attrs: { stream: -5 }, output: "i32", shape: [3, 7] });
}

function createBuilder(): Builder {
  const inputs: Tensor[] = [];
  const constants: Tensor[] = [];
  const draft = {
    inputs: [] as Program["inputs"][number][],
    constants: [] as Program["constants"][number][],
    ops: [] as Program["ops"][number][],
  };
  const program = (outputs: Program["outputs"]): Program => ({
    specVersion: SPEC_VERSION,
    name: "self-test",
    ...draft,
    outputs,
    precision: "a8",
    card: "",
  });
  return {
    input: (dtype, shape) => {
      const index = inputs.push(extremes(dtype, shape, 100 + inputs.length)) - 1;
      draft.inputs.push({
        name: `x${index}`,
        type: tensorType(dtype, shape),
        scale: 1,
        zero: 0,
        ingest: "tensor",
      });
      return { kind: "input", index };
    },
    constant: (tensor) => {
      const index = constants.push(tensor) - 1;
      let [lo, hi] = [0, 0];
      for (const value of tensor.data) [lo, hi] = [Math.min(lo, value), Math.max(hi, value)];
      draft.constants.push(tensorType(tensor.dtype, tensor.shape, { lo, hi }));
      return { kind: "const", index };
    },
    op: ({ name, operands, attrs = [], output, shape = [] }) => {
      const op = opNamed(name);
      const values = Array.isArray(attrs)
        ? (attrs as readonly number[])
        : attrsOf(op, attrs as Record<string, number>);
      const passed = name === "table" || name === "where" ? operands[1] : operands[0];
      const dtype = output ?? (passed && typeOfRef(program([]), passed)?.dtype) ?? "i8";
      const rough = { opcode: op.opcode, operands, attrs: values, output: tensorType(dtype, shape) };
      const node: OpNode = { descriptor: rough, operands: operandTypes(program([]), rough) };
      const range = op.passedRange?.(node) ?? DTYPE_RANGE[dtype];
      const lo = Math.max(range.lo, DTYPE_RANGE[dtype].lo);
      const hi = Math.min(range.hi, DTYPE_RANGE[dtype].hi);
      const index = draft.ops.push({ ...rough, output: tensorType(dtype, op.infer(node), { lo, hi }) }) - 1;
      return { kind: "op", index };
    },
    done: (hidden) => {
      const hiddenOps = new Set(hidden.map(({ index }) => index));
      const outputs = [...draft.ops.keys()]
        .filter((index) => !hiddenOps.has(index))
        .map((index) => ({ name: `y${index}`, source: { kind: "op" as const, index }, scale: 1, zero: 0 }));
      return { model: { program: program(outputs), constants }, inputs };
    },
  };
}

/** Values that jump between both ends of the type, its neighbours, 0 and small ones; the same on every machine. */
function extremes(dtype: DType, shape: readonly number[], seed: number): Tensor {
  const tensor = createTensor(dtype, shape);
  const { lo, hi } = DTYPE_RANGE[dtype];
  const menu = [hi, lo, hi, -hi, 0, 1, -1, hi - 1, 2, lo, 3, -2];
  let state = seed;
  for (let i = 0; i < tensor.data.length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    tensor.data[i] = menu[(state >>> 16) % menu.length] ?? 0;
  }
  return tensor;
}

function counting(dtype: DType, shape: readonly number[]): Tensor {
  const tensor = createTensor(dtype, shape);
  for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = (i % 9) - 2;
  return tensor;
}

/** bias, multiplier and shift of `count` channels: ties (a small multiplier over a power of two), the largest and the smallest factors. */
function channelConstants(count: number): Tensor[] {
  const bias = createTensor("i32", [count]);
  const multiplier = createTensor("i32", [count]);
  const shift = createTensor("i8", [count]);
  const factors = [
    [1, 1],
    [3, 2],
    [4_095, 20],
    [1, 8],
    [0, 0],
    [2_047, 25],
    [1, 62],
    [1, 0],
  ];
  for (let channel = 0; channel < count; channel++) {
    const [m = 1, s = 0] = factors[channel % factors.length] ?? [];
    bias.data[channel] = (channel % 2 === 0 ? 1 : -1) * channel * 9;
    multiplier.data[channel] = m;
    shift.data[channel] = s;
  }
  return [bias, multiplier, shift];
}
