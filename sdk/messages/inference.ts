import type { EncodeObject } from "@cosmjs/proto-signing";
import { resultCommitment } from "../../proto/index.ts";
import { addressToBytes } from "../address.ts";
import { message } from "./message.ts";

/** What a runner commits to: kept until it is revealed. */
export interface ResultOpening {
  /** Bech32. */
  readonly runner: string;
  /** 32 bytes. */
  readonly requestId: Uint8Array;
  /** 32 bytes. Secret until the reveal. */
  readonly salt: Uint8Array;
  /** 32 bytes. */
  readonly outputRoot: Uint8Array;
}

/** The commitment of `opening`: H(request id || runner 20 || salt || output root). */
export function commitmentOf(opening: ResultOpening): Uint8Array {
  return resultCommitment({ ...opening, runner: addressToBytes(opening.runner) });
}

/** First half of answering a request. */
export function commitResultMessage(opening: ResultOpening): EncodeObject {
  const { runner, requestId } = opening;
  return message("aivm.inference.v1.MsgCommitResult", {
    runner,
    requestId,
    commitment: commitmentOf(opening),
  });
}
