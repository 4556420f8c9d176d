/**
 * Start-up: brings the application and the engine's state to the height of the block store, whatever instant the last
 * run ended at (CometBFT consensus/replay.go). A = application height, S = store height, T = state height.
 */
import { RequestInfo, RequestInitChain, type ResponseInfo } from "cosmjs-types/tendermint/abci/types";
import { bytesToHex, equalBytes, utf8 } from "../../../common/bytes.ts";
import { AivmError } from "../../../common/errors.ts";
import { advance, applyBlock, assertOwnValidator, finalize, recordState, storedBlock } from "./apply.ts";
import { BLOCK_PROTOCOL } from "./block.ts";
import { ABCI_VERSION, COMETBFT_VERSION, type EngineContext, P2P_PROTOCOL } from "./context.ts";
import { type ChainState, genesisState, stateAfterInitChain } from "./state.ts";

/** The Info request of this engine. */
export function infoRequest(): RequestInfo {
  return RequestInfo.fromPartial({
    version: COMETBFT_VERSION,
    blockVersion: BLOCK_PROTOCOL,
    p2pVersion: P2P_PROTOCOL,
    abciVersion: ABCI_VERSION,
  });
}

/**
 * The state to continue from, after InitChain and every replay that is due.
 * @throws CHAIN_HANDSHAKE when the application is ahead of the store, behind a pruned one, or of another chain;
 * CHAIN_APP_HASH when a replay gives another application hash than the chain recorded.
 */
export async function handshake(context: EngineContext): Promise<ChainState> {
  const { store, genesis, log } = context;
  const info = context.app.info(infoRequest());
  const appHeight = info.lastBlockHeight;
  let state = store.state() ?? genesisState(genesis);
  if (state.chainId !== genesis.chainId)
    throw refuse(`chain ${genesis.chainId}`, `a store of ${state.chainId}`);
  if (appHeight === 0n) state = await initChain(context, { state, info });
  assertOwnValidator(context, state.validators);
  const tip = store.tip();
  if (tip === 0n) {
    if (appHeight > 0n)
      throw refuse("no application state before the first block", `application at height ${appHeight}`);
    return state;
  }
  if (appHeight > tip)
    throw refuse(`application at height ${tip} or below`, `application at height ${appHeight}`);
  if (appHeight + 1n < store.base())
    throw refuse(`blocks from ${appHeight + 1n} on`, `a store from ${store.base()} on`);
  const stateHeight = state.lastBlockHeight;
  if (tip !== stateHeight && tip !== followingHeight(state)) {
    throw refuse(`a store at height ${stateHeight} or one above`, `a store at height ${tip}`);
  }
  log.info({ appHeight: String(appHeight), stateHeight: String(stateHeight), tip: String(tip) }, "handshake");
  const first = appHeight === 0n ? state.initialHeight : appHeight + 1n;
  await replayIntoApp(context, { from: first, to: stateHeight, state });
  if (tip === stateHeight) {
    if (appHeight === stateHeight) assertAppHash(stateHeight, info.lastBlockAppHash, state.appHash);
    return state;
  }
  return appHeight === tip ? adoptResults(context, state, tip) : replayTip(context, state, tip);
}

function followingHeight(state: ChainState): bigint {
  return state.lastBlockHeight === 0n ? state.initialHeight : state.lastBlockHeight + 1n;
}

/** InitChain; its answer shapes the state only when the chain has no block yet. */
async function initChain(
  context: EngineContext,
  input: { readonly state: ChainState; readonly info: ResponseInfo },
): Promise<ChainState> {
  const { genesis, app, store } = context;
  const response = await app.initChain(
    RequestInitChain.fromPartial({
      time: genesis.genesisTime,
      chainId: genesis.chainId,
      consensusParams: genesis.consensusParams,
      validators: genesis.validators.map(({ pubKey, votingPower }) => ({
        pubKey: { ed25519: pubKey },
        power: votingPower,
      })),
      appStateBytes: utf8(JSON.stringify(genesis.appState)),
      initialHeight: genesis.initialHeight,
    }),
  );
  if (input.state.lastBlockHeight > 0n || store.tip() > 0n) return input.state;
  const state = stateAfterInitChain(input.state, { response, appVersion: input.info.appVersion });
  await store.saveState(state, []);
  return state;
}

/** Blocks that the engine has recorded fully and the application lost: executed and committed again. */
async function replayIntoApp(
  context: EngineContext,
  range: { readonly from: bigint; readonly to: bigint; readonly state: ChainState },
): Promise<void> {
  for (let height = range.from; height <= range.to; height++) {
    const response = finalize(context, storedBlock(context, height));
    const want = context.store.block(height + 1n)?.header.appHash ?? range.state.appHash;
    assertAppHash(height, response.appHash, want);
    await context.app.commit();
  }
}

/** The last block was decided but not executed, or executed without Commit: executes it. */
async function replayTip(context: EngineContext, state: ChainState, tip: bigint): Promise<ChainState> {
  const result = await applyBlock(context, { state, stored: storedBlock(context, tip) });
  return result.state;
}

/** The application committed the last block, the engine did not record it: takes the results saved before Commit. */
async function adoptResults(context: EngineContext, state: ChainState, tip: bigint): Promise<ChainState> {
  const stored = storedBlock(context, tip);
  const response = context.store.results(tip);
  if (response === undefined) throw refuse(`results of height ${tip}`, "none");
  const info = context.app.info(infoRequest());
  assertAppHash(tip, info.lastBlockAppHash, response.appHash);
  const next = advance(context, { state, stored, response });
  await recordState(context, { state: next, stored, response });
  return next;
}

function assertAppHash(height: bigint, got: Uint8Array, want: Uint8Array): void {
  if (equalBytes(got, want)) return;
  throw new AivmError("CHAIN_APP_HASH", {
    what: "application hash",
    item: `height ${height}`,
    want: bytesToHex(want),
    got: bytesToHex(got),
    remedy: "the application is not deterministic, or its database belongs to another chain",
  });
}

function refuse(want: string, got: string): AivmError {
  return new AivmError("CHAIN_HANDSHAKE", {
    what: "application and block store at start",
    want,
    got,
    remedy: "restore both from one backup, or remove the data directory to start from genesis",
  });
}
