/** Errors that reach clients as ABCI codes. Codes are numbers within a codespace; texts are part of the interface. */
import { AivmError, type ErrorFacts } from "../common/index.ts";

/** An error with its ABCI codespace and code. Its sentence becomes the log of the transaction or query. */
export class ChainError extends AivmError {
  readonly codespace: string;
  readonly abciCode: number;
  /** The exact log text, where clients match on it; otherwise the sentence. */
  readonly log: string;

  constructor(
    at: {
      readonly codespace: string;
      readonly abciCode: number;
      readonly code: string;
      readonly log?: string;
    },
    facts: ErrorFacts,
  ) {
    super(at.code, facts);
    this.name = "ChainError";
    this.codespace = at.codespace;
    this.abciCode = at.abciCode;
    this.log = at.log ?? this.message;
  }
}

/** Codes of codespace `sdk` that clients know by number. */
export const SDK_CODES = {
  txDecode: 2,
  invalidSequence: 3,
  unauthorized: 4,
  insufficientFunds: 5,
  unknownRequest: 6,
  invalidAddress: 7,
  invalidPubKey: 8,
  unknownAddress: 9,
  invalidCoins: 10,
  outOfGas: 11,
  memoTooLarge: 12,
  insufficientFee: 13,
  tooManySignatures: 14,
  noSignatures: 15,
  invalidRequest: 18,
  txInMempoolCache: 19,
  mempoolFull: 20,
  txTooLarge: 21,
  keyNotFound: 22,
  invalidHeight: 26,
  txTimeoutHeight: 30,
  unknownExtensionOptions: 31,
  wrongSequence: 32,
  logic: 35,
  notSupported: 37,
  invalidGasLimit: 41,
  txTimeout: 42,
} as const;
