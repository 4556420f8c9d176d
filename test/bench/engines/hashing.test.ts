import { expect } from "chai";
import { tensorRoot } from "../../../aivm/index.ts";
import { type DType, tensorChunks, tensorOf } from "../../../aivm/tensor/tensor.ts";
import { equalBytes } from "../../../common/bytes.ts";
import { sha256Tree, treeRoot } from "../../../common/merkle.ts";
import { BLOCK_BYTES, bytesHashed, eagerBound, rootBlocks, shaBlocks } from "./hashing.ts";

describe("bytes that a trace hashes", () => {
  it("counts SHA-256 blocks with the padding bit and the length", () => {
    expect([0, 55, 56, 64, 119, 120].map(shaBlocks)).to.deep.equal([1, 1, 2, 2, 2, 3]);
  });

  for (const dtype of ["i8", "i16", "i32"] as const) {
    for (const elements of [1, 256, 257, 1000, 1024, 2600]) {
      it(`agrees with the tree itself: ${elements} elements of ${dtype}`, () => {
        expect(rootBlocks({ dtype, shape: [elements] })).to.equal(blocksOfTree(dtype, elements));
      });
    }
  }

  it("adds up all ops, in bytes", () => {
    const output = { dtype: "i8", shape: [300], lo: 0, hi: 1 } as const;
    const op = { opcode: 1, operands: [], output, attrs: [] };
    // Two leaves of 257 bytes (5 blocks each) and a node of 65 (2 blocks), twice.
    expect(bytesHashed({ ops: [op, op] })).to.equal(2 * 12 * BLOCK_BYTES);
  });

  it("bounds a slowdown by a tenth more than hashing alone", () => {
    expect(eagerBound({ bytes: 1000, bytesPerMs: 100, runMs: 20 })).to.be.closeTo(1.55, 1e-12);
  });
});

/** Blocks of all messages that the real tree hashes, those above padding alone left out. */
function blocksOfTree(dtype: DType, elements: number): number {
  const tensor = tensorOf(dtype, [elements], new Array<number>(elements).fill(1));
  let blocks = 0;
  const paddings = [sha256Tree.leaf(new Uint8Array(0))];
  const isPadding = (hash: Uint8Array): boolean => paddings.some((known) => equalBytes(known, hash));
  const root = treeRoot(tensorChunks(tensor), {
    ...sha256Tree,
    leaf: (item) => {
      if (item.length > 0) blocks += shaBlocks(1 + item.length);
      return sha256Tree.leaf(item);
    },
    node: (left, right) => {
      const hash = sha256Tree.node(left, right);
      if (isPadding(left)) paddings.push(hash);
      else blocks += shaBlocks(65);
      return hash;
    },
  });
  expect(root).to.deep.equal(tensorRoot(tensor));
  return blocks;
}
