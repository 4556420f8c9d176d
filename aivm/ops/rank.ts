/**
 * rank: where the elements of an axis stand when it is sorted: output [.., k, ..], in which entry r along the axis is
 * the index of the r-th element in order. Values follow by gathering; k = 1 is argmax or argmin.
 *
 * - largest: 1 largest first, 0 smallest first. Of equal elements the lowest index comes first.
 * - shape: x's with k of the output's choosing at the axis, 1 <= k <= size; i32. range: [0, size - 1].
 * - gas of an element: size + 1. reads: all elements along the axis.
 */
import { assertAxis, axisReads, axisView } from "./axis.ts";
import {
  assertAttr,
  assertDType,
  assertOutputDType,
  attrAt,
  type Op,
  type OpNode,
  operandAt,
  shapeError,
} from "./op.ts";

/** The op. */
export const rank: Op = {
  opcode: 32,
  name: "rank",
  operands: ["x"],
  attributes: ["axis", "largest"],
  infer(node) {
    const axis = assertAxis(node, 0);
    assertAttr(node, 1, { name: "largest", lo: 0, hi: 1 });
    assertDType(node, 0, "i8", "i16", "i32");
    assertOutputDType(node, "i32");
    const { shape } = operandAt(node, 0);
    const count = node.descriptor.output.shape[axis] ?? 0;
    if (count < 1 || count > (shape[axis] ?? 1)) {
      throw shapeError("output", `1 to ${shape[axis]} along axis ${axis}`, node.descriptor.output.shape);
    }
    return shape.map((size, i) => (i === axis ? count : size));
  },
  passedRange: (node) => ({ lo: 0, hi: viewOf(node).size - 1 }),
  elementGas: (node) => viewOf(node).size + 1,
  reads: (node) => [axisReads(viewOf(node))],
  prepare(node) {
    const { size, inner } = viewOf(node);
    const count = node.descriptor.output.shape[attrAt(node.descriptor, 0)] ?? 1;
    const sign = attrAt(node.descriptor, 1) === 1 ? -1 : 1;
    return (element, read) => {
      const lane = element % inner;
      const row = (element - lane) / inner;
      const place = row % count;
      const start = ((row - place) / count) * size * inner + lane;
      const values = Array.from({ length: size }, (_, i) => sign * read(0, start + i * inner));
      const order = values.map((_, i) => i);
      order.sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);
      return order[place] ?? 0;
    };
  },
};

function viewOf(node: OpNode): ReturnType<typeof axisView> {
  return axisView(operandAt(node, 0).shape, attrAt(node.descriptor, 0));
}
