/** How the engine will run a model, before anything is loaded: parts of the program, each with a memory of its own. */
import { AivmError } from "../../../common/errors.ts";
import { opOf } from "../../ops/registry.ts";
import type { EngineMemory, RunnableModel } from "../engine.ts";
import { DEFAULT_SPLITTING, type Splitting } from "../plan/draft.ts";
import { planProgram } from "../plan/plan.ts";
import { type Counts, type Layout, layOut } from "./layout.ts";
import { MAX_MEMORY_BYTES, PAGE_BYTES } from "./module.ts";
import { type Part, splitOps } from "./split.ts";

/** What a plan depends on. */
export interface WasmPlanOptions {
  /** Threads that share a run; 1 unless said otherwise. */
  readonly threads?: number;
  /** Runs in flight on threads of their own; without it, runs take the calling thread. */
  readonly requests?: number;
  /** Most bytes of one memory; larger models are cut into parts. Just under 4 GiB, which is the most, unless said otherwise. */
  readonly maxMemoryBytes?: number;
  /** What is worth splitting among threads. */
  readonly splitting?: Splitting;
}

/** A part of the program with the layout of its memory. */
export interface Shard {
  readonly part: Part;
  readonly layout: Layout;
}

/** A model as this engine will run it. */
export interface WasmPlan {
  readonly model: RunnableModel;
  readonly shards: readonly Shard[];
  readonly maxMemoryBytes: number;
  readonly splitting: Splitting;
  readonly threads: number;
  /** Runs in flight on threads of their own, or 0. */
  readonly requests: number;
  /**
   * Pages of each memory at first: one for each shard, and a spare one of a page where outputs of all ops may not fit
   * beside what the shards hold.
   */
  readonly pages: readonly number[];
}

/** Plans a model. @throws AIVM_WASM_MEMORY when one op does not fit a memory; AIVM_WASM_OPTIONS for numbers that make no sense. */
export function planWasm(model: RunnableModel, options: WasmPlanOptions = {}): WasmPlan {
  const {
    threads = 1,
    requests = 0,
    maxMemoryBytes = MAX_MEMORY_BYTES,
    splitting = DEFAULT_SPLITTING,
  } = options;
  assertOptions(threads, requests, maxMemoryBytes);
  const counts: Counts = { scratches: Math.max(threads, requests), arenas: Math.max(1, requests) };
  const found = splitOps({
    model,
    first: 0,
    end: model.program.ops.length,
    fits: (part) => fitting(layOut(planProgram(part.model, { splitting }), counts), maxMemoryBytes),
  });
  if ("tooLarge" in found) throw tooLargeError(model, found.tooLarge, maxMemoryBytes);
  const shards = found.parts.map(({ part, value }) => ({ part, layout: value }));
  const crowded = shards.some(({ layout }) => layout.bytes > maxMemoryBytes / 2);
  const pages = [...shards.map(({ layout }) => pagesOf(layout)), ...(crowded ? [1] : [])];
  return { model, shards, maxMemoryBytes, splitting, threads, requests, pages };
}

/** What a planned model needs: exactly the bytes of its memories. A run that keeps or hashes every op's output needs more. */
export function wasmMemory({ shards, pages }: WasmPlan): EngineMemory {
  const sum = (bytesOf: (layout: Layout) => number): number =>
    shards.reduce((total, { layout }) => total + bytesOf(layout), 0);
  const constantBytes = sum(constantBytesOf);
  const arenaBytes = sum(({ plan }) => plan.arenaBytes);
  const arenas = sum(({ plan, arenas }) => plan.arenaBytes * arenas.length);
  const totalBytes = pages.reduce((total, count) => total + count * PAGE_BYTES, 0);
  return { constantBytes, arenaBytes, scratchBytes: totalBytes - constantBytes - arenas, totalBytes };
}

/** The layout, when its memory is not too large. */
export function fitting(layout: Layout, maxMemoryBytes: number): Layout | undefined {
  return pagesOf(layout) * PAGE_BYTES <= maxMemoryBytes ? layout : undefined;
}

function pagesOf({ bytes }: Layout): number {
  return Math.ceil(bytes / PAGE_BYTES);
}

/** What is said of an op that needs more than one memory. */
export function tooLargeError(model: RunnableModel, op: number, maxMemoryBytes: number): AivmError {
  const { opcode } = model.program.ops[op] ?? {};
  return new AivmError("AIVM_WASM_MEMORY", {
    what: "op of a model",
    want: `constants, operands and output within ${maxMemoryBytes} bytes`,
    got: "more",
    remedy:
      "use fewer requests in flight or a larger maxMemoryBytes, the reference engine, or a model whose op is split",
    item: `op ${op}${opcode === undefined ? "" : `, ${opOf(opcode).name}`}`,
  });
}

function constantBytesOf({ placed, packedEnd, packedFrom }: Layout): number {
  return packedEnd - packedFrom + placed.reduce((sum, { bytes }) => sum + bytes, 0);
}

function assertOptions(threads: number, requests: number, maxMemoryBytes: number): void {
  const counts = Number.isInteger(threads) && threads >= 1 && Number.isInteger(requests) && requests >= 0;
  const alone = threads === 1 || requests === 0;
  if (counts && alone && maxMemoryBytes >= PAGE_BYTES && maxMemoryBytes <= MAX_MEMORY_BYTES) return;
  throw new AivmError("AIVM_WASM_OPTIONS", {
    what: "options of the wasm engine",
    want: `threads of at least 1, or requests of at least 1 and one thread each; maxMemoryBytes in [${PAGE_BYTES}, ${MAX_MEMORY_BYTES}]`,
    got: `threads ${threads}, requests ${requests}, maxMemoryBytes ${maxMemoryBytes}`,
    remedy: "choose between threads that share a run and requests that run beside each other",
  });
}
