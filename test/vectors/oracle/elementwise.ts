/** add, mul, rescale, table, where, compare. */
import {
  abs,
  clampTo,
  larger,
  MOST_MULTIPLIER,
  MOST_SHIFT,
  maxAbsFrom,
  requantise,
  rne,
  smaller,
} from "./numbers.ts";
import { ANY, gives, NARROW, requantAttrs, requantOf, takes, within, zeros } from "./rules.ts";
import { broadcastAt, everywhere, same, together } from "./shapes.ts";
import { at, type Call, dataOf, type OracleOp, operand, rule } from "./types.ts";

const ONE = [1, 1, 0] as const;

/** Calls `combine` with one element of each operand, for every output element. */
export function zip(call: Call, combine: (...values: readonly bigint[]) => bigint): bigint[] {
  return everywhere(call.output.shape).map((coordinates) =>
    combine(...call.operands.map(({ shape }, i) => at(dataOf(call, i), broadcastAt(shape, coordinates)))),
  );
}

export const add: OracleOp = {
  opcode: 6,
  operands: 2,
  attributes: 5,
  shape(call) {
    takes(call, 0, ANY);
    takes(call, 1, ANY);
    gives(call, ANY);
    within(call, 0, [-MOST_MULTIPLIER, MOST_MULTIPLIER]);
    within(call, 1, [-MOST_MULTIPLIER, MOST_MULTIPLIER]);
    within(call, 3, [0n, MOST_SHIFT]);
    zeros(call, 4);
    return together(operand(call, 0).shape, operand(call, 1).shape);
  },
  bound(call) {
    const [a, b] = [maxAbsFrom(operand(call, 0), 0n), maxAbsFrom(operand(call, 1), 0n)];
    const p = a * abs(at(call.attrs, 0)) + b * abs(at(call.attrs, 1)) + abs(at(call.attrs, 2));
    return { a: larger(a, b), p };
  },
  gas: () => 1n,
  reads: () => [ONE, ONE],
  evaluate(call) {
    const [multiplierA = 0n, multiplierB = 0n, offset = 0n, shift = 0n, zero = 0n] = call.attrs;
    const { lo, hi } = call.output;
    return zip(call, (a = 0n, b = 0n) =>
      clampTo(zero + rne(a * multiplierA + b * multiplierB + offset, shift), lo, hi),
    );
  },
};

export const mul: OracleOp = {
  opcode: 7,
  operands: 2,
  attributes: 5,
  shape(call) {
    takes(call, 0, NARROW);
    takes(call, 1, NARROW);
    gives(call, ANY);
    zeros(call, 0, 1);
    requantAttrs(call, 2);
    return together(operand(call, 0).shape, operand(call, 1).shape);
  },
  bound(call) {
    const a =
      maxAbsFrom(operand(call, 0), at(call.attrs, 0)) * maxAbsFrom(operand(call, 1), at(call.attrs, 1));
    return { a, p: a * at(call.attrs, 2) };
  },
  gas: () => 1n,
  reads: () => [ONE, ONE],
  evaluate: (call) =>
    zip(call, (a = 0n, b = 0n) =>
      requantise((a - at(call.attrs, 0)) * (b - at(call.attrs, 1)), requantOf(call, 2), call.output),
    ),
};

export const rescale: OracleOp = {
  opcode: 8,
  operands: 1,
  attributes: 4,
  shape(call) {
    takes(call, 0, ANY);
    gives(call, ANY);
    zeros(call, 0);
    requantAttrs(call, 1);
    return operand(call, 0).shape;
  },
  bound(call) {
    const a = maxAbsFrom(operand(call, 0), at(call.attrs, 0));
    return { a, p: a * at(call.attrs, 1) };
  },
  gas: () => 1n,
  reads: () => [ONE],
  evaluate: (call) =>
    dataOf(call, 0).map((x) => requantise(x - at(call.attrs, 0), requantOf(call, 1), call.output)),
};

export const table: OracleOp = {
  opcode: 9,
  operands: 2,
  attributes: 0,
  shape(call) {
    takes(call, 0, NARROW);
    takes(call, 1, ANY);
    gives(call, [operand(call, 1).dtype]);
    const entries = operand(call, 0).dtype === "i8" ? 256 : 65536;
    rule(same(operand(call, 1).shape, [entries]), "AIVM_SHAPE");
    return operand(call, 0).shape;
  },
  passes: (call) => [operand(call, 1).lo, operand(call, 1).hi],
  gas: () => 1n,
  reads: () => [ONE, ONE],
  evaluate(call) {
    const lowest = operand(call, 0).dtype === "i8" ? -128n : -32768n;
    return dataOf(call, 0).map((x) => at(dataOf(call, 1), Number(x - lowest)));
  },
};

export const where: OracleOp = {
  opcode: 20,
  operands: 3,
  attributes: 0,
  shape(call) {
    const { dtype } = operand(call, 1);
    takes(call, 0, ANY);
    takes(call, 2, [dtype]);
    gives(call, [dtype]);
    return together(together(operand(call, 0).shape, operand(call, 1).shape), operand(call, 2).shape);
  },
  passes(call) {
    const [a, b] = [operand(call, 1), operand(call, 2)];
    return [smaller(a.lo, b.lo), larger(a.hi, b.hi)];
  },
  gas: () => 1n,
  reads: () => [ONE, ONE, ONE],
  evaluate: (call) => zip(call, (condition = 0n, a = 0n, b = 0n) => (condition === 0n ? b : a)),
};

export const compare: OracleOp = {
  opcode: 21,
  operands: 2,
  attributes: 1,
  shape(call) {
    takes(call, 0, ANY);
    takes(call, 1, ANY);
    gives(call, ["i8"]);
    within(call, 0, [0n, 2n]);
    return together(operand(call, 0).shape, operand(call, 1).shape);
  },
  passes: () => [0n, 1n],
  gas: () => 1n,
  reads: () => [ONE, ONE],
  evaluate(call) {
    const relation = at(call.attrs, 0);
    return zip(call, (a = 0n, b = 0n) => {
      if (relation === 0n) return a === b ? 1n : 0n;
      if (relation === 1n) return a < b ? 1n : 0n;
      return a <= b ? 1n : 0n;
    });
  },
};
