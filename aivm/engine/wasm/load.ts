/** Writes a laid out step program into its memory: words, constants, packed weights. */
import { clamp } from "../../numeric/clamp.ts";
import { MAX_MULTIPLIER, MAX_SHIFT } from "../../numeric/requant.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { StepProgram } from "../plan/format.ts";
import { type Layout, tensorBytes } from "./layout.ts";
import { type ConvConstants, packConv } from "./pack.ts";
import { PACKED_REFS } from "./steps.ts";

/** Word of a conv step that holds the address of its packed weights in this engine's copy. */
const PACKED_ADDRESS = 3;

/**
 * Writes words, the table of constants, and the constants that the layout placed.
 * @param packed what `packedRegion` was after an earlier load of the same layout; without it, weights are packed
 */
export function loadLayout(memory: WebAssembly.Memory, layout: Layout, packed?: Uint8Array): void {
  writeWords(memory, layout);
  writeTable(memory, layout);
  for (const { tensor, at } of layout.placed) writeTensor(memory, at, tensor);
  if (packed === undefined) packAll(memory, layout);
  else packedRegion(memory, layout).set(packed);
}

/** The packed weights that this layout placed, in its memory. */
export function packedRegion(memory: WebAssembly.Memory, layout: Layout): Uint8Array {
  return new Uint8Array(memory.buffer, layout.packedFrom, layout.packedEnd - layout.packedFrom);
}

function writeWords(memory: WebAssembly.Memory, layout: Layout): void {
  const { plan, first } = layout;
  const words = new Int32Array(memory.buffer, first, plan.words.length);
  words.set(plan.words);
  for (const { start, at } of layout.packed) words[start + PACKED_ADDRESS] = at;
}

function writeTable(memory: WebAssembly.Memory, layout: Layout): void {
  const table = new Uint32Array(memory.buffer, layout.table, layout.plan.constants.length);
  table.fill(0);
  for (const [number, at] of layout.constants) table[number] = at;
}

function writeTensor(memory: WebAssembly.Memory, at: number, tensor: Tensor): void {
  viewOf(memory.buffer, at, tensor).set(tensor.data);
}

/** View of `tensor`'s size and dtype at `at`. */
function viewOf(buffer: ArrayBufferLike, at: number, tensor: Tensor): Int8Array | Int16Array | Int32Array {
  if (tensor.dtype === "i8") return new Int8Array(buffer, at, tensorBytes(tensor));
  if (tensor.dtype === "i16") return new Int16Array(buffer, at, tensor.data.length);
  return new Int32Array(buffer, at, tensor.data.length);
}

function packAll(memory: WebAssembly.Memory, { plan, packed }: Layout): void {
  for (const { start, at, bytes, own } of packed) {
    if (!own) continue;
    const target = new Uint8Array(memory.buffer, at, bytes);
    packConv(plan.words.subarray(start), constantsOf(plan, start), target);
  }
}

function constantsOf(plan: StepProgram, start: number): ConvConstants {
  const [w, bias, multiplier, shift] = PACKED_REFS.map((at) => {
    const tensor = plan.constants[plan.words[start + at + 1] ?? -1];
    const first = plan.words[start + at + 2] ?? 0;
    if (tensor === undefined) throw new RangeError("a step names no constant");
    return first === 0 ? tensor.data : tensor.data.subarray(first);
  });
  if (!w || !bias || !multiplier || !shift) throw new RangeError("a conv step has four constants");
  // A model may hold any values: those beyond the ranges count as their ends.
  return {
    w,
    bias,
    multiplier: multiplier.map((value) => clamp(value, 0, MAX_MULTIPLIER)),
    shift: shift.map((value) => clamp(value, 0, MAX_SHIFT)),
  };
}
