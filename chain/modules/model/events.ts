/** Events of module model. */
import { bytesToHex } from "../../../common/index.ts";
import type { Context } from "../../context.ts";
import type { Model } from "../ports.ts";

/** A model was registered. */
export function emitRegistered(ctx: Context, model: Model): void {
  ctx.emit("model_registered", [
    ["model_id", bytesToHex(model.modelId)],
    ["registrar", model.registrar],
    ["name", model.name],
  ]);
}

/** A runner declared that it serves a model. */
export function emitServing(
  ctx: Context,
  at: { readonly modelId: Uint8Array; readonly runner: string },
): void {
  ctx.emit("model_serving", [
    ["model_id", bytesToHex(at.modelId)],
    ["runner", at.runner],
  ]);
}

/** A runner opened its drawn chunk. */
export function emitProved(
  ctx: Context,
  proof: { readonly model: Model; readonly runner: string; readonly becameActive: boolean },
): void {
  const { model, runner, becameActive } = proof;
  const id = bytesToHex(model.modelId);
  ctx.emit("model_proved", [
    ["model_id", id],
    ["runner", runner],
    ["epoch", `${model.epoch}`],
  ]);
  if (becameActive) ctx.emit("model_active", [["model_id", id]]);
}
