/**
 * A node's JSON-RPC in memory, as far as sending transactions goes: accounts with check and committed sequences, a
 * mempool, blocks on demand, restarts that lose the mempool, and connections that fail when told to.
 */

import type { RpcClient } from "@cosmjs/tendermint-rpc";
import { BaseAccount } from "cosmjs-types/cosmos/auth/v1beta1/auth";
import { QueryAccountRequest, QueryAccountResponse } from "cosmjs-types/cosmos/auth/v1beta1/query";
import { MsgSend } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import { TxMsgData } from "cosmjs-types/cosmos/base/abci/v1beta1/abci";
import { SimulateResponse } from "cosmjs-types/cosmos/tx/v1beta1/service";
import { AuthInfo, TxBody, TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { sha256 } from "../../../common/index.ts";

const CHAIN_ID = "scripted-1";
export const GAS_USED = 80_000n;

interface Included {
  readonly bytes: Uint8Array;
  readonly sequence: bigint;
  readonly height: number;
  readonly code: number;
}

/** The node's controls and what it saw. */
export interface ScriptedNode {
  readonly rpc: RpcClient;
  /** Sequences of the transactions in blocks, in order. */
  readonly included: readonly Included[];
  /** Broadcasts seen, refused ones included. */
  readonly broadcasts: () => number;
  /** Makes a block of what is in the mempool. */
  readonly makeBlock: () => void;
  /** Somebody else uses the account's next sequence in a block. */
  readonly spendSequence: () => void;
  /** As kill -9 and start: what was not in a block is gone. */
  readonly restart: () => void;
  /** The next `count` calls find nobody at the port. */
  readonly refuseNext: (count: number) => void;
  /** The next broadcast is taken, and the connection breaks before the answer. */
  readonly dropNextBroadcastAnswer: () => void;
  /** The next broadcast is refused with this code. */
  readonly rejectNext: (code: number, log: string) => void;
  /** The next transaction fails in its block with this code. */
  readonly failNext: (code: number) => void;
}

interface State {
  committed: bigint;
  check: bigint;
  height: number;
  mempool: Uint8Array[];
  included: Included[];
  refusals: number;
  dropAnswer: boolean;
  rejection: { code: number; log: string } | undefined;
  failCode: number;
  broadcasts: number;
}

/** A node with one account, number 7, sequence 0. `address` is its bech32. */
export function createScriptedNode(address: () => string): ScriptedNode {
  const state: State = {
    committed: 0n,
    check: 0n,
    height: 1,
    mempool: [],
    included: [],
    refusals: 0,
    dropAnswer: false,
    rejection: undefined,
    failCode: 0,
    broadcasts: 0,
  };
  const execute: RpcClient["execute"] = async (request) => {
    if (state.refusals > 0) {
      state.refusals--;
      throw new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } });
    }
    const result = answer(state, address(), request.method, request.params);
    return { jsonrpc: "2.0", id: request.id, result };
  };
  return {
    rpc: { execute, disconnect: () => undefined },
    included: state.included,
    broadcasts: () => state.broadcasts,
    makeBlock: () => makeBlock(state),
    spendSequence: () => {
      state.committed++;
      state.check++;
    },
    restart: () => {
      state.mempool = [];
      state.check = state.committed;
    },
    refuseNext: (count) => {
      state.refusals = count;
    },
    dropNextBroadcastAnswer: () => {
      state.dropAnswer = true;
    },
    rejectNext: (code, log) => {
      state.rejection = { code, log };
    },
    failNext: (code) => {
      state.failCode = code;
    },
  };
}

function makeBlock(state: State): void {
  state.height++;
  for (const bytes of state.mempool) {
    state.included.push({ bytes, sequence: sequenceOf(bytes), height: state.height, code: state.failCode });
    state.failCode = 0;
    state.committed++;
  }
  state.mempool = [];
}

function answer(state: State, address: string, method: string, params: unknown): unknown {
  const fields: Readonly<Record<string, unknown>> = { ...(params as object) };
  if (method === "status") return status(state);
  if (method === "abci_query") return query(state, address, fields);
  if (method === "broadcast_tx_sync") return broadcast(state, fromBase64(String(fields.tx)));
  if (method === "tx") return lookUp(state, fromBase64(String(fields.hash)));
  throw new Error(JSON.stringify({ code: -32601, message: "Method not found" }));
}

function broadcast(state: State, bytes: Uint8Array): unknown {
  state.broadcasts++;
  const hash = hex(sha256(bytes));
  if (state.mempool.some((known) => hex(sha256(known)) === hash)) {
    throw rpcError("tx already exists in cache");
  }
  const rejection = state.rejection;
  state.rejection = undefined;
  if (rejection !== undefined) return { ...rejection, codespace: "sdk", hash };
  const sequence = sequenceOf(bytes);
  if (sequence !== state.check) {
    const log = `account sequence mismatch, expected ${state.check}, got ${sequence}: incorrect account sequence`;
    return { code: 32, codespace: "sdk", log, hash };
  }
  state.check++;
  state.mempool.push(bytes);
  if (state.dropAnswer) {
    state.dropAnswer = false;
    throw new TypeError("fetch failed", { cause: { code: "ECONNRESET" } });
  }
  return { code: 0, codespace: "", log: "", hash };
}

function lookUp(state: State, hash: Uint8Array): unknown {
  const found = state.included.find(({ bytes }) => hex(sha256(bytes)) === hex(hash));
  if (found === undefined) throw rpcError(`tx (${hex(hash)}) not found`);
  const data = TxMsgData.encode(
    TxMsgData.fromPartial({
      msgResponses: [{ typeUrl: "/cosmos.bank.v1beta1.MsgSendResponse", value: new Uint8Array() }],
    }),
  ).finish();
  return {
    hash: hex(hash),
    height: String(found.height),
    index: 0,
    tx: toBase64(found.bytes),
    tx_result: {
      code: found.code,
      codespace: found.code === 0 ? "" : "inference",
      log: found.code === 0 ? "" : "request is not open",
      data: found.code === 0 ? toBase64(data) : null,
      gas_wanted: "120000",
      gas_used: String(GAS_USED),
      events: [],
    },
  };
}

function query(state: State, address: string, fields: Readonly<Record<string, unknown>>): unknown {
  const data = Uint8Array.from(Buffer.from(String(fields.data), "hex"));
  if (fields.path === "/cosmos.auth.v1beta1.Query/Account") {
    if (QueryAccountRequest.decode(data).address !== address)
      return failure("account not found: key not found");
    const account = BaseAccount.fromPartial({ address, accountNumber: 7n, sequence: state.committed });
    const any = { typeUrl: "/cosmos.auth.v1beta1.BaseAccount", value: BaseAccount.encode(account).finish() };
    return success(QueryAccountResponse.encode(QueryAccountResponse.fromPartial({ account: any })).finish());
  }
  if (fields.path === "/cosmos.tx.v1beta1.Service/Simulate") {
    const gasInfo = { gasUsed: GAS_USED, gasWanted: GAS_USED };
    return success(SimulateResponse.encode(SimulateResponse.fromPartial({ gasInfo })).finish());
  }
  return {
    response: { code: 6, codespace: "sdk", log: "unknown query path", height: "1", value: null, key: null },
  };
}

function success(value: Uint8Array): unknown {
  return {
    response: { code: 0, codespace: "", log: "", info: "", height: "1", value: toBase64(value), key: null },
  };
}

function failure(log: string): unknown {
  return { response: { code: 22, codespace: "sdk", log, info: "", height: "1", value: null, key: null } };
}

function status(state: State): unknown {
  const hash = "00".repeat(32);
  return {
    node_info: {
      id: "00".repeat(20),
      listen_addr: "tcp://127.0.0.1:0",
      network: CHAIN_ID,
      version: "0.38.25",
      channels: "",
      moniker: "scripted",
      protocol_version: { p2p: "8", block: "11", app: "1" },
      other: {},
    },
    sync_info: {
      latest_block_hash: hash,
      latest_app_hash: hash,
      latest_block_height: String(state.height),
      latest_block_time: "2026-01-02T03:04:05.678Z",
      catching_up: false,
    },
    validator_info: {
      address: "00".repeat(20),
      pub_key: { type: "tendermint/PubKeyEd25519", value: toBase64(new Uint8Array(32)) },
      voting_power: "1",
    },
  };
}

/** Recipient and amount of the first message of a transaction, to tell transactions apart. */
export function sentAmount(bytes: Uint8Array): string {
  const [message] = TxBody.decode(TxRaw.decode(bytes).bodyBytes).messages;
  return MsgSend.decode(message?.value ?? new Uint8Array()).amount[0]?.amount ?? "";
}

function sequenceOf(bytes: Uint8Array): bigint {
  return AuthInfo.decode(TxRaw.decode(bytes).authInfoBytes).signerInfos[0]?.sequence ?? -1n;
}

function rpcError(data: string): Error {
  return new Error(JSON.stringify({ code: -32603, message: "Internal error", data }));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex").toUpperCase();
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}
