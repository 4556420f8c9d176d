/** Executing a decided block: FinalizeBlock, results on disk, Commit, then state and indexes on disk, in this order. */
import { RequestFinalizeBlock, type ResponseFinalizeBlock } from "cosmjs-types/tendermint/abci/types";
import type { Block } from "cosmjs-types/tendermint/types/block";
import type { BlockID } from "cosmjs-types/tendermint/types/types";
import { bytesToHex, equalBytes } from "../../../common/bytes.ts";
import { AivmError } from "../../../common/errors.ts";
import { commitInfo, emptyCommit } from "./commit.ts";
import type { EngineContext } from "./context.ts";
import { indexOps } from "./query/eventIndex.ts";
import { type ChainState, stateAfterBlock } from "./state.ts";
import type { EngineValidator } from "./validators.ts";

/** Blocks forgotten per commit when the application raises its retain height. */
const PRUNE_LIMIT = 200;

/** A committed block and what its execution gave. */
export interface AppliedBlock {
  readonly block: Block;
  readonly blockId: BlockID;
  readonly response: ResponseFinalizeBlock;
}

/** A stored block with its id. */
export interface StoredBlock {
  readonly block: Block;
  readonly blockId: BlockID;
}

/** The block of `height`. @throws CHAIN_STORE when it is not in the store. */
export function storedBlock(context: EngineContext, height: bigint): StoredBlock {
  const block = context.store.block(height);
  const meta = context.store.meta(height);
  if (block !== undefined && meta !== undefined) return { block, blockId: meta.blockId };
  throw new AivmError("CHAIN_STORE", {
    what: "block store",
    item: `height ${height}`,
    want: "a block to replay",
    got: "nothing",
    remedy: "the store is pruned or damaged: restore it, or restore the application to a later height",
  });
}

/** Runs `stored` through FinalizeBlock. @throws CHAIN_APP_RESULTS unless there is one result per transaction. */
export function finalize(context: EngineContext, stored: StoredBlock): ResponseFinalizeBlock {
  const { block, blockId } = stored;
  const { header } = block;
  const validators = context.store.validators(header.height - 1n) ?? [];
  const response = context.app.finalizeBlock(
    RequestFinalizeBlock.fromPartial({
      txs: block.data.txs,
      decidedLastCommit: commitInfo(block.lastCommit ?? emptyCommit(), validators),
      misbehavior: [],
      hash: blockId.hash,
      height: header.height,
      time: header.time,
      nextValidatorsHash: header.nextValidatorsHash,
      proposerAddress: header.proposerAddress,
    }),
  );
  if (response.txResults.length === block.data.txs.length) return response;
  throw new AivmError("CHAIN_APP_RESULTS", {
    what: "FinalizeBlock",
    item: `height ${header.height}`,
    want: `${block.data.txs.length} results`,
    got: `${response.txResults.length}`,
    remedy: "fix the application: every transaction gets exactly one result",
  });
}

/** Executes the stored block after `state` with the application and records everything that follows. */
export async function applyBlock(
  context: EngineContext,
  input: { readonly state: ChainState; readonly stored: StoredBlock },
): Promise<{ readonly state: ChainState; readonly applied: AppliedBlock }> {
  const { state, stored } = input;
  const { height } = stored.block.header;
  const response = finalize(context, stored);
  // Validator updates are judged before the application commits: a bad one must leave nothing behind.
  const next = advance(context, { state, stored, response });
  await context.store.saveResults(height, response);
  const { retainHeight } = await context.app.commit();
  await recordState(context, { state: next, stored, response });
  if (retainHeight > 0n)
    await context.store.prune(retainHeight < height ? retainHeight : height, PRUNE_LIMIT);
  return { state: next, applied: { ...stored, response } };
}

/** State after `stored`, which must leave the chain to this validator alone. */
export function advance(
  context: EngineContext,
  step: {
    readonly state: ChainState;
    readonly stored: StoredBlock;
    readonly response: ResponseFinalizeBlock;
  },
): ChainState {
  const { state, stored, response } = step;
  const next = stateAfterBlock(state, { header: stored.block.header, blockId: stored.blockId, response });
  assertOwnValidator(context, next.nextValidators);
  return next;
}

/** Records `state` and the block's index entries in one batch. */
export async function recordState(
  context: EngineContext,
  step: {
    readonly state: ChainState;
    readonly stored: StoredBlock;
    readonly response: ResponseFinalizeBlock;
  },
): Promise<void> {
  const { block } = step.stored;
  const { height } = block.header;
  const ops = indexOps(context.store.kv, { height, txs: block.data.txs, response: step.response });
  await context.store.saveState(step.state, ops);
}

/** @throws CHAIN_VALIDATORS unless the set is exactly this engine's key. */
export function assertOwnValidator(context: EngineContext, validators: readonly EngineValidator[]): void {
  const [only, ...others] = validators;
  if (only !== undefined && others.length === 0 && equalBytes(only.pubKey, context.key.pubKey)) return;
  throw new AivmError("CHAIN_VALIDATORS", {
    what: "validator set",
    want: `the embedded engine's own key ${bytesToHex(context.key.pubKey)} alone`,
    got: validators.map(({ pubKey }) => bytesToHex(pubKey)).join(", ") || "none",
    remedy: "run several validators under CometBFT; give the embedded engine the key that genesis names",
  });
}
