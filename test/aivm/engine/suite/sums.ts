/** Products whose sums are as large as operands allow: lengths around those at which 32 bits must be left in time. */
import { createTensor, type DType, type Tensor, tensorType } from "../../../../aivm/index.ts";
import { programBuilder, type Value } from "./builder.ts";
import type { SuiteCase } from "./suite.ts";

const DTYPES: readonly DType[] = ["i8", "i16"];

/** Products of i16 and i8 fit 511 times. */
const LENGTHS = [1, 2, 3, 511, 512, 513, 1023, 1024, 1100, 2100];

/** Both ends of a type: which of them each operand is full of. */
const ENDS = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
] as const;

/** Cases of kind "fuzz": matmul of two inputs, and linear with a constant, for every pair of dtypes and every end. */
export function* sumCases(): Generator<SuiteCase> {
  for (const left of DTYPES) {
    for (const right of DTYPES) {
      for (const ends of ENDS) yield sumsOf(left, right, ends);
    }
  }
}

function sumsOf(left: DType, right: DType, [endA, endB]: readonly [0 | 1, 0 | 1]): SuiteCase {
  const builder = programBuilder();
  const inputs: Tensor[] = [];
  const outputs: Value[] = [];
  for (const length of LENGTHS) {
    const [a, b] = [full(left, [2, length], endA), full(right, [5, length], endB)];
    const [x, w] = [builder.input(tensorType(left, a.shape)), builder.input(tensorType(right, b.shape))];
    inputs.push(a, b);
    outputs.push(
      builder.op({ name: "matmul", operands: [x, w], attrs: [0, 0, 1, 12, 0], dtype: "i32" }),
      builder.op({ name: "linear", operands: [x, ...layerOf(builder, b)], attrs: [0], dtype: "i32" }),
    );
  }
  const name = `largest sums of ${left} and ${right}, ends ${endA} and ${endB}`;
  return { name, kind: "fuzz", count: outputs.length, model: builder.finish(outputs), inputs: [inputs] };
}

/** Weights that are constants, no bias, and a factor of 1 / 2^12. */
function layerOf(builder: ReturnType<typeof programBuilder>, w: Tensor): Value[] {
  const channels = w.shape[0] ?? 1;
  const multipliers = createTensor("i32", [channels]);
  const shifts = createTensor("i8", [channels]);
  multipliers.data.fill(1);
  shifts.data.fill(12);
  return [w, createTensor("i32", [channels]), multipliers, shifts].map((tensor) => builder.constant(tensor));
}

function full(dtype: DType, shape: readonly number[], end: 0 | 1): Tensor {
  const tensor = createTensor(dtype, shape);
  const { lo, hi } = tensorType(dtype, shape);
  tensor.data.fill(end === 0 ? lo : hi);
  return tensor;
}
