/**
 * Signing with double-sign protection (CometBFT privval/file.go): height, round and step never go back, and for the
 * same three only the same bytes, or a vote that differs in nothing but its timestamp, get the earlier signature again.
 */
import { BinaryReader } from "cosmjs-types/binary";
import { Timestamp } from "cosmjs-types/google/protobuf/timestamp";
import { equalBytes } from "../../../common/bytes.ts";
import { AivmError } from "../../../common/errors.ts";
import type { SigningKey, SignState } from "./ports.ts";
import {
  type CanonicalVoteInput,
  PRECOMMIT_TYPE,
  voteExtensionSignBytes,
  voteSignBytes,
} from "./signBytes.ts";

const STEP_PRECOMMIT = 3;
const TIMESTAMP_FIELD = 5;

/** A precommit to sign. */
export type PrecommitInput = Omit<CanonicalVoteInput, "type">;

/** A signature and the timestamp that it covers: an earlier one when the vote had been signed before. */
export interface SignedPrecommit {
  readonly timestamp: Timestamp;
  readonly signature: Uint8Array;
}

/**
 * Signs `vote`, after its height, round and step are on disk together with the signature.
 * @throws CHAIN_DOUBLE_SIGN when a later or a different vote was signed already.
 */
export function signPrecommit(key: SigningKey, vote: PrecommitInput): SignedPrecommit {
  const last = key.loadState();
  const order = compareStep(vote, last);
  if (order < 0) throw doubleSign(vote, last, "a height, round and step after the last signed one");
  const signBytes = voteSignBytes({ ...vote, type: PRECOMMIT_TYPE });
  if (order === 0) return signedBefore(vote, last, signBytes);
  const signature = key.sign(signBytes);
  key.saveState({ height: vote.height, round: vote.round, step: STEP_PRECOMMIT, signature, signBytes });
  return { timestamp: vote.timestamp, signature };
}

/** Signs a vote extension. Extensions may differ between attempts, so nothing is remembered of them. */
export function signVoteExtension(
  key: SigningKey,
  input: {
    readonly chainId: string;
    readonly extension: Uint8Array;
    readonly height: bigint;
    readonly round: number;
  },
): Uint8Array {
  return key.sign(voteExtensionSignBytes(input));
}

function signedBefore(vote: PrecommitInput, last: SignState, signBytes: Uint8Array): SignedPrecommit {
  if (last.signature === undefined || last.signBytes === undefined) {
    throw doubleSign(vote, last, "a remembered signature for this height, round and step");
  }
  if (equalBytes(last.signBytes, signBytes)) return { timestamp: vote.timestamp, signature: last.signature };
  const timestamp = timestampOfVote(last.signBytes);
  const retimed = voteSignBytes({ ...vote, type: PRECOMMIT_TYPE, timestamp });
  if (!equalBytes(last.signBytes, retimed)) throw doubleSign(vote, last, "the vote that was signed before");
  return { timestamp, signature: last.signature };
}

function compareStep(vote: PrecommitInput, last: SignState): number {
  if (vote.height !== last.height) return vote.height > last.height ? 1 : -1;
  if (vote.round !== last.round) return vote.round - last.round;
  return STEP_PRECOMMIT - last.step;
}

/** Timestamp member of length-prefixed canonical vote bytes. */
function timestampOfVote(signBytes: Uint8Array): Timestamp {
  const reader = new BinaryReader(signBytes);
  reader.uint32();
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag >>> 3 === TIMESTAMP_FIELD) return Timestamp.decode(reader, reader.uint32());
    reader.skipType(tag & 7);
  }
  return Timestamp.fromPartial({});
}

function doubleSign(vote: PrecommitInput, last: SignState, want: string): AivmError {
  return new AivmError("CHAIN_DOUBLE_SIGN", {
    what: "vote to sign",
    item: `height ${vote.height} round ${vote.round} step ${STEP_PRECOMMIT}`,
    want,
    got: `height ${last.height} round ${last.round} step ${last.step} signed already`,
    remedy: "never run one key twice; do not restore an older block store beside a newer signing state",
  });
}
