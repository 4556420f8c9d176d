/** Where a step program's words, constants and buffers lie in the memory of the kernels. */
import { DTYPE_BYTES, type Tensor } from "../../tensor/tensor.ts";
import { KERNEL, type StepProgram } from "../plan/format.ts";
import { MODULE_BYTES } from "./module.ts";
import { packedBytes } from "./pack.ts";
import { stepScratchBytes } from "./scratch.ts";
import { CONV_BLOCK, CONV_SIZES, PACKED_REFS, plainConstants, stepStarts } from "./steps.ts";

/** Bytes of a control block (kernels/team.ts). */
export const CONTROL_BYTES = 256;

/** Kernels read whole vectors: a little beyond the last buffer. */
const SLACK_BYTES = 256;

/** Alignment of everything: a cache line. */
const ALIGN = 64;

/** How many of what a memory is laid out for. */
export interface Counts {
  /** Threads that run at the same time, each with a scratch. */
  readonly scratches: number;
  /** Runs in flight, each with an arena. */
  readonly arenas: number;
  /** Bytes for something else, in `extra`. */
  readonly extraBytes?: number;
}

/** A conv step with its packed weights: where they lie, and the step's first word in the plan. */
export interface PackedStep {
  readonly start: number;
  readonly at: number;
  readonly bytes: number;
  /** False when an earlier step has packed the same. */
  readonly own: boolean;
}

/** A constant that steps read as it is. */
export interface PlacedTensor {
  readonly tensor: Tensor;
  readonly at: number;
  readonly bytes: number;
}

/** A step program placed in a memory. Addresses and sizes in bytes. */
export interface Layout {
  readonly plan: StepProgram;
  readonly first: number;
  readonly end: number;
  /** The table of constants' addresses. */
  readonly table: number;
  readonly control: number;
  /** Address of each constant that steps read as it is, by its number. */
  readonly constants: ReadonlyMap<number, number>;
  /** Constants that this layout placed, in order. */
  readonly placed: readonly PlacedTensor[];
  readonly packed: readonly PackedStep[];
  /** Everything packed by this layout lies in between. */
  readonly packedFrom: number;
  readonly packedEnd: number;
  readonly scratch: number;
  /** From one thread's scratch to the next one's. */
  readonly scratchStride: number;
  readonly arenas: readonly number[];
  readonly extra: number;
  /** True when a step is worth splitting among threads. */
  readonly parallel: boolean;
  /** First byte behind all of it. */
  readonly bytes: number;
  /** What a later layout in the same memory may share. */
  readonly known: Known;
}

/** Constants and packed weights that a memory holds already. */
interface Known {
  readonly constants: ReadonlyMap<Tensor, number>;
  readonly packed: ReadonlyMap<string, number>;
}

/** Lays out a plan from `base.bytes` on, or in an empty memory. What `base` holds is shared. */
export function layOut(plan: StepProgram, counts: Counts, base?: Layout): Layout {
  const place = bumpFrom(base?.bytes ?? MODULE_BYTES);
  const starts = stepStarts(plan.words);
  const control = place(CONTROL_BYTES);
  const first = place(plan.words.byteLength);
  const table = place(plan.constants.length * 4);
  const packing = placePacked(plan, starts, place, base?.known.packed);
  const keeping = placeConstants(plan, starts, place, base?.known.constants);
  const scratchStride = roundUp(scratchBytes(plan, starts));
  const scratch = place(scratchStride * counts.scratches);
  const arenas = Array.from({ length: counts.arenas }, () => place(plan.arenaBytes));
  return {
    plan,
    first,
    end: first + plan.words.byteLength,
    table,
    control,
    ...keeping,
    ...packing,
    scratch,
    scratchStride,
    arenas,
    extra: place(counts.extraBytes ?? 0),
    parallel: starts.some((start) => plan.words[start + 2] === 1),
    bytes: place(SLACK_BYTES) + SLACK_BYTES,
    known: { constants: keeping.known, packed: packing.known },
  };
}

function placePacked(
  plan: StepProgram,
  starts: readonly number[],
  place: (bytes: number) => number,
  base: ReadonlyMap<string, number> = new Map(),
): Pick<Layout, "packed" | "packedFrom" | "packedEnd"> & { readonly known: ReadonlyMap<string, number> } {
  const known = new Map(base);
  const packed: PackedStep[] = [];
  const key = packingKey(plan);
  const packedFrom = place(0);
  for (const start of starts) {
    if (plan.words[start] !== KERNEL.conv) continue;
    const bytes = packedBytes(plan.words.subarray(start));
    const shared = known.get(key(start));
    const at = shared ?? place(bytes);
    known.set(key(start), at);
    packed.push({ start, at, bytes, own: shared === undefined });
  }
  return { packed, packedFrom, packedEnd: place(0), known };
}

/** Text that says all that packing depends on: sizes, dtypes, and which constants. */
function packingKey(plan: StepProgram): (start: number) => string {
  const numbers = numberTensors();
  return (start) => {
    const word = (at: number): number => plan.words[start + at] ?? 0;
    const constants = PACKED_REFS.map((at) => `${numbers(plan.constants[word(at + 1)])}+${word(at + 2)}`);
    const sizes = plan.words.subarray(start + CONV_SIZES, start + CONV_SIZES + 17);
    return [word(4) >> 2, word(7) >> 2, ...sizes, word(CONV_BLOCK), ...constants].join();
  };
}

const tensorNumbers = new WeakMap<Tensor, number>();
let lastTensorNumber = 0;

/** Numbers tensors by identity, for as long as the process lives. */
function numberTensors(): (tensor: Tensor | undefined) => number {
  return (tensor) => {
    if (tensor === undefined) return 0;
    const number = tensorNumbers.get(tensor) ?? ++lastTensorNumber;
    tensorNumbers.set(tensor, number);
    return number;
  };
}

function placeConstants(
  plan: StepProgram,
  starts: readonly number[],
  place: (bytes: number) => number,
  base: ReadonlyMap<Tensor, number> = new Map(),
): Pick<Layout, "constants" | "placed"> & { readonly known: ReadonlyMap<Tensor, number> } {
  const known = new Map(base);
  const constants = new Map<number, number>();
  const placed: PlacedTensor[] = [];
  for (const number of starts.flatMap((start) => plainConstants(plan.words, start))) {
    const tensor = plan.constants[number];
    if (tensor === undefined || constants.has(number)) continue;
    let at = known.get(tensor);
    if (at === undefined) {
      const bytes = tensorBytes(tensor);
      at = place(bytes);
      placed.push({ tensor, at, bytes });
      known.set(tensor, at);
    }
    constants.set(number, at);
  }
  return { constants, placed, known };
}

/** Bytes of a tensor's elements. */
export function tensorBytes({ dtype, data }: Tensor): number {
  return data.length * DTYPE_BYTES[dtype];
}

function scratchBytes({ words }: StepProgram, starts: readonly number[]): number {
  return starts.reduce((most, start) => Math.max(most, stepScratchBytes(words.subarray(start))), 0);
}

/** Gives out addresses one behind the other, each aligned. */
function bumpFrom(start: number): (bytes: number) => number {
  let next = roundUp(start);
  return (bytes) => {
    const at = next;
    next = roundUp(at + bytes);
    return at;
  };
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / ALIGN) * ALIGN;
}
