/** Errors of codespace `tee`. */
import { type Fail, failuresOf } from "../failures.ts";

/** Codes; never reused. */
export const TEE_CODES = {
  malformed: 2,
  keyConfig: 3,
  anchor: 4,
  evidence: 5,
  unknownEnclave: 6,
  unknownModel: 7,
  queryExists: 8,
  feeTooSmall: 9,
  expiry: 10,
  unknownQuery: 11,
  notOpen: 12,
  receipt: 13,
} as const;

/** Makes an error of the module. */
export const teeError: Fail<keyof typeof TEE_CODES> = failuresOf("tee", TEE_CODES);
