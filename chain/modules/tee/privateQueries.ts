/** Life of a private query on the chain: opened with its fee, settled by a receipt, or refunded. */
import { bytesToHex, equalBytes } from "../../../common/index.ts";
import { type Messages, ModelStatus, PrivateQueryStatus } from "../../../proto/index.ts";
import { queryIdOf, type Receipt, receiptHash } from "../../../tee-enclave/index.ts";
import { addressBytes } from "../../address.ts";
import type { Context } from "../../context.ts";
import { ACCOUNTS, pay, payOut } from "../coins.ts";
import type { Model, ModelPort } from "../ports.ts";
import { teeError } from "./errors.ts";
import { emitOpened, emitRefunded, emitSettled } from "./events.ts";
import { judgeReceipt, readReceipt } from "./judge.ts";
import {
  type Enclave,
  expiredQueries,
  getEnclave,
  getParams,
  getQuery,
  type PrivateQuery,
  setQuery,
} from "./view.ts";

type MsgOpen = Messages["aivm.tee.v1.MsgOpenPrivateQuery"];

/** Opens a query and takes its fee. */
export function openPrivateQuery(
  ctx: Context,
  models: ModelPort,
  message: MsgOpen,
): Messages["aivm.tee.v1.MsgOpenPrivateQueryResponse"] {
  const { sender, nonce, modelId, inputCommit, envelopeHash, keyIds, feeUaivm, expiryHeight } = message;
  const queryId = queryIdOf(addressBytes(sender), nonce);
  if (getQuery(ctx, queryId) !== undefined) {
    throw teeError("queryExists", {
      what: "nonce",
      want: "one that this account has not used",
      got: `${nonce}, which is query ${bytesToHex(queryId)}`,
      remedy: "Choose another nonce.",
    });
  }
  usableModel(ctx, models, modelId);
  for (const keyId of keyIds) existingEnclave(ctx, keyId);
  assertTerms(ctx, message);
  pay(ctx, { from: sender, module: ACCOUNTS.tee, amountUaivm: feeUaivm });
  const query: PrivateQuery = {
    queryId,
    sender,
    modelId,
    inputCommit,
    envelopeHash,
    keyIds,
    feeUaivm,
    expiryHeight,
    status: PrivateQueryStatus.PRIVATE_QUERY_STATUS_OPEN,
    openedHeight: ctx.height,
    receiptHash: new Uint8Array(),
    outputCommit: new Uint8Array(),
    keyId: new Uint8Array(),
    units: 0,
    receiptStatus: 0,
    settledHeight: 0n,
    simulated: false,
  };
  setQuery(ctx, query);
  emitOpened(ctx, query);
  return { queryId };
}

/** Records the receipt of an open query and pays the enclave's node. Anyone may bring it. */
export function settlePrivateQuery(
  ctx: Context,
  models: ModelPort,
  message: Messages["aivm.tee.v1.MsgSettlePrivateQuery"],
): Messages["aivm.tee.v1.MsgSettlePrivateQueryResponse"] {
  const bytes = message.receipt;
  const shown = readReceipt(bytes);
  if (shown === undefined) throw badReceipt("TEE_RECEIPT_FORM at receipt");
  const query = openQuery(ctx, shown.queryId);
  if (!query.keyIds.some((keyId) => equalBytes(keyId, shown.keyId))) throw badReceipt("another keyId");
  const enclave = existingEnclave(ctx, shown.keyId);
  const { weightsRoot } = usableModel(ctx, models, query.modelId);
  const verdict = judgeReceipt(ctx, bytes, { query, enclave, weightsRoot });
  if (!verdict.ok) throw badReceipt(`${verdict.code} at ${verdict.at}`);
  const settled = settledQuery(ctx, { query, enclave, receipt: verdict.receipt, hash: receiptHash(bytes) });
  payOut(ctx, { module: ACCOUNTS.tee, to: enclave.node, amountUaivm: query.feeUaivm });
  setQuery(ctx, settled);
  emitSettled(ctx, settled);
  return {};
}

/** Refunds every query for which no receipt came in time. */
export function refundExpired(ctx: Context): void {
  for (const query of expiredQueries(ctx)) {
    payOut(ctx, { module: ACCOUNTS.tee, to: query.sender, amountUaivm: query.feeUaivm });
    setQuery(ctx, { ...query, status: PrivateQueryStatus.PRIVATE_QUERY_STATUS_REFUNDED });
    emitRefunded(ctx, query);
  }
}

/** The enclave. @throws tee/unknownEnclave */
export function existingEnclave(ctx: Context, keyId: Uint8Array): Enclave {
  const enclave = getEnclave(ctx, keyId);
  if (enclave !== undefined) return enclave;
  throw teeError("unknownEnclave", {
    what: "enclave",
    item: `key ${bytesToHex(keyId)}`,
    want: "one that the chain lists",
    got: "none under that key id",
    remedy: "Take the key from Query/Enclaves.",
  });
}

/** The query. @throws tee/unknownQuery */
export function existingQuery(ctx: Context, queryId: Uint8Array): PrivateQuery {
  const query = getQuery(ctx, queryId);
  if (query !== undefined) return query;
  throw teeError("unknownQuery", {
    what: "private query",
    item: bytesToHex(queryId),
    want: "one that was opened on this chain",
    got: "none under that id",
    remedy: "Open it with MsgOpenPrivateQuery first.",
  });
}

function openQuery(ctx: Context, queryId: Uint8Array): PrivateQuery {
  const query = existingQuery(ctx, queryId);
  if (query.status === PrivateQueryStatus.PRIVATE_QUERY_STATUS_OPEN) return query;
  throw teeError("notOpen", {
    what: "private query",
    item: bytesToHex(queryId),
    want: "one that is open",
    got:
      query.status === PrivateQueryStatus.PRIVATE_QUERY_STATUS_SETTLED ? "a settled one" : "a refunded one",
    remedy: "Nothing is left to do for it.",
  });
}

function settledQuery(
  ctx: Context,
  settlement: {
    readonly query: PrivateQuery;
    readonly enclave: Enclave;
    readonly receipt: Receipt;
    readonly hash: Uint8Array;
  },
): PrivateQuery {
  const { query, enclave, receipt, hash } = settlement;
  return {
    ...query,
    status: PrivateQueryStatus.PRIVATE_QUERY_STATUS_SETTLED,
    receiptHash: hash,
    outputCommit: receipt.outputCommit,
    keyId: receipt.keyId,
    units: receipt.units,
    receiptStatus: receipt.status,
    settledHeight: ctx.height,
    simulated: enclave.simulated,
  };
}

function usableModel(ctx: Context, models: ModelPort, modelId: Uint8Array): Model {
  const model = models.model(ctx, modelId);
  if (model !== undefined && model.status !== ModelStatus.MODEL_STATUS_INVALID) return model;
  throw teeError("unknownModel", {
    what: "model",
    item: bytesToHex(modelId),
    want: "the id of a registered model",
    got: model === undefined ? "none under that id" : "one that is INVALID",
    remedy: "Check the id, or register the model first.",
  });
}

function assertTerms(ctx: Context, message: MsgOpen): void {
  const { minFeeUaivm, maxExpiryBlocks } = getParams(ctx);
  if (message.feeUaivm < minFeeUaivm) {
    throw teeError("feeTooSmall", {
      what: "fee",
      want: `at least ${minFeeUaivm}uaivm`,
      got: `${message.feeUaivm}uaivm`,
      remedy: "Offer a larger fee.",
    });
  }
  const { expiryHeight } = message;
  if (expiryHeight > ctx.height && expiryHeight <= ctx.height + maxExpiryBlocks) return;
  throw teeError("expiry", {
    what: "expiry height",
    want: `${ctx.height + 1n} to ${ctx.height + maxExpiryBlocks}`,
    got: `${expiryHeight}`,
    remedy: "Let the query expire within that range.",
  });
}

function badReceipt(got: string): Error {
  return teeError("receipt", {
    what: "receipt",
    want: "one that the named enclave signed for this query",
    got,
    remedy: "Bring the receipt as the enclave gave it.",
  });
}
