/**
 * The application: modules over one store, behind ABCI 2.0. Deterministic: a block gives the same state, results and
 * app hash on every machine, however often FinalizeBlock is called for it before it is committed.
 */

import type { Timestamp } from "cosmjs-types/google/protobuf/timestamp";
import {
  CheckTxType,
  type Event,
  type ExecTxResult,
  ResponseProcessProposal_ProposalStatus as ProposalStatus,
  type RequestFinalizeBlock,
  type RequestInitChain,
  type RequestPrepareProposal,
  ResponseCheckTx,
  ResponseCommit,
  ResponseFinalizeBlock,
  ResponseInfo,
  ResponseInitChain,
  ResponseVerifyVoteExtension_VerifyStatus as VerifyStatus,
} from "cosmjs-types/tendermint/abci/types";
import { AivmError, readU64be, sha256, u64be, utf8, utf8ToText } from "../common/index.ts";
import type { AbciApplication } from "./abci.ts";
import type { Context, ExecMode } from "./context.ts";
import { createGasMeter } from "./gas.ts";
import type { MessageHandler, Module, QueryHandler, VoteExtensionHandler } from "./module.ts";
import { answerQuery } from "./query.ts";
import { type BlockFacts, createContext, errorCode, eventOf, runTx, type TxRunner } from "./runTx.ts";
import { type Branch, branchOf, type Stores } from "./store/branch.ts";
import type { DurableKv } from "./store/kv.ts";
import { type MultiStore, openMultiStore, readOnly } from "./store/multistore.ts";
import { nobleVerifier, type SignatureVerifier } from "./tx/signatures.ts";
import { decodeVoteTx, encodeVoteTx, extensionsOf, isVoteTx } from "./voteTx.ts";

/** What an application is made of. */
export interface AppOptions {
  readonly kv: DurableKv;
  readonly modules: readonly Module[];
  readonly voteExtensions?: VoteExtensionHandler;
  readonly verify?: SignatureVerifier;
  readonly feeDenom: string;
  /** Millionths of the fee coin per unit of gas. */
  readonly minGasPriceMicro: bigint;
  /** Versions that stay readable by queries at a height. Default 100. */
  readonly keepVersions?: number;
  readonly version: string;
}

/** Bulk store of the application itself: genesis hash, and height, time and hash of the last block. */
const BASE = "base";
const ZERO_32 = new Uint8Array(32);

interface AppState {
  readonly options: AppOptions;
  readonly store: MultiStore;
  readonly messages: ReadonlyMap<string, MessageHandler>;
  readonly routes: ReadonlyMap<string, QueryHandler>;
  /** InitChain of this process, to be applied again when the first block is executed again. */
  genesis: RequestInitChain | undefined;
  check: Branch;
  /** Block whose changes are in the working set. */
  pending: BlockFacts | undefined;
}

/** Opens the application on its store. @throws CHAIN_STORE, CHAIN_MODULES */
export function createApp(options: AppOptions): AbciApplication {
  const { modules } = options;
  const names = modules.flatMap(({ stores }) => stores);
  assertUnique("store", names);
  const messages = modules.flatMap((module) => module.messages);
  const queries = modules.flatMap((module) => module.queries);
  assertUnique(
    "message",
    messages.map(({ typeUrl }) => typeUrl),
  );
  assertUnique(
    "query",
    queries.map(({ path }) => path),
  );
  const store = openMultiStore({ kv: options.kv, names, keepVersions: options.keepVersions ?? 100 });
  const app: AppState = {
    options,
    store,
    messages: new Map(messages.map((handler) => [handler.typeUrl, handler])),
    routes: new Map(queries.map((handler) => [handler.path, handler])),
    genesis: undefined,
    check: branchOf(store.latest),
    pending: undefined,
  };
  return {
    info: () => info(app),
    initChain: (request) => initChain(app, request),
    query: (request) => answerQuery(queryBackend(app), request),
    checkTx: ({ tx, type }) => checkTx(app, tx, type === CheckTxType.RECHECK ? "recheck" : "check"),
    prepareProposal: (request) => ({ txs: proposalTxs(app, request) }),
    processProposal: ({ txs, height }) => ({
      status: acceptsProposal(app, txs, height) ? ProposalStatus.ACCEPT : ProposalStatus.REJECT,
    }),
    extendVote: () => ({
      voteExtension: options.voteExtensions?.extend(committedContext(app)) ?? new Uint8Array(),
    }),
    verifyVoteExtension: ({ validatorAddress, voteExtension }) => ({
      status: verifies(app, validatorAddress, voteExtension) ? VerifyStatus.ACCEPT : VerifyStatus.REJECT,
    }),
    finalizeBlock: (request) => finalizeBlock(app, request),
    commit: async () => {
      await store.commit();
      app.pending = undefined;
      app.check = branchOf(store.latest);
      return ResponseCommit.fromPartial({ retainHeight: 0n });
    },
  };
}

function info(app: AppState): ResponseInfo {
  const { version, appHash } = app.store.committed();
  return ResponseInfo.fromPartial({
    data: "aivm",
    version: app.options.version,
    appVersion: 1n,
    lastBlockHeight: version,
    lastBlockAppHash: version === 0n ? new Uint8Array() : appHash,
  });
}

function initChain(app: AppState, request: RequestInitChain): ResponseInitChain {
  app.genesis = request;
  applyGenesis(app, request);
  app.check = branchOf(app.store.working);
  return ResponseInitChain.fromPartial({ validators: [], appHash: sha256(new Uint8Array()) });
}

/** Writes genesis into the working set; it becomes durable together with the first block. */
function applyGenesis(app: AppState, request: RequestInitChain): void {
  app.store.discard();
  const state = parseAppState(request.appStateBytes);
  const genesisHash = sha256(utf8(request.chainId), request.appStateBytes);
  const base = app.store.working.bulk(BASE);
  base.set(utf8("genesisHash"), genesisHash);
  base.set(utf8("chainId"), utf8(request.chainId));
  const timeMs = millis(request.time);
  base.set(utf8("timeMs"), u64be(timeMs));
  const block: BlockFacts = {
    chainId: request.chainId,
    genesisHash,
    height: 0n,
    timeMs,
    blockHash: ZERO_32,
    proposer: new Uint8Array(),
  };
  const ctx = createContext({
    block,
    mode: "genesis",
    stores: app.store.working,
    gas: createGasMeter(),
    events: [],
  });
  for (const module of app.options.modules) module.initGenesis?.(ctx, state[module.name]);
}

function parseAppState(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const state = JSON.parse(bytes.length === 0 ? "{}" : utf8ToText(bytes)) as unknown;
    if (typeof state === "object" && state !== null && !Array.isArray(state))
      return state as Readonly<Record<string, unknown>>;
  } catch {
    // Reported below like any other malformed state.
  }
  throw new AivmError("CHAIN_GENESIS", {
    what: "app_state of the genesis",
    want: "a JSON object with one member per module",
    got: `${bytes.length} bytes of something else`,
    remedy: "Make the genesis with `aivmd init`.",
  });
}

function checkTx(app: AppState, tx: Uint8Array, mode: ExecMode): ResponseCheckTx {
  const block = { ...committedFacts(app), height: app.store.committed().version + 1n };
  const result = runTx(tx, runnerFor(app, block), { mode, stores: app.check });
  const { code, codespace, log, data, gasWanted, gasUsed, events } = result;
  return ResponseCheckTx.fromPartial({ code, codespace, log, data, gasWanted, gasUsed, events });
}

/** The last height's extensions first, then the mempool's transactions as far as they fit. */
function proposalTxs(app: AppState, request: RequestPrepareProposal): Uint8Array[] {
  const out: Uint8Array[] = [];
  let left = request.maxTxBytes;
  const commit = request.localLastCommit;
  if (app.options.voteExtensions !== undefined && commit !== undefined && extensionsOf(commit).length > 0) {
    const tx = encodeVoteTx(commit);
    out.push(tx);
    left -= BigInt(tx.length);
  }
  for (const tx of request.txs) {
    if (BigInt(tx.length) > left) break;
    out.push(tx);
    left -= BigInt(tx.length);
  }
  return out;
}

/** A proposal may carry extensions only in front, and only such as this node would accept itself. */
function acceptsProposal(app: AppState, txs: readonly Uint8Array[], height: bigint): boolean {
  return txs.every((tx, i) => {
    if (!isVoteTx(tx)) return true;
    const commit = i === 0 && height > 1n ? decodeVoteTx(tx) : undefined;
    return (
      commit !== undefined &&
      extensionsOf(commit).every(({ validator, extension }) => verifies(app, validator, extension))
    );
  });
}

function verifies(app: AppState, validator: Uint8Array, extension: Uint8Array): boolean {
  if (extension.length === 0) return true;
  return app.options.voteExtensions?.verify(committedContext(app), { validator, extension }) ?? false;
}

function finalizeBlock(app: AppState, request: RequestFinalizeBlock): ResponseFinalizeBlock {
  app.store.discard();
  if (app.store.committed().version === 0n && app.genesis !== undefined) applyGenesis(app, app.genesis);
  const facts = committedFacts(app);
  const block: BlockFacts = {
    ...facts,
    height: request.height,
    timeMs: millis(request.time),
    blockHash: request.hash,
    proposer: request.proposerAddress,
  };
  const { working } = app.store;
  const events: Event[] = [];
  const first = request.txs[0];
  const hasVotes = first !== undefined && isVoteTx(first);
  if (hasVotes) applyVotes(app, { block, tx: first, events });
  runHooks(app, { hook: "preBlock", block, events });
  runHooks(app, { hook: "beginBlock", block, events });
  const runner = runnerFor(app, block);
  const txResults = request.txs.map(
    (tx, i): ExecTxResult =>
      i === 0 && hasVotes ? emptyResult() : runTx(tx, runner, { mode: "finalize", stores: working }),
  );
  runHooks(app, { hook: "endBlock", block, events });
  const base = working.bulk(BASE);
  base.set(utf8("timeMs"), u64be(block.timeMs));
  base.set(utf8("blockHash"), block.blockHash);
  app.pending = block;
  return ResponseFinalizeBlock.fromPartial({
    events,
    txResults,
    validatorUpdates: [],
    appHash: app.store.workingHash(),
  });
}

function applyVotes(
  app: AppState,
  votes: { readonly block: BlockFacts; readonly tx: Uint8Array; readonly events: Event[] },
): void {
  const commit = decodeVoteTx(votes.tx);
  const handler = app.options.voteExtensions;
  if (commit === undefined || handler === undefined) return;
  guarded(app, { ...votes, name: "voteExtensions", run: (ctx) => handler.apply(ctx, extensionsOf(commit)) });
}

function runHooks(
  app: AppState,
  options: {
    readonly hook: "preBlock" | "beginBlock" | "endBlock";
    readonly block: BlockFacts;
    readonly events: Event[];
  },
): void {
  for (const module of app.options.modules) {
    const hook = module[options.hook];
    if (hook === undefined) continue;
    guarded(app, {
      ...options,
      name: `${module.name}/${options.hook}`,
      run: (ctx) => hook.call(module, ctx),
    });
  }
}

/** A hook that fails is undone as a whole and told in an event: one module's defect must not stop the chain. */
function guarded(
  app: AppState,
  options: {
    readonly name: string;
    readonly block: BlockFacts;
    readonly events: Event[];
    readonly run: (ctx: Context) => void;
  },
): void {
  const stores = branchOf(app.store.working);
  const own: Event[] = [];
  try {
    options.run(
      createContext({ block: options.block, mode: "finalize", stores, gas: createGasMeter(), events: own }),
    );
  } catch (error) {
    const { codespace, code, log } = errorCode(error);
    options.events.push(
      eventOf("hook_failed", [
        ["hook", options.name],
        ["codespace", codespace],
        ["code", `${code}`],
        ["log", log],
      ]),
    );
    return;
  }
  stores.flush();
  options.events.push(...own);
}

function runnerFor(app: AppState, block: BlockFacts): TxRunner {
  const { verify, feeDenom, minGasPriceMicro } = app.options;
  return {
    block,
    find: (typeUrl) => app.messages.get(typeUrl),
    ante: { verify: verify ?? nobleVerifier, feeDenom, minGasPriceMicro },
  };
}

/** The last committed block as contexts of checks and queries see it. */
function committedFacts(app: AppState): BlockFacts {
  const version = app.store.committed().version;
  const base = version === 0n ? app.store.working.bulk(BASE) : app.store.latest.bulk(BASE);
  return {
    chainId: utf8ToText(base.get(utf8("chainId")) ?? new Uint8Array()),
    genesisHash: base.get(utf8("genesisHash")) ?? ZERO_32,
    height: version,
    timeMs: readU64be(base.get(utf8("timeMs")) ?? new Uint8Array(8)),
    blockHash: base.get(utf8("blockHash")) ?? ZERO_32,
    proposer: new Uint8Array(),
  };
}

function committedContext(app: AppState): Context {
  const block = committedFacts(app);
  return createContext({
    block,
    mode: "query",
    stores: branchOf(app.store.latest),
    gas: createGasMeter(),
    events: [],
  });
}

function queryBackend(app: AppState) {
  const { chainId } = committedFacts(app);
  const { version: height } = app.store.committed();
  return {
    chainId,
    height,
    version: app.options.version,
    routes: app.routes,
    storesAt: (at: bigint): Stores | undefined => storesAt(app, at),
    contextAt: (at: bigint, stores: Stores): Context =>
      createContext({
        block: { ...committedFacts(app), height: at },
        mode: "query",
        stores: branchOf(stores),
        gas: createGasMeter(),
        events: [],
      }),
    simulate: (tx: Uint8Array) =>
      runTx(tx, runnerFor(app, { ...committedFacts(app), height: height + 1n }), {
        mode: "simulate",
        stores: branchOf(app.check),
      }),
  };
}

/** Bulk data is not kept by version: queries at a height see the latest. */
function storesAt(app: AppState, height: bigint): Stores | undefined {
  const { store } = app;
  if (store.infoAt(height) === undefined) return undefined;
  return {
    store: (name) => readOnly(store.rootAt(name, height), store.load(name)),
    bulk: (name) => store.latest.bulk(name),
  };
}

function emptyResult(): ExecTxResult {
  return {
    code: 0,
    data: new Uint8Array(),
    log: "",
    info: "vote extensions",
    gasWanted: 0n,
    gasUsed: 0n,
    events: [],
    codespace: "",
  };
}

function millis(time: Timestamp | undefined): bigint {
  return time === undefined ? 0n : time.seconds * 1000n + BigInt(time.nanos) / 1_000_000n;
}

function assertUnique(what: string, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new AivmError("CHAIN_MODULES", {
    what: `${what} names`,
    want: "each once",
    got: `${twice} twice`,
    remedy: "Rename one.",
  });
}
