/** Commits: the decided votes of a height, with and without vote extensions, and how the application sees them. */

import type { Timestamp } from "cosmjs-types/google/protobuf/timestamp";
import { CommitInfo, ExtendedCommitInfo } from "cosmjs-types/tendermint/abci/types";
import { type BlockID, Commit, ExtendedCommit } from "cosmjs-types/tendermint/types/types";
import { BlockIDFlag } from "cosmjs-types/tendermint/types/validator";
import { AivmError } from "../../../common/errors.ts";
import { timestampToNanos } from "./time.ts";
import type { EngineValidator } from "./validators.ts";

/** The commit that the first block carries. */
export function emptyCommit(): Commit {
  return Commit.fromPartial({});
}

/** Commit of one block by the one validator. */
export function createExtendedCommit(vote: {
  readonly height: bigint;
  readonly round: number;
  readonly blockId: BlockID;
  readonly validatorAddress: Uint8Array;
  readonly timestamp: Timestamp;
  readonly signature: Uint8Array;
  readonly extension: Uint8Array;
  readonly extensionSignature: Uint8Array;
}): ExtendedCommit {
  const { height, round, blockId, ...signature } = vote;
  return ExtendedCommit.fromPartial({
    height,
    round,
    blockId,
    extendedSignatures: [{ blockIdFlag: BlockIDFlag.BLOCK_ID_FLAG_COMMIT, ...signature }],
  });
}

/** The same commit without extensions: what the next block carries. */
export function commitOfExtended(commit: ExtendedCommit): Commit {
  return Commit.fromPartial({
    height: commit.height,
    round: commit.round,
    blockId: commit.blockId,
    signatures: commit.extendedSignatures.map(({ blockIdFlag, validatorAddress, timestamp, signature }) => ({
      blockIdFlag,
      validatorAddress,
      timestamp,
      signature,
    })),
  });
}

/** `decided_last_commit` for the application. `validators` is the set that signed, in order. */
export function commitInfo(commit: Commit, validators: readonly EngineValidator[]): CommitInfo {
  return CommitInfo.fromPartial({
    round: commit.round,
    votes: commit.signatures.map((signature, index) => ({
      validator: abciValidator(validators, index),
      blockIdFlag: signature.blockIdFlag,
    })),
  });
}

/** `local_last_commit` for the proposer's application; the empty one before the second block. */
export function extendedCommitInfo(
  commit: ExtendedCommit | undefined,
  validators: readonly EngineValidator[],
): ExtendedCommitInfo {
  return ExtendedCommitInfo.fromPartial({
    round: commit?.round ?? 0,
    votes: (commit?.extendedSignatures ?? []).map((signature, index) => ({
      validator: abciValidator(validators, index),
      voteExtension: signature.extension,
      extensionSignature: signature.extensionSignature,
      blockIdFlag: signature.blockIdFlag,
    })),
  });
}

/** BFT time: the median of the commit's timestamps weighted by power, in nanoseconds. */
export function medianTimeNanos(commit: Commit, validators: readonly EngineValidator[]): bigint {
  const votes = commit.signatures
    .map((signature, index) => ({
      nanos: timestampToNanos(signature.timestamp),
      power: signature.blockIdFlag === BlockIDFlag.BLOCK_ID_FLAG_ABSENT ? 0n : powerAt(validators, index),
    }))
    .filter(({ power }) => power > 0n)
    .sort((a, b) => (a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0));
  let median = votes.reduce((sum, { power }) => sum + power, 0n) / 2n;
  for (const { nanos, power } of votes) {
    if (median <= power) return nanos;
    median -= power;
  }
  throw mismatch("at least one signature in the last commit");
}

function abciValidator(
  validators: readonly EngineValidator[],
  index: number,
): { address: Uint8Array; power: bigint } {
  const validator = validators[index];
  if (validator === undefined) throw mismatch("as many validators as signatures");
  return { address: validator.address, power: validator.votingPower };
}

function powerAt(validators: readonly EngineValidator[], index: number): bigint {
  return validators[index]?.votingPower ?? 0n;
}

function mismatch(want: string): AivmError {
  return new AivmError("CHAIN_COMMIT", {
    what: "stored commit",
    want,
    got: "another number",
    remedy: "the block store is damaged: restore it or start from genesis",
  });
}
