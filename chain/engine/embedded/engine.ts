/**
 * The embedded engine: one validator, real blocks. `start` reconciles, `produceBlock` makes one block. It has no timer
 * of its own (chain/io/engineLoop.ts drives it) and never runs two blocks, or a block and a CheckTx, at once.
 */
import type {
  RequestQuery,
  ResponseCheckTx,
  ResponseInfo,
  ResponseQuery,
} from "cosmjs-types/tendermint/abci/types";
import { CheckTxType } from "cosmjs-types/tendermint/abci/types";
import { AivmError } from "../../../common/errors.ts";
import { type AppliedBlock, applyBlock, storedBlock } from "./apply.ts";
import { followsFrom } from "./block.ts";
import type { BlockStore, PendingBlock } from "./blockStore.ts";
import type { EngineContext } from "./context.ts";
import { decideBlock } from "./decide.ts";
import type { GenesisDoc } from "./genesis.ts";
import { handshake, infoRequest } from "./handshake.ts";
import { ed25519Address } from "./hash.ts";
import { createMempool, DEFAULT_MEMPOOL_LIMITS, type Mempool, type MempoolLimits } from "./mempool.ts";
import { lastCommitOf, proposeBlock } from "./propose.ts";
import { type ChainState, nextHeight } from "./state.ts";

/** Called after a block is committed, recorded and indexed. Must not throw. */
export type BlockListener = (applied: AppliedBlock) => void;

/** A running engine. */
export interface Engine {
  readonly genesis: GenesisDoc;
  readonly store: BlockStore;
  readonly mempool: Mempool;
  /** ed25519 public key of the one validator. */
  readonly validatorPubKey: Uint8Array;
  /** State after the last committed block. @throws CHAIN_ENGINE before `start`. */
  state(): ChainState;
  /** Handshake with the application; first call of all. */
  start(): Promise<void>;
  /** Makes, commits and announces the next block. A failure is final: the process must restart. */
  produceBlock(): Promise<AppliedBlock>;
  /** CheckTx through the mempool. @throws CHAIN_MEMPOOL_* when the pool itself refuses. */
  submitTx(tx: Uint8Array): Promise<ResponseCheckTx>;
  /** CheckTx without keeping the transaction. */
  checkTx(tx: Uint8Array): Promise<ResponseCheckTx>;
  /** ABCI query, never between FinalizeBlock and the end of Commit. */
  query(request: RequestQuery): Promise<ResponseQuery>;
  info(): Promise<ResponseInfo>;
  /** Registers `listener`; the returned function removes it. */
  onBlock(listener: BlockListener): () => void;
}

/** An engine that has not started. */
export function createEngine(context: EngineContext, limits: MempoolLimits = DEFAULT_MEMPOOL_LIMITS): Engine {
  const { app, store } = context;
  const mempool = createMempool((request) => app.checkTx(request), limits);
  const exclusive = createLock();
  const listeners = new Set<BlockListener>();
  const proposerAddress = ed25519Address(context.key.pubKey);
  let current: ChainState | undefined;

  const state = (): ChainState => {
    if (current !== undefined) return current;
    throw notStarted();
  };

  const produceBlock = async (): Promise<AppliedBlock> => {
    const before = state();
    const pending =
      pendingFor(context, before) ??
      (await proposeBlock(context, { state: before, mempool, proposerAddress }));
    const { meta } = await decideBlock(context, { state: before, pending });
    const { height } = meta.header;
    const applied = await exclusive(async () => {
      const result = await applyBlock(context, { state: before, stored: storedBlock(context, height) });
      current = result.state;
      mempool.update(result.applied.block.data.txs, result.applied.response.txResults);
      return result.applied;
    });
    for (const listener of [...listeners]) listener(applied);
    return applied;
  };

  return {
    genesis: context.genesis,
    store,
    mempool,
    validatorPubKey: context.key.pubKey,
    state,
    async start() {
      current = await handshake(context);
    },
    produceBlock,
    submitTx: (tx) => exclusive(async () => mempool.add(tx)),
    checkTx: (tx) => exclusive(async () => app.checkTx({ tx, type: CheckTxType.NEW })),
    query: (request) => exclusive(async () => app.query(request)),
    info: () => exclusive(async () => app.info(infoRequest())),
    onBlock(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The block that the last run proposed for this height, if it did: it may be signed already, so it comes first. */
function pendingFor(context: EngineContext, state: ChainState): PendingBlock | undefined {
  const pending = context.store.pending();
  if (pending === undefined || pending.block.header.height !== nextHeight(state)) return undefined;
  const { timeNanos } = lastCommitOf(context, state);
  return followsFrom(state, pending.block, timeNanos) ? pending : undefined;
}

/** Runs tasks one after the other in order of arrival. */
function createLock(): <T>(task: () => Promise<T>) => Promise<T> {
  let tail: Promise<unknown> = Promise.resolve();
  return (task) => {
    const run = tail.then(task, task);
    tail = run.catch(() => undefined);
    return run;
  };
}

function notStarted(): AivmError {
  return new AivmError("CHAIN_ENGINE", {
    what: "engine",
    want: "start() first",
    got: "a call before the handshake",
    remedy: "await engine.start() before using it",
  });
}
