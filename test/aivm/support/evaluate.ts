/** One op on literal tensors. */

import { evaluateOp } from "../../../aivm/engine/reference/referenceEngine.ts";
import {
  DTYPE_RANGE,
  type DType,
  type OpNode,
  opNamed,
  type Tensor,
  tensorType,
} from "../../../aivm/index.ts";

/** What to evaluate; the output has the shape that the op infers unless one is given. */
export interface OneOp {
  readonly name: string;
  readonly operands: readonly Tensor[];
  readonly attrs?: readonly number[];
  readonly dtype?: DType;
  readonly range?: { readonly lo: number; readonly hi: number };
  readonly shape?: readonly number[];
}

/** Node of one op over literal tensors. @throws what the op's rules do. */
export function nodeFor(given: OneOp): OpNode {
  const op = opNamed(given.name);
  const dtype = given.dtype ?? "i8";
  const operands = given.operands.map((tensor) => tensorType(tensor.dtype, tensor.shape));
  const refs = operands.map((_, index) => ({ kind: "input" as const, index }));
  const output = tensorType(dtype, given.shape ?? [], given.range ?? DTYPE_RANGE[dtype]);
  const draft = {
    descriptor: { opcode: op.opcode, operands: refs, output, attrs: given.attrs ?? [] },
    operands,
  };
  const shape = op.infer(draft);
  return { ...draft, descriptor: { ...draft.descriptor, output: { ...output, shape } } };
}

/** Values and shape of one op's output. */
export function evaluate(given: OneOp): { readonly shape: readonly number[]; readonly values: number[] } {
  const { shape, data } = evaluateOp(nodeFor(given), given.operands);
  return { shape, values: Array.from(data) };
}
