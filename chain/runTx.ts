/** One transaction from bytes to result: ante on one branch, messages on another, everything or nothing of each. */
import { TxMsgData } from "cosmjs-types/cosmos/base/abci/v1beta1/abci";
import type { Event, ExecTxResult } from "cosmjs-types/tendermint/abci/types";
import { AivmError } from "../common/index.ts";
import { ChainError, SDK_CODES } from "./codes.ts";
import type { Context, EventAttributes, ExecMode, GasMeter } from "./context.ts";
import { createGasMeter, meteredBulk, meteredStore } from "./gas.ts";
import type { MessageResponse } from "./module.ts";
import { type Branch, branchOf, type Stores } from "./store/branch.ts";
import { type AnteOptions, runAnte, validateTx } from "./tx/ante.ts";
import { type DecodedMessage, type DecodedTx, decodeTx, type FindHandler } from "./tx/decode.ts";

/** Block that a context belongs to. */
export interface BlockFacts {
  readonly chainId: string;
  readonly genesisHash: Uint8Array;
  readonly height: bigint;
  readonly timeMs: bigint;
  readonly blockHash: Uint8Array;
  readonly proposer: Uint8Array;
}

/** A context over `stores`; its events are collected in `events`. */
export function createContext(options: {
  readonly block: BlockFacts;
  readonly mode: ExecMode;
  readonly stores: Stores;
  readonly gas: GasMeter;
  readonly events: Event[];
}): Context {
  const { block, mode, stores, gas, events } = options;
  return {
    ...block,
    mode,
    gas,
    store: (name) => meteredStore(stores.store(name), gas),
    bulk: (name) => meteredBulk(stores.bulk(name), gas),
    emit: (type, attributes) => {
      events.push(eventOf(type, attributes));
    },
  };
}

/** Where defects are told; an engine's log fits. `fields` hold no secrets. */
export interface AppLog {
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** What running a transaction needs. */
export interface TxRunner {
  readonly block: BlockFacts;
  readonly find: FindHandler;
  readonly ante: AnteOptions;
  /** Takes the transaction's gas from the block's; false when there is no room. */
  readonly admits: (tx: DecodedTx) => boolean;
  readonly log?: AppLog;
}

/**
 * Runs a transaction on `stores` and keeps what it must: in `finalize` the ante's changes and, when all messages
 * succeed, theirs; in `check` and `recheck` the ante's only; in `simulate` nothing. Never throws.
 */
export function runTx(
  bytes: Uint8Array,
  runner: TxRunner,
  at: { readonly mode: ExecMode; readonly stores: Stores },
): ExecTxResult {
  const { mode } = at;
  let tx: DecodedTx;
  let gas = createGasMeter();
  try {
    tx = decodeTx(bytes, runner.find);
    validateTx(tx, { simulate: mode === "simulate" });
    if (mode === "finalize" && !runner.admits(tx)) throw noBlockGas(tx);
  } catch (error) {
    reportDefect(runner.log, { error, where: "transaction" });
    return failure(error, { gas, gasWanted: 0n, events: [] });
  }
  const gasWanted = tx.authInfo.fee?.gasLimit ?? 0n;
  gas = createGasMeter(mode === "simulate" ? undefined : gasWanted);
  const anteBranch = branchOf(at.stores);
  const anteEvents: Event[] = [];
  try {
    runAnte(createContext({ ...runner, mode, stores: anteBranch, gas, events: anteEvents }), tx, runner.ante);
  } catch (error) {
    reportDefect(runner.log, { error, where: "ante" });
    return failure(error, { gas, gasWanted, events: [] });
  }
  if (mode !== "simulate") anteBranch.flush();
  if (mode === "check" || mode === "recheck")
    return success({ gas, gasWanted, events: anteEvents, responses: [] });
  const stores = mode === "simulate" ? anteBranch : at.stores;
  return runMessages(tx, { runner, mode, branch: branchOf(stores), gas, gasWanted, anteEvents });
}

interface MessageRun {
  readonly runner: TxRunner;
  readonly mode: ExecMode;
  readonly branch: Branch;
  readonly gas: GasMeter;
  readonly gasWanted: bigint;
  readonly anteEvents: readonly Event[];
}

function runMessages(tx: DecodedTx, run: MessageRun): ExecTxResult {
  const { runner, mode, branch, gas, gasWanted, anteEvents } = run;
  const responses: MessageResponse[] = [];
  const events: Event[] = [...anteEvents];
  for (const [index, message] of tx.messages.entries()) {
    const own: Event[] = [messageEvent(message)];
    try {
      const ctx = createContext({ ...runner, mode, stores: branch, gas, events: own });
      responses.push(message.handler.handle(ctx, message.message));
    } catch (error) {
      reportDefect(runner.log, { error, where: message.handler.typeUrl });
      return failure(error, { gas, gasWanted, events: anteEvents, messageIndex: index });
    }
    events.push(...own.map((event) => withAttribute(event, "msg_index", index.toString())));
  }
  if (mode === "finalize") branch.flush();
  return success({ gas, gasWanted, events, responses });
}

/** An event whose attributes are all indexed. */
export function eventOf(type: string, attributes: EventAttributes): Event {
  return { type, attributes: attributes.map(([key, value]) => ({ key, value, index: true })) };
}

/** Codespace, code and log of whatever was thrown. */
export function errorCode(error: unknown): {
  readonly codespace: string;
  readonly code: number;
  readonly log: string;
} {
  if (error instanceof ChainError)
    return { codespace: error.codespace, code: error.abciCode, log: error.log };
  if (error instanceof AivmError) return { codespace: "undefined", code: 1, log: error.message };
  // A defect of ours. Its text may differ between engine versions, so only its kind is recorded.
  return { codespace: "undefined", code: 111222, log: "internal error" };
}

/** Tells of an error that no module threw on purpose (`always`: of any error). */
export function reportDefect(
  log: AppLog | undefined,
  defect: { readonly error: unknown; readonly where: string; readonly always?: boolean },
): void {
  const { error, where, always } = defect;
  if (error instanceof AivmError && !always) return;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log?.warn({ where, error: text }, "unexpected error in the application");
}

function noBlockGas(tx: DecodedTx): ChainError {
  return new ChainError(
    {
      codespace: "sdk",
      abciCode: SDK_CODES.outOfGas,
      code: "CHAIN_BLOCK_GAS",
      log: "no block gas left to run tx: out of gas",
    },
    {
      what: "gas left in the block",
      want: `${tx.authInfo.fee?.gasLimit ?? 0n}`,
      got: "less",
      remedy: "Send the transaction again.",
    },
  );
}

function messageEvent({ handler, message }: DecodedMessage): Event {
  const module = handler.typeUrl.split(".")[1] ?? "";
  const [sender = ""] = handler.signers(message);
  return eventOf("message", [
    ["action", handler.typeUrl],
    ["sender", sender],
    ["module", module],
  ]);
}

function withAttribute(event: Event, key: string, value: string): Event {
  return { type: event.type, attributes: [...event.attributes, { key, value, index: true }] };
}

function success(run: {
  readonly gas: GasMeter;
  readonly gasWanted: bigint;
  readonly events: readonly Event[];
  readonly responses: readonly MessageResponse[];
}): ExecTxResult {
  const msgResponses = run.responses.map(({ typeUrl, value }) => ({ typeUrl, value }));
  const data =
    msgResponses.length === 0 ? new Uint8Array() : TxMsgData.encode({ data: [], msgResponses }).finish();
  const gasUsed = run.gas.consumed;
  return {
    code: 0,
    data,
    log: "",
    info: "",
    gasWanted: run.gasWanted,
    gasUsed,
    events: [...run.events],
    codespace: "",
  };
}

function failure(
  error: unknown,
  run: {
    readonly gas: GasMeter;
    readonly gasWanted: bigint;
    readonly events: readonly Event[];
    readonly messageIndex?: number;
  },
): ExecTxResult {
  const { codespace, code, log } = errorCode(error);
  // Running out of gas stops the whole transaction; it is no message's own failure.
  const isOutOfGas = codespace === "sdk" && code === SDK_CODES.outOfGas;
  const text =
    run.messageIndex === undefined || isOutOfGas
      ? log
      : `failed to execute message; message index: ${run.messageIndex}: ${log}`;
  const { gasWanted } = run;
  // A meter that ran out has counted past the limit; the result never says more than was wanted.
  const gasUsed = gasWanted > 0n && run.gas.consumed > gasWanted ? gasWanted : run.gas.consumed;
  return {
    code,
    data: new Uint8Array(),
    log: text,
    info: "",
    gasWanted,
    gasUsed,
    events: [...run.events],
    codespace,
  };
}
