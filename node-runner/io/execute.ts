/** The ordinary executions: the engines of aivm. */
import { buildTrace, createReferenceEngine, type Engine, type LoadedModel } from "../../aivm/index.ts";
import { loadBestEngine } from "../../aivm/io/bestEngine.ts";
import { AivmError, bytesToHex } from "../../common/index.ts";
import type { Execute } from "../core/execution.ts";
import type { Log } from "../core/log.ts";

/** Engines kept ready; packing a model's weights takes longer than a small run. */
const MAX_READY_ENGINES = 8;

/** Runs jobs on the engines that `engineFor` makes, one per model. */
export function executeOn(engineFor: (model: LoadedModel) => Promise<Engine>): Execute {
  const ready = new Map<string, Promise<Engine>>();
  const execute: Execute = async ({ model, inputs, seed, maxTokens }) => {
    const engine = await readyEngine(ready, model, engineFor);
    const { outputs } = await engine.run({ inputs });
    return {
      outputs,
      trace: async () => {
        const { ops = [] } = await engine.run({ inputs, keepOps: true });
        return buildTrace({ program: model.program, inputs, opOutputs: ops, seed, maxTokens });
      },
    };
  };
  return Object.assign(execute, {
    prepare: async (model: LoadedModel) => void (await readyEngine(ready, model, engineFor)),
  });
}

/** What the engine of a runner is chosen by. */
export interface EngineChoice {
  /** "auto": native where it was built and passes its self-test, else wasm. */
  readonly engine: "auto" | "native" | "wasm" | "reference";
  /** Threads of one run. */
  readonly threads: number;
  /** Directory where packed weights wait for the next start. */
  readonly cache: string;
  /** Most bytes that a model may need to run and to be traced. */
  readonly maxMemoryBytes: number;
}

/** The fastest engine, or the one that was chosen; the log says which and why, and what memory it declares. */
export function executeOnBest(log: Log, choice: EngineChoice): Execute {
  const { engine, threads, cache, maxMemoryBytes } = choice;
  return executeOn(async (model) => {
    const name = bytesToHex(model.modelId);
    const ready = await loadBestEngine(model, {
      threads,
      cache,
      ...(engine === "auto" ? {} : { engine }),
      say: (line) => log.info({ model: name }, line),
    });
    const bytes = ready.memory.totalBytes + model.facts.activationBytes;
    if (bytes > maxMemoryBytes) {
      await ready.close();
      throw memoryError(model, bytes, maxMemoryBytes);
    }
    log.info({ model: name, memoryBytes: bytes }, "memory of the engine and of a trace");
    return ready;
  });
}

function memoryError(model: LoadedModel, bytes: number, most: number): AivmError {
  return new AivmError("AIVM_LIMIT", {
    what: "memory of the engine and of a trace",
    item: `model ${bytesToHex(model.modelId)}`,
    want: `at most ${most} bytes`,
    got: `${bytes} bytes`,
    remedy: "run it on a larger machine, or raise --max-memory",
  });
}

/** The reference engine: slow, and sharing no kernel with the others. */
export const executeOnReference: Execute = executeOn(async (model) => createReferenceEngine(model));

function readyEngine(
  ready: Map<string, Promise<Engine>>,
  model: LoadedModel,
  engineFor: (model: LoadedModel) => Promise<Engine>,
): Promise<Engine> {
  const id = bytesToHex(model.modelId);
  const known = ready.get(id);
  if (known !== undefined) return known;
  const engine = engineFor(model);
  ready.set(id, engine);
  engine.catch(() => ready.delete(id));
  const [oldest] = ready.entries();
  if (ready.size > MAX_READY_ENGINES && oldest !== undefined) {
    ready.delete(oldest[0]);
    // Runs that are in flight end first.
    void oldest[1].then((old) => old.close()).catch(() => undefined);
  }
  return engine;
}
