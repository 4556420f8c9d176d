/**
 * table: any function of one i8 or i16 value, by a constant table with an entry for each of its 256 or 65,536 values,
 * lowest value first.
 *
 * - range: passes the table's. gas of an element: 1. reads: one element of x, then that entry of the table.
 */

import { DTYPE_RANGE } from "../tensor/tensor.ts";
import { assertDType, assertOutputDType, assertShape, type Op, operandAt, READ_ONE } from "./op.ts";

/** The op. */
export const table: Op = {
  opcode: 9,
  name: "table",
  operands: ["x", "table"],
  attributes: [],
  infer(node) {
    assertDType(node, 0, "i8", "i16");
    assertDType(node, 1, "i8", "i16", "i32");
    const x = operandAt(node, 0);
    assertShape(node, 1, [x.dtype === "i8" ? 256 : 65_536]);
    assertOutputDType(node, operandAt(node, 1).dtype);
    return x.shape;
  },
  passedRange: (node) => operandAt(node, 1),
  elementGas: () => 1,
  reads: () => [READ_ONE, READ_ONE],
  prepare(node) {
    const { lo } = DTYPE_RANGE[operandAt(node, 0).dtype];
    return (element, read) => read(1, read(0, element) - lo);
  },
};
