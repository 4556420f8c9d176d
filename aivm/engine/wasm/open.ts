/** A loaded engine: memories filled, threads started, and how it runs requests. */
import { AivmError } from "../../../common/errors.ts";
import { programGas } from "../../program/node.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { assertInputs, type Engine, type RunnableModel, type RunOptions, type RunResult } from "../engine.ts";
import type { PackCache } from "../packCache.ts";
import { closedError, createQueue, type Queue } from "../queue.ts";
import { decodePacked, encodePacked, packFingerprint, packKey } from "./cache.ts";
import { runAlone, runHash } from "./jobs.ts";
import { createKeptRuns, keptOutput } from "./kept.ts";
import { loadLayout, packedRegion } from "./load.ts";
import { compileKernels, createMemory, instantiateKernels, type Kernels } from "./module.ts";
import type { HashJob, Job, WorkerPool } from "./pool.ts";
import { type Slot, slotOf } from "./slots.ts";
import { type Loaded, startTeam, startThread, type Team, type Thread } from "./threads.ts";
import { planWasm, type WasmPlan, type WasmPlanOptions, wasmMemory } from "./wasmPlan.ts";

/** What an engine is made of. */
export interface WasmEngineOptions extends WasmPlanOptions {
  /** A model; its id, when it has one, is what the cache knows it by. */
  readonly model: RunnableModel & { readonly modelId?: Uint8Array };
  /** The compiled kernels (build/wasm/kernels.wasm); the same array for all engines, so that they are compiled once. */
  readonly wasm: Uint8Array;
  /** Where threads come from. Without it there are none. */
  readonly pool?: WorkerPool;
  /** Where packed weights are kept between processes. */
  readonly cache?: PackCache;
  /** Requests that may wait when as many as `requests` are in flight; 64 unless said otherwise. */
  readonly maxWaiting?: number;
}

const MAX_WAITING = 64;

/** An engine, with what its tests look at. */
export interface OpenEngine extends Engine {
  readonly memories: readonly WebAssembly.Memory[];
}

/** Opens an engine without testing the kernels. @throws AIVM_WASM, AIVM_WASM_MEMORY, AIVM_WASM_OPTIONS, AIVM_WORKER. */
export async function openEngine(options: WasmEngineOptions): Promise<OpenEngine> {
  const plan = planWasm(options.model, options);
  const shared = canShare(options, plan);
  const module = await compileKernels(options.wasm, shared);
  const memories = plan.pages.map((pages) => createMemory({ pages, maxBytes: plan.maxMemoryBytes, shared }));
  const kernels = await Promise.all(memories.map((memory) => instantiateKernels(module, memory)));
  await loadAll(plan, memories, options);
  return startEngine({ plan, loaded: { module, memories }, kernels, options, shared });
}

/** Whether memories are shared. @throws AIVM_WASM_OPTIONS when they would have to be, and can not. */
function canShare({ pool }: WasmEngineOptions, plan: WasmPlan): boolean {
  const shared = pool !== undefined && typeof SharedArrayBuffer !== "undefined";
  if (shared || (plan.threads === 1 && plan.requests === 0)) return shared;
  throw new AivmError("AIVM_WASM_OPTIONS", {
    what: "threads of the wasm engine",
    want: "a pool to start them with, on a host with shared memory",
    got: pool === undefined ? "no pool" : "a host without shared memory",
    remedy:
      "serve the page isolated (COOP and COEP headers), or run one request at a time in the calling thread",
  });
}

async function loadAll(
  plan: WasmPlan,
  memories: readonly WebAssembly.Memory[],
  { model, cache }: WasmEngineOptions,
): Promise<void> {
  const pairs = plan.shards.flatMap(({ layout }, i) => {
    const memory = memories[i];
    return memory === undefined ? [] : [{ layout, memory }];
  });
  if (cache === undefined || model.modelId === undefined) {
    for (const { memory, layout } of pairs) loadLayout(memory, layout);
    return;
  }
  const key = packKey(model.modelId);
  const layouts = pairs.map(({ layout }) => layout);
  const fingerprint = packFingerprint(layouts, new Set(model.constants));
  const sizes = layouts.map(({ packedFrom, packedEnd }) => packedEnd - packedFrom);
  const bytes = await cache.read(key);
  const known = bytes === undefined ? undefined : decodePacked(bytes, { fingerprint, sizes });
  for (const [i, { memory, layout }] of pairs.entries()) loadLayout(memory, layout, known?.[i]);
  if (known !== undefined) return;
  const regions = pairs.map(({ memory, layout }) => packedRegion(memory, layout));
  await cache.write(key, encodePacked(fingerprint, regions));
}

interface Parts {
  readonly plan: WasmPlan;
  readonly loaded: Loaded;
  readonly kernels: readonly Kernels[];
  readonly options: WasmEngineOptions;
  readonly shared: boolean;
}

/** How requests get to the kernels. */
interface Lane {
  /** A run of the base plan. */
  readonly run: (inputs: readonly Tensor[]) => readonly Tensor[] | Promise<readonly Tensor[]>;
  /** A job of a kept run. */
  readonly runJob: (job: Job) => void | Promise<void>;
  /** Told when a memory has grown. */
  readonly grown: () => void;
  readonly end: () => Promise<void>;
}

async function startEngine(parts: Parts): Promise<OpenEngine> {
  const { plan, loaded, options } = parts;
  const { program, constants } = plan.model;
  const gas = programGas(program);
  const lane = await (plan.requests > 0 ? startFlights(parts) : startHere(parts));
  const hasher = createHasher(parts);
  const keptRun = createKeptRuns({
    plan,
    memories: loaded.memories,
    run: lane.runJob,
    ...hasher,
    grown: lane.grown,
  });
  const turn = createQueue([{}], options.maxWaiting ?? MAX_WAITING);
  const runKept = async (run: RunOptions): Promise<RunResult> => {
    const place = await turn.take();
    try {
      const { values, roots } = await keptRun(run);
      const from = { program, constants, inputs: run.inputs };
      return {
        outputs: program.outputs.map(({ source }) => keptOutput(from, values, source)),
        gas,
        ...(run.keepOps === true ? { ops: program.ops.map((_, op) => existing(values.get(op))) } : {}),
        ...(run.hashOps === true ? { opRoots: roots } : {}),
      };
    } finally {
      turn.give(place);
    }
  };
  let closed = false;
  return {
    name: "wasm",
    memory: wasmMemory(plan),
    memories: loaded.memories,
    run: async (run) => {
      if (closed) throw closedError();
      assertInputs(program, run.inputs);
      if (run.keepOps === true || run.hashOps === true || run.onOp !== undefined) return runKept(run);
      const done = lane.run(run.inputs);
      return { outputs: Array.isArray(done) ? done : await done, gas };
    },
    close: async () => {
      if (closed) return;
      closed = true;
      await turn.close();
      await Promise.all([lane.end(), hasher.end()]);
    },
  };
}

/** Runs in the calling thread, with helpers when there are to be any. */
async function startHere({ plan, loaded, kernels, options }: Parts): Promise<Lane> {
  const team = await teamOf({ plan, loaded, kernels, options });
  const runJob = (job: Job): void => {
    if (team !== undefined && job.parallel) team.run(job);
    else runAlone(kernels, job);
  };
  let slot = slotOf(plan, loaded.memories, 0);
  return {
    run: (inputs) => {
      fill(slot, inputs);
      for (const { job, copies } of slot.stages) {
        runJob(job);
        for (const { from, to } of copies) to.set(from);
      }
      return collect(slot, plan, inputs);
    },
    runJob,
    grown: () => {
      slot = slotOf(plan, loaded.memories, 0);
    },
    end: async () => team?.end(),
  };
}

async function teamOf({ plan, loaded, kernels, options }: Omit<Parts, "shared">): Promise<Team | undefined> {
  const { pool } = options;
  const control = plan.shards[0]?.layout.control;
  if (pool === undefined || plan.threads === 1 || control === undefined) return undefined;
  return startTeam(pool, loaded, { kernels, memories: loaded.memories, threads: plan.threads, control });
}

/** Runs whole requests on threads of their own, each in its slot, while the calling thread stays free. */
async function startFlights({ plan, loaded, options }: Parts): Promise<Lane> {
  const { pool } = options;
  if (pool === undefined) throw new RangeError("requests in flight without a pool");
  const flights = await Promise.all(
    Array.from({ length: plan.requests }, async (_, i) => ({
      slot: slotOf(plan, loaded.memories, i),
      thread: await startThread(pool, loaded),
    })),
  );
  const queue = createQueue(flights, options.maxWaiting ?? MAX_WAITING);
  return {
    run: (inputs) => withPlace(queue, (flight) => fly(flight, plan, inputs)),
    runJob: (job) => withPlace(queue, ({ thread }) => thread.ask({ kind: "run", job })),
    // Shared memory keeps the views that were made of it.
    grown: () => undefined,
    end: async () => {
      await queue.close();
      await Promise.all(flights.map(({ thread }) => thread.end()));
    },
  };
}

async function withPlace<T extends object, R>(queue: Queue<T>, use: (place: T) => Promise<R>): Promise<R> {
  const place = await queue.take();
  try {
    return await use(place);
  } finally {
    queue.give(place);
  }
}

async function fly(
  { slot, thread }: { readonly slot: Slot; readonly thread: Thread },
  plan: WasmPlan,
  inputs: readonly Tensor[],
): Promise<readonly Tensor[]> {
  fill(slot, inputs);
  for (const { job, copies } of slot.stages) {
    await thread.ask({ kind: "run", job });
    for (const { from, to } of copies) to.set(from);
  }
  return collect(slot, plan, inputs);
}

/** Hashes on a thread that is started on first use, or in this one where memory is not shared. */
function createHasher({ kernels, loaded, options, shared }: Parts): {
  readonly hash: (job: HashJob) => void;
  readonly hashBeside?: (job: HashJob) => Promise<void>;
  readonly end: () => Promise<void>;
} {
  const { pool } = options;
  const hash = (job: HashJob): void => runHash(kernels, job);
  if (pool === undefined || !shared) return { hash, end: async () => undefined };
  let thread: Promise<Thread> | undefined;
  return {
    hash,
    hashBeside: async (job) => {
      thread ??= startThread(pool, loaded);
      await (await thread).ask({ kind: "hash", job });
    },
    end: async () => (await thread)?.end(),
  };
}

function fill(slot: Slot, inputs: readonly Tensor[]): void {
  for (const { input, view } of slot.inputs) {
    const tensor = inputs[input];
    if (tensor !== undefined) view.set(tensor.data);
  }
}

/** The outputs, in arrays of their own. */
function collect(slot: Slot, { model }: WasmPlan, inputs: readonly Tensor[]): Tensor[] {
  const outputs: Tensor[] = [];
  for (const { dtype, shape, view, source } of slot.outputs) {
    const data = view ?? (source.kind === "const" ? model.constants : inputs)[source.index]?.data;
    outputs.push({ dtype, shape, data: existing(data).slice() });
  }
  return outputs;
}

function existing<T>(value: T | undefined): T {
  if (value !== undefined) return value;
  throw new RangeError("a dangling reference: the model was not validated");
}
