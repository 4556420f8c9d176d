/** abci_query: gRPC-style routes of the modules, raw store reads, and the application's own paths. */
import { GetNodeInfoResponse } from "cosmjs-types/cosmos/base/tendermint/v1beta1/query";
import { SimulateRequest, SimulateResponse } from "cosmjs-types/cosmos/tx/v1beta1/service";
import { type ExecTxResult, type RequestQuery, ResponseQuery } from "cosmjs-types/tendermint/abci/types";
import { utf8 } from "../common/index.ts";
import { SDK_CODES } from "./codes.ts";
import type { Context } from "./context.ts";
import type { QueryHandler } from "./module.ts";
import { errorCode } from "./runTx.ts";
import type { Stores } from "./store/branch.ts";

/** What queries need of the application. */
export interface QueryBackend {
  readonly chainId: string;
  readonly version: string;
  readonly routes: ReadonlyMap<string, QueryHandler>;
  /** Height of the last committed block. */
  readonly height: bigint;
  /** Stores as of a kept height, or undefined. */
  storesAt(height: bigint): Stores | undefined;
  contextAt(height: bigint, stores: Stores): Context;
  simulate(tx: Uint8Array): ExecTxResult;
}

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
    const { codespace, code, log } = errorCode(error);
    return ResponseQuery.fromPartial({ code, codespace, log, height });
  }
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

function route(
  backend: QueryBackend,
  query: { readonly request: RequestQuery; readonly height: bigint; readonly stores: Stores },
): ResponseQuery {
  const { request, height, stores } = query;
  const handler = backend.routes.get(request.path);
  if (handler !== undefined) {
    const value = handler.handle(backend.contextAt(height, stores), request.data);
    return ResponseQuery.fromPartial({ value, height });
  }
  if (request.path === "/cosmos.tx.v1beta1.Service/Simulate") return simulate(backend, request, height);
  if (request.path === "/cosmos.base.tendermint.v1beta1.Service/GetNodeInfo")
    return nodeInfo(backend, height);
  const [, kind, name, what] = request.path.split("/");
  if (kind === "app" && name === "version")
    return ResponseQuery.fromPartial({ value: utf8(backend.version), height, codespace: "sdk" });
  if (kind === "store" && name !== undefined && what === "key") return storeKey(query, name);
  return failed(SDK_CODES.unknownRequest, `unknown query path: ${request.path}: unknown request`, height);
}

function storeKey(
  query: { readonly request: RequestQuery; readonly height: bigint; readonly stores: Stores },
  name: string,
): ResponseQuery {
  const { request, height, stores } = query;
  if (request.prove)
    return failed(SDK_CODES.notSupported, "proofs are not served: feature not supported", height);
  if (request.data.length === 0)
    return failed(SDK_CODES.txDecode, "query cannot be zero length: tx parse error", height);
  const value = stores.store(name).get(request.data) ?? new Uint8Array();
  return ResponseQuery.fromPartial({ key: request.data, value, height });
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
    result: { data: result.data, log: result.log, events: result.events, msgResponses: [] },
  }).finish();
  return ResponseQuery.fromPartial({ value, height });
}

function nodeInfo(backend: QueryBackend, height: bigint): ResponseQuery {
  const value = GetNodeInfoResponse.encode(
    GetNodeInfoResponse.fromPartial({
      defaultNodeInfo: { network: backend.chainId, version: "0.38.25", moniker: "aivmd" },
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

function failed(code: number, log: string, height = 0n): ResponseQuery {
  return ResponseQuery.fromPartial({ code, codespace: "sdk", log, height });
}
