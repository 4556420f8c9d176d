/** What the compiled add-on offers (aivm/engine/native/src). Its functions throw Errors with a `code`; `nativeCall` types them. */
import { AivmError, isAivmError } from "../../../common/errors.ts";
import type { TensorData } from "../../tensor/tensor.ts";

/** Instruction sets that kernels are compiled for, as far as the CPU has them. */
export type NativeLevel = "vnni" | "avx2" | "neon" | "scalar";

/** A plan that the add-on has checked and copied. */
export interface NativePlan {
  readonly plan?: never;
}

/** Lanes: each is one run in flight. */
export interface NativeLanes {
  /** One for each lane: where inputs are put and outputs lie. */
  readonly arenas: readonly ArrayBuffer[];
  /** One for each lane: 32 bytes for each op of the plan. */
  readonly roots: readonly ArrayBuffer[];
  /** Bytes of scratch of one thread. */
  readonly scratchBytes: number;
  /** Runs in the calling thread: RUN_DONE, or the number of the first input with an element out of range. `hash` is 0 or 1. */
  run(lane?: number, hash?: number): number;
  /** Runs on the lane's own thread, which then has `onDone` called. */
  start(lane: number, hash: number): void;
  /** Ends the threads, when their runs are done. */
  close(): void;
}

/** Status of a run that was done. */
export const RUN_DONE = -1;

/** The add-on. Buffers that it gives lie at multiples of 64 and belong to it until they are collected or detached. */
export interface NativeBinding {
  /** Version of the layout of packed weights. */
  readonly layout: number;
  /** Levels that this CPU can run, best first. */
  levels(): readonly NativeLevel[];
  /**
   * Checks and copies a plan. Slots are rows of five numbers: offset, bytes, dtype, lo, hi.
   * @throws AIVM_NATIVE_PLAN for words that would lead outside the arena or a constant; AIVM_NATIVE_LEVEL.
   */
  createPlan(
    level: NativeLevel,
    words: Int32Array,
    constants: readonly TensorData[],
    arenaBytes: number,
    inputs: BigInt64Array,
    outputs: BigInt64Array,
    ops: BigInt64Array,
  ): NativePlan;
  /** First words of the steps that want packed weights. */
  convSteps(plan: NativePlan): Int32Array;
  /** Bytes of the packed weights of conv step number `conv`. */
  packedBytes(plan: NativePlan, conv: number): number;
  /** Packs them into `target`. */
  pack(plan: NativePlan, conv: number, target: Uint8Array): void;
  createLanes(
    plan: NativePlan,
    packed: readonly Uint8Array[],
    threads: number,
    requests: number,
    onDone?: (lane: number, status: number) => void,
  ): NativeLanes;
  /** Zeroed memory. */
  allocate(bytes: number): ArrayBuffer;
  /** Bytes of all memory that the add-on has allocated and still holds. */
  allocatedBytes(): number;
  /** A file's bytes, read-only: a write to them ends the process. @throws AIVM_FILE. */
  mapFile(path: string): ArrayBuffer;
  /** Takes a buffer's memory away from JavaScript. */
  detach(buffer: ArrayBuffer): void;
  /** Lets the system take back the pages of a part of a mapped file until they are read again; false for other memory. */
  release(view: ArrayBufferView): boolean;
  /** SHA-256; 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array;
  /** tensorRoot of dense elements; 32 bytes. */
  tensorRoot(data: TensorData): Uint8Array;
  /** Makes it hash by portable code, for tests; whether the CPU has instructions for SHA-256. */
  portableHashes(portable: boolean): boolean;
}

/** Calls the add-on. @throws AivmError with the code of what it threw. */
export function nativeCall<T>(what: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (isAivmError(cause)) throw cause;
    const { code, message } = cause as { readonly code?: unknown; readonly message?: unknown };
    throw new AivmError(
      typeof code === "string" && code.startsWith("AIVM_") ? code : "AIVM_NATIVE",
      {
        what,
        want: "a native engine that takes it",
        got: typeof message === "string" ? message : String(cause),
        remedy: "use the wasm engine, and report the model",
      },
      { cause },
    );
  }
}
