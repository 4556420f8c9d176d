/** Blocks, commits, results and state over an EngineKv: which records exist and what one batch holds together. */
import { ResponseFinalizeBlock } from "cosmjs-types/tendermint/abci/types";
import { Block } from "cosmjs-types/tendermint/types/block";
import { BlockMeta, type Commit, ExtendedCommit } from "cosmjs-types/tendermint/types/types";
import { concatBytes, readU32be, readU64be, u32be, u64be } from "../../../common/bytes.ts";
import { commitOfExtended } from "./commit.ts";
import {
  BASE_KEY,
  blockKey,
  commitKey,
  hashKey,
  metaKey,
  PENDING_KEY,
  paramsKey,
  resultsKey,
  STATE_KEY,
  TIP_KEY,
  validatorsKey,
} from "./keys.ts";
import { decodeConsensusParams, encodeConsensusParams, type FullConsensusParams } from "./params.ts";
import type { EngineKv, EngineKvOp } from "./ports.ts";
import {
  type ChainState,
  decodeState,
  decodeValidators,
  encodeState,
  encodeValidators,
  nextHeight,
} from "./state.ts";
import type { EngineValidator } from "./validators.ts";

/** A block proposed in `round`, not decided yet. */
export interface PendingBlock {
  readonly round: number;
  readonly block: Block;
}

/** A decided block. */
export interface DecidedBlock {
  readonly block: Block;
  readonly blockBytes: Uint8Array;
  readonly meta: BlockMeta;
  readonly seenCommit: ExtendedCommit;
}

/** Reads and writes of the engine's records. Every write is durable when its promise resolves. */
export interface BlockStore {
  readonly kv: EngineKv;
  /** Height of the last decided block, 0 for none. */
  tip(): bigint;
  /** Lowest height held, 0 for none. */
  base(): bigint;
  block(height: bigint): Block | undefined;
  meta(height: bigint): BlockMeta | undefined;
  heightOfHash(hash: Uint8Array): bigint | undefined;
  seenCommit(height: bigint): ExtendedCommit | undefined;
  /** The commit that block `height` + 1 carries, when that block exists. */
  canonicalCommit(height: bigint): Commit | undefined;
  results(height: bigint): ResponseFinalizeBlock | undefined;
  validators(height: bigint): EngineValidator[] | undefined;
  params(height: bigint): FullConsensusParams | undefined;
  state(): ChainState | undefined;
  pending(): PendingBlock | undefined;
  savePending(pending: PendingBlock): Promise<void>;
  /** Records the decided block and forgets the pending one. */
  saveDecided(decided: DecidedBlock): Promise<void>;
  saveResults(height: bigint, response: ResponseFinalizeBlock): Promise<void>;
  /** Records the state, the sets and parameters that follow from it, and `more` (index entries) in one batch. */
  saveState(state: ChainState, more: readonly EngineKvOp[]): Promise<void>;
  /** Forgets blocks below `retainHeight`, at most `limit` of them at a time. Results of the forgotten go too. */
  prune(retainHeight: bigint, limit: number): Promise<void>;
}

/** The store over `kv`. */
export function createBlockStore(kv: EngineKv): BlockStore {
  const height = (key: Uint8Array): bigint => {
    const bytes = kv.get(key);
    return bytes === undefined ? 0n : readU64be(bytes);
  };
  const read = <T>(key: Uint8Array, decode: (bytes: Uint8Array) => T): T | undefined => {
    const bytes = kv.get(key);
    return bytes === undefined ? undefined : decode(bytes);
  };
  const block = (at: bigint): Block | undefined => read(blockKey(at), (bytes) => Block.decode(bytes));
  return {
    kv,
    tip: () => height(TIP_KEY),
    base: () => height(BASE_KEY),
    block,
    meta: (at) => read(metaKey(at), (bytes) => BlockMeta.decode(bytes)),
    heightOfHash: (hash) => read(hashKey(hash), (bytes) => readU64be(bytes)),
    seenCommit: (at) => read(commitKey(at), (bytes) => ExtendedCommit.decode(bytes)),
    canonicalCommit: (at) => block(at + 1n)?.lastCommit,
    results: (at) => read(resultsKey(at), (bytes) => ResponseFinalizeBlock.decode(bytes)),
    validators: (at) => read(validatorsKey(at), decodeValidators),
    params: (at) => read(paramsKey(at), decodeConsensusParams),
    state: () => read(STATE_KEY, decodeState),
    pending: () => read(PENDING_KEY, decodePending),
    savePending: (pending) => kv.write([{ key: PENDING_KEY, value: encodePending(pending) }]),
    saveDecided: (decided) => kv.write(decidedOps(decided, height(BASE_KEY))),
    saveResults: (at, response) =>
      kv.write([{ key: resultsKey(at), value: ResponseFinalizeBlock.encode(response).finish() }]),
    saveState: (state, more) => kv.write([...stateOps(state), ...more]),
    prune: (retainHeight, limit) => prune({ kv, base: height(BASE_KEY), retainHeight, limit }),
  };
}

/** The seen commit of `height` without extensions: what a light client gets for the tip. */
export function seenCommitOf(store: BlockStore, height: bigint): Commit | undefined {
  const seen = store.seenCommit(height);
  return seen === undefined ? undefined : commitOfExtended(seen);
}

function decidedOps(decided: DecidedBlock, base: bigint): EngineKvOp[] {
  const { meta, blockBytes, seenCommit } = decided;
  const height = meta.header.height;
  const ops: EngineKvOp[] = [
    { key: blockKey(height), value: blockBytes },
    { key: metaKey(height), value: BlockMeta.encode(meta).finish() },
    { key: hashKey(meta.blockId.hash), value: u64be(height) },
    { key: commitKey(height), value: ExtendedCommit.encode(seenCommit).finish() },
    { key: TIP_KEY, value: u64be(height) },
    { key: PENDING_KEY },
  ];
  if (base === 0n) ops.push({ key: BASE_KEY, value: u64be(height) });
  return ops;
}

function stateOps(state: ChainState): EngineKvOp[] {
  const next = nextHeight(state);
  return [
    { key: STATE_KEY, value: encodeState(state) },
    { key: validatorsKey(next), value: encodeValidators(state.validators) },
    { key: validatorsKey(next + 1n), value: encodeValidators(state.nextValidators) },
    { key: paramsKey(next), value: encodeConsensusParams(state.params) },
  ];
}

async function prune(options: {
  readonly kv: EngineKv;
  readonly base: bigint;
  readonly retainHeight: bigint;
  readonly limit: number;
}): Promise<void> {
  const { kv, base, retainHeight, limit } = options;
  if (base === 0n || base >= retainHeight) return;
  const end = base + BigInt(limit) < retainHeight ? base + BigInt(limit) : retainHeight;
  const ops: EngineKvOp[] = [{ key: BASE_KEY, value: u64be(end) }];
  for (let height = base; height < end; height++) {
    const meta = kv.get(metaKey(height));
    if (meta !== undefined) ops.push({ key: hashKey(BlockMeta.decode(meta).blockId.hash) });
    for (const key of [blockKey, metaKey, commitKey, resultsKey, validatorsKey, paramsKey])
      ops.push({ key: key(height) });
  }
  await kv.write(ops);
}

function encodePending(pending: PendingBlock): Uint8Array {
  return concatBytes(u32be(pending.round), Block.encode(pending.block).finish());
}

function decodePending(bytes: Uint8Array): PendingBlock {
  return { round: readU32be(bytes), block: Block.decode(bytes.subarray(4)) };
}
