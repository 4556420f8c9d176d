/** The ordinary execution: the engines of aivm. */
import { buildTrace, createReferenceEngine, type Engine, type LoadedModel } from "../../aivm/index.ts";
import type { Execute } from "../core/execution.ts";

/** Runs jobs on the engines that `engineFor` makes. */
export function executeOn(engineFor: (model: LoadedModel) => Engine | Promise<Engine>): Execute {
  return async ({ model, inputs, seed, maxTokens }) => {
    const engine = await engineFor(model);
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

/** The reference engine: slow, and sharing no kernel with the others. */
export const executeOnReference: Execute = executeOn((model) => createReferenceEngine(model));
