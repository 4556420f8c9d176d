/** Philox-4x32-10 (Salmon et al., SC 2011) in 32-bit integers, a block of four elements at a time. */
import { dataAt, type Loop, outputData } from "./loop.ts";

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** Uniform integers: four elements are the four words of one block. */
export const randomLoop: Loop = (node, operands) => {
  const out = outputData(node);
  const [key0 = 0, key1 = 0, seed2 = 0, seed3 = 0] = dataAt(operands, 0);
  const stream = node.descriptor.attrs[0] ?? 0;
  const down = node.descriptor.output.dtype === "i16" ? 16 : 0;
  const c = new Int32Array(4);
  for (let block = 0; block * 4 < out.length; block++) {
    c.set([block, stream, seed2, seed3]);
    mix(c, key0, key1);
    for (let i = 0; i < 4 && block * 4 + i < out.length; i++) out[block * 4 + i] = (c[i] ?? 0) >> down;
  }
  return out;
};

/** Ten rounds in place. */
function mix(c: Int32Array, key0: number, key1: number): void {
  for (let round = 0; round < 10; round++) {
    const k0 = key0 + Math.imul(round, W0);
    const k1 = key1 + Math.imul(round, W1);
    const [c0 = 0, c1 = 0, c2 = 0, c3 = 0] = c;
    c[0] = upperHalf(M1, c2) ^ c1 ^ k0;
    c[1] = Math.imul(M1, c2);
    c[2] = upperHalf(M0, c0) ^ c3 ^ k1;
    c[3] = Math.imul(M0, c0);
  }
}

/** Upper 32 bits of the unsigned product, from products of 16 bits. */
function upperHalf(a: number, b: number): number {
  const [aHigh, aLow] = [a >>> 16, a & 0xffff];
  const [bHigh, bLow] = [b >>> 16, b & 0xffff];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = (middle % 65_536) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 65_536) + Math.floor(carry / 65_536)) | 0;
}
