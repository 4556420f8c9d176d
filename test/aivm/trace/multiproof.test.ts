import { expect } from "chai";
import fc from "fast-check";
import { proveLeaves, rootFromLeaves } from "../../../aivm/index.ts";
import { buildTree, treePath } from "../../../common/index.ts";

const items = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => new Uint8Array([i, 7]));

describe("a proof of many leaves", () => {
  it("is the plain path for one leaf", () => {
    const tree = buildTree(items(5));
    expect(proveLeaves(tree, [3])).to.deep.equal(
      new Uint8Array(treePath(tree, 3).flatMap((hash) => [...hash])),
    );
  });

  it("is empty when every leaf is opened", () => {
    expect(proveLeaves(buildTree(items(8)), [0, 1, 2, 3, 4, 5, 6, 7])).to.have.length(0);
  });

  it("leads to the root for any set of leaves of any tree, and to nothing with a hash more or less", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 12 }),
        (count, picks) => {
          const all = items(count);
          const tree = buildTree(all);
          const indices = [...new Set(picks.map((pick) => pick % count))].sort((a, b) => a - b);
          const opened = indices.map((index) => all[index] ?? new Uint8Array(0));
          const siblings = proveLeaves(tree, indices);
          const opening = { items: opened, indices, itemCount: count, siblings };
          expect(rootFromLeaves(opening)).to.deep.equal(tree.root);
          expect(
            rootFromLeaves({ ...opening, siblings: new Uint8Array([...siblings, ...tree.root]) }),
          ).to.equal(undefined);
          if (siblings.length > 0) {
            expect(rootFromLeaves({ ...opening, siblings: siblings.subarray(32) })).not.to.deep.equal(
              tree.root,
            );
            expect(rootFromLeaves({ ...opening, siblings: siblings.subarray(1) })).to.equal(undefined);
          }
        },
      ),
      { seed: 3, numRuns: 300 },
    );
  });

  it("refuses indices that are out of order, repeated or beyond the tree", () => {
    const tree = buildTree(items(4));
    const two = items(2);
    for (const indices of [
      [1, 0],
      [1, 1],
      [3, 4],
      [-1, 0],
    ]) {
      const opening = { items: two, indices, itemCount: 4, siblings: proveLeaves(tree, [0, 1]) };
      expect(rootFromLeaves(opening)).to.equal(undefined);
    }
    expect(rootFromLeaves({ items: [], indices: [], itemCount: 4, siblings: new Uint8Array(0) })).to.equal(
      undefined,
    );
  });
});
