/** docs/spec/tensors.md: bytes, chunks, trees. */
import { widthOf } from "./numbers.ts";
import { type Bytes, sha256 } from "./sha256.ts";
import { at, type DType } from "./types.ts";

/** Height of a tree of so many items. */
export function heightOf(items: number): number {
  let height = 0;
  for (let width = 1; width < items; width *= 2) height++;
  return height;
}

/** All levels of a tree, leaves first. */
export function levelsOf(items: readonly Bytes[]): number[][][] {
  if (items.length === 0) return [[sha256()]];
  const width = 2 ** heightOf(items.length);
  const leaves = Array.from({ length: width }, (_, i) => sha256([0], items[i] ?? []));
  const levels = [leaves];
  for (let level = leaves; level.length > 1; levels.push(level)) {
    level = level.flatMap((left, i) => (i % 2 === 0 ? [sha256([1], left, at(level, i + 1))] : []));
  }
  return levels;
}

/** Root of a tree. */
export function rootOf(items: readonly Bytes[]): number[] {
  return at(at(levelsOf(items), heightOf(items.length)), 0);
}

/** Siblings of one item, from the leaves up. */
export function pathTo(items: readonly Bytes[], index: number): number[][] {
  return levelsOf(items)
    .slice(0, -1)
    .map((level, height) => at(level, Math.floor(index / 2 ** height) ^ 1));
}

/** Hashes that prove several leaves: what lies beside known nodes and is not known, level by level. */
export function proofOf(items: readonly Bytes[], indices: readonly number[]): number[][] {
  let known = new Set(indices);
  const proof: number[][] = [];
  for (const level of levelsOf(items).slice(0, -1)) {
    for (const index of [...known].sort((a, b) => a - b)) {
      if (!known.has(index ^ 1)) proof.push(at(level, index ^ 1));
    }
    known = new Set([...known].map((index) => Math.floor(index / 2)));
  }
  return proof;
}

/** i as four bytes, most significant first. */
export function u32be(i: number): number[] {
  return [24, 16, 8, 0].map((shift) => Math.floor(i / 2 ** shift) % 256);
}

/** Bytes of text. */
export function ascii(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}

/** Lower-case hexadecimal. */
export function hex(bytes: Bytes): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Canonical bytes of a tensor. */
export function tensorBytes(dtype: DType, data: readonly bigint[]): number[] {
  const width = widthOf(dtype);
  return data.flatMap((value) => {
    const bits = value < 0n ? value + (1n << BigInt(8 * width)) : value;
    return Array.from({ length: width }, (_, i) => Number((bits >> BigInt(8 * i)) % 256n));
  });
}

/** Chunks of a tensor. */
export function chunksOf(dtype: DType, data: readonly bigint[]): number[][] {
  const chunks: number[][] = [];
  for (let start = 0; start < data.length; start += 256) {
    const part = data.slice(start, start + 256);
    const filled = [...part, ...new Array<bigint>(256 - part.length).fill(0n)];
    chunks.push(tensorBytes(dtype, filled));
  }
  return chunks;
}

/** Root of a tensor. */
export function tensorRootOf(dtype: DType, data: readonly bigint[]): number[] {
  return rootOf(chunksOf(dtype, data));
}

/** `u32be(i) || root_i`. */
export function numbered(roots: readonly Bytes[]): number[][] {
  return roots.map((root, i) => [...u32be(i), ...root]);
}

/** Items of the input tree. */
export function inputItemsOf(roots: readonly Bytes[], seed: Bytes, maxTokens: number): number[][] {
  return [...numbered(roots), [...ascii("params"), ...seed, ...u32be(maxTokens)]];
}
