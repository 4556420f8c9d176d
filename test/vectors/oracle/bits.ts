/** bitwise, shift, random. */
import { zip } from "./elementwise.ts";
import { clampTo, floorDiv, rangeOf, smaller, widthOf } from "./numbers.ts";
import { ANY, gives, takes, within } from "./rules.ts";
import { same, sizeOf, together } from "./shapes.ts";
import { at, dataOf, type OracleOp, operand, rule } from "./types.ts";

const ONE = [1, 1, 0] as const;

/** v mod 2^bits. */
function low(v: bigint, bits: bigint): bigint {
  const size = 1n << bits;
  return ((v % size) + size) % size;
}

/** The two's complement of `bits` bits that v has. */
function asSigned(v: bigint, bits: bigint): bigint {
  const word = low(v, bits);
  return word >= 1n << (bits - 1n) ? word - (1n << bits) : word;
}

export const bitwise: OracleOp = {
  opcode: 30,
  operands: 2,
  attributes: 1,
  shape(call) {
    takes(call, 0, ANY);
    takes(call, 1, ANY);
    const [a, b] = [operand(call, 0).dtype, operand(call, 1).dtype];
    gives(call, [widthOf(a) > widthOf(b) ? a : b]);
    within(call, 0, [0n, 2n]);
    return together(operand(call, 0).shape, operand(call, 1).shape);
  },
  passes(call) {
    let m = 0n;
    while (call.operands.some(({ lo, hi }) => m < hi || -1n - m > lo)) m = 2n * m + 1n;
    const positive = call.operands.filter(({ lo }) => lo >= 0n).map(({ hi }) => hi);
    if (at(call.attrs, 0) === 0n && positive.length > 0) return [0n, positive.reduce(smaller)];
    return [positive.length === 2 ? 0n : -1n - m, m];
  },
  gas: () => 1n,
  reads: () => [ONE, ONE],
  evaluate(call) {
    const kind = at(call.attrs, 0);
    return zip(call, (a = 0n, b = 0n) => {
      let word = 0n;
      for (let bit = 0n; bit < 32n; bit++) {
        const set = ((low(a, 32n) >> bit) & 1n) + ((low(b, 32n) >> bit) & 1n);
        const on = kind === 0n ? set === 2n : kind === 1n ? set > 0n : set === 1n;
        if (on) word += 1n << bit;
      }
      return asSigned(word, 32n);
    });
  },
};

export const shift: OracleOp = {
  opcode: 31,
  operands: 2,
  attributes: 3,
  shape(call) {
    takes(call, 0, ANY);
    takes(call, 1, ANY);
    gives(call, ANY);
    within(call, 0, [0n, 1n]);
    rule([8n, 16n, 32n].includes(at(call.attrs, 1)), "AIVM_ATTRIBUTE");
    within(call, 2, [0n, 1n]);
    return together(operand(call, 0).shape, operand(call, 1).shape);
  },
  passes(call) {
    const [direction = 0n, width = 0n, signed = 0n] = call.attrs;
    const t = (1n << smaller(31n, signed === 1n ? width - 1n : width)) - 1n;
    const [x, by] = [operand(call, 0), operand(call, 1)];
    const [p, q] = [1n << clampTo(by.lo, 0n, width), 1n << clampTo(by.hi, 0n, width)];
    const whole = x.lo >= (signed === 1n ? -1n - t : 0n) && x.hi <= t;
    if (whole && direction === 1n) {
      return [floorDiv(x.lo, x.lo < 0n ? p : q), floorDiv(x.hi, x.hi < 0n ? q : p)];
    }
    if (whole && x.lo >= 0n && x.hi * q <= t) return [x.lo * p, x.hi * q];
    return [signed === 1n || width === 32n ? -1n - t : 0n, t];
  },
  gas: () => 1n,
  reads: () => [ONE, ONE],
  evaluate(call) {
    const [direction = 0n, width = 0n, signed = 0n] = call.attrs;
    const wrap = (v: bigint): bigint => (signed === 0n && width < 32n ? low(v, width) : asSigned(v, width));
    return zip(call, (x = 0n, by = 0n) => {
      const n = clampTo(by, 0n, width);
      if (direction === 0n) return wrap(x << n);
      return signed === 1n ? asSigned(x, width) >> n : wrap(low(x, width) >> n);
    });
  },
};

export const random: OracleOp = {
  opcode: 34,
  operands: 1,
  attributes: 1,
  shape(call) {
    takes(call, 0, ["i32"]);
    gives(call, ["i16", "i32"]);
    rule(same(operand(call, 0).shape, [4]), "AIVM_SHAPE");
    return call.output.shape;
  },
  passes: (call) => rangeOf(call.output.dtype),
  gas: () => 80n,
  reads: () => [[1, 4, 0]],
  evaluate(call) {
    const [s0 = 0n, s1 = 0n, s2 = 0n, s3 = 0n] = dataOf(call, 0);
    const count = sizeOf(call.output.shape);
    const words: bigint[] = [];
    for (let block = 0n; words.length < count; block++) {
      words.push(...philox([block, at(call.attrs, 0), s2, s3], [s0, s1]));
    }
    const half = call.output.dtype === "i16";
    return words.slice(0, count).map((word) => (half ? asSigned(word >> 16n, 16n) : asSigned(word, 32n)));
  },
};

/** One block of Philox-4x32-10. */
function philox(counter: readonly bigint[], key: readonly bigint[]): bigint[] {
  let c = counter.map((word) => low(word, 32n));
  let [k0, k1] = [low(key[0] ?? 0n, 32n), low(key[1] ?? 0n, 32n)];
  for (let round = 0; round < 10; round++) {
    const a = 0xd2511f53n * at(c, 0);
    const b = 0xcd9e8d57n * at(c, 2);
    c = [(b >> 32n) ^ at(c, 1) ^ k0, low(b, 32n), (a >> 32n) ^ at(c, 3) ^ k1, low(a, 32n)];
    [k0, k1] = [low(k0 + 0x9e3779b9n, 32n), low(k1 + 0xbb67ae85n, 32n)];
  }
  return c;
}
