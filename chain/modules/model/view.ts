/** Reading and writing the module's state: the only file that touches its keys. */
import { type Messages, ModelStatus } from "../../../proto/index.ts";
import type { Context } from "../../context.ts";
import type { Model } from "../ports.ts";
import { listRecords, prefixRange, readRecord, writeRecord } from "../records.ts";
import {
  MODEL_STORE,
  modelKey,
  modelPrefix,
  PROGRAM_STORE,
  paramsKey,
  programKey,
  servingKey,
  servingPrefix,
} from "./keys.ts";
import { epochAt } from "./math.ts";
import { DEVNET_MODEL_PARAMS, type ModelParams } from "./params.ts";

/** A runner's declaration. */
export type Serving = Messages["aivm.model.v1.Serving"];

/** A program as it is registered. */
export type RegisteredProgram = Messages["aivm.model.v1.RegisteredProgram"];

/** Parameters. */
export function getParams(ctx: Context): ModelParams {
  return readRecord(ctx.store(MODEL_STORE), paramsKey(), "aivm.model.v1.Params") ?? DEVNET_MODEL_PARAMS;
}

/** Writes the parameters. */
export function setParams(ctx: Context, params: ModelParams): void {
  writeRecord(ctx.store(MODEL_STORE), { key: paramsKey(), name: "aivm.model.v1.Params" }, params);
}

/** A model as it stands now: when its epoch is over, its attesters are no longer counted. */
export function getModel(ctx: Context, modelId: Uint8Array): Model | undefined {
  const stored = readRecord(ctx.store(MODEL_STORE), modelKey(modelId), "aivm.model.v1.Model");
  return stored === undefined ? undefined : inPresentEpoch(ctx, stored);
}

/** Writes a model. */
export function setModel(ctx: Context, model: Model): void {
  writeRecord(ctx.store(MODEL_STORE), { key: modelKey(model.modelId), name: "aivm.model.v1.Model" }, model);
}

/** Models in order of id. */
export function listModels(
  ctx: Context,
  page: { readonly after?: Uint8Array; readonly limit: number },
): Model[] {
  const { after, limit } = page;
  const range = prefixRange(modelPrefix(), {
    limit,
    ...(after === undefined ? {} : { after: modelKey(after) }),
  });
  return listRecords(ctx.store(MODEL_STORE), range, "aivm.model.v1.Model").map((model) =>
    inPresentEpoch(ctx, model),
  );
}

/** A runner's declaration for a model, or undefined. */
export function getServing(
  ctx: Context,
  at: { readonly modelId: Uint8Array; readonly runner: string },
): Serving | undefined {
  return readRecord(ctx.store(MODEL_STORE), servingKey(at.modelId, at.runner), "aivm.model.v1.Serving");
}

/** Writes a declaration. */
export function setServing(ctx: Context, serving: Serving): void {
  const key = servingKey(serving.modelId, serving.runner);
  writeRecord(ctx.store(MODEL_STORE), { key, name: "aivm.model.v1.Serving" }, serving);
}

/** Declarations for a model, in address order. */
export function listServing(ctx: Context, modelId: Uint8Array): Serving[] {
  return listRecords(ctx.store(MODEL_STORE), prefixRange(servingPrefix(modelId)), "aivm.model.v1.Serving");
}

/** The registered program, or undefined. */
export function getProgram(ctx: Context, modelId: Uint8Array): RegisteredProgram | undefined {
  return readRecord(ctx.bulk(PROGRAM_STORE), programKey(modelId), "aivm.model.v1.RegisteredProgram");
}

/** Writes a program. */
export function setProgram(ctx: Context, modelId: Uint8Array, program: RegisteredProgram): void {
  writeRecord(
    ctx.bulk(PROGRAM_STORE),
    { key: programKey(modelId), name: "aivm.model.v1.RegisteredProgram" },
    program,
  );
}

function inPresentEpoch(ctx: Context, model: Model): Model {
  const epoch = epochAt(ctx.height, getParams(ctx).epochBlocks);
  if (model.epoch === epoch) return model;
  const status =
    model.status === ModelStatus.MODEL_STATUS_ACTIVE ? ModelStatus.MODEL_STATUS_REGISTERED : model.status;
  return { ...model, epoch, status, attesters: [] };
}
