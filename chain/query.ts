/** abci_query: gRPC-style routes of the modules, raw store reads, and the application's own paths. */
import { TxMsgData } from "cosmjs-types/cosmos/base/abci/v1beta1/abci";
import { ConfigResponse } from "cosmjs-types/cosmos/base/node/v1beta1/query";
import { GetNodeInfoResponse } from "cosmjs-types/cosmos/base/tendermint/v1beta1/query";
import { Pairs } from "cosmjs-types/cosmos/store/internal/kv/v1beta1/kv";
import { SimulateRequest, SimulateResponse } from "cosmjs-types/cosmos/tx/v1beta1/service";
import { type ExecTxResult, type RequestQuery, ResponseQuery } from "cosmjs-types/tendermint/abci/types";
import { isAivmError, utf8 } from "../common/index.ts";
import { SDK_CODES } from "./codes.ts";
import type { Context } from "./context.ts";
import { COMETBFT_VERSION } from "./engine/embedded/context.ts";
import type { QueryHandler } from "./module.ts";
import { type AppLog, errorCode, reportDefect } from "./runTx.ts";
import type { Stores } from "./store/branch.ts";
import { prefixRange } from "./store/keys.ts";
import type { CommitInfo } from "./store/multistore.ts";
import { type ProvableStore, proveKey } from "./store/proofs.ts";

/** What queries need of the application. */
export interface QueryBackend {
  readonly chainId: string;
  readonly version: string;
  readonly minGasPrice: { readonly denom: string; readonly micro: bigint };
  readonly keepVersions: number;
  readonly routes: ReadonlyMap<string, QueryHandler>;
  readonly storeNames: readonly string[];
  /** Height of the last committed block. */
  readonly height: bigint;
  /** Stores as of a kept height, or undefined. */
  storesAt(height: bigint): Stores | undefined;
  infoAt(height: bigint): CommitInfo | undefined;
  provable(name: string, height: bigint): ProvableStore;
  contextAt(height: bigint, stores: Stores): Context;
  simulate(tx: Uint8Array): ExecTxResult;
  readonly log?: AppLog;
}

interface Query {
  readonly request: RequestQuery;
  readonly height: bigint;
  readonly stores: Stores;
}

/** Most entries of a subspace answer. */
const SUBSPACE_LIMIT = 1000;

/** Answers one query. Never throws. */
export function answerQuery(backend: QueryBackend, request: RequestQuery): ResponseQuery {
  const height = request.height === 0n ? backend.height : request.height;
  const refused = refuseHeight(backend, request.height);
  if (refused !== undefined) return refused;
  const stores = backend.storesAt(height);
  if (stores === undefined) {
    return failed(
      SDK_CODES.invalidRequest,
      `failed to load state at height ${height}; version does not exist (latest height: ${backend.height})`,
    );
  }
  try {
    return route(backend, { request, height, stores });
  } catch (error) {
    reportDefect(backend.log, { error, where: request.path });
    return refusal(error, height);
  }
}

/** Errors that are not ours (malformed protobuf, mostly) are the request's fault as far as a client can tell. */
function refusal(error: unknown, height: bigint): ResponseQuery {
  if (!isAivmError(error)) {
    const log = "rpc error: code = InvalidArgument desc = malformed request: invalid request";
    return failed(SDK_CODES.invalidRequest, log, height);
  }
  const { codespace, code, log } = errorCode(error);
  return ResponseQuery.fromPartial({ code, codespace, log, height });
}

function refuseHeight(backend: QueryBackend, height: bigint): ResponseQuery | undefined {
  if (height < 0n)
    return failed(
      SDK_CODES.invalidRequest,
      "cannot query with height < 0; please provide a valid height: invalid request",
    );
  if (backend.height === 0n)
    return failed(SDK_CODES.invalidHeight, "aivm is not ready; please wait for first block: invalid height");
  if (height > backend.height) {
    return failed(
      SDK_CODES.invalidHeight,
      "cannot query with height in the future; please provide a valid height: invalid height",
    );
  }
  return undefined;
}

function route(backend: QueryBackend, query: Query): ResponseQuery {
  const { request, height, stores } = query;
  const handler = backend.routes.get(request.path);
  if (handler !== undefined) {
    const value = handler.handle(backend.contextAt(height, stores), request.data);
    return ResponseQuery.fromPartial({ value, height });
  }
  switch (request.path) {
    case "/cosmos.tx.v1beta1.Service/Simulate":
      return simulate(backend, request, height);
    case "/cosmos.tx.v1beta1.Service/BroadcastTx":
      return failed(SDK_CODES.invalidRequest, "can't route a broadcast tx message: invalid request", height);
    case "/cosmos.base.tendermint.v1beta1.Service/GetNodeInfo":
      return nodeInfo(backend, height);
    case "/cosmos.base.node.v1beta1.Service/Config":
      return nodeConfig(backend, height);
  }
  const [, kind, name, what] = request.path.split("/");
  if (kind === "app" && name === "version")
    return ResponseQuery.fromPartial({ value: utf8(backend.version), height, codespace: "sdk" });
  if (kind === "p2p" && name === "filter") return ResponseQuery.fromPartial({ height });
  if (kind === "store" && name !== undefined) return queryStore(backend, query, { name, what });
  return failed(SDK_CODES.unknownRequest, `unknown query path: ${request.path}: unknown request`, height);
}

function queryStore(
  backend: QueryBackend,
  query: Query,
  at: { readonly name: string; readonly what: string | undefined },
): ResponseQuery {
  const { request, height, stores } = query;
  if (!backend.storeNames.includes(at.name))
    return failed(SDK_CODES.unknownRequest, `no such store: ${at.name}: unknown request`, height);
  if (at.what !== "key" && at.what !== "subspace")
    return failed(
      SDK_CODES.unknownRequest,
      `unexpected query path: ${request.path}: unknown request`,
      height,
    );
  if (request.data.length === 0)
    return failed(SDK_CODES.txDecode, "query cannot be zero length: tx parse error", height);
  const store = stores.store(at.name);
  if (at.what === "subspace") {
    const entries = store.iterate({ ...prefixRange(request.data), limit: SUBSPACE_LIMIT });
    const pairs = entries.map(([key, value]) => ({ key, value }));
    return ResponseQuery.fromPartial({ key: request.data, value: Pairs.encode({ pairs }).finish(), height });
  }
  const value = store.get(request.data) ?? new Uint8Array();
  const answer = { key: request.data, value, height };
  return request.prove ? proven(backend, { ...answer, name: at.name }) : ResponseQuery.fromPartial(answer);
}

function proven(
  backend: QueryBackend,
  answer: {
    readonly name: string;
    readonly key: Uint8Array;
    readonly value: Uint8Array;
    readonly height: bigint;
  },
): ResponseQuery {
  const { name, ...found } = answer;
  if (found.height <= 1n) {
    return failed(
      SDK_CODES.invalidRequest,
      "cannot query with proof when height <= 1; please provide a valid height: invalid request",
      found.height,
    );
  }
  const info = backend.infoAt(found.height);
  const store = backend.provable(name, found.height);
  const proofOps = info === undefined ? undefined : proveKey(store, { info, name, key: found.key });
  if (proofOps === undefined) {
    return failed(
      SDK_CODES.invalidRequest,
      "proof is unexpectedly empty; ensure height has not been pruned: invalid request",
      found.height,
    );
  }
  return ResponseQuery.fromPartial({ ...found, proofOps });
}

/** CosmJS sends the transaction with an empty signature and no fee; gas is what it is after. */
function simulate(backend: QueryBackend, request: RequestQuery, height: bigint): ResponseQuery {
  const result = backend.simulate(SimulateRequest.decode(request.data).txBytes);
  if (result.code !== 0) {
    const log = `${result.log} with gas used: '${result.gasUsed}': unknown request`;
    return ResponseQuery.fromPartial({ code: SDK_CODES.unknownRequest, codespace: "sdk", log, height });
  }
  const value = SimulateResponse.encode({
    gasInfo: { gasUsed: result.gasUsed, gasWanted: result.gasWanted },
    result: {
      data: result.data,
      log: result.log,
      events: result.events,
      msgResponses: TxMsgData.decode(result.data).msgResponses,
    },
  }).finish();
  return ResponseQuery.fromPartial({ value, height });
}

function nodeInfo(backend: QueryBackend, height: bigint): ResponseQuery {
  const value = GetNodeInfoResponse.encode(
    GetNodeInfoResponse.fromPartial({
      defaultNodeInfo: { network: backend.chainId, version: COMETBFT_VERSION, moniker: "aivmd" },
      applicationVersion: {
        name: "aivm",
        appName: "aivmd",
        version: backend.version,
        cosmosSdkVersion: "v0.53.0",
      },
    }),
  ).finish();
  return ResponseQuery.fromPartial({ value, height });
}

function nodeConfig(backend: QueryBackend, height: bigint): ResponseQuery {
  const { denom, micro } = backend.minGasPrice;
  const whole = micro / 1_000_000n;
  // Eighteen places, as clients parse decimals of the SDK.
  const fraction = (micro % 1_000_000n).toString().padStart(6, "0").padEnd(18, "0");
  const value = ConfigResponse.encode(
    ConfigResponse.fromPartial({
      minimumGasPrice: `${whole}.${fraction}${denom}`,
      pruningKeepRecent: `${backend.keepVersions}`,
      pruningInterval: "1",
    }),
  ).finish();
  return ResponseQuery.fromPartial({ value, height });
}

function failed(code: number, log: string, height = 0n): ResponseQuery {
  return ResponseQuery.fromPartial({ code, codespace: "sdk", log, height });
}
