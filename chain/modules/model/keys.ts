/** Keys of store `model` and of bulk store `model_programs`. */
import { concatBytes } from "../../../common/index.ts";
import { addressBytes } from "../../address.ts";

/** Store of the module. */
export const MODEL_STORE = "model";
/** Bulk store: programs by model id. */
export const PROGRAM_STORE = "model_programs";

/** Parameters. */
export function paramsKey(): Uint8Array {
  return new Uint8Array([0]);
}

/** Model by id. */
export function modelKey(modelId: Uint8Array): Uint8Array {
  return concatBytes(modelPrefix(), modelId);
}

/** All models, in order of id. */
export function modelPrefix(): Uint8Array {
  return new Uint8Array([1]);
}

/** A runner's declaration for a model. */
export function servingKey(modelId: Uint8Array, runner: string): Uint8Array {
  return concatBytes(servingPrefix(modelId), addressBytes(runner));
}

/** Declarations for a model, in address order. */
export function servingPrefix(modelId: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array([2]), modelId);
}

/** Program in the bulk store. */
export function programKey(modelId: Uint8Array): Uint8Array {
  return modelId;
}
