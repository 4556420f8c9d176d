/** The table by which kernels/hashOps.ts hashes the outputs of a kept run, and the roots that it writes behind it. */
import { elementCount } from "../../tensor/shape.ts";
import type { TensorType } from "../../tensor/tensor.ts";
import { DTYPE_CODE, type StepProgram } from "../plan/format.ts";
import type { Layout } from "./layout.ts";
import { hashScratchBytes } from "./scratch.ts";
import { stepStarts } from "./steps.ts";

/** Words of an entry: finished steps, address, elements, dtype, address of the root. */
const ENTRY_WORDS = 5;

const ROOT_BYTES = 32;

/** Bytes for hashing tensors of these types: a table of as many entries, the roots, scratch. */
export function hashBytes(types: readonly TensorType[]): number {
  return scratchOffset(types.length) + hashScratchBytes(types);
}

/** Where scratch begins behind a table of `ops` entries and their roots; a multiple of 64. */
function scratchOffset(ops: number): number {
  return Math.ceil((ops * (ENTRY_WORDS * 4 + ROOT_BYTES)) / 64) * 64;
}

/** For each op of a kept plan, how many steps must be finished before its output is there. */
function finishedAt(plan: StepProgram, ops: number): number[] {
  const finished = new Array<number | undefined>(ops).fill(undefined);
  const starts = stepStarts(plan.words);
  for (const [i, start] of starts.entries()) {
    const op = plan.words[start + 3] ?? -1;
    if (op >= 0) finished[op] = i + 1;
  }
  // An op without a step is a view onto what an earlier one has left, or onto an input.
  for (let op = 1; op < ops; op++) finished[op] = Math.max(finished[op] ?? 0, finished[op - 1] ?? 0);
  return finished.map((steps) => steps ?? 0);
}

/**
 * Writes the table of a kept layout, whose ops have these types, into its `extra` bytes, in the order of the steps.
 * @returns the address of the scratch
 */
export function writeHashTable(
  memory: WebAssembly.Memory,
  layout: Layout,
  types: readonly TensorType[],
): number {
  const arena = layout.arenas[0] ?? 0;
  const finished = finishedAt(layout.plan, types.length);
  const rootsAt = layout.extra + types.length * ENTRY_WORDS * 4;
  const words = new Int32Array(memory.buffer, layout.extra, types.length * ENTRY_WORDS);
  for (const [op, { dtype, shape }] of types.entries()) {
    const address = arena + (layout.plan.ops?.[op]?.offset ?? 0);
    const root = rootsAt + op * ROOT_BYTES;
    words.set([finished[op] ?? 0, address, elementCount(shape), DTYPE_CODE[dtype], root], op * ENTRY_WORDS);
  }
  return layout.extra + scratchOffset(types.length);
}

/** The roots that hashing has written, one for each op. */
export function readRoots(memory: WebAssembly.Memory, layout: Layout, ops: number): Uint8Array[] {
  const rootsAt = layout.extra + ops * ENTRY_WORDS * 4;
  return Array.from({ length: ops }, (_, op) =>
    new Uint8Array(memory.buffer, rootsAt + op * ROOT_BYTES, ROOT_BYTES).slice(),
  );
}
