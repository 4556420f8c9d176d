/** Pure figures of the module: epochs, replay time, artifact length, position of a drawn chunk. */
import { chunkCount, DTYPE_BYTES, elementCount, type Registration } from "../../../aivm/index.ts";
import { drawIndex } from "../../../proto/hashes.ts";
import { encodeMessage } from "../../../proto/index.ts";
import type { ModelParams } from "./params.ts";

/** Epoch of a height; the first is 1, so that 0 can mean "never". */
export function epochAt(height: bigint, epochBlocks: bigint): bigint {
  return height / epochBlocks + 1n;
}

/** T_replay in milliseconds, each part rounded up: vmGas / R_ref + artifactBytes / B_ref. */
export function replayMsOf(
  cost: { readonly vmGas: bigint; readonly artifactBytes: bigint },
  params: Pick<ModelParams, "rRef" | "bRef">,
): bigint {
  return ceilDiv(cost.vmGas * 1000n, params.rRef) + ceilDiv(cost.artifactBytes * 1000n, params.bRef);
}

/** Magic and header length in front of an artifact's header. */
const ARTIFACT_HEAD_BYTES = 12;
const ARTIFACT_ALIGN = 64;

/** Length of the artifact that a registration belongs to (layout in aivm/program/artifact.ts). */
export function artifactLengthOf(registration: Omit<Registration, "artifactBytes">): bigint {
  const header = encodeMessage("aivm.artifact.v1.ArtifactHeader", {
    descriptors: registration.descriptors,
    meta: registration.meta,
    constantRoots: registration.constants.map(({ root }) => root),
  });
  return registration.constants.reduce(
    (sum, { dtype, shape }) => sum + BigInt(aligned(elementCount(shape) * DTYPE_BYTES[dtype])),
    BigInt(aligned(ARTIFACT_HEAD_BYTES + header.length)),
  );
}

/** Where a drawn weight chunk is. */
export interface ChunkPosition {
  readonly constant: number;
  readonly chunk: number;
  /** Chunks of that constant. */
  readonly chunks: number;
}

/**
 * The chunk that a draw names, counted through the constants in order; undefined for a model without constants.
 * `shapes` are those of the constants.
 */
export function drawnChunk(
  draw: Uint8Array,
  shapes: readonly (readonly number[])[],
): ChunkPosition | undefined {
  const counts = shapes.map(chunkCount);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let left = drawIndex(draw, total);
  for (const [constant, chunks] of counts.entries()) {
    if (left < chunks) return { constant, chunk: left, chunks };
    left -= chunks;
  }
  return undefined;
}

function ceilDiv(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

function aligned(length: number): number {
  const rest = length % ARTIFACT_ALIGN;
  return rest === 0 ? length : length + ARTIFACT_ALIGN - rest;
}
