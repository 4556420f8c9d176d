/** Queries of module model. */
import type { Messages } from "../../../proto/index.ts";
import type { Context } from "../../context.ts";
import type { QueryHandler } from "../../module.ts";
import { moduleQuery, pageLimit } from "../messages.ts";
import type { ModelPort } from "../ports.ts";
import { modelError, unknownModel } from "./errors.ts";
import { drawnChunk } from "./math.ts";
import { getModel, getParams, getProgram, getServing, listModels } from "./view.ts";

/** Handlers of the module's queries. */
export function modelQueries(models: ModelPort): QueryHandler[] {
  const module = "model";
  return [
    moduleQuery({ module, query: "Model" }, (ctx, { modelId }) => ({
      model: found(getModel(ctx, modelId), modelId),
    })),
    moduleQuery({ module, query: "Models" }, (ctx, { limit, startAfter }) => ({
      models: listModels(ctx, {
        limit: pageLimit(limit),
        ...(startAfter.length === 0 ? {} : { after: startAfter }),
      }),
    })),
    moduleQuery({ module, query: "Program" }, (ctx, { modelId }) => ({
      program: found(getProgram(ctx, modelId), modelId),
    })),
    moduleQuery({ module, query: "Serving" }, (ctx, request) => serving(ctx, models, request)),
    moduleQuery({ module, query: "Params" }, (ctx) => ({ params: getParams(ctx) })),
  ];
}

function serving(
  ctx: Context,
  models: ModelPort,
  request: Messages["aivm.model.v1.QueryServingRequest"],
): Messages["aivm.model.v1.QueryServingResponse"] {
  const declared = getServing(ctx, request);
  if (declared === undefined) {
    throw modelError("notServing", {
      what: "declaration",
      item: request.runner,
      want: "one that exists",
      got: "no such declaration: not found",
      remedy: "Declare with MsgServeModel first.",
    });
  }
  if (declared.draw.length === 0) return { serving: declared, drawn: false, constant: 0, chunk: 0 };
  const program = models.program(ctx, request.modelId);
  const shapes = program?.program.constants.map(({ shape }) => shape) ?? [];
  const at = drawnChunk(declared.draw, shapes);
  return { serving: declared, drawn: true, constant: at?.constant ?? 0, chunk: at?.chunk ?? 0 };
}

function found<T>(value: T | undefined, modelId: Uint8Array): T {
  if (value === undefined) throw unknownModel(modelId);
  return value;
}
