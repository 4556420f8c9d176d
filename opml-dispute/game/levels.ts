/** How deep the game goes: levels of an opening each, in the tree over slots and in the tree over a tensor's chunks. */
import { chunkCount } from "../../aivm/index.ts";
import { treeHeight } from "../../common/index.ts";

/** Interactive levels of a model's game. */
export interface LevelCounts {
  /** R_A = ceil(height of the trace tree / arityLog2). */
  readonly opLevels: number;
  /** R_B: the same for the largest tensor's tree. */
  readonly tileLevels: number;
}

/** Levels of a game over a trace of `slots` slots whose tensors have at most `maxChunks` chunks. */
export function levelCounts(sizes: {
  readonly slots: number;
  readonly maxChunks: number;
  readonly arityLog2: number;
}): LevelCounts {
  const levels = (items: number): number => Math.ceil(treeHeight(items) / sizes.arityLog2);
  return { opLevels: levels(sizes.slots), tileLevels: levels(sizes.maxChunks) };
}

/** Chunks of the largest of these tensors; at least 1. */
export function mostChunks(shapes: readonly (readonly number[])[]): number {
  return shapes.reduce((most, shape) => Math.max(most, chunkCount(shape)), 1);
}

/** Most moves of a match, claim 0's trace root and the witness included: R_i + 3. */
export function mostMoves({ opLevels, tileLevels }: LevelCounts): number {
  return opLevels + tileLevels + 3;
}

/** Levels below a node at `height` that one opening of it shows. */
export function openingDepth(height: number, arityLog2: number): number {
  return Math.min(arityLog2, height);
}
