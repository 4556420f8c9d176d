/** The receipt of a private query: what an enclave signs, and what the chain records. */
import nacl from "tweetnacl";
import { equalBytes, sha256, type Verdict } from "../../common/index.ts";
import { type Layout, layoutLength, readRecord, writeRecord } from "./layout.ts";

/** How a query ended. */
export const RECEIPT_OK = 0;

/** Everything a receipt says. Roots and hashes are 32 bytes, `queryId` and `keyId` 16, `node` 20. */
export interface Receipt {
  readonly chainIdHash: Uint8Array;
  readonly queryId: Uint8Array;
  readonly keyId: Uint8Array;
  readonly node: Uint8Array;
  readonly modelId: Uint8Array;
  readonly weightsRoot: Uint8Array;
  readonly vmVersionHash: Uint8Array;
  readonly inputCommit: Uint8Array;
  readonly outputCommit: Uint8Array;
  /** Blinded trace root; zero when no trace was made. */
  readonly traceRoot: Uint8Array;
  /** Work done, rounded up to a power of two. */
  readonly units: number;
  readonly status: number;
  /** Height that the enclave knew. */
  readonly height: bigint;
  /** Receipts of this enclave instance so far; with prevReceiptHash an omission or a clone becomes visible. */
  readonly counter: bigint;
  readonly prevReceiptHash: Uint8Array;
}

const VERSION = 1;
const BODY: Layout = [
  ["ver", "u8"],
  ["chainIdHash", 32],
  ["queryId", 16],
  ["keyId", 16],
  ["node", 20],
  ["modelId", 32],
  ["weightsRoot", 32],
  ["vmVersionHash", 32],
  ["inputCommit", 32],
  ["outputCommit", 32],
  ["traceRoot", 32],
  ["units", "u32"],
  ["status", "u8"],
  ["height", "u64"],
  ["counter", "u64"],
  ["prevReceiptHash", 32],
];

/** Bytes of a signed receipt. */
export const RECEIPT_LENGTH: number = layoutLength(BODY) + 64;

/** The receipt followed by the Ed25519 signature over all of it. `secretKey`: 64 bytes as tweetnacl makes them. */
export function signReceipt(receipt: Receipt, secretKey: Uint8Array): Uint8Array {
  const body = writeRecord(BODY, { ...receipt, ver: VERSION });
  const out = new Uint8Array(body.length + 64);
  out.set(body);
  out.set(nacl.sign.detached(body, secretKey), body.length);
  return out;
}

/** The fields of a signed receipt, or undefined when the bytes are not one. Says nothing about the signature. */
export function parseReceipt(bytes: Uint8Array): Receipt | undefined {
  if (bytes.length !== RECEIPT_LENGTH || bytes[0] !== VERSION) return undefined;
  const record = readRecord(BODY, bytes.slice(0, -64));
  if (record === undefined) return undefined;
  return {
    chainIdHash: record.bytes("chainIdHash"),
    queryId: record.bytes("queryId"),
    keyId: record.bytes("keyId"),
    node: record.bytes("node"),
    modelId: record.bytes("modelId"),
    weightsRoot: record.bytes("weightsRoot"),
    vmVersionHash: record.bytes("vmVersionHash"),
    inputCommit: record.bytes("inputCommit"),
    outputCommit: record.bytes("outputCommit"),
    traceRoot: record.bytes("traceRoot"),
    units: record.int("units"),
    status: record.int("status"),
    height: record.u64("height"),
    counter: record.u64("counter"),
    prevReceiptHash: record.bytes("prevReceiptHash"),
  };
}

/** Judges a receipt: form, and signature by `sigPub` (Ed25519, 32 bytes). */
export function verifyReceipt(bytes: Uint8Array, sigPub: Uint8Array): Verdict<{ readonly receipt: Receipt }> {
  const receipt = parseReceipt(bytes);
  if (receipt === undefined) return { ok: false, code: "TEE_RECEIPT_FORM", at: "receipt" };
  if (sigPub.length !== 32 || !nacl.sign.detached.verify(bytes.slice(0, -64), bytes.slice(-64), sigPub)) {
    return { ok: false, code: "TEE_RECEIPT_SIGNATURE", at: "signature" };
  }
  return { ok: true, receipt };
}

/** Hash that the next receipt of the instance names, and that the chain stores. */
export function receiptHash(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}

/** Work rounded up to a power of two, so that a receipt tells little about the input. `units` in [0, 2^31]. */
export function bucketUnits(units: number): number {
  return units <= 1 ? units : 2 ** (32 - Math.clz32(units - 1));
}

/** Judges that a receipt answers one certain query; the first field that differs is named. */
export function matchReceipt(
  receipt: Receipt,
  want: Partial<
    Pick<Receipt, "chainIdHash" | "queryId" | "keyId" | "node" | "modelId" | "inputCommit" | "outputCommit">
  >,
): Verdict {
  const names = [
    "chainIdHash",
    "queryId",
    "keyId",
    "node",
    "modelId",
    "inputCommit",
    "outputCommit",
  ] as const;
  for (const name of names) {
    const expected = want[name];
    if (expected !== undefined && !equalBytes(expected, receipt[name])) {
      return { ok: false, code: "TEE_RECEIPT_MISMATCH", at: name };
    }
  }
  return { ok: true };
}
