/** What a loop of this engine is: a whole output tensor from whole operands. */
import type { OpNode } from "../../../ops/op.ts";
import { createTensor, type Tensor, type TensorData } from "../../../tensor/tensor.ts";

/** Computes the output of a validated node. `operands[i]` holds the values of operand i. */
export type Loop = (node: OpNode, operands: readonly Tensor[]) => TensorData;

/** Values of operand `index`. @throws RangeError when the node was not validated. */
export function dataAt(operands: readonly Tensor[], index: number): TensorData {
  const tensor = operands[index];
  if (tensor === undefined) throw new RangeError(`no operand ${index}: the model was not validated`);
  return tensor.data;
}

/** Zeroed storage of a node's output. */
export function outputData(node: OpNode): TensorData {
  const { dtype, shape } = node.descriptor.output;
  return createTensor(dtype, shape).data;
}
