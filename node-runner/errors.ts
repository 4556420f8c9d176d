/** The errors of the runner. */
import { AivmError, type ErrorFacts } from "../common/index.ts";

/** Codes of this folder. */
export type RunnerErrorCode =
  /** A command-line option or setting. */
  | "RUNNER_OPTION"
  /** A file of the runner's home that is missing, damaged or already there. */
  | "RUNNER_FILE"
  /** No peer had the artifact, or what they had is another one. */
  | "RUNNER_FETCH"
  /** A model that this runner does not hold. */
  | "RUNNER_MODEL";

/** An error of the runner. */
export function runnerError(code: RunnerErrorCode, facts: ErrorFacts, cause?: unknown): AivmError {
  return new AivmError(code, facts, cause === undefined ? undefined : { cause });
}
