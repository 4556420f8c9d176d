/**
 * The one base of every error that this project throws on purpose: a stable code, the data that a program needs
 * to react, and a sentence for a person that says what, expected, got and the remedy.
 */

/** What an error must tell. `item` names which one of many (a node, a tensor, a transaction). */
export interface ErrorFacts {
  /** The thing that is wrong, in the reader's terms. */
  readonly what: string;
  /** What would have been right. */
  readonly want: string;
  /** What was there instead. Never a secret. */
  readonly got: string;
  /** What the reader can do about it. */
  readonly remedy: string;
  /** Which one, when there are several. */
  readonly item?: string;
}

/** An error with a code. Codes are upper-case, prefixed by their folder (`AIVM_`, `GAME_`, `CHAIN_`, ...), and never reused. */
export class AivmError extends Error {
  readonly code: string;
  readonly facts: ErrorFacts;

  constructor(code: string, facts: ErrorFacts, options?: { readonly cause?: unknown }) {
    super(describe(code, facts), options);
    this.name = "AivmError";
    this.code = code;
    this.facts = facts;
  }
}

/** True when `error` is an AivmError, with that code when one is given. */
export function isAivmError(error: unknown, code?: string): error is AivmError {
  return error instanceof AivmError && (code === undefined || error.code === code);
}

/**
 * The verdict on adversarial input (a proof, a quote, an opening): such input is judged, it does not throw.
 * `at` names the part that failed.
 */
export type Verdict<T extends object = object> =
  | ({ readonly ok: true } & T)
  | { readonly ok: false; readonly code: string; readonly at: string };

function describe(code: string, facts: ErrorFacts): string {
  const item = facts.item === undefined ? "" : ` (${facts.item})`;
  return `${code}: ${facts.what}${item}: expected ${facts.want}, got ${facts.got}. ${facts.remedy}`;
}
