/** div, mod, isqrt. */
import { zip } from "./elementwise.ts";
import { divide, floorDiv, larger, maxAbsFrom, nearestRoot, requantise, smaller } from "./numbers.ts";
import {
  ANY,
  divisionAttrs,
  divisionBound,
  gives,
  requantAttrs,
  requantOf,
  takes,
  within,
  zeros,
} from "./rules.ts";
import { together } from "./shapes.ts";
import { at, type Call, dataOf, type OracleOp, operand } from "./types.ts";

const ONE = [1, 1, 0] as const;

export const div: OracleOp = {
  opcode: 22,
  operands: 2,
  attributes: 6,
  shape(call) {
    takes(call, 0, ANY);
    takes(call, 1, ANY);
    gives(call, ANY);
    zeros(call, 0, 1);
    divisionAttrs(call, 2);
    within(call, 5, [0n, 2n]);
    return together(operand(call, 0).shape, operand(call, 1).shape);
  },
  bound: (call) =>
    divisionBound(call, 2, {
      dividend: maxAbsFrom(operand(call, 0), at(call.attrs, 0)),
      divisor: maxAbsFrom(operand(call, 1), at(call.attrs, 1)),
    }),
  gas: () => 1n,
  reads: () => [ONE, ONE],
  evaluate(call) {
    const by = { ...requantOf(call, 2), rounding: at(call.attrs, 5) };
    return zip(call, (a = 0n, b = 0n) =>
      divide(a - at(call.attrs, 0), b - at(call.attrs, 1), by, call.output),
    );
  },
};

export const mod: OracleOp = {
  opcode: 23,
  operands: 2,
  attributes: 1,
  shape(call) {
    takes(call, 0, ANY);
    takes(call, 1, ANY);
    gives(call, ANY);
    within(call, 0, [0n, 1n]);
    return together(operand(call, 0).shape, operand(call, 1).shape);
  },
  passes: (call) => (at(call.attrs, 0) === 1n ? rangeOfDividend(call) : rangeOfDivisor(call)),
  gas: () => 1n,
  reads: () => [ONE, ONE],
  evaluate(call) {
    const ofDividend = at(call.attrs, 0) === 1n;
    return zip(call, (a = 0n, b = 0n) => {
      if (b === 0n) return 0n;
      if (ofDividend) return a % b;
      return b > 0n ? a - b * floorDiv(a, b) : a - b * floorDiv(-a, -b);
    });
  },
};

function rangeOfDividend(call: Call): readonly [bigint, bigint] {
  const { lo, hi } = operand(call, 0);
  const m = larger(0n, maxAbsFrom(operand(call, 1), 0n) - 1n);
  return [smaller(0n, larger(-m, lo)), larger(0n, smaller(m, hi))];
}

function rangeOfDivisor(call: Call): readonly [bigint, bigint] {
  const [a, b] = [operand(call, 0), operand(call, 1)];
  const l = smaller(0n, b.lo + 1n);
  const h = larger(0n, b.hi - 1n);
  if (a.lo >= 0n && b.lo >= 0n) return [0n, smaller(h, a.hi)];
  return a.hi <= 0n && b.hi <= 0n ? [larger(l, a.lo), 0n] : [l, h];
}

export const isqrt: OracleOp = {
  opcode: 24,
  operands: 1,
  attributes: 5,
  shape(call) {
    takes(call, 0, ANY);
    gives(call, ANY);
    zeros(call, 0);
    within(call, 1, [0n, 52n]);
    requantAttrs(call, 2);
    return operand(call, 0).shape;
  },
  bound(call) {
    const v = argumentOf(call, operand(call, 0).hi);
    const root = nearestRoot(v);
    return { a: root, p: larger(root * at(call.attrs, 2), v) };
  },
  gas: () => 1n,
  reads: () => [ONE],
  evaluate: (call) =>
    dataOf(call, 0).map((x) => requantise(nearestRoot(argumentOf(call, x)), requantOf(call, 2), call.output)),
};

function argumentOf(call: Call, x: bigint): bigint {
  return larger(0n, x - at(call.attrs, 0)) << at(call.attrs, 1);
}
