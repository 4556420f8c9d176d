/** Verdicts on what enclaves show: their keys, their evidence, their receipts. The formats are tee-enclave's. */
import { equalBytes, type Verdict } from "../../../common/index.ts";
import {
  type AttestationPolicy,
  chainIdHashOf,
  type KeyConfig,
  matchReceipt,
  parseKeyConfig,
  parseReceipt,
  RECEIPT_OK,
  type Receipt,
  verifyKeyEvidence,
  verifyReceipt,
} from "../../../tee-enclave/index.ts";
import { addressBytes } from "../../address.ts";
import type { Context } from "../../context.ts";
import type { TeeParams } from "./params.ts";
import type { Enclave, PrivateQuery } from "./view.ts";

/** Judges keys: their form, chain, operator and the heights that they are for. */
export function judgeKeyConfig(
  ctx: Context,
  keys: { readonly keyConfig: Uint8Array; readonly node: string },
): Verdict<{ readonly config: KeyConfig }> {
  const fail = (at: string): Verdict<{ readonly config: KeyConfig }> => {
    return { ok: false, code: "TEE_KEY_CONFIG", at };
  };
  const config = parseKeyConfig(keys.keyConfig);
  if (config === undefined) return fail("form");
  if (!equalBytes(config.chainIdHash, chainIdHashOf(ctx.chainId))) return fail("chainIdHash");
  if (!equalBytes(config.node, addressBytes(keys.node))) return fail("node");
  if (config.notAfter < ctx.height || config.notAfter < config.notBefore) return fail("notAfter");
  return { ok: true, config };
}

/** Judges evidence over keys and anchor by the chain's policy and block time. */
export function judgeEvidence(
  ctx: Context,
  params: TeeParams,
  shown: {
    readonly kind: string;
    readonly evidence: Uint8Array;
    readonly keyConfig: Uint8Array;
    readonly anchor: Uint8Array;
  },
): Verdict<{ readonly simulated: boolean }> {
  const { kind, evidence, keyConfig, anchor } = shown;
  const policy: AttestationPolicy = {
    kinds: params.allowMock ? ["sgx", "tdx", "snp", "nitro", "mock"] : ["sgx", "tdx", "snp", "nitro"],
    measurements: params.allowedMeasurements,
    maxAgeSeconds: params.maxEvidenceAgeS,
    ...(params.allowMock ? { mockRoot: params.mockRoot } : {}),
  };
  const nowUnix = ctx.timeMs / 1000n;
  const verdict = verifyKeyEvidence({ evidence: { kind, evidence }, policy, nowUnix, keyConfig, anchor });
  return verdict.ok ? { ok: true, simulated: verdict.attestation.simulated } : verdict;
}

/** The receipt in `bytes`, or undefined; nothing is said about its signature. */
export function readReceipt(bytes: Uint8Array): Receipt | undefined {
  return parseReceipt(bytes);
}

/** Judges a receipt as the answer of `enclave` to `query`, run with the model's own weights. */
export function judgeReceipt(
  ctx: Context,
  bytes: Uint8Array,
  against: {
    readonly query: PrivateQuery;
    readonly enclave: Enclave;
    readonly weightsRoot: Uint8Array;
  },
): Verdict<{ readonly receipt: Receipt }> {
  const { query, enclave, weightsRoot } = against;
  const fail = (at: string): Verdict<{ readonly receipt: Receipt }> => {
    return { ok: false, code: "TEE_RECEIPT_MISMATCH", at };
  };
  const config = parseKeyConfig(enclave.keyConfig);
  if (config === undefined) return fail("keyConfig");
  const signed = verifyReceipt(bytes, config.sigPub);
  if (!signed.ok) return signed;
  const { receipt } = signed;
  const matches = matchReceipt(receipt, {
    chainIdHash: chainIdHashOf(ctx.chainId),
    queryId: query.queryId,
    keyId: enclave.keyId,
    node: config.node,
    modelId: query.modelId,
    inputCommit: query.inputCommit,
  });
  if (!matches.ok) return matches;
  if (!equalBytes(receipt.weightsRoot, weightsRoot)) return fail("weightsRoot");
  if (!equalBytes(receipt.vmVersionHash, config.vmVersionHash)) return fail("vmVersionHash");
  if (receipt.status !== RECEIPT_OK) return fail("status");
  if (receipt.height > ctx.height || receipt.height > config.notAfter) return fail("height");
  return signed;
}
