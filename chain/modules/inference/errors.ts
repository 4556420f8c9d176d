/** Errors of codespace `inference`. */
import { bytesToHex } from "../../../common/index.ts";
import type { ChainError } from "../../codes.ts";
import { type Fail, failuresOf } from "../failures.ts";

/** Codes; never reused. */
export const INFERENCE_CODES = {
  malformed: 2,
  unknownRequest: 3,
  unknownModel: 4,
  invalidModel: 5,
  inputTooLarge: 6,
  inputLength: 7,
  inputRange: 8,
  outputTooLarge: 9,
  tier: 10,
  feeTooSmall: 11,
  deadlineTooEarly: 12,
  deadlineTooLate: 13,
  notOpen: 14,
  notEligible: 15,
  notAssigned: 16,
  noCommitment: 17,
  alreadyRevealed: 18,
  notCommitter: 19,
  sameBlock: 20,
  revealTooLate: 21,
  outputLength: 22,
  outputRange: 23,
  commitmentMismatch: 24,
} as const;

/** Makes an error of the module. */
export const inferenceError: Fail<keyof typeof INFERENCE_CODES> = failuresOf("inference", INFERENCE_CODES);

/** No such request. */
export function unknownRequest(requestId: Uint8Array): ChainError {
  return inferenceError("unknownRequest", {
    what: "request",
    item: bytesToHex(requestId),
    want: "the id of a request on this chain",
    got: "none under that id",
    remedy: "Check the id: it is in the response of MsgRequestInference or MsgObserveRequest.",
  });
}
