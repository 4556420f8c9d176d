/**
 * Runs that keep or hash the output of every op, by plans that nothing else needs: made on first use, behind the base
 * plan in the same memories, sharing its constants and packed weights. Where the outputs of all ops of a shard do not fit beside it, its
 * ops run in pieces, one after the other in the same place, or in a spare memory where not even that fits.
 */
import type { Program, Ref } from "../../program/program.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { RunOptions } from "../engine.ts";
import type { ArenaSlot } from "../plan/format.ts";
import { planProgram } from "../plan/plan.ts";
import { hashBytes, readRoots, writeHashTable } from "./hashing.ts";
import { resetProgress } from "./jobs.ts";
import { type Layout, layOut } from "./layout.ts";
import { loadLayout } from "./load.ts";
import { growMemory } from "./module.ts";
import type { HashJob, Job } from "./pool.ts";
import { jobOf, typed } from "./slots.ts";
import { type Part, splitOps } from "./split.ts";
import { fitting, tooLargeError, type WasmPlan } from "./wasmPlan.ts";

/** Outputs of ops below this are hashed sooner than another thread is told to: some 0.7 ms. */
const LEAST_BESIDE_BYTES = 262_144;

/** How an engine executes jobs. */
export interface KeptHost {
  readonly plan: WasmPlan;
  readonly memories: readonly WebAssembly.Memory[];
  /** Runs a job; done when it returns or its promise settles. */
  readonly run: (job: Job) => void | Promise<void>;
  /** Hashes in the calling thread, after the run. */
  readonly hash: (job: HashJob) => void;
  /** Hashes on another thread, following the run; absent where there is none. */
  readonly hashBeside?: (job: HashJob) => Promise<void>;
  /** Told when a memory has grown: views of it may be detached. */
  readonly grown: () => void;
}

/** What a kept run gives. Ops by their number: all of them when they are kept, else those that something later read. */
export interface KeptResult {
  readonly values: ReadonlyMap<number, Tensor>;
  readonly roots: readonly Uint8Array[];
}

interface Piece {
  readonly shard: number;
  readonly part: Part;
  readonly layout: Layout;
}

/** Kept runs of an engine. No two may be under way at the same time. @throws AIVM_WASM_MEMORY when one op does not fit. */
export function createKeptRuns(host: KeptHost): (run: RunOptions) => Promise<KeptResult> {
  let pieces: readonly Piece[] | undefined;
  const loaded = new Map<number, Piece>();
  return async (run) => {
    pieces ??= planPieces(host.plan);
    const values = new Map<number, Tensor>();
    const roots: Uint8Array[] = [];
    for (const piece of pieces) {
      if (loaded.get(piece.shard) !== piece) load(host, piece);
      loaded.set(piece.shard, piece);
      await runPiece(host, piece, { run, values, roots });
    }
    return { values, roots };
  };
}

function planPieces(plan: WasmPlan): Piece[] {
  return plan.shards.flatMap(({ part, layout }, shard) => {
    const beside = cut(plan, part, layout);
    if (typeof beside !== "number") return beside.map((piece) => ({ shard, ...piece }));
    const spare = plan.shards.length;
    const apart = plan.pages.length > spare ? cut(plan, part) : beside;
    if (typeof apart !== "number") return apart.map((piece) => ({ shard: spare, ...piece }));
    throw tooLargeError(plan.model, apart, plan.maxMemoryBytes);
  });
}

/** Cuts a shard's ops into pieces that fit behind `base`, or in an empty memory; the number of an op that does not. */
function cut(plan: WasmPlan, { first, end }: Part, base?: Layout): Omit<Piece, "shard">[] | number {
  const fits = ({ model }: Part): Layout | undefined => {
    const extraBytes = hashBytes(model.program.ops.map(({ output }) => output));
    const counts = { scratches: plan.threads, arenas: 1, extraBytes };
    const kept = planProgram(model, { keepOps: true, splitting: plan.splitting });
    return fitting(layOut(kept, counts, base), plan.maxMemoryBytes);
  };
  const found = splitOps({ model: plan.model, first, end, fits });
  return "tooLarge" in found
    ? found.tooLarge
    : found.parts.map(({ part, value }) => ({ part, layout: value }));
}

function load(host: KeptHost, { shard, layout }: Piece): void {
  const memory = memoryOf(host, shard);
  if (layout.bytes > memory.buffer.byteLength) {
    growMemory(memory, layout.bytes);
    host.grown();
  }
  loadLayout(memory, layout);
}

async function runPiece(
  host: KeptHost,
  piece: Piece,
  of: { readonly run: RunOptions; readonly values: Map<number, Tensor>; readonly roots: Uint8Array[] },
): Promise<void> {
  const { run, values, roots } = of;
  const { shard, part, layout } = piece;
  const memory = memoryOf(host, shard);
  for (const [i, ref] of part.inputs.entries()) {
    const tensor = ref.kind === "input" ? run.inputs[ref.index] : values.get(ref.index);
    if (tensor !== undefined) viewOf(memory, piece, { slot: layout.plan.inputs[i], tensor }).set(tensor.data);
  }
  const hashing = run.hashOps === true;
  const opBytes = (layout.plan.ops ?? []).reduce((sum, { bytes }) => sum + bytes, 0);
  const hashBeside = hashing && opBytes >= LEAST_BESIDE_BYTES ? host.hashBeside : undefined;
  const follows = hashBeside !== undefined;
  const control = follows || host.plan.threads > 1 ? layout.control : 0;
  const job = jobOf(layout, { shard, arena: 0, scratch: 0, control });
  const hashJob = hashing ? hashJobOf(memory, piece, follows ? control : 0) : undefined;
  if (control !== 0) resetProgress(memory, control);
  const beside = hashJob === undefined ? undefined : hashBeside?.(hashJob);
  await host.run(job);
  await beside;
  if (hashJob !== undefined && !follows) host.hash(hashJob);
  if (hashJob !== undefined) roots.push(...readRoots(memory, layout, part.end - part.first));
  copyOut(host, piece, { run, values });
}

/** Copies outputs of ops out of the arena: all when they are wanted, else those that something later reads. */
function copyOut(
  host: KeptHost,
  piece: Piece,
  { run, values }: { readonly run: RunOptions; readonly values: Map<number, Tensor> },
): void {
  const { part, layout } = piece;
  const all = run.keepOps === true || run.onOp !== undefined;
  const wanted = all ? Array.from({ length: part.end - part.first }, (_, i) => part.first + i) : part.outputs;
  for (const op of wanted) {
    const type = host.plan.model.program.ops[op]?.output;
    if (type === undefined) continue;
    const { dtype, shape } = type;
    const view = viewOf(memoryOf(host, piece.shard), piece, {
      slot: layout.plan.ops?.[op - part.first],
      tensor: { dtype },
    });
    const tensor = { dtype, shape, data: view.slice() };
    values.set(op, tensor);
    run.onOp?.(op, tensor);
  }
}

function hashJobOf(memory: WebAssembly.Memory, { shard, part, layout }: Piece, control: number): HashJob {
  const types = part.model.program.ops.map(({ output }) => output);
  const scratch = writeHashTable(memory, layout, types);
  return { shard, table: layout.extra, count: types.length, control, scratch };
}

function viewOf(
  memory: WebAssembly.Memory,
  { layout }: Piece,
  of: { readonly slot: ArenaSlot | undefined; readonly tensor: Pick<Tensor, "dtype"> },
): Tensor["data"] {
  const { offset, bytes } = of.slot ?? { offset: 0, bytes: 0 };
  return typed(new Uint8Array(memory.buffer, (layout.arenas[0] ?? 0) + offset, bytes), of.tensor.dtype);
}

function memoryOf(host: KeptHost, shard: number): WebAssembly.Memory {
  const memory = host.memories[shard];
  if (memory === undefined) throw new RangeError(`no memory of shard ${shard}`);
  return memory;
}

/** The tensor behind a program's output in a kept run. */
export function keptOutput(
  of: {
    readonly program: Program;
    readonly constants: readonly Tensor[];
    readonly inputs: readonly Tensor[];
  },
  values: ReadonlyMap<number, Tensor>,
  source: Ref,
): Tensor {
  const tensor =
    source.kind === "op"
      ? values.get(source.index)
      : (source.kind === "input" ? of.inputs : of.constants)[source.index];
  if (tensor !== undefined) return { ...tensor, data: tensor.data.slice() };
  throw new RangeError(`no ${source.kind} ${source.index}: the model was not validated`);
}
