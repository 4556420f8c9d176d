/** Bytes of scratch that a thread needs for a step, and for hashing; as the kernels have them. */
import { elementCount } from "../../tensor/shape.ts";
import type { TensorType } from "../../tensor/tensor.ts";
import { KERNEL } from "../plan/format.ts";
import { matmulScratchBytes } from "./matmulPlan.ts";
import { convScratchBytes } from "./pack.ts";

/** An odometer and four staging buffers (kernels/stage.ts). */
const STAGE_BYTES = 8_448;

/** Words of steps: the size of the sorted axis of `rank`, and of the axis of `scatter`. */
const RANK_SIZE = 11;
const SCATTER_AXIS_SIZE = 40;

/** Elements of a leaf, and bytes of hashing's fixed part (kernels/sha256/tensor.ts). */
const CHUNK_ELEMENTS = 256;
const HASH_FIXED_BYTES = 1_664;

/** Bytes for the step whose words, header included, start at `step[0]`. */
export function stepScratchBytes(step: ArrayLike<number>): number {
  const kernel = step[0];
  if (kernel === KERNEL.conv) return convScratchBytes(step);
  if (kernel === KERNEL.matmul) return matmulScratchBytes(step);
  if (kernel === KERNEL.rank) return 16 * (step[RANK_SIZE] ?? 0);
  return kernel === KERNEL.scatter ? 8 * (step[SCATTER_AXIS_SIZE] ?? 0) : STAGE_BYTES;
}

/** Bytes for hashing tensors of these types, one after the other. */
export function hashScratchBytes(types: readonly TensorType[]): number {
  const most = types.reduce((largest, { shape }) => Math.max(largest, elementCount(shape)), 0);
  return HASH_FIXED_BYTES + 32 * Math.ceil(most / CHUNK_ELEMENTS);
}
