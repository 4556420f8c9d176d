/**
 * scatter: x with M updates written into it along an axis: update m goes to index positions[m] of its own lane.
 *
 * - shape: x's. Seen along the axis, updates has M where x has its size, and elsewhere x's sizes or 1; so has
 *   positions: one list for all lanes, or one for each. A position outside [0, size - 1] is ignored.
 * - reduction: 0 none (of several updates of one element the last wins), 1 add, 2 mul, 3 max, 4 min; in the order of m.
 * - arithmetic: add gives clamp(x + the sum of the updates); mul starts from x clamped to the output's range and gives
 *   clamp(RNE(y x update x multiplier / 2^shift)) after each update. Both are unused (1 and 0) in the others.
 * - range: passes x's and the updates' (none, max, min), else the output's clamp.
 * - gas of an element: 2 + M for none, 2 + 2M for the others.
 * - reads: all positions of the lane, one update (all, for the others), one element of x.
 */
import { clamp } from "../numeric/clamp.ts";
import { MAX_MULTIPLIER, MAX_SHIFT, requantize } from "../numeric/requant.ts";
import { broadcastStrides, stridesOf } from "../tensor/shape.ts";
import { type AxisView, assertAxis, axisReads, axisView } from "./axis.ts";
import { mapIndex } from "./indexing.ts";
import {
  type ArithmeticBound,
  assertAttr,
  assertDType,
  assertOutputDType,
  assertRank,
  attrAt,
  maxAbs,
  type Op,
  type OpNode,
  operandAt,
  READ_ONE,
  type Read,
  shapeError,
} from "./op.ts";

const [NONE, ADD, MUL, MAX] = [0, 1, 2, 3];

/** The op. */
export const scatter: Op = {
  opcode: 33,
  name: "scatter",
  operands: ["x", "positions", "updates"],
  attributes: ["axis", "reduction", "multiplier", "shift"],
  infer(node) {
    const axis = assertAxis(node, 0);
    assertAttr(node, 1, { name: "reduction", lo: 0, hi: 4 });
    checkTypes(node);
    const { shape } = operandAt(node, 0);
    for (const operand of [1, 2]) {
      assertRank(node, operand, shape.length);
      broadcastStrides(operandAt(node, operand).shape, laneShape(node, axis));
    }
    const [positions, updates] = [operandAt(node, 1).shape[axis], operandAt(node, 2).shape[axis]];
    if (positions !== updates)
      throw shapeError("operand 2", `${positions} along axis ${axis}`, operandAt(node, 2).shape);
    return shape;
  },
  passedRange(node) {
    const reduction = attrAt(node.descriptor, 1);
    if (reduction === ADD || reduction === MUL) return node.descriptor.output;
    const [x, updates] = [operandAt(node, 0), operandAt(node, 2)];
    return { lo: Math.min(x.lo, updates.lo), hi: Math.max(x.hi, updates.hi) };
  },
  bound: (node) => boundOf(node),
  elementGas: (node) => 2 + countOf(node) * (attrAt(node.descriptor, 1) === NONE ? 1 : 2),
  reads(node) {
    const axis = attrAt(node.descriptor, 0);
    const along = (operand: number) => axisReads(axisView(operandAt(node, operand).shape, axis));
    return [READ_ONE, along(1), attrAt(node.descriptor, 1) === NONE ? READ_ONE : along(2)];
  },
  prepare(node) {
    const lanes = lanesOf(node);
    const reduce = attrAt(node.descriptor, 1) === NONE ? undefined : reducerOf(node);
    return (element, read) => {
      const inner = element % lanes.view.inner;
      const at = ((element - inner) / lanes.view.inner) % lanes.view.size;
      const [positions, updates] = [lanes.first(1, element), lanes.first(2, element)];
      const matches = (m: number): boolean => read(1, positions + m * lanes.step(1)) === at;
      if (reduce === undefined)
        return lastMatch(lanes.count, matches, { read, element, updates, step: lanes.step(2) });
      let y = read(0, element);
      for (let m = 0; m < lanes.count; m++) {
        if (matches(m)) y = reduce(y, read(2, updates + m * lanes.step(2)));
      }
      return clamp(y, node.descriptor.output.lo, node.descriptor.output.hi);
    };
  },
};

function checkTypes(node: OpNode): void {
  const reduction = attrAt(node.descriptor, 1);
  const { dtype } = operandAt(node, 0);
  assertDType(node, 0, "i8", "i16", "i32");
  assertDType(node, 1, "i8", "i16", "i32");
  if (reduction === MUL) assertDType(node, 2, "i8", "i16");
  else if (reduction === ADD) assertDType(node, 2, "i8", "i16", "i32");
  else assertDType(node, 2, dtype);
  assertOutputDType(
    node,
    ...(reduction === ADD || reduction === MUL ? (["i8", "i16", "i32"] as const) : [dtype]),
  );
  const scaled = reduction === MUL;
  assertAttr(node, 2, { name: "multiplier", lo: scaled ? 0 : 1, hi: scaled ? MAX_MULTIPLIER : 1 });
  assertAttr(node, 3, { name: "shift", lo: 0, hi: scaled ? MAX_SHIFT : 0 });
}

/** x's shape with M at the axis: the shape that positions and updates broadcast to. */
function laneShape(node: OpNode, axis: number): number[] {
  return operandAt(node, 0).shape.map((size, i) => (i === axis ? countOf(node) : size));
}

/** M. */
function countOf(node: OpNode): number {
  return operandAt(node, 2).shape[attrAt(node.descriptor, 0)] ?? 1;
}

function boundOf(node: OpNode): ArithmeticBound {
  const reduction = attrAt(node.descriptor, 1);
  const [x, update] = [BigInt(maxAbs(operandAt(node, 0))), BigInt(maxAbs(operandAt(node, 2)))];
  const sum = x + BigInt(countOf(node)) * update;
  if (reduction !== MUL) return { accumulator: reduction === ADD ? sum : x, product: sum };
  const accumulator = BigInt(maxAbs(node.descriptor.output)) * update;
  return { accumulator, product: accumulator * BigInt(attrAt(node.descriptor, 2)) };
}

interface Lanes {
  readonly view: AxisView;
  readonly count: number;
  /** Element m = 0 of the lane of output element `element` in operand 1 or 2; the next ones follow by `step`. */
  readonly first: (operand: 1 | 2, element: number) => number;
  readonly step: (operand: 1 | 2) => number;
}

function lanesOf(node: OpNode): Lanes {
  const axis = attrAt(node.descriptor, 0);
  const { shape } = operandAt(node, 0);
  const strides = [1, 2].map((operand) =>
    broadcastStrides(operandAt(node, operand).shape, laneShape(node, axis)),
  );
  // Along the axis an output element's coordinate does not choose where its lane starts.
  const starts = strides.map((list) => ({
    shape,
    strides: list.map((stride, i) => (i === axis ? 0 : stride)),
    base: 0,
  }));
  const steps = [1, 2].map((operand) => stridesOf(operandAt(node, operand).shape)[axis] ?? 1);
  return {
    view: axisView(shape, axis),
    count: countOf(node),
    first: (operand, element) =>
      mapIndex(element, starts[operand - 1] ?? { shape: [], strides: [], base: 0 }),
    step: (operand) => steps[operand - 1] ?? 1,
  };
}

/** The last matching update, or the element of x. */
function lastMatch(
  count: number,
  matches: (m: number) => boolean,
  from: { readonly read: Read; readonly element: number; readonly updates: number; readonly step: number },
): number {
  for (let m = count - 1; m >= 0; m--) {
    if (matches(m)) return from.read(2, from.updates + m * from.step);
  }
  return from.read(0, from.element);
}

/** How y takes one update. The sum stays below 2^53 and is clamped to the output's range at the end. */
function reducerOf(node: OpNode): (y: number, update: number) => number {
  const reduction = attrAt(node.descriptor, 1);
  if (reduction === ADD) return (y, update) => y + update;
  if (reduction === MUL) {
    const { lo, hi } = node.descriptor.output;
    const requant = {
      multiplier: attrAt(node.descriptor, 2),
      shift: attrAt(node.descriptor, 3),
      zero: 0,
      lo,
      hi,
    };
    return (y, update) => requantize(clamp(y, lo, hi) * update, requant);
  }
  return reduction === MAX ? Math.max : Math.min;
}
