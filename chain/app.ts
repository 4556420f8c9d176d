/**
 * The application: modules over one store, behind ABCI 2.0. Deterministic: a block gives the same state, results and
 * app hash on every machine, however often FinalizeBlock is called for it before it is committed.
 */

import {
  CheckTxType,
  type ExecTxResult,
  ResponseProcessProposal_ProposalStatus as ProposalStatus,
  type RequestFinalizeBlock,
  type RequestInitChain,
  ResponseCheckTx,
  ResponseCommit,
  ResponseFinalizeBlock,
  ResponseInfo,
  ResponseInitChain,
  ResponseVerifyVoteExtension_VerifyStatus as VerifyStatus,
} from "cosmjs-types/tendermint/abci/types";
import { AivmError, sha256, utf8ToText } from "../common/index.ts";
import type { AbciApplication } from "./abci.ts";
import { BASE, type ChainFacts, readBlock, readChainFacts, writeBlock, writeGenesis } from "./baseState.ts";
import {
  type BlockGas,
  type BlockGasLimits,
  createBlockGas,
  type GasClaim,
  largestGasLimit,
} from "./blockGas.ts";
import type { Context, ExecMode } from "./context.ts";
import { createGasMeter } from "./gas.ts";
import { applyVotes, type HookRun, runHooks } from "./hooks.ts";
import type { MessageHandler, Module, QueryHandler, VoteExtension, VoteExtensionHandler } from "./module.ts";
import { acceptsProposal, type ProposalBackend, proposalTxs } from "./proposal.ts";
import { answerQuery, type QueryBackend } from "./query.ts";
import { type AppLog, type BlockFacts, createContext, reportDefect, runTx, type TxRunner } from "./runTx.ts";
import { type Branch, branchOf, type Stores } from "./store/branch.ts";
import type { DurableKv } from "./store/kv.ts";
import { type MultiStore, openMultiStore, readOnly } from "./store/multistore.ts";
import { unixMillis } from "./time.ts";
import { type DecodedTx, decodeTx } from "./tx/decode.ts";
import { nobleVerifier, type SignatureVerifier } from "./tx/signatures.ts";
import { isVoteTx } from "./voteTx.ts";

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
  /** Share of a block's gas that only these messages may use. Default: 25 %, `/aivm.dispute.` messages. */
  readonly reservedGas?: ReservedGas;
  /** Told of defects: errors that no module threw on purpose. */
  readonly log?: AppLog;
}

/** The lane of a block's gas that ordinary transactions can not fill. */
export interface ReservedGas {
  readonly basisPoints: number;
  isReserved(typeUrl: string): boolean;
}

const KEEP_VERSIONS = 100;

const DISPUTE_LANE: ReservedGas = {
  basisPoints: 2500,
  isReserved: (typeUrl) => typeUrl.startsWith("/aivm.dispute."),
};

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
  const store = openMultiStore({
    kv: options.kv,
    names,
    keepVersions: options.keepVersions ?? KEEP_VERSIONS,
  });
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
    prepareProposal: (request) => ({ txs: proposalTxs(proposalBackend(app), request) }),
    processProposal: (request) => ({
      status: acceptsProposal(proposalBackend(app), request) ? ProposalStatus.ACCEPT : ProposalStatus.REJECT,
    }),
    extendVote: () => ({ voteExtension: extension(app) }),
    verifyVoteExtension: ({ validatorAddress, voteExtension }) => ({
      status: verifies(app, { validator: validatorAddress, extension: voteExtension })
        ? VerifyStatus.ACCEPT
        : VerifyStatus.REJECT,
    }),
    finalizeBlock: (request) => finalizeBlock(app, request),
    commit: async () => {
      if (app.pending === undefined) throw outOfOrder("Commit", "FinalizeBlock before it", "none");
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
  if (request.initialHeight > 1n)
    throw outOfOrder("InitChain", "initial_height 1", `initial_height ${request.initialHeight}`);
  app.genesis = request;
  applyGenesis(app, request);
  app.check = branchOf(app.store.working);
  return ResponseInitChain.fromPartial({ validators: [], appHash: sha256(new Uint8Array()) });
}

/** Writes genesis into the working set; it becomes durable together with the first block. */
function applyGenesis(app: AppState, request: RequestInitChain): void {
  app.store.discard();
  const { working } = app.store;
  const state = parseAppState(request.appStateBytes);
  const block = writeGenesis(working.bulk(BASE), request);
  const ctx = createContext({ block, mode: "genesis", stores: working, gas: createGasMeter(), events: [] });
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
  const result = runTx(tx, runnerFor(app, nextBlock(app)), { mode, stores: app.check });
  const { code, codespace, log, data, gasWanted, gasUsed, events } = result;
  return ResponseCheckTx.fromPartial({ code, codespace, log, data, gasWanted, gasUsed, events });
}

function proposalBackend(app: AppState): ProposalBackend {
  const runner = runnerFor(app, nextBlock(app));
  return {
    chain: chainFacts(app),
    takesVotes: app.options.voteExtensions !== undefined,
    verifies: (vote) => verifies(app, vote),
    gas: createBlockGas(gasLimits(app)),
    gasOf: (tx) => {
      try {
        return gasClaim(app, decodeTx(tx, runner.find));
      } catch {
        return undefined;
      }
    },
  };
}

/** This validator's extension. A defect costs the extension, never the vote. */
function extension(app: AppState): Uint8Array {
  try {
    return app.options.voteExtensions?.extend(committedContext(app)) ?? new Uint8Array();
  } catch (error) {
    reportDefect(app.options.log, { error, where: "voteExtensions/extend" });
    return new Uint8Array();
  }
}

function verifies(app: AppState, vote: VoteExtension): boolean {
  if (vote.extension.length === 0) return true;
  try {
    return app.options.voteExtensions?.verify(committedContext(app), vote) ?? false;
  } catch (error) {
    reportDefect(app.options.log, { error, where: "voteExtensions/verify" });
    return false;
  }
}

function finalizeBlock(app: AppState, request: RequestFinalizeBlock): ResponseFinalizeBlock {
  const { version: height } = app.store.committed();
  if (request.height !== height + 1n)
    throw outOfOrder("FinalizeBlock", `height ${height + 1n}`, `height ${request.height}`);
  app.store.discard();
  if (height === 0n && app.genesis !== undefined) applyGenesis(app, app.genesis);
  const block: BlockFacts = {
    ...lastBlock(app),
    height: request.height,
    timeMs: unixMillis(request.time),
    blockHash: request.hash,
    proposer: request.proposerAddress,
  };
  const { working } = app.store;
  const { modules, voteExtensions, log } = app.options;
  const hooks: HookRun = { block, stores: working, events: [], log };
  const first = request.txs[0];
  const hasVotes = first !== undefined && isVoteTx(first);
  if (hasVotes) applyVotes(hooks, voteExtensions, first);
  runHooks(hooks, "preBlock", modules);
  runHooks(hooks, "beginBlock", modules);
  const runner = runnerFor(app, block, createBlockGas(gasLimits(app)));
  const txResults = request.txs.map(
    (tx, i): ExecTxResult =>
      i === 0 && hasVotes ? emptyResult() : runTx(tx, runner, { mode: "finalize", stores: working }),
  );
  runHooks(hooks, "endBlock", modules);
  writeBlock(working.bulk(BASE), block);
  app.pending = block;
  return ResponseFinalizeBlock.fromPartial({
    events: hooks.events,
    txResults,
    validatorUpdates: [],
    appHash: app.store.workingHash(),
  });
}

function runnerFor(app: AppState, block: BlockFacts, gas?: BlockGas): TxRunner {
  const { verify, feeDenom, minGasPriceMicro, log } = app.options;
  const limits = gasLimits(app);
  return {
    block,
    find: (typeUrl) => app.messages.get(typeUrl),
    ante: {
      verify: verify ?? nobleVerifier,
      feeDenom,
      minGasPriceMicro,
      largestGasLimit: (tx) => largestGasLimit(limits, gasClaim(app, tx).isReserved),
    },
    admits: (tx) => gas?.admit(gasClaim(app, tx)) ?? true,
    ...(log === undefined ? {} : { log }),
  };
}

function gasClaim(app: AppState, tx: DecodedTx): GasClaim {
  const { isReserved } = app.options.reservedGas ?? DISPUTE_LANE;
  return {
    gasWanted: tx.authInfo.fee?.gasLimit ?? 0n,
    isReserved: tx.messages.every(({ handler }) => isReserved(handler.typeUrl)),
  };
}

function gasLimits(app: AppState): BlockGasLimits {
  const { basisPoints } = app.options.reservedGas ?? DISPUTE_LANE;
  return { maxGas: chainFacts(app).maxBlockGas, reservedBasisPoints: basisPoints };
}

/** Before the first block is durable, genesis is in the working set only. */
function baseStore(app: AppState) {
  const { store } = app;
  return store.committed().version === 0n ? store.working.bulk(BASE) : store.latest.bulk(BASE);
}

function chainFacts(app: AppState): ChainFacts {
  return readChainFacts(baseStore(app));
}

/** The last committed block. */
function lastBlock(app: AppState): BlockFacts {
  return readBlock(baseStore(app), app.store.committed().version);
}

/** The block that is being made, as far as it is known: what checks and simulations run in. */
function nextBlock(app: AppState): BlockFacts {
  const last = lastBlock(app);
  return { ...last, height: last.height + 1n };
}

function committedContext(app: AppState): Context {
  return queryContext(lastBlock(app), app.store.latest);
}

function queryContext(block: BlockFacts, stores: Stores): Context {
  return createContext({ block, mode: "query", stores: branchOf(stores), gas: createGasMeter(), events: [] });
}

function queryBackend(app: AppState): QueryBackend {
  const last = lastBlock(app);
  const { store, options } = app;
  return {
    chainId: last.chainId,
    height: last.height,
    version: options.version,
    minGasPrice: { denom: options.feeDenom, micro: options.minGasPriceMicro },
    keepVersions: options.keepVersions ?? KEEP_VERSIONS,
    routes: app.routes,
    storeNames: store.names,
    storesAt: (at) => storesAt(app, at),
    infoAt: store.infoAt,
    provable: (name, at) => ({ root: store.rootAt(name, at), load: store.load(name) }),
    contextAt: (at, stores) => queryContext({ ...last, height: at }, stores),
    simulate: (tx) =>
      runTx(tx, runnerFor(app, nextBlock(app)), { mode: "simulate", stores: branchOf(app.check) }),
    ...(options.log === undefined ? {} : { log: options.log }),
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

function outOfOrder(what: string, want: string, got: string): AivmError {
  return new AivmError("CHAIN_ABCI_ORDER", {
    what,
    want,
    got,
    remedy: "The engine broke the order of ABCI calls, or its store belongs to another chain.",
  });
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
