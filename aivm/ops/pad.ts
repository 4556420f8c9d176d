/**
 * pad: x surrounded by a constant value. attributes: how many elements before x along each axis, then the value; how
 * many come after follows from the output's shape.
 *
 * - shape: the output's; x must fit at its place. range: passes x's and the value's. gas of an element: 1.
 * - reads: one element or none.
 */
import { AivmError } from "../../common/errors.ts";
import { coordinatesOf, stridesOf } from "../tensor/shape.ts";
import { assertOutputDType, attrAt, type Op, operandAt, READ_ONE, shapeError } from "./op.ts";

/** The op. */
export const pad: Op = {
  opcode: 14,
  name: "pad",
  operands: ["x"],
  attributes: ["beforeThenValue..."],
  infer(node) {
    const { shape, dtype } = operandAt(node, 0);
    const { output, attrs } = node.descriptor;
    assertOutputDType(node, dtype);
    if (output.shape.length !== shape.length)
      throw shapeError("output", `rank ${shape.length}`, output.shape);
    if (attrs.length !== shape.length + 1)
      throw padError("one number per axis and a value", `${attrs.length} numbers`);
    for (const [axis, size] of shape.entries()) {
      const before = attrAt(node.descriptor, axis);
      if (before < 0 || before + size > (output.shape[axis] ?? 1)) {
        throw padError(
          `room for ${size} elements along axis ${axis}`,
          `${before} before in ${output.shape[axis]}`,
        );
      }
    }
    return output.shape;
  },
  passedRange(node) {
    const { lo, hi } = operandAt(node, 0);
    const value = node.descriptor.attrs.at(-1) ?? 0;
    return { lo: Math.min(lo, value), hi: Math.max(hi, value) };
  },
  elementGas: () => 1,
  reads: () => [READ_ONE],
  prepare(node) {
    const { shape } = operandAt(node, 0);
    const strides = stridesOf(shape);
    const value = node.descriptor.attrs.at(-1) ?? 0;
    return (element, read) => {
      let index = 0;
      for (const [axis, at] of coordinatesOf(element, node.descriptor.output.shape).entries()) {
        const inside = at - attrAt(node.descriptor, axis);
        if (inside < 0 || inside >= (shape[axis] ?? 1)) return value;
        index += inside * (strides[axis] ?? 0);
      }
      return read(0, index);
    };
  },
};

function padError(want: string, got: string): AivmError {
  return new AivmError("AIVM_ATTRIBUTE", {
    what: "pad",
    want,
    got,
    remedy: "correct the attributes or the shape",
  });
}
