/** Steps of the ops that compute every element from one element of each operand. */
import { add } from "../../ops/add.ts";
import { bitwise } from "../../ops/bitwise.ts";
import { compare } from "../../ops/compare.ts";
import { div } from "../../ops/div.ts";
import { isqrt } from "../../ops/isqrt.ts";
import { mod } from "../../ops/mod.ts";
import { mul } from "../../ops/mul.ts";
import type { OpNode } from "../../ops/op.ts";
import { rescale } from "../../ops/rescale.ts";
import { shift } from "../../ops/shift.ts";
import { table } from "../../ops/table.ts";
import { where } from "../../ops/where.ts";
import { equalShapes } from "../../tensor/shape.ts";
import { addMap, type Draft, dense, newBuffer } from "./draft.ts";
import { MAP } from "./format.ts";
import { broadcastTo, memoryOrder, orderedView, type View } from "./view.ts";

/** Kind of map of each opcode, and whether lo and hi of the output follow its attributes as parameters. */
export const MAP_OPS: ReadonlyMap<number, { readonly kind: number; readonly clamps: boolean }> = new Map([
  [add.opcode, { kind: MAP.add, clamps: true }],
  [mul.opcode, { kind: MAP.mul, clamps: true }],
  [rescale.opcode, { kind: MAP.rescale, clamps: true }],
  [table.opcode, { kind: MAP.table, clamps: false }],
  [where.opcode, { kind: MAP.where, clamps: false }],
  [compare.opcode, { kind: MAP.compare, clamps: true }],
  [div.opcode, { kind: MAP.div, clamps: true }],
  [mod.opcode, { kind: MAP.mod, clamps: false }],
  [isqrt.opcode, { kind: MAP.isqrt, clamps: true }],
  [bitwise.opcode, { kind: MAP.bitwise, clamps: false }],
  [shift.opcode, { kind: MAP.shift, clamps: false }],
]);

/** One of MAP_OPS. The output lies in memory as the first operand of its shape does, unless the plan keeps ops. */
export function lowerMap(draft: Draft, node: OpNode, operands: readonly View[]): View {
  const rule = MAP_OPS.get(node.descriptor.opcode);
  if (rule === undefined) throw new RangeError("not an elementwise op");
  const { shape, dtype, lo, hi } = node.descriptor.output;
  const walked = rule.kind === MAP.table ? operands.slice(0, 1) : operands;
  const fixed = operands.slice(walked.length).map((view) => dense(draft, view));
  const order = layoutOf(draft, shape, walked);
  const y = orderedView(newBuffer(draft, { dtype, shape }), { dtype, shape, order });
  addMap(draft, {
    kind: rule.kind,
    y,
    operands: walked.map((view) => broadcastTo(view, shape)),
    fixed,
    parameters: [...node.descriptor.attrs, ...(rule.clamps ? [lo, hi] : [])],
  });
  return y;
}

/** Order of an output's axes in memory. */
export function layoutOf(draft: Draft, shape: readonly number[], operands: readonly View[]): number[] {
  const whole = operands.find((view) => equalShapes(view.shape, shape));
  return draft.kept || whole === undefined ? shape.map((_, axis) => axis) : memoryOrder(whole);
}
