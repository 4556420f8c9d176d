/**
 * random: uniform integers from a seed, each element computed on its own by Philox-4x32-10 (../numeric/philox.ts).
 *
 * - seed: i32 [4]. Its words 0 and 1 are the key; element i of the output is word i mod 4 of the block whose counter
 *   is (floor(i / 4), stream, seed[2], seed[3]). An op of its own stream is independent of the others of a program.
 * - i32: the word as two's complement. i16: its upper half. range: all of the output's type. shape: the output's.
 * - gas of an element: 80, the operations on words of one block (10 rounds of 2 products, 4 exclusive ors, 2 sums).
 * - reads: the four words of the seed.
 */
import { philox } from "../numeric/philox.ts";
import { DTYPE_RANGE } from "../tensor/tensor.ts";
import { assertAttr, assertDType, assertOutputDType, assertShape, attrAt, type Op } from "./op.ts";

const SEED_WORDS = 4;

/** The op. */
export const random: Op = {
  opcode: 34,
  name: "random",
  operands: ["seed"],
  attributes: ["stream"],
  infer(node) {
    assertDType(node, 0, "i32");
    assertShape(node, 0, [SEED_WORDS]);
    assertAttr(node, 0, { name: "stream", ...DTYPE_RANGE.i32 });
    assertOutputDType(node, "i16", "i32");
    return node.descriptor.output.shape;
  },
  passedRange: (node) => DTYPE_RANGE[node.descriptor.output.dtype],
  elementGas: () => 80,
  reads: () => [{ runs: 1, length: SEED_WORDS, stride: 0 }],
  prepare(node) {
    const stream = attrAt(node.descriptor, 0);
    const half = node.descriptor.output.dtype === "i16";
    return (element, read) => {
      const lane = element % 4;
      const block = philox([(element - lane) / 4, stream, read(0, 2), read(0, 3)], [read(0, 0), read(0, 1)]);
      const word = (block[lane] ?? 0) | 0;
      return half ? word >> 16 : word;
    };
  },
};
