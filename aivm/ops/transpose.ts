/**
 * transpose: axis i of the output is axis perm[i] of x.
 *
 * - shape: x's sizes permuted. range: passes x's. gas of an element: 1. reads: one element.
 */
import { AivmError } from "../../common/errors.ts";
import { stridesOf } from "../tensor/shape.ts";
import { mapIndex } from "./indexing.ts";
import { assertOutputDType, type Op, operandAt, READ_ONE } from "./op.ts";

/** The op. */
export const transpose: Op = {
  opcode: 11,
  name: "transpose",
  operands: ["x"],
  attributes: ["perm..."],
  infer(node) {
    const { shape, dtype } = operandAt(node, 0);
    const perm = node.descriptor.attrs;
    const sorted = [...perm].sort((a, b) => a - b);
    if (perm.length !== shape.length || sorted.some((axis, i) => axis !== i)) {
      throw new AivmError("AIVM_ATTRIBUTE", {
        what: "attribute perm",
        want: `a permutation of the ${shape.length} axes`,
        got: `[${perm.join(",")}]`,
        remedy: "name every axis once",
      });
    }
    assertOutputDType(node, dtype);
    return perm.map((axis) => shape[axis] ?? 1);
  },
  passedRange: (node) => operandAt(node, 0),
  elementGas: () => 1,
  reads: () => [READ_ONE],
  prepare(node) {
    const strides = stridesOf(operandAt(node, 0).shape);
    const map = {
      shape: node.descriptor.output.shape,
      strides: node.descriptor.attrs.map((axis) => strides[axis] ?? 0),
      base: 0,
    };
    return (element, read) => read(0, mapIndex(element, map));
  },
};
