/** What other modules may ask about models. */
import type { Context } from "../../context.ts";
import type { ModelPort } from "../ports.ts";
import { createProgramReader } from "./registration.ts";
import { getModel, getServing, listServing } from "./view.ts";

/** The keeper; it remembers parsed programs. */
export function createModelKeeper(): ModelPort {
  return {
    model: getModel,
    program: createProgramReader(),
    hasProved: (ctx, at) => {
      const serving = getServing(ctx, at);
      return serving !== undefined && serving.provedEpoch === presentEpoch(ctx, at.modelId);
    },
    provedRunners: (ctx, modelId) => {
      const epoch = presentEpoch(ctx, modelId);
      return listServing(ctx, modelId)
        .filter(({ provedEpoch }) => provedEpoch === epoch)
        .map(({ runner }) => runner);
    },
  };
}

/** Epoch of a model, or undefined when it is unknown. */
function presentEpoch(ctx: Context, modelId: Uint8Array): bigint | undefined {
  return getModel(ctx, modelId)?.epoch;
}
