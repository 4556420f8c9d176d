/** The ordinary executions: the engines of aivm. */
import { buildTrace, createReferenceEngine, type Engine, type LoadedModel } from "../../aivm/index.ts";
import { loadWasmEngine } from "../../aivm/io/wasm.ts";
import { bytesToHex } from "../../common/index.ts";
import type { Execute } from "../core/execution.ts";

/** Engines kept ready; packing a model's weights takes longer than a small run. */
const MAX_READY_ENGINES = 8;

/** Runs jobs on the engines that `engineFor` makes, one per model. */
export function executeOn(engineFor: (model: LoadedModel) => Promise<Engine>): Execute {
  const ready = new Map<string, Promise<Engine>>();
  return async ({ model, inputs, seed, maxTokens }) => {
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
}

/** The SIMD engine. */
export const executeOnWasm: Execute = executeOn(loadWasmEngine);

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
  const [oldest] = ready.keys();
  if (ready.size > MAX_READY_ENGINES && oldest !== undefined) ready.delete(oldest);
  return engine;
}
