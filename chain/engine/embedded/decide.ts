/** Deciding: vote extension, precommit, and the block with its commit on disk. */
import {
  RequestExtendVote,
  RequestVerifyVoteExtension,
  ResponseVerifyVoteExtension_VerifyStatus,
} from "cosmjs-types/tendermint/abci/types";
import { BlockMeta } from "cosmjs-types/tendermint/types/types";
import { EMPTY } from "../../../common/bytes.ts";
import { AivmError } from "../../../common/errors.ts";
import type { DecidedBlock, PendingBlock } from "./blockStore.ts";
import { commitInfo, createExtendedCommit, emptyCommit } from "./commit.ts";
import type { EngineContext } from "./context.ts";
import { blockIdOf, ed25519Address } from "./hash.ts";
import { voteExtensionsEnabled } from "./params.ts";
import { signPrecommit, signVoteExtension } from "./privValidator.ts";
import type { ChainState } from "./state.ts";
import { nanosToTimestamp, timestampToNanos } from "./time.ts";

const MILLISECOND_NANOS = 1_000_000n;

/**
 * Precommits `pending` and records it as decided. Repeating it after a crash gives the same signature, since the
 * pending block and the signing state are both on disk before anything is announced.
 */
export async function decideBlock(
  context: EngineContext,
  input: { readonly state: ChainState; readonly pending: PendingBlock },
): Promise<DecidedBlock> {
  const { state, pending } = input;
  const { block, round } = pending;
  const { height } = block.header;
  const { chainId } = state;
  const { blockId, blockBytes } = blockIdOf(block);
  const validatorAddress = ed25519Address(context.key.pubKey);
  const extension = voteExtensionsEnabled(state.params, height)
    ? extend(context, { pending, hash: blockId.hash, validatorAddress })
    : undefined;
  const vote = {
    chainId,
    height,
    round,
    blockId,
    timestamp: voteTime(context, timestampToNanos(block.header.time)),
  };
  const signed = signPrecommit(context.key, vote);
  const seenCommit = createExtendedCommit({
    height,
    round,
    blockId,
    validatorAddress,
    ...signed,
    extension: extension ?? EMPTY,
    extensionSignature:
      extension === undefined ? EMPTY : signVoteExtension(context.key, { chainId, extension, height, round }),
  });
  const meta = BlockMeta.fromPartial({
    blockId,
    blockSize: BigInt(blockBytes.length),
    header: block.header,
    numTxs: BigInt(block.data.txs.length),
  });
  const decided = { block, blockBytes, meta, seenCommit };
  await context.store.saveDecided(decided);
  return decided;
}

/** Now, but at least a millisecond after the block's time: BFT time never stands still. */
function voteTime(context: EngineContext, blockTimeNanos: bigint): ReturnType<typeof nanosToTimestamp> {
  const now = context.clock();
  const earliest = blockTimeNanos + MILLISECOND_NANOS;
  return nanosToTimestamp(now > earliest ? now : earliest);
}

function extend(
  context: EngineContext,
  vote: { readonly pending: PendingBlock; readonly hash: Uint8Array; readonly validatorAddress: Uint8Array },
): Uint8Array {
  const { block } = vote.pending;
  const { header } = block;
  const validators = context.store.validators(header.height - 1n) ?? [];
  const { voteExtension } = context.app.extendVote(
    RequestExtendVote.fromPartial({
      hash: vote.hash,
      height: header.height,
      time: header.time,
      txs: block.data.txs,
      proposedLastCommit: commitInfo(block.lastCommit ?? emptyCommit(), validators),
      misbehavior: [],
      nextValidatorsHash: header.nextValidatorsHash,
      proposerAddress: header.proposerAddress,
    }),
  );
  const { status } = context.app.verifyVoteExtension(
    RequestVerifyVoteExtension.fromPartial({
      hash: vote.hash,
      validatorAddress: vote.validatorAddress,
      height: header.height,
      voteExtension,
    }),
  );
  if (status === ResponseVerifyVoteExtension_VerifyStatus.ACCEPT) return voteExtension;
  throw new AivmError("CHAIN_VOTE_EXTENSION", {
    what: "vote extension",
    item: `height ${header.height}`,
    want: "VerifyVoteExtension accepts what ExtendVote made",
    got: "a refusal",
    remedy: "fix the application: other validators would refuse this vote",
  });
}
