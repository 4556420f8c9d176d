/** rank, scatter. */
import { clampTo, larger, MOST_MULTIPLIER, MOST_SHIFT, maxAbsFrom, requantise, smaller } from "./numbers.ts";
import { ANY, gives, NARROW, takes, within } from "./rules.ts";
import { axisOf, broadcastAt, broadcastsTo, everywhere, indexAt, sizeOf, withSize } from "./shapes.ts";
import { at, attr, type Call, dataOf, type OracleOp, operand, type Reads, rule } from "./types.ts";

const ONE = [1, 1, 0] as const;

function along(shape: readonly number[], axis: number): Reads {
  const inner = sizeOf(shape.slice(axis + 1));
  return inner === 1 ? [1, at(shape, axis), 0] : [at(shape, axis), 1, inner];
}

export const rank: OracleOp = {
  opcode: 32,
  operands: 1,
  attributes: 2,
  shape(call) {
    takes(call, 0, ANY);
    gives(call, ["i32"]);
    const axis = axisOf(call, 0);
    within(call, 1, [0n, 1n]);
    const { shape } = operand(call, 0);
    const k = call.output.shape[axis] ?? 0;
    rule(k >= 1 && k <= at(shape, axis), "AIVM_SHAPE");
    return withSize(shape, axis, k);
  },
  passes: (call) => [0n, BigInt(at(operand(call, 0).shape, attr(call, 0)) - 1)],
  gas: (call) => BigInt(at(operand(call, 0).shape, attr(call, 0)) + 1),
  reads: (call) => [along(operand(call, 0).shape, attr(call, 0))],
  evaluate(call) {
    const axis = attr(call, 0);
    const largest = at(call.attrs, 1) === 1n;
    const { shape } = operand(call, 0);
    return everywhere(call.output.shape).map((coordinates) => {
      const lane = Array.from({ length: at(shape, axis) }, (_, i) =>
        at(dataOf(call, 0), indexAt(shape, withSize(coordinates, axis, i))),
      );
      // The place of an index: how many come before it.
      const place = (i: number): number =>
        lane.filter((v, j) => (v === at(lane, i) ? j < i : largest ? v > at(lane, i) : v < at(lane, i)))
          .length;
      return BigInt(lane.findIndex((_, i) => place(i) === at(coordinates, axis)));
    });
  },
};

/** M. */
function updatesOf(call: Call): number {
  return at(operand(call, 2).shape, attr(call, 0));
}

export const scatter: OracleOp = {
  opcode: 33,
  operands: 3,
  attributes: 4,
  shape(call) {
    const axis = axisOf(call, 0);
    within(call, 1, [0n, 4n]);
    scatterTypes(call);
    const { shape } = operand(call, 0);
    rule(
      [1, 2].every((index) => operand(call, index).shape.length === shape.length),
      "AIVM_SHAPE",
    );
    for (const index of [1, 2]) {
      const own = operand(call, index).shape;
      rule(at(own, axis) === updatesOf(call), "AIVM_SHAPE");
      rule(broadcastsTo(own, withSize(shape, axis, updatesOf(call))), "AIVM_SHAPE");
    }
    return shape;
  },
  passes(call) {
    const reduction = attr(call, 1);
    if (reduction === 1 || reduction === 2) return [call.output.lo, call.output.hi];
    const [x, updates] = [operand(call, 0), operand(call, 2)];
    return [smaller(x.lo, updates.lo), larger(x.hi, updates.hi)];
  },
  bound(call) {
    const [x, update] = [maxAbsFrom(operand(call, 0), 0n), maxAbsFrom(operand(call, 2), 0n)];
    const s = x + BigInt(updatesOf(call)) * update;
    if (attr(call, 1) === 1) return { a: s, p: s };
    if (attr(call, 1) !== 2) return { a: x, p: s };
    const a = maxAbsFrom(call.output, 0n) * update;
    return { a, p: a * at(call.attrs, 2) };
  },
  gas: (call) => BigInt(2 + updatesOf(call) * (attr(call, 1) === 0 ? 1 : 2)),
  reads(call) {
    const [axis, reduction] = [attr(call, 0), attr(call, 1)];
    const updates = reduction === 0 ? ONE : along(operand(call, 2).shape, axis);
    return [ONE, along(operand(call, 1).shape, axis), updates];
  },
  evaluate(call) {
    const axis = attr(call, 0);
    const count = updatesOf(call);
    return everywhere(call.output.shape).map((coordinates, e) => {
      const x = at(dataOf(call, 0), e);
      const value = (index: number, m: number): bigint =>
        at(dataOf(call, index), broadcastAt(operand(call, index).shape, withSize(coordinates, axis, m)));
      const matches = Array.from({ length: count }, (_, m) => m).filter(
        (m) => value(1, m) === BigInt(at(coordinates, axis)),
      );
      return combined(
        call,
        x,
        matches.map((m) => value(2, m)),
      );
    });
  },
};

/** x after its updates, in order. */
function combined(call: Call, x: bigint, updates: readonly bigint[]): bigint {
  const { lo, hi } = call.output;
  const by = { multiplier: at(call.attrs, 2), shift: at(call.attrs, 3), zero: 0n };
  switch (attr(call, 1)) {
    case 0:
      return updates.at(-1) ?? x;
    case 1:
      return updates.reduce((sum, update) => sum + update, x);
    case 2:
      return updates.reduce((y, update) => requantise(clampTo(y, lo, hi) * update, by, call.output), x);
    case 3:
      return updates.reduce(larger, x);
    default:
      return updates.reduce(smaller, x);
  }
}

function scatterTypes(call: Call): void {
  const reduction = attr(call, 1);
  const { dtype } = operand(call, 0);
  takes(call, 0, ANY);
  takes(call, 1, ANY);
  takes(call, 2, reduction === 1 ? ANY : reduction === 2 ? NARROW : [dtype]);
  gives(call, reduction === 1 || reduction === 2 ? ANY : [dtype]);
  within(call, 2, reduction === 2 ? [0n, MOST_MULTIPLIER] : [1n, 1n]);
  within(call, 3, reduction === 2 ? [0n, MOST_SHIFT] : [0n, 0n]);
}
