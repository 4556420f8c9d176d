/** How much scratch a thread needs for a step (AssemblyScript). */
import { rankScratchBytes } from "./rank";
import { scatterScratchBytes } from "./scatter";
import { STAGE_BYTES } from "./stage";
import { word } from "./step";

const SCATTER: i32 = 9;
const RANK: i32 = 10;

/** Bytes of scratch of each thread for a step of map, fill, reduce, pool, gather, scatter, rank or random. */
export function scratchBytes(step: usize): usize {
  const kernel = word(step, 0);
  if (kernel == RANK) return rankScratchBytes(step);
  return kernel == SCATTER ? scatterScratchBytes(step) : STAGE_BYTES;
}
