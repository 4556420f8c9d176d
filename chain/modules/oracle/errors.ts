/** Errors of codespace `oracle`. */
import { type Fail, failuresOf } from "../failures.ts";

/** Codes; never reused. */
export const ORACLE_CODES = {
  malformed: 2,
  notAnObserver: 3,
  unknownDestination: 4,
  notTheAuthority: 5,
  noRecord: 6,
  unknownRoot: 7,
} as const;

/** Makes an error of the module. */
export const oracleError: Fail<keyof typeof ORACLE_CODES> = failuresOf("oracle", ORACLE_CODES);
