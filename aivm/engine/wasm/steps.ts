/** Reading step programs: their steps, and which words of one are REFs. */
import { HEADER_WORDS, KERNEL, PLACE } from "../plan/format.ts";

/** First word of the words that tell a conv step's sizes, and of its epilogue. */
export const CONV_SIZES = 22;

/** Word of a conv step's `block`. */
export const CONV_BLOCK = 42;

const CONV_REFS = [4, 7, 10, 13, 16, 19, 44];

/** Words of each kernel's steps, header included, at which a REF begins. */
const REFS: ReadonlyMap<number, readonly number[]> = new Map([
  [KERNEL.conv, CONV_REFS],
  [KERNEL.convAny, CONV_REFS],
  [KERNEL.matmul, [4, 7, 10, 13]],
  [KERNEL.map, [5, 8, 11, 14]],
  [KERNEL.fill, [4]],
  [KERNEL.reduce, [5, 8]],
  [KERNEL.pool, [5, 8]],
  [KERNEL.gather, [4, 7, 10]],
  [KERNEL.scatter, [4, 7, 10, 13]],
  [KERNEL.rank, [4, 7]],
  [KERNEL.random, [4, 7]],
]);

/** REFs of a conv step that are packed: w, bias, multiplier, shift. */
export const PACKED_REFS: readonly number[] = [7, 10, 13, 16];

/** Index of the first word of each step. */
export function stepStarts(words: Int32Array): number[] {
  const starts: number[] = [];
  for (let at = 0; at < words.length; at += Math.max(HEADER_WORDS, words[at + 1] ?? 0)) starts.push(at);
  return starts;
}

/** Numbers of the constants that the step at `start` reads as they are: all but those that a conv step has packed. */
export function plainConstants(words: Int32Array, start: number): number[] {
  const kernel = words[start] ?? 0;
  const refs = (REFS.get(kernel) ?? []).filter((at) => kernel !== KERNEL.conv || !PACKED_REFS.includes(at));
  return refs
    .filter((at) => ((words[start + at] ?? 0) & 3) === PLACE.constant)
    .map((at) => words[start + at + 1] ?? 0);
}
