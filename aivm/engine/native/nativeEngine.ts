/** The engine in C++: the step program of a model, executed by an add-on with kernels for the machine's instruction set. */
import { AivmError } from "../../../common/errors.ts";
import { programGas } from "../../program/node.ts";
import type { Engine, EngineMemory, RunnableModel, RunOptions, RunResult } from "../engine.ts";
import type { PackCache } from "../packCache.ts";
import type { Splitting } from "../plan/draft.ts";
import type { StepProgram } from "../plan/format.ts";
import { planProgram } from "../plan/plan.ts";
import { closedError, createQueue, type Queue } from "../queue.ts";
import type { NativeBinding, NativeLevel } from "./binding.ts";
import { createExecutor, type Executor, type ExecutorOptions, preparePlan } from "./executor.ts";
import { createPacks, type Packs, type PreparedPlan, packKey, releaseUnread } from "./packs.ts";
import { unpackedConstants } from "./refs.ts";
import { selfTest } from "./selfTest.ts";

/** Some 15 microseconds of work at 150 multiply-adds and 5 elements in a nanosecond. */
const SPLITTING: Splitting = { elements: 65_536, macs: 2_000_000 };

/** Runs that may wait for a lane, for each lane. */
const WAITING_PER_REQUEST = 64;

/** What a native engine is made of. */
export interface NativeEngineOptions {
  readonly model: RunnableModel & { readonly modelId?: Uint8Array };
  readonly binding: NativeBinding;
  /** Threads of one run, the calling one among them. Default 1. */
  readonly threads?: number;
  /**
   * Runs in flight. 1 (the default): a run computes in the calling thread, before `run` returns. More: each runs on
   * threads of its own, and the calling thread is free.
   */
  readonly requests?: number;
  /** Instruction set. Default: the best that the CPU has. */
  readonly level?: NativeLevel;
  /** What is worth splitting among threads. */
  readonly splitting?: Splitting;
  /** Where packed weights of a model with an id are kept between processes. */
  readonly cache?: PackCache;
}

interface Loaded {
  readonly options: ExecutorOptions;
  readonly model: RunnableModel;
  readonly packs: Packs;
  readonly gas: bigint;
  readonly queue: Queue<number>;
  readonly splitting: Splitting;
  readonly plain: Executor;
  kept?: Executor;
  closed: boolean;
}

/**
 * Engine for one model. Tests the add-on's level first, once in a process.
 * @throws AIVM_SELF_TEST when one bit differs from the reference; AIVM_NATIVE_LEVEL; AIVM_NATIVE_MEMORY; AIVM_NATIVE.
 */
export async function createNativeEngine(given: NativeEngineOptions): Promise<Engine> {
  const { model, binding } = given;
  const level = given.level ?? binding.levels()[0] ?? "scalar";
  const options = {
    binding,
    level,
    threads: countOf("threads", given.threads),
    requests: countOf("requests", given.requests),
  };
  const { splitting = SPLITTING } = given;
  selfTest(binding, level);
  const prepared = preparePlan(options, { program: model.program, steps: planProgram(model, { splitting }) });
  const packs = createPacks(binding, model.constants.length);
  await fromCache(given, { level, packs, prepared });
  const plain = createExecutor(options, { model, packs, prepared });
  const loaded: Loaded = {
    ...{ options, model, packs, plain, splitting, closed: false },
    gas: programGas(model.program),
    queue: createQueue(lanesOf(options.requests), WAITING_PER_REQUEST * options.requests),
  };
  return {
    name: "native",
    memory: memoryOf(loaded, prepared.program),
    run: options.requests === 1 ? async (run) => runHere(loaded, run) : (run) => runElsewhere(loaded, run),
    close: () => closeLoaded(loaded),
  };
}

function runHere(loaded: Loaded, run: RunOptions): RunResult {
  if (loaded.closed) throw closedError();
  const executor = executorFor(loaded, run);
  executor.put(0, run.inputs);
  executor.run(0, run.inputs, run.hashOps === true);
  return resultOf(loaded, run, { executor, lane: 0 });
}

async function runElsewhere(loaded: Loaded, run: RunOptions): Promise<RunResult> {
  const lane = await loaded.queue.take();
  try {
    const executor = executorFor(loaded, run);
    executor.put(lane, run.inputs);
    await executor.start(lane, run.inputs, run.hashOps === true);
    return resultOf(loaded, run, { executor, lane });
  } finally {
    loaded.queue.give(lane);
  }
}

/** The executor that a run wants; the one that keeps ops is made when it is first wanted. */
function executorFor(loaded: Loaded, run: RunOptions): Executor {
  if (!wantsOps(run) && run.hashOps !== true) return loaded.plain;
  loaded.kept ??= createKeptExecutor(loaded);
  return loaded.kept;
}

function createKeptExecutor({ options, model, packs, splitting }: Loaded): Executor {
  const steps = planProgram(model, { keepOps: true, splitting });
  return createExecutor(options, {
    model,
    packs,
    prepared: preparePlan(options, { program: model.program, steps }),
  });
}

function resultOf(
  { gas }: Loaded,
  run: RunOptions,
  at: { readonly executor: Executor; readonly lane: number },
): RunResult {
  const outputs = at.executor.outputs(at.lane);
  const ops = wantsOps(run) ? at.executor.ops(at.lane) : [];
  if (run.onOp !== undefined) for (const [index, output] of ops.entries()) run.onOp(index, output);
  return {
    ...{ outputs, gas },
    ...(run.keepOps === true ? { ops } : {}),
    ...(run.hashOps === true ? { opRoots: at.executor.roots(at.lane) } : {}),
  };
}

function wantsOps(run: RunOptions): boolean {
  return run.keepOps === true || run.onOp !== undefined;
}

async function closeLoaded(loaded: Loaded): Promise<void> {
  loaded.closed = true;
  await loaded.queue.close();
  loaded.plain.close();
  loaded.kept?.close();
  loaded.packs.close();
}

/** What plain runs need; the first run that keeps or hashes ops adds a second arena, in which nothing is overwritten. */
function memoryOf({ options, packs, plain }: Loaded, steps: StepProgram): EngineMemory {
  const raw = [...unpackedConstants(steps.words)].reduce(
    (sum, index) => sum + (steps.constants[index]?.data.byteLength ?? 0),
    0,
  );
  const constantBytes = packs.bytes() + raw;
  const arenaBytes = steps.arenaBytes + ARENA_SLACK;
  const scratchBytes = plain.scratchBytes * options.threads;
  return {
    ...{ constantBytes, arenaBytes, scratchBytes },
    totalBytes: constantBytes + options.requests * (arenaBytes + scratchBytes),
  };
}

/** Bytes behind an arena that kernels may read. */
const ARENA_SLACK = 64;

/** Packed weights from the cache; packed and put there when it has none. */
async function fromCache(
  { model, binding, cache }: NativeEngineOptions,
  of: { readonly level: NativeLevel; readonly packs: Packs; readonly prepared: PreparedPlan },
): Promise<void> {
  if (cache === undefined || model.modelId === undefined) return;
  const key = packKey(model.modelId, { level: of.level, layout: binding.layout });
  // Checking a cached file reads all of it: raw weights that loading has read need not be in memory beside it.
  const { program } = of.prepared;
  releaseUnread(binding, program, unpackedConstants(program.words));
  const found = await cache.read(key);
  if (found !== undefined && of.packs.adopt(of.prepared, found)) return;
  if (of.packs.of(of.prepared).length > 0) await cache.write(key, of.packs.bundle());
}

function countOf(what: string, given: number | undefined): number {
  const count = given ?? 1;
  if (Number.isInteger(count) && count >= 1 && count <= 256) return count;
  throw new AivmError("AIVM_NATIVE", {
    what,
    want: "an integer in [1, 256]",
    got: `${count}`,
    remedy: "give another number",
  });
}

/** Numbers of the lanes. */
function lanesOf(count: number): number[] {
  return Array.from({ length: count }, (_, lane) => lane);
}
