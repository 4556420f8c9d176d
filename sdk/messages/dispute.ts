import type { EncodeObject } from "@cosmjs/proto-signing";
import { joinCommitment } from "../../proto/index.ts";
import { addressToBytes } from "../address.ts";
import { message } from "./message.ts";

/** What a challenger commits to before it shows its claim. */
export interface JoinOpening {
  /** Bech32. */
  readonly challenger: string;
  readonly requestId: Uint8Array;
  readonly outputRoot: Uint8Array;
  readonly traceRoot: Uint8Array;
  /** 32 bytes. Secret until the reveal. */
  readonly salt: Uint8Array;
}

/** The commitment of a rival claim: H("aivm/join" || request id || output root || trace root || signer 20 || salt). */
export function joinCommitmentOf(opening: JoinOpening): Uint8Array {
  return joinCommitment({ ...opening, signer: addressToBytes(opening.challenger) });
}

/** First half of joining a dispute; takes the bond. */
export function joinMessage(opening: JoinOpening): EncodeObject {
  const { challenger, requestId } = opening;
  return message("aivm.dispute.v1.MsgJoin", { challenger, requestId, commitment: joinCommitmentOf(opening) });
}
