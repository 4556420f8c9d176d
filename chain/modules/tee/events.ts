/** Events of module tee. */
import { bytesToHex } from "../../../common/index.ts";
import type { Context } from "../../context.ts";
import type { Enclave, PrivateQuery } from "./view.ts";

/** Keys of an enclave are on the chain. */
export function emitEnclave(ctx: Context, enclave: Enclave): void {
  ctx.emit("enclave_registered", [
    ["key_id", bytesToHex(enclave.keyId)],
    ["node", enclave.node],
    ["kind", enclave.kind],
    ["simulated", `${enclave.simulated}`],
  ]);
}

/** A private query was opened; its ciphertext is not here. */
export function emitOpened(ctx: Context, query: PrivateQuery): void {
  ctx.emit("private_query_opened", [
    ["query_id", bytesToHex(query.queryId)],
    ["model_id", bytesToHex(query.modelId)],
    ["fee", `${query.feeUaivm}`],
  ]);
}

/** A receipt was recorded. */
export function emitSettled(ctx: Context, query: PrivateQuery): void {
  ctx.emit("private_query_settled", [
    ["query_id", bytesToHex(query.queryId)],
    ["receipt_hash", bytesToHex(query.receiptHash)],
    ["simulated", `${query.simulated}`],
  ]);
}

/** Nobody brought a receipt in time. */
export function emitRefunded(ctx: Context, query: PrivateQuery): void {
  ctx.emit("private_query_refunded", [
    ["query_id", bytesToHex(query.queryId)],
    ["refund", `${query.feeUaivm}`],
  ]);
}
