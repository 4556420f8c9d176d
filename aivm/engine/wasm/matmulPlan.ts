/** What a matmul step needs beside its operands. */
import {
  MATMUL_BLOCK,
  MATMUL_FIXED_BYTES,
  MATMUL_K,
  MATMUL_M,
  MATMUL_ROW_BYTES,
  MATMUL_SPLIT_BELOW,
  MATMUL_TILE_BYTES,
  MATMUL_TILE_ROWS,
} from "./kernels/matmulWords.ts";

/** Bytes of scratch that each thread needs for the matmul step that starts at `step[0]`. */
export function matmulScratchBytes(step: ArrayLike<number>): number {
  const k = step[MATMUL_K] ?? 0;
  const rowBytes = 2 * (k + (k & 1));
  const fit = Math.floor(MATMUL_TILE_BYTES / rowBytes) & ~3;
  const tileRows = Math.min(step[MATMUL_M] ?? 0, Math.max(4, Math.min(MATMUL_TILE_ROWS, fit)));
  const rows = (tileRows + 3) & ~3;
  const block = step[MATMUL_BLOCK] ?? 0;
  const panels = block > 0 && block < MATMUL_SPLIT_BELOW ? 16 : 8;
  const bytes = MATMUL_FIXED_BYTES + rows * MATMUL_ROW_BYTES + (panels + tileRows) * rowBytes + 16;
  return (bytes + 63) & ~63;
}
