/** Loops over bits: bitwise, shift. */
import { walkBroadcast } from "./elementwise.ts";
import { dataAt, type Loop, outputData } from "./loop.ts";

/** And, or, exclusive or. */
export const bitwiseLoop: Loop = (node, operands) => {
  const out = outputData(node);
  const [a, b] = [dataAt(operands, 0), dataAt(operands, 1)];
  const kind = node.descriptor.attrs[0];
  walkBroadcast(node, operands, (element, i, j) => {
    const [left, right] = [a[i] ?? 0, b[j] ?? 0];
    // Exclusive or is what "or" has and "and" has not.
    out[element] = kind === 0 ? left & right : kind === 1 ? left | right : (left | right) & ~(left & right);
  });
  return out;
};

/** Shifts in words, by products and quotients with powers of two: exact in f64 up to 2^63 = 2^31 x 2^32. */
export const shiftLoop: Loop = (node, operands) => {
  const out = outputData(node);
  const [x, by] = [dataAt(operands, 0), dataAt(operands, 1)];
  const [direction, width = 32, signed] = node.descriptor.attrs;
  const modulus = 2 ** width;
  // Reduces to [0, modulus), then to the half-open range around 0 for signed words and for the i32 that holds 32 bits.
  const intoWord = (value: number, centred: boolean): number => {
    const rest = value - Math.floor(value / modulus) * modulus;
    return centred && rest >= modulus / 2 ? rest - modulus : rest;
  };
  walkBroadcast(node, operands, (element, i, j) => {
    const amount = 2 ** Math.max(0, Math.min(width, by[j] ?? 0));
    const word = intoWord(x[i] ?? 0, signed === 1);
    const moved = direction === 0 ? intoWord(word, false) * amount : Math.floor(word / amount);
    out[element] = intoWord(moved, signed === 1 || width === 32);
  });
  return out;
};
