/** Errors of codespace `runner`. */
import { type Fail, failuresOf } from "../failures.ts";

/** Codes; never reused. */
export const RUNNER_CODES = {
  malformed: 2,
  alreadyRegistered: 3,
  unknownRunner: 4,
  bondTooSmall: 5,
  insufficientBond: 6,
  jailed: 7,
} as const;

/** Makes an error of the module. */
export const runnerError: Fail<keyof typeof RUNNER_CODES> = failuresOf("runner", RUNNER_CODES);
