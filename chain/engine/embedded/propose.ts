/** Proposing: PrepareProposal, the block around its answer, ProcessProposal, and the proposal on disk. */
import {
  RequestPrepareProposal,
  RequestProcessProposal,
  ResponseProcessProposal_ProposalStatus,
} from "cosmjs-types/tendermint/abci/types";
import type { Block } from "cosmjs-types/tendermint/types/block";
import type { Commit, ExtendedCommit } from "cosmjs-types/tendermint/types/types";
import { AivmError } from "../../../common/errors.ts";
import { makeBlock } from "./block.ts";
import { type PendingBlock, seenCommitOf } from "./blockStore.ts";
import { commitInfo, emptyCommit, extendedCommitInfo, medianTimeNanos } from "./commit.ts";
import type { EngineContext } from "./context.ts";
import { headerHash, validatorsHash } from "./hash.ts";
import { framedTxBytes, type Mempool } from "./mempool.ts";
import { maxDataBytes } from "./params.ts";
import { type ChainState, nextHeight } from "./state.ts";
import { nanosToTimestamp } from "./time.ts";
import type { EngineValidator } from "./validators.ts";

/** Rounds tried at one height: the first with the mempool's transactions, the second without any. */
const MAX_ROUNDS = 2;

/** The last commit as the next block carries it, with what its hashes and time need. */
export interface LastCommit {
  readonly commit: Commit;
  readonly extended: ExtendedCommit | undefined;
  /** Set that signed it. */
  readonly validators: readonly EngineValidator[];
  /** Time of the next block. */
  readonly timeNanos: bigint;
}

/** The commit that the block after `state` carries. @throws CHAIN_STORE when it is not in the store. */
export function lastCommitOf(context: EngineContext, state: ChainState): LastCommit {
  if (state.lastBlockHeight === 0n) {
    return {
      commit: emptyCommit(),
      extended: undefined,
      validators: [],
      timeNanos: state.lastBlockTimeNanos,
    };
  }
  const extended = context.store.seenCommit(state.lastBlockHeight);
  const commit = seenCommitOf(context.store, state.lastBlockHeight);
  const validators = context.store.validators(state.lastBlockHeight);
  if (commit === undefined || validators === undefined) throw missing(state.lastBlockHeight);
  return { commit, extended, validators, timeNanos: medianTimeNanos(commit, validators) };
}

/**
 * A block that the application accepts, saved as pending.
 * @throws CHAIN_PROPOSAL when the application refuses its own proposal even without mempool transactions.
 */
export async function proposeBlock(
  context: EngineContext,
  input: { readonly state: ChainState; readonly mempool: Mempool; readonly proposerAddress: Uint8Array },
): Promise<PendingBlock> {
  const { state, mempool, proposerAddress } = input;
  const lastCommit = lastCommitOf(context, state);
  const maxBytes = maxDataBytes(state.params, state.validators.length);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const waiting = round === 0 ? mempool.reap({ maxBytes, maxGas: state.params.block.maxGas }) : [];
    const txs = prepare(context, { state, lastCommit, proposerAddress, txs: waiting, maxBytes });
    const block = makeBlock(state, {
      txs,
      lastCommit: lastCommit.commit,
      timeNanos: lastCommit.timeNanos,
      proposerAddress,
    });
    if (accepted(context, block, lastCommit)) {
      await context.store.savePending({ round, block });
      return { round, block };
    }
    context.log.warn({ height: String(nextHeight(state)), round }, "application refused its own proposal");
  }
  throw new AivmError("CHAIN_PROPOSAL", {
    what: "proposal",
    item: `height ${nextHeight(state)}`,
    want: "ProcessProposal accepts what PrepareProposal made",
    got: "a refusal in every round",
    remedy: "fix the application: it can not agree with itself",
  });
}

function prepare(
  context: EngineContext,
  input: {
    readonly state: ChainState;
    readonly lastCommit: LastCommit;
    readonly proposerAddress: Uint8Array;
    readonly txs: Uint8Array[];
    readonly maxBytes: bigint;
  },
): Uint8Array[] {
  const { state, lastCommit } = input;
  const { txs } = context.app.prepareProposal(
    RequestPrepareProposal.fromPartial({
      maxTxBytes: input.maxBytes,
      txs: input.txs,
      localLastCommit: extendedCommitInfo(lastCommit.extended, lastCommit.validators),
      misbehavior: [],
      height: nextHeight(state),
      time: nanosToTimestamp(lastCommit.timeNanos),
      nextValidatorsHash: validatorsHash(state.nextValidators),
      proposerAddress: input.proposerAddress,
    }),
  );
  const bytes = txs.reduce((sum, tx) => sum + framedTxBytes(tx), 0n);
  if (bytes <= input.maxBytes) return txs;
  throw new AivmError("CHAIN_PROPOSAL", {
    what: "transactions from PrepareProposal",
    want: `at most ${input.maxBytes} bytes with framing`,
    got: `${bytes} bytes`,
    remedy: "fix the application: it must stay within max_tx_bytes",
  });
}

function accepted(context: EngineContext, block: Block, lastCommit: LastCommit): boolean {
  const { header } = block;
  const { status } = context.app.processProposal(
    RequestProcessProposal.fromPartial({
      txs: block.data.txs,
      proposedLastCommit: commitInfo(lastCommit.commit, lastCommit.validators),
      misbehavior: [],
      hash: headerHash(header),
      height: header.height,
      time: header.time,
      nextValidatorsHash: header.nextValidatorsHash,
      proposerAddress: header.proposerAddress,
    }),
  );
  return status === ResponseProcessProposal_ProposalStatus.ACCEPT;
}

function missing(height: bigint): AivmError {
  return new AivmError("CHAIN_STORE", {
    what: "block store",
    item: `height ${height}`,
    want: "the commit and the validators of the last block",
    got: "nothing",
    remedy: "the block store is damaged: restore it or start from genesis",
  });
}
