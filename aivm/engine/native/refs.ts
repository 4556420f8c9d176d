/** Where the steps of a program name tensors. */
import { HEADER_WORDS, KERNEL, PLACE, REF_WORDS } from "../plan/format.ts";

const CONV_REFS: readonly number[] = [4, 7, 10, 13, 16, 19, 44];

/** Words of a step that start a REF, by kernel. */
const REFS: ReadonlyMap<number, readonly number[]> = new Map([
  [KERNEL.conv, CONV_REFS],
  [KERNEL.convAny, CONV_REFS],
  [KERNEL.matmul, refsFrom(HEADER_WORDS, 4)],
  [KERNEL.map, refsFrom(HEADER_WORDS + 1, 4)],
  [KERNEL.fill, refsFrom(HEADER_WORDS, 1)],
  [KERNEL.reduce, refsFrom(HEADER_WORDS + 1, 2)],
  [KERNEL.pool, refsFrom(HEADER_WORDS + 1, 2)],
  [KERNEL.gather, refsFrom(HEADER_WORDS, 3)],
  [KERNEL.scatter, refsFrom(HEADER_WORDS, 4)],
  [KERNEL.rank, refsFrom(HEADER_WORDS, 2)],
  [KERNEL.random, refsFrom(HEADER_WORDS, 2)],
]);

/** REFs of a conv step that packing reads: weights, bias, multiplier, shift. */
export const PACKED_REFS: readonly number[] = [7, 10, 13, 16];

/**
 * Numbers of the constants that some step reads as they are, packed weights aside. Words that nobody has checked yet may say
 * anything: steps behind one that has no length are left out.
 */
export function unpackedConstants(words: Int32Array): ReadonlySet<number> {
  const found = new Set<number>();
  for (let at = 0, length = 0; at < words.length; at += length) {
    length = words[at + 1] ?? 0;
    if (length < HEADER_WORDS) break;
    const packed = words[at] === KERNEL.conv ? PACKED_REFS : [];
    for (const ref of REFS.get(words[at] ?? 0) ?? []) {
      if (packed.includes(ref) || ((words[at + ref] ?? 0) & 3) !== PLACE.constant) continue;
      found.add(words[at + ref + 1] ?? 0);
    }
  }
  return found;
}

/** Numbers of the constants that the packing of the conv step at word `at` reads. */
export function packedConstants(words: Int32Array, at: number): readonly number[] {
  return PACKED_REFS.map((ref) => words[at + ref + 1] ?? 0);
}

function refsFrom(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => first + i * REF_WORDS);
}
