/**
 * The conformance suite of engines. It knows no host: the same code runs in Node, in a page and under an emulator.
 * Every engine runs every case three ways (outputs only, every op kept, every op hashed) and is compared with what the
 * case expects, or else with the reference engine; every element of every op, every root and the gas must be equal.
 */

import {
  createReferenceEngine,
  type Engine,
  indexedRoots,
  inputRoot,
  outputRootOf,
  type Program,
  programGas,
  type RunnableModel,
  type Tensor,
  tensorRoot,
} from "../../../../aivm/index.ts";
import { bytesToHex, concatBytes } from "../../../../common/bytes.ts";
import { treeRoot } from "../../../../common/merkle.ts";
import { sha256 } from "../../../../common/sha256.ts";
import { compareRun, type RunKind } from "./compare.ts";

/** Where cases come from. */
export type CaseKind = "vectors" | "models" | "fuzz";

/** A program, its inputs, and where known what every op must give. */
export interface SuiteCase {
  /** Says how to make the case again: generator, seed, number. */
  readonly name: string;
  readonly kind: CaseKind;
  /** What it counts for: vectors, (model, input) pairs, or single ops. */
  readonly count: number;
  readonly model: RunnableModel;
  /** One entry per run, a tensor for every input of the program. */
  readonly inputs: readonly (readonly Tensor[])[];
  /** Outputs of the ops that were found by other means than the reference engine, by op; for the first inputs. */
  readonly known?: readonly (Tensor | undefined)[];
}

/** What an input must lead to. */
export interface Expected {
  readonly outputs: readonly Tensor[];
  readonly ops: readonly Tensor[];
  readonly opRoots: readonly Uint8Array[];
  readonly gas: bigint;
}

/** A difference, and where it is. */
export interface Mismatch {
  readonly engine: string;
  readonly case: string;
  /** Number of the inputs within the case. */
  readonly input: number;
  readonly run: RunKind | "create";
  readonly what: string;
}

/** How one engine did. */
export interface EngineReport {
  readonly engine: string;
  /** Cases by kind. */
  readonly cases: Readonly<Record<CaseKind, number>>;
  /** Runs of a program that were compared. */
  readonly runs: number;
  readonly mismatches: number;
  /** Time that the engine took, comparisons aside. */
  readonly seconds: number;
}

/** How all did. */
export interface SuiteReport {
  readonly engines: readonly EngineReport[];
  /** The first mismatches, at most MAX_SHOWN for each engine. */
  readonly mismatches: readonly Mismatch[];
  /** SHA-256 over all expected results, hex: equal on every host that ran the same cases. */
  readonly digest: string;
}

/** Makes an engine for a model. */
export type CreateEngine = (model: RunnableModel) => Promise<Engine>;

/** What to run, on what. */
export interface SuiteTask {
  readonly engines: Readonly<Record<string, CreateEngine>>;
  readonly cases: Iterable<SuiteCase> | AsyncIterable<SuiteCase>;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
  /** Told of every case before it runs. */
  readonly say?: (line: string) => void;
}

/** Mismatches that a report holds for each engine. */
export const MAX_SHOWN = 20;

interface Tally {
  readonly cases: Record<CaseKind, number>;
  runs: number;
  mismatches: number;
  milliseconds: number;
}

/** Runs the suite. Throws only what the reference engine does: an engine that throws has a mismatch. */
export async function runSuite(task: SuiteTask): Promise<SuiteReport> {
  const tallies = new Map(
    Object.keys(task.engines).map((name): [string, Tally] => [
      name,
      { cases: { vectors: 0, models: 0, fuzz: 0 }, runs: 0, mismatches: 0, milliseconds: 0 },
    ]),
  );
  const mismatches: Mismatch[] = [];
  let digest: Uint8Array = new Uint8Array(32);
  for await (const item of task.cases) {
    task.say?.(item.name);
    const expected: Expected[] = [];
    for (const inputs of item.inputs) {
      const found = await expectedOf(item, inputs, expected.length);
      expected.push(found);
      digest = sha256(concatBytes(digest, traceRootOf(item.model.program, inputs, found.opRoots)));
    }
    for (const [engine, tally] of tallies) {
      tally.cases[item.kind] += item.count;
      const found = await runCase({ task, engine, item, expected, tally });
      tally.mismatches += found.length;
      const shown = mismatches.filter((mismatch) => mismatch.engine === engine).length;
      mismatches.push(...found.slice(0, Math.max(0, MAX_SHOWN - shown)));
    }
  }
  return {
    engines: [...tallies].map(([engine, { milliseconds, ...counts }]) => ({
      engine,
      ...counts,
      seconds: milliseconds / 1000,
    })),
    mismatches,
    digest: bytesToHex(digest),
  };
}

/** The reference engine's results; what the case knows by other means takes their place. */
async function expectedOf(item: SuiteCase, inputs: readonly Tensor[], index: number): Promise<Expected> {
  const { program } = item.model;
  const run = await createReferenceEngine(item.model).run({ inputs, keepOps: true });
  const ops = (run.ops ?? []).map((tensor, op) => (index === 0 ? item.known?.[op] : undefined) ?? tensor);
  const outputs = program.outputs.map(({ source }, i) => ops[source.index] ?? run.outputs[i] ?? missing());
  return { outputs, ops, opRoots: ops.map(tensorRoot), gas: programGas(program) };
}

async function runCase(of: {
  readonly task: SuiteTask;
  readonly engine: string;
  readonly item: SuiteCase;
  readonly expected: readonly Expected[];
  readonly tally: Tally;
}): Promise<Mismatch[]> {
  const { task, engine: name, item, expected, tally } = of;
  const found: Mismatch[] = [];
  const add = (input: number, run: Mismatch["run"], what: string): void => {
    found.push({ engine: name, case: item.name, input, run, what });
  };
  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    const started = task.now();
    try {
      return await work();
    } finally {
      tally.milliseconds += task.now() - started;
    }
  };
  let engine: Engine;
  try {
    engine = await timed(async () => (task.engines[name] ?? missing())(item.model));
  } catch (error) {
    add(0, "create", textOf(error));
    return found;
  }
  try {
    for (const [index, want] of expected.entries()) {
      for (const kind of ["plain", "kept", "hashed"] as const) {
        tally.runs++;
        const inputs = item.inputs[index] ?? missing();
        try {
          const got = await timed(() =>
            engine.run({ inputs, keepOps: kind === "kept", hashOps: kind === "hashed" }),
          );
          for (const what of compareRun(item.model.program, { kind, want, got })) add(index, kind, what);
        } catch (error) {
          add(index, kind, textOf(error));
        }
      }
    }
  } finally {
    await timed(() => engine.close());
  }
  return found;
}

/** Root of a run's trace, with a seed of zeros; 32 bytes. */
function traceRootOf(
  program: Program,
  inputs: readonly Tensor[],
  opRoots: readonly Uint8Array[],
): Uint8Array {
  const seed = new Uint8Array(32);
  const first = inputRoot({ tensors: inputs, seed, maxTokens: 0 });
  return treeRoot(indexedRoots([first, ...opRoots, outputRootOf(program, opRoots)]));
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function missing(): never {
  throw new RangeError("missing");
}
