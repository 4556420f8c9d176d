/** The pseudo-transaction that carries the last height's vote extensions into a block. No user can send one. */
import { ed25519 } from "@noble/curves/ed25519.js";
import {
  type CommitInfo,
  ExtendedCommitInfo,
  type ExtendedVoteInfo,
} from "cosmjs-types/tendermint/abci/types";
import { BlockIDFlag } from "cosmjs-types/tendermint/types/validator";
import { bytesToHex, concatBytes, equalBytes, utf8 } from "../common/index.ts";
import { voteExtensionSignBytes } from "./engine/embedded/signBytes.ts";
import type { VoteExtension } from "./module.ts";

const MARKER = utf8("aivm/votes/1\0");

/** True when the bytes claim to be one. */
export function isVoteTx(bytes: Uint8Array): boolean {
  return equalBytes(bytes.slice(0, MARKER.length), MARKER);
}

/** Bytes of one. */
export function encodeVoteTx(commit: ExtendedCommitInfo): Uint8Array {
  return concatBytes(MARKER, ExtendedCommitInfo.encode(commit).finish());
}

/** The commit in one, or undefined when it is malformed. */
export function decodeVoteTx(bytes: Uint8Array): ExtendedCommitInfo | undefined {
  if (!isVoteTx(bytes)) return undefined;
  try {
    const body = bytes.slice(MARKER.length);
    const commit = ExtendedCommitInfo.decode(body);
    return equalBytes(ExtendedCommitInfo.encode(commit).finish(), body) ? commit : undefined;
  } catch {
    return undefined;
  }
}

/** Validators and their extensions; absent votes and empty extensions left out. */
export function extensionsOf(commit: ExtendedCommitInfo): VoteExtension[] {
  return commit.votes
    .filter(({ voteExtension }) => voteExtension.length > 0)
    .map(({ validator, voteExtension }) => ({
      validator: validator.address,
      extension: voteExtension,
    }));
}

/** What a proposer's extended commit is judged against. */
export interface CommitFacts {
  readonly chainId: string;
  /** Height that the votes are for. */
  readonly height: bigint;
  /** The commit that the block itself carries. */
  readonly lastCommit: CommitInfo | undefined;
  /** ed25519 consensus keys by lower-case hex of their address. */
  readonly keys: ReadonlyMap<string, Uint8Array>;
}

/**
 * True when the extended commit is the block's own last commit with every extension signed by its validator's
 * consensus key, and those validators hold more than two thirds of the power.
 */
export function isCommitOf(commit: ExtendedCommitInfo, facts: CommitFacts): boolean {
  const { lastCommit } = facts;
  if (lastCommit === undefined || lastCommit.round !== commit.round) return false;
  if (lastCommit.votes.length !== commit.votes.length) return false;
  let total = 0n;
  let signed = 0n;
  for (const [i, vote] of commit.votes.entries()) {
    const own = lastCommit.votes[i];
    const sameVote =
      own?.blockIdFlag === vote.blockIdFlag &&
      equalBytes(own.validator.address, vote.validator.address) &&
      own.validator.power === vote.validator.power;
    if (!sameVote) return false;
    total += vote.validator.power;
    if (vote.blockIdFlag !== BlockIDFlag.BLOCK_ID_FLAG_COMMIT) {
      if (vote.voteExtension.length + vote.extensionSignature.length > 0) return false;
      continue;
    }
    if (!isSigned(vote, { ...facts, round: commit.round })) return false;
    signed += vote.validator.power;
  }
  return signed * 3n > total * 2n;
}

function isSigned(
  vote: ExtendedVoteInfo,
  at: {
    readonly chainId: string;
    readonly height: bigint;
    readonly round: number;
    readonly keys: ReadonlyMap<string, Uint8Array>;
  },
): boolean {
  const key = at.keys.get(bytesToHex(vote.validator.address));
  if (key === undefined || vote.extensionSignature.length !== 64) return false;
  const message = voteExtensionSignBytes({ ...at, extension: vote.voteExtension });
  try {
    return ed25519.verify(vote.extensionSignature, message, key);
  } catch {
    return false;
  }
}
