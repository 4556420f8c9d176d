/** Errors of codespace `model`. */
import { bytesToHex } from "../../../common/index.ts";
import type { ChainError } from "../../codes.ts";
import { type Fail, failuresOf } from "../failures.ts";

/** Codes; never reused. */
export const MODEL_CODES = {
  malformed: 2,
  unknownModel: 3,
  alreadyRegistered: 4,
  invalidProgram: 5,
  programTooLarge: 6,
  artifactLength: 7,
  bondTooSmall: 8,
  royaltyTooLarge: 9,
  notARunner: 10,
  invalidModel: 11,
  alreadyServing: 12,
  notServing: 13,
  wrongChunk: 14,
} as const;

/** Makes an error of the module. */
export const modelError: Fail<keyof typeof MODEL_CODES> = failuresOf("model", MODEL_CODES);

/** No such model. */
export function unknownModel(modelId: Uint8Array): ChainError {
  return modelError("unknownModel", {
    what: "model",
    item: bytesToHex(modelId),
    want: "the id of a registered model",
    got: "none under that id",
    remedy: "Check the id, or register the model first.",
  });
}
