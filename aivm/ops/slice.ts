/**
 * slice: every step-th element from a start, along each axis; a negative step reverses.
 *
 * - shape: the output's; start and start + (size-1) x step must lie inside x. range: passes x's.
 * - gas of an element: 1. reads: one element.
 */
import { AivmError } from "../../common/errors.ts";
import { stridesOf } from "../tensor/shape.ts";
import { mapIndex } from "./indexing.ts";
import { assertOutputDType, attrAt, type Op, operandAt, READ_ONE, shapeError } from "./op.ts";

/** The op. */
export const slice: Op = {
  opcode: 13,
  name: "slice",
  operands: ["x"],
  attributes: ["startsThenSteps..."],
  infer(node) {
    const { shape, dtype } = operandAt(node, 0);
    const { output, attrs } = node.descriptor;
    assertOutputDType(node, dtype);
    if (output.shape.length !== shape.length)
      throw shapeError("output", `rank ${shape.length}`, output.shape);
    if (attrs.length !== 2 * shape.length)
      throw sliceError("a start and a step per axis", `${attrs.length} numbers`);
    for (const [axis, size] of shape.entries()) {
      const start = attrAt(node.descriptor, axis);
      const step = attrAt(node.descriptor, shape.length + axis);
      const last = start + ((output.shape[axis] ?? 1) - 1) * step;
      if (step === 0 || start < 0 || start >= size || last < 0 || last >= size) {
        throw sliceError(`indices in [0, ${size - 1}] along axis ${axis}`, `${start} to ${last} by ${step}`);
      }
    }
    return output.shape;
  },
  passedRange: (node) => operandAt(node, 0),
  elementGas: () => 1,
  reads: () => [READ_ONE],
  prepare(node) {
    const strides = stridesOf(operandAt(node, 0).shape);
    const rank = strides.length;
    const map = {
      shape: node.descriptor.output.shape,
      strides: strides.map((stride, axis) => stride * attrAt(node.descriptor, rank + axis)),
      base: strides.reduce((sum, stride, axis) => sum + stride * attrAt(node.descriptor, axis), 0),
    };
    return (element, read) => read(0, mapIndex(element, map));
  },
};

function sliceError(want: string, got: string): AivmError {
  return new AivmError("AIVM_ATTRIBUTE", {
    what: "slice",
    want,
    got,
    remedy: "correct starts, steps or sizes",
  });
}
