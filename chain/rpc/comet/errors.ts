/** JSON-RPC errors as CometBFT words them. Clients match both the numbers and the texts in `data`. */
import { AivmError } from "../../../common/errors.ts";

/** The error member of a reply. */
export interface RpcErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data: string;
}

/** A failure with its JSON-RPC code. */
export class RpcError extends Error {
  readonly rpc: RpcErrorObject;

  constructor(rpc: RpcErrorObject) {
    super(`${rpc.message}: ${rpc.data}`);
    this.name = "RpcError";
    this.rpc = rpc;
  }
}

/** The body is not JSON, or no request at all. */
export const parseError = (data: string): RpcError =>
  new RpcError({ code: -32700, message: "Parse error. Invalid JSON", data });
/** A request that can not be one: wrong path, too large, too many in a batch. */
export const invalidRequest = (data: string): RpcError =>
  new RpcError({ code: -32600, message: "Invalid Request", data });
/** No such method. */
export const methodNotFound = (): RpcError =>
  new RpcError({ code: -32601, message: "Method not found", data: "" });
/** An argument that does not fit. */
export const invalidParams = (data: string): RpcError =>
  new RpcError({ code: -32602, message: "Invalid params", data });
/** Every failure of a method itself: `data` has the text. */
export const internalError = (data: string): RpcError =>
  new RpcError({ code: -32603, message: "Internal error", data });

/**
 * The error object for anything thrown. Refusals of the mempool and of the query parser keep their bare text, which
 * clients match; other typed errors show code and sentence; the unexpected shows nothing of the inside.
 */
export function toRpcError(error: unknown): RpcErrorObject {
  if (error instanceof RpcError) return error.rpc;
  if (!(error instanceof AivmError)) return internalError("unexpected failure, see the node's log").rpc;
  const bare = error.code.startsWith("CHAIN_MEMPOOL_") || error.code === "CHAIN_QUERY";
  return internalError(bare ? error.facts.what : error.message).rpc;
}
