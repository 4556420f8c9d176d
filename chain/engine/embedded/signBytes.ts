/** What a validator's consensus key signs: canonical votes, vote extensions and proposals (CometBFT types/canonical.go). */
import { Timestamp } from "cosmjs-types/google/protobuf/timestamp";
import { type BlockID, PartSetHeader } from "cosmjs-types/tendermint/types/types";
import { concatBytes, EMPTY } from "../../../common/bytes.ts";
import { bytesField, delimited, messageField, sfixed64Field, stringField, varintField } from "./wire.ts";

/** `SignedMsgType` of a precommit; a prevote is 1, a proposal 32. */
export const PRECOMMIT_TYPE = 2;

/** The members of a vote that its signature covers. `blockId` absent = a vote for nil. */
export interface CanonicalVoteInput {
  readonly chainId: string;
  /** `SignedMsgType`: 1 prevote, 2 precommit. */
  readonly type: number;
  readonly height: bigint;
  readonly round: number;
  readonly blockId?: BlockID | undefined;
  readonly timestamp: Timestamp;
}

/** Length-prefixed CanonicalVote. Height and round are sfixed64, the timestamp is always written. */
export function voteSignBytes(vote: CanonicalVoteInput): Uint8Array {
  return delimited(
    concatBytes(
      varintField(1, BigInt(vote.type)),
      sfixed64Field(2, vote.height),
      sfixed64Field(3, BigInt(vote.round)),
      canonicalBlockId(4, vote.blockId),
      messageField(5, Timestamp.encode(vote.timestamp).finish()),
      stringField(6, vote.chainId),
    ),
  );
}

/** Length-prefixed CanonicalVoteExtension. */
export function voteExtensionSignBytes(input: {
  readonly chainId: string;
  readonly extension: Uint8Array;
  readonly height: bigint;
  readonly round: number;
}): Uint8Array {
  return delimited(
    concatBytes(
      bytesField(1, input.extension),
      sfixed64Field(2, input.height),
      sfixed64Field(3, BigInt(input.round)),
      stringField(4, input.chainId),
    ),
  );
}

function canonicalBlockId(field: number, blockId: BlockID | undefined): Uint8Array {
  if (blockId === undefined || isNilBlockId(blockId)) return EMPTY;
  const parts = PartSetHeader.encode(blockId.partSetHeader).finish();
  return messageField(field, concatBytes(bytesField(1, blockId.hash), messageField(2, parts)));
}

function isNilBlockId(blockId: BlockID): boolean {
  return (
    blockId.hash.length === 0 && blockId.partSetHeader.total === 0 && blockId.partSetHeader.hash.length === 0
  );
}
