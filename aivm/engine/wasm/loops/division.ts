/** Loops that divide or take roots: div, mod, isqrt, matmulDiv. In f64, which the bounds proven at loading make exact. */
import type { OpNode } from "../../../ops/op.ts";
import { factorOf, finish } from "../rounding.ts";
import { finishOf, walkBroadcast } from "./elementwise.ts";
import { dataAt, type Loop, outputData } from "./loop.ts";
import { productStrides } from "./products.ts";
import { walk } from "./strided.ts";

/** Rounded quotient. */
export const divLoop: Loop = (node, operands) => {
  const [zeroA = 0, zeroB = 0, multiplier = 0, shift = 0, zero = 0, rounding = 0] = node.descriptor.attrs;
  const [a, b] = [dataAt(operands, 0), dataAt(operands, 1)];
  const out = outputData(node);
  const end = quotientOf(node, { multiplier, shift, zero, rounding });
  walkBroadcast(node, operands, (element, i, j) => {
    out[element] = end((a[i] ?? 0) - zeroA, (b[j] ?? 0) - zeroB);
  });
  return out;
};

/** Remainder. */
export const modLoop: Loop = (node, operands) => {
  const ofDivisor = node.descriptor.attrs[0] === 0;
  const [a, b] = [dataAt(operands, 0), dataAt(operands, 1)];
  const out = outputData(node);
  walkBroadcast(node, operands, (element, i, j) => {
    const divisor = b[j] ?? 0;
    const rest = divisor === 0 ? 0 : (a[i] ?? 0) % divisor;
    out[element] = ofDivisor && rest !== 0 && rest < 0 !== divisor < 0 ? rest + divisor : rest;
  });
  return out;
};

/** Nearest integer to the square root. */
export const isqrtLoop: Loop = (node, operands) => {
  const [zeroX = 0, lift = 0, multiplier = 0, shift = 0, zero = 0] = node.descriptor.attrs;
  const unit = 1 / factorOf(1, lift);
  const to = finishOf(node, { multiplier, shift, zero });
  const out = outputData(node);
  for (const [i, value] of dataAt(operands, 0).entries()) {
    const argument = (value - zeroX) * unit;
    let root = argument > 0 ? Math.round(Math.sqrt(argument)) : 0;
    // The f64 root is off by less than one: (root - 1/2)^2 = root x (root - 1) + 1/4 tells which integer is nearest.
    if (root * (root - 1) >= argument && root > 0) root--;
    else if (root * (root + 1) < argument) root++;
    out[i] = finish(root, to);
  }
  return out;
};

/** Product of two activations, each row divided by a number of its own. */
export const matmulDivLoop: Loop = (node, operands) => {
  const [zeroA = 0, zeroB = 0, multiplier = 0, shift = 0, zero = 0] = node.descriptor.attrs;
  const [a, b, d] = [0, 1, 2].map((index) => new Float64Array(dataAt(operands, index)));
  const length = operands[0]?.shape.at(-1) ?? 1;
  const out = outputData(node);
  const end = quotientOf(node, { multiplier, shift, zero, rounding: 0 });
  walk(node.descriptor.output.shape, productStrides(node, operands), (element, i, j, row) => {
    let sum = 0;
    for (let k = 0; k < length; k++) sum += ((a?.[i + k] ?? 0) - zeroA) * ((b?.[j + k] ?? 0) - zeroB);
    out[element] = end(sum, d?.[row] ?? 0);
  });
  return out;
};

/**
 * clamp(zero + round(dividend x multiplier / (divisor x 2^shift))). The dividend is at most 2^52 and the divisor at most
 * 2^53, so the f64 quotient lies on the same side of every integer and of every half as the exact one. By 0 it is an
 * infinity, which the clamp takes to the end of the range, or NaN for 0 / 0. Clamped before rounding: the limits are
 * integers.
 */
function quotientOf(
  node: OpNode,
  by: {
    readonly multiplier: number;
    readonly shift: number;
    readonly zero: number;
    readonly rounding: number;
  },
): (dividend: number, divisor: number) => number {
  const { lo, hi } = node.descriptor.output;
  const { multiplier, shift, zero, rounding } = by;
  const factor = shift < 0 ? multiplier / factorOf(1, -shift) : multiplier;
  const scale = shift > 0 ? 1 / factorOf(1, shift) : 1;
  const to = { factor: 1, zero, lo, hi };
  return (dividend, divisor) => {
    const quotient = (dividend * factor) / (divisor * scale);
    if (Number.isNaN(quotient)) return finish(0, to);
    if (rounding === 0) return finish(quotient, to);
    const bounded = Math.min(Math.max(quotient, lo - zero), hi - zero);
    return (rounding === 1 ? Math.trunc(bounded) : Math.floor(bounded)) + zero;
  };
}
