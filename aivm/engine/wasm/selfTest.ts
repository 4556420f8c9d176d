/** The check that this engine makes of itself before it runs anything: kernels against the reference, on extremes. */
import { AivmError } from "../../../common/errors.ts";
import { MAX_MULTIPLIER } from "../../numeric/requant.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { linear } from "../../ops/linear.ts";
import { attrsOf, type OpNode } from "../../ops/op.ts";
import { createTensor, type DType, type Tensor, tensorType } from "../../tensor/tensor.ts";
import { evaluateOp } from "../reference/referenceEngine.ts";
import type { Kernels } from "./kernels.ts";
import { planLoops } from "./plan.ts";

interface SelfTestCase {
  readonly name: string;
  readonly node: OpNode;
  readonly operands: readonly Tensor[];
}

/**
 * Runs the kernels on extreme operands, ties of the rounding and both clamps, and compares with the reference.
 * @throws AIVM_SELF_TEST when one element differs.
 */
export function selfTest(kernels: Kernels): void {
  for (const { name, node, operands } of selfTestCases()) {
    const constants = operands.map((tensor, i) => (i === 0 ? undefined : tensor));
    const [loop] = planLoops(kernels, [{ node, constants }]);
    const got = loop?.(node, operands);
    const want = evaluateOp(node, operands).data;
    const wrong = want.findIndex((value, i) => got?.[i] !== value);
    if (wrong < 0) continue;
    throw new AivmError("AIVM_SELF_TEST", {
      what: "self-test of the wasm engine",
      want: `${want[wrong]} at element ${wrong}`,
      got: `${got?.[wrong]}`,
      remedy: "use the reference engine on this machine, and report the machine",
      item: name,
    });
  }
}

function selfTestCases(): SelfTestCase[] {
  return [
    convCase({ name: "conv2d i8, padded, strided", x: "i8", w: "i8", output: "i8" }),
    convCase({ name: "conv2d i16 by i8 to i16", x: "i16", w: "i8", output: "i16" }),
    depthwiseCase(),
    linearCase({ name: "linear i16 by i8, sums beyond i32", x: "i16", length: 1024, output: "i16" }),
    linearCase({ name: "linear i8 to i32, raw accumulators", x: "i8", length: 37, output: "i32" }),
  ];
}

function convCase(of: {
  readonly name: string;
  readonly x: DType;
  readonly w: DType;
  readonly output: DType;
}): SelfTestCase {
  const values = { strideH: 2, strideW: 1, padTop: 1, padLeft: 1, padBottom: 0, padRight: 2 };
  const rest = { dilationH: 1, dilationW: 2, groups: 1, padValue: -3, zero: 5 };
  const attrs = attrsOf(conv2d, { ...values, ...rest });
  const operands = [extremes(of.x, [1, 6, 7, 5], 1), extremes(of.w, [6, 3, 2, 5], 2), ...channels(6, 1)];
  return caseOf({
    name: of.name,
    opcode: conv2d.opcode,
    attrs,
    operands,
    output: { dtype: of.output, shape: [1, 3, 8, 6] },
  });
}

function depthwiseCase(): SelfTestCase {
  const values = { strideH: 1, strideW: 2, padTop: 1, padLeft: 0, padBottom: 1, padRight: 1 };
  const rest = { dilationH: 2, dilationW: 1, groups: 11, padValue: 9, zero: -1 };
  const operands = [extremes("i16", [2, 6, 5, 11], 5), extremes("i8", [11, 3, 2, 1], 6), ...channels(11, 9)];
  const attrs = attrsOf(conv2d, { ...values, ...rest });
  const output = { dtype: "i16" as const, shape: [2, 4, 3, 11] };
  return caseOf({ name: "conv2d depthwise", opcode: conv2d.opcode, attrs, operands, output });
}

function linearCase(of: {
  readonly name: string;
  readonly x: DType;
  readonly length: number;
  readonly output: DType;
}): SelfTestCase {
  const operands = [extremes(of.x, [3, of.length], 3), extremes("i8", [5, of.length], 4), ...channels(5, 40)];
  const attrs = attrsOf(linear, { zero: -7 });
  return caseOf({
    name: of.name,
    opcode: linear.opcode,
    attrs,
    operands,
    output: { dtype: of.output, shape: [3, 5] },
  });
}

function caseOf(of: {
  readonly name: string;
  readonly opcode: number;
  readonly attrs: readonly number[];
  readonly operands: readonly Tensor[];
  readonly output: { readonly dtype: DType; readonly shape: readonly number[] };
}): SelfTestCase {
  const { opcode, attrs, operands } = of;
  const output = tensorType(of.output.dtype, of.output.shape);
  const descriptor = {
    opcode,
    operands: operands.map(() => ({ kind: "input" as const, index: 0 })),
    output,
    attrs,
  };
  const node = { descriptor, operands: operands.map((tensor) => tensorType(tensor.dtype, tensor.shape)) };
  return { name: of.name, node, operands };
}

/** Values that jump between both ends of the type, its neighbours, 0 and small ones; the same on every machine. */
function extremes(dtype: DType, shape: readonly number[], seed: number): Tensor {
  const tensor = createTensor(dtype, shape);
  const top = dtype === "i8" ? 127 : 32767;
  const menu = [top, -top - 1, top, -top, 0, 1, -1, top - 1, 2, -top - 1];
  let state = seed;
  for (let i = 0; i < tensor.data.length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    tensor.data[i] = menu[(state >>> 16) % menu.length] ?? 0;
  }
  return tensor;
}

/** bias, multiplier and shift of `count` channels: ties (a power of two over another), large and small factors. */
function channels(count: number, spread: number): Tensor[] {
  const bias = createTensor("i32", [count]);
  const multiplier = createTensor("i32", [count]);
  const shift = createTensor("i8", [count]);
  for (let channel = 0; channel < count; channel++) {
    bias.data[channel] = (channel % 2 === 0 ? 1 : -1) * channel * spread;
    // 1 / 2^1..8 gives many exact halves.
    multiplier.data[channel] =
      channel % 3 === 0 ? 1 : channel % 3 === 1 ? 3 : Math.min(MAX_MULTIPLIER, 4_095);
    shift.data[channel] = channel % 3 === 2 ? 20 : 1 + channel;
  }
  return [bias, multiplier, shift];
}
