import { createHash } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import {
  buildTree,
  bytesToHex,
  concatBytes,
  foldDescendants,
  rfc6962Proof,
  rfc6962Root,
  rfc6962RootFromProof,
  treeDescendants,
  treeHeight,
  treePath,
  treeRoot,
  utf8,
  verifyPath,
} from "../../common/index.ts";

const sha = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash("sha256")
      .update(concatBytes(...parts))
      .digest(),
  );
const leaf = (item: Uint8Array): Uint8Array => sha(new Uint8Array([0]), item);
const node = (left: Uint8Array, right: Uint8Array): Uint8Array => sha(new Uint8Array([1]), left, right);
const EMPTY = new Uint8Array();

const itemLists = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 40 });

describe("common/merkle (perfect padded trees)", () => {
  it("hashes none as H(empty), one as its leaf, three padded with the empty string", () => {
    const [a, b, c] = [utf8("a"), utf8("b"), utf8("c")];
    expect(treeRoot([])).to.deep.equal(sha(EMPTY));
    expect(treeRoot([a])).to.deep.equal(leaf(a));
    expect(treeRoot([a, b])).to.deep.equal(node(leaf(a), leaf(b)));
    expect(treeRoot([a, b, c])).to.deep.equal(node(node(leaf(a), leaf(b)), node(leaf(c), leaf(EMPTY))));
  });

  it("has the height of the padded list", () => {
    expect([0, 1, 2, 3, 4, 5, 8, 9, 1024, 1025].map(treeHeight)).to.deep.equal([
      0, 0, 1, 2, 2, 3, 3, 4, 10, 11,
    ]);
  });

  it("opens every item, and no other item, index, count or path", () => {
    fc.assert(
      fc.property(itemLists, fc.nat(), (items, pick) => {
        const index = pick % items.length;
        const tree = buildTree(items);
        const item = items[index] ?? EMPTY;
        const opening = {
          root: tree.root,
          item,
          index,
          itemCount: items.length,
          path: treePath(tree, index),
        };
        expect(verifyPath(opening)).to.equal(true);
        expect(verifyPath({ ...opening, item: concatBytes(item, utf8("x")) })).to.equal(false);
        expect(verifyPath({ ...opening, path: [...opening.path, sha(EMPTY)] })).to.equal(false);
        expect(verifyPath({ ...opening, path: opening.path.slice(1) }) && items.length > 1).to.equal(false);
        opening.path.forEach((hash, at) => {
          const forged = opening.path.map((other, i) =>
            i === at ? hash.map((byte, j) => (j === at % 32 ? byte ^ 1 : byte)) : other,
          );
          expect(verifyPath({ ...opening, path: forged })).to.equal(false);
        });
        const elsewhere = (index + 1) % items.length;
        const same = bytesToHex(items[elsewhere] ?? EMPTY) === bytesToHex(item);
        expect(verifyPath({ ...opening, index: elsewhere }) && !same).to.equal(false);
      }),
      { seed: 4 },
    );
  });

  it("an inner node does not pass for a leaf", () => {
    const items = ["a", "b", "c", "d"].map(utf8);
    const tree = buildTree(items);
    const inner = concatBytes(leaf(items[0] ?? EMPTY), leaf(items[1] ?? EMPTY));
    const path = [tree.levels[1]?.[1] ?? EMPTY];
    expect(verifyPath({ root: tree.root, item: inner, index: 0, itemCount: 2, path })).to.equal(false);
  });

  it("descendants of any node fold back to it", () => {
    fc.assert(
      fc.property(itemLists, fc.nat(), fc.nat(), fc.nat(), (items, h, i, d) => {
        const tree = buildTree(items);
        const height = h % tree.levels.length;
        const level = tree.levels[height] ?? [];
        const index = i % level.length;
        const depth = d % (height + 1);
        const below = treeDescendants(tree, { height, index, depth });
        expect(below).to.have.length(2 ** depth);
        expect(foldDescendants(below)).to.deep.equal(level[index]);
      }),
      { seed: 5 },
    );
    expect(foldDescendants([])).to.equal(undefined);
    expect(foldDescendants([sha(EMPTY), sha(EMPTY), sha(EMPTY)])).to.equal(undefined);
    expect(foldDescendants([EMPTY])).to.equal(undefined);
  });
});

describe("common/rfc6962 (CometBFT's trees)", () => {
  it("splits at the largest power of two and does not pad", () => {
    const [a, b, c] = [utf8("a"), utf8("b"), utf8("c")];
    expect(rfc6962Root([])).to.deep.equal(sha(EMPTY));
    expect(rfc6962Root([a, b, c])).to.deep.equal(node(node(leaf(a), leaf(b)), leaf(c)));
  });

  it("a proof leads to the root of its tree, and a changed one elsewhere", () => {
    fc.assert(
      fc.property(itemLists, fc.nat(), (items, pick) => {
        const proof = rfc6962Proof(items, pick % items.length);
        expect(rfc6962RootFromProof(proof)).to.deep.equal(rfc6962Root(items));
        expect(rfc6962RootFromProof({ ...proof, aunts: [...proof.aunts, sha(EMPTY)] })).to.equal(undefined);
        expect(rfc6962RootFromProof({ ...proof, leafHash: sha(proof.leafHash) })).to.not.deep.equal(
          rfc6962Root(items),
        );
      }),
      { seed: 6 },
    );
  });
});
