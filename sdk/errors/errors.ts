/**
 * The errors of the client. Each carries a stable code; those that the chain itself answered with also carry the
 * chain's own code, codespace and log. No error holds a key, a mnemonic or a salt.
 */
import { AivmError, bytesToHex, type ErrorFacts } from "../../common/index.ts";
import { explainChainCode } from "./chainCodes.ts";

/** Codes of this folder. */
export type SdkErrorCode =
  /** The node did not take the transaction (CheckTx or simulation). */
  | "SDK_TX_REJECTED"
  /** The transaction is in a block and failed there. */
  | "SDK_TX_FAILED"
  /** A query was answered with an error code. */
  | "SDK_QUERY_FAILED"
  /** What was asked for does not exist. */
  | "SDK_NOT_FOUND"
  /** What was waited for did not happen before the deadline. */
  | "SDK_TIMEOUT"
  /** The node could not be reached, or broke off. */
  | "SDK_UNREACHABLE"
  /** The node answered with a JSON-RPC error. */
  | "SDK_RPC"
  /** A key, mnemonic or key file that is none. */
  | "SDK_KEY"
  /** An argument of an action is wrong. */
  | "SDK_ARGUMENT"
  /** What the chain or a runner returned does not hash to what it must. */
  | "SDK_VERIFY"
  /** Evidence or keys of an enclave were refused; nothing was sent to it. */
  | "SDK_ENCLAVE"
  /** The enclave refused a sealed query. */
  | "SDK_PRIVATE_REFUSED"
  /** The request ended without a result. */
  | "SDK_EXPIRED"
  /** An enclave's evidence or keys do not hold. */
  | "SDK_ENCLAVE"
  /** A private query was refused, by the enclave or by this client's own checks. */
  | "SDK_PRIVATE_REFUSED";

/** An error of the client. */
export function sdkError(code: SdkErrorCode, facts: ErrorFacts, cause?: unknown): AivmError {
  return new AivmError(code, facts, cause === undefined ? undefined : { cause });
}

/** SDK_NOT_FOUND for a thing that is named by its bytes. */
export function notFound(what: string, id: Uint8Array): AivmError {
  return sdkError("SDK_NOT_FOUND", {
    what,
    item: bytesToHex(id),
    want: `a ${what} on this chain`,
    got: "none",
    remedy: "Check the id and the chain.",
  });
}

/** What the chain answered: its code within its codespace, and its own words. */
export interface ChainAnswer {
  readonly chainCode: number;
  readonly codespace: string;
  readonly log: string;
  /** Upper-case hex; absent for a query or a simulation. */
  readonly txHash?: string;
}

/** SDK_TX_REJECTED, SDK_TX_FAILED or SDK_QUERY_FAILED: an error that the chain answered with. */
export class ChainAnswerError extends AivmError {
  readonly answer: ChainAnswer;

  constructor(
    code: "SDK_TX_REJECTED" | "SDK_TX_FAILED" | "SDK_QUERY_FAILED",
    what: string,
    answer: ChainAnswer,
  ) {
    const { name, remedy } = explainChainCode(answer);
    super(code, {
      what,
      want: "code 0",
      got: `code ${answer.chainCode} of ${answer.codespace} (${name}): ${answer.log}`,
      remedy,
    });
    this.answer = answer;
  }
}

/** True when `error` is the chain's answer with that codespace and code. */
export function isChainAnswer(
  error: unknown,
  codespace: string,
  chainCode: number,
): error is ChainAnswerError {
  return (
    error instanceof ChainAnswerError &&
    error.answer.codespace === codespace &&
    error.answer.chainCode === chainCode
  );
}

/** True when `error` says that the node could not be reached. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof AivmError && error.code === "SDK_UNREACHABLE";
}
