/**
 * Sealed requests and responses, suite 1: X25519 and XSalsa20-Poly1305 as in tweetnacl, with HKDF-SHA256 and a bound
 * header around them (a bare box has no associated data and no key schedule). Responses mix in a fresh
 * ephemeral-ephemeral exchange, so they stay secret even when the enclave's epoch key leaks later.
 */
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import nacl from "tweetnacl";
import { concatBytes, equalBytes, sha256, utf8, type Verdict } from "../../common/index.ts";
import { SUITE_NACL } from "./keyConfig.ts";
import { type Layout, layoutLength, readRecord, writeRecord } from "./layout.ts";

/** The part of a request that everybody sees, and that the seal binds. */
export interface RequestHeader {
  readonly keyId: Uint8Array;
  readonly queryId: Uint8Array;
  readonly modelId: Uint8Array;
  readonly inputCommit: Uint8Array;
  readonly expiryHeight: bigint;
}

/** The part of a request that only the enclave sees. */
export interface InnerRequest {
  readonly contentType: number;
  readonly rIn: Uint8Array;
  readonly outSeed: Uint8Array;
  readonly samplingSeed: Uint8Array;
  readonly maxUnits: number;
  /** Canonical bytes of the input tensors. */
  readonly input: Uint8Array;
}

/** What a response carries under its seal. `receipt` is the signed receipt. */
export interface InnerResponse {
  readonly status: number;
  readonly output: Uint8Array;
  readonly rOut: Uint8Array;
  readonly receipt: Uint8Array;
}

/** What the user keeps to open the response. Secret. */
export interface RequestSecrets {
  readonly header: Uint8Array;
  readonly encPub: Uint8Array;
  readonly encSecret: Uint8Array;
  readonly shared: Uint8Array;
}

/** Content type of canonical tensor bytes. */
export const CONTENT_TENSOR = 0;

const REQUEST_MAGIC = utf8("AVQ1");
const RESPONSE_MAGIC = utf8("AVR1");
const ZERO_32 = new Uint8Array(32);
const HEADER: Layout = [
  ["magic", 4],
  ["suite", "u16"],
  ["flags", "u16"],
  ["keyId", 16],
  ["queryId", 16],
  ["modelId", 32],
  ["inputCommit", 32],
  ["ticketNullifier", 32],
  ["expiryHeight", "u64"],
  ["encPub", 32],
  ["ctLen", "u32"],
];
const INNER: Layout = [
  ["ver", "u8"],
  ["contentType", "u8"],
  ["rIn", 32],
  ["outSeed", 32],
  ["samplingSeed", 32],
  ["maxUnits", "u32"],
  ["len", "u32"],
  ["rest", "rest"],
];
const RESPONSE: Layout = [
  ["magic", 4],
  ["queryId", 16],
  ["respNonce", 32],
  ["encPub2", 32],
  ["ctLen", "u32"],
  ["ct", "rest"],
];
const HEADER_LENGTH = layoutLength(HEADER);
const INNER_VERSION = 1;

/** A sealed request. `entropy` is 32 fresh random bytes, the ephemeral secret; never used twice. */
export function sealRequest(options: {
  readonly header: RequestHeader;
  readonly inner: InnerRequest;
  readonly kemPub: Uint8Array;
  readonly entropy: Uint8Array;
}): Verdict<{ readonly envelope: Uint8Array; readonly secrets: RequestSecrets }> {
  const { inner, kemPub, entropy } = options;
  const encPub = nacl.scalarMult.base(entropy);
  const shared = nacl.scalarMult(entropy, kemPub);
  if (equalBytes(shared, ZERO_32)) return { ok: false, code: "TEE_BAD_KEY", at: "kemPub" };
  const plain = writeRecord(INNER, {
    ...inner,
    ver: INNER_VERSION,
    len: inner.input.length,
    rest: inner.input,
  });
  const header = writeRecord(HEADER, {
    ...options.header,
    magic: REQUEST_MAGIC,
    suite: SUITE_NACL,
    flags: 0,
    ticketNullifier: ZERO_32,
    encPub,
    ctLen: plain.length + nacl.secretbox.overheadLength,
  });
  const body = nacl.secretbox(plain, requestNonce(header), requestKey({ shared, header, encPub, kemPub }));
  return {
    ok: true,
    envelope: concatBytes(header, body),
    secrets: { header, encPub, encSecret: entropy, shared },
  };
}

/** An envelope taken apart, without opening it. */
export interface ParsedEnvelope {
  readonly header: RequestHeader;
  readonly headerBytes: Uint8Array;
  readonly encPub: Uint8Array;
  readonly body: Uint8Array;
}

/** Judges the visible form of an envelope. */
export function parseEnvelope(envelope: Uint8Array): Verdict<{ readonly parsed: ParsedEnvelope }> {
  const record = readRecord(HEADER, envelope.slice(0, HEADER_LENGTH));
  if (record === undefined || !equalBytes(record.bytes("magic"), REQUEST_MAGIC)) {
    return { ok: false, code: "TEE_ENVELOPE_FORM", at: "header" };
  }
  if (record.int("suite") !== SUITE_NACL) return { ok: false, code: "TEE_SUITE", at: "suite" };
  if (record.int("flags") !== 0) return { ok: false, code: "TEE_ENVELOPE_FORM", at: "flags" };
  const body = envelope.slice(HEADER_LENGTH);
  if (body.length !== record.int("ctLen")) return { ok: false, code: "TEE_ENVELOPE_FORM", at: "ctLen" };
  const header = {
    keyId: record.bytes("keyId"),
    queryId: record.bytes("queryId"),
    modelId: record.bytes("modelId"),
    inputCommit: record.bytes("inputCommit"),
    expiryHeight: record.u64("expiryHeight"),
  };
  const headerBytes = envelope.slice(0, HEADER_LENGTH);
  return { ok: true, parsed: { header, headerBytes, encPub: record.bytes("encPub"), body } };
}

/** The enclave's side: opens the body with the epoch's X25519 secret. */
export function openRequest(
  parsed: ParsedEnvelope,
  kem: { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array },
): Verdict<{ readonly inner: InnerRequest; readonly shared: Uint8Array }> {
  const { headerBytes: header, encPub, body } = parsed;
  const shared = nacl.scalarMult(kem.secretKey, encPub);
  if (equalBytes(shared, ZERO_32)) return { ok: false, code: "TEE_BAD_KEY", at: "encPub" };
  const key = requestKey({ shared, header, encPub, kemPub: kem.publicKey });
  const plain = nacl.secretbox.open(body, requestNonce(header), key);
  if (plain === null) return { ok: false, code: "TEE_BAD_CIPHERTEXT", at: "body" };
  const record = readRecord(INNER, plain);
  const rest = record?.bytes("rest");
  if (
    record === undefined ||
    rest === undefined ||
    record.int("ver") !== INNER_VERSION ||
    record.int("len") > rest.length
  ) {
    return { ok: false, code: "TEE_INNER_FORM", at: "inner" };
  }
  const length = record.int("len");
  if (rest.slice(length).some((byte) => byte !== 0))
    return { ok: false, code: "TEE_INNER_FORM", at: "padding" };
  const inner = {
    contentType: record.int("contentType"),
    rIn: record.bytes("rIn"),
    outSeed: record.bytes("outSeed"),
    samplingSeed: record.bytes("samplingSeed"),
    maxUnits: record.int("maxUnits"),
    input: rest.slice(0, length),
  };
  return { ok: true, inner, shared };
}

/** The enclave's answer, padded to `maxOutputBytes`. `entropy`: 64 fresh random bytes. */
export function sealResponse(options: {
  readonly parsed: ParsedEnvelope;
  readonly shared: Uint8Array;
  readonly inner: InnerResponse;
  readonly maxOutputBytes: number;
  readonly entropy: Uint8Array;
}): Uint8Array {
  const { parsed, shared, inner, maxOutputBytes, entropy } = options;
  const respNonce = entropy.slice(0, 32);
  const ephemeral = entropy.slice(32, 64);
  const key = responseKey({
    shared,
    header: parsed.headerBytes,
    encPub: parsed.encPub,
    respNonce,
    ephemeralShared: nacl.scalarMult(ephemeral, parsed.encPub),
  });
  const padding = new Uint8Array(Math.max(0, maxOutputBytes - inner.output.length));
  const plain = concatBytes(
    writeRecord(RESPONSE_HEAD, { status: inner.status, outLen: inner.output.length }),
    inner.output,
    inner.rOut,
    inner.receipt,
    padding,
  );
  const ct = nacl.secretbox(plain, responseNonce(respNonce), key);
  const { queryId } = parsed.header;
  const encPub2 = nacl.scalarMult.base(ephemeral);
  return writeRecord(RESPONSE, { magic: RESPONSE_MAGIC, queryId, respNonce, encPub2, ctLen: ct.length, ct });
}

/** The user's side: opens a response. `receiptLength` bytes after the blinding are the signed receipt. */
export function openResponse(options: {
  readonly response: Uint8Array;
  readonly secrets: RequestSecrets;
  readonly queryId: Uint8Array;
  readonly receiptLength: number;
}): Verdict<{ readonly inner: InnerResponse }> {
  const record = readRecord(RESPONSE, options.response);
  if (record === undefined || !equalBytes(record.bytes("magic"), RESPONSE_MAGIC)) {
    return { ok: false, code: "TEE_RESPONSE_FORM", at: "header" };
  }
  const ct = record.bytes("ct");
  if (ct.length !== record.int("ctLen")) return { ok: false, code: "TEE_RESPONSE_FORM", at: "ctLen" };
  if (!equalBytes(record.bytes("queryId"), options.queryId))
    return { ok: false, code: "TEE_RESPONSE_QUERY", at: "queryId" };
  const { shared, header, encPub, encSecret } = options.secrets;
  const respNonce = record.bytes("respNonce");
  const ephemeralShared = nacl.scalarMult(encSecret, record.bytes("encPub2"));
  if (equalBytes(ephemeralShared, ZERO_32)) return { ok: false, code: "TEE_BAD_KEY", at: "encPub2" };
  const key = responseKey({ shared, header, encPub, respNonce, ephemeralShared });
  const plain = nacl.secretbox.open(ct, responseNonce(respNonce), key);
  if (plain === null) return { ok: false, code: "TEE_BAD_CIPHERTEXT", at: "ct" };
  return readInnerResponse(plain, options.receiptLength);
}

const RESPONSE_HEAD: Layout = [
  ["status", "u8"],
  ["outLen", "u32"],
];

function readInnerResponse(
  plain: Uint8Array,
  receiptLength: number,
): Verdict<{ readonly inner: InnerResponse }> {
  const head = readRecord(RESPONSE_HEAD, plain.slice(0, layoutLength(RESPONSE_HEAD)));
  const start = layoutLength(RESPONSE_HEAD);
  const outLen = head?.int("outLen") ?? 0;
  const end = start + outLen + 32 + receiptLength;
  if (head === undefined || end > plain.length) return { ok: false, code: "TEE_RESPONSE_FORM", at: "inner" };
  if (plain.slice(end).some((byte) => byte !== 0))
    return { ok: false, code: "TEE_RESPONSE_FORM", at: "padding" };
  const output = plain.slice(start, start + outLen);
  const rOut = plain.slice(start + outLen, start + outLen + 32);
  const receipt = plain.slice(start + outLen + 32, end);
  return { ok: true, inner: { status: head.int("status"), output, rOut, receipt } };
}

function requestKey(parts: {
  readonly shared: Uint8Array;
  readonly header: Uint8Array;
  readonly encPub: Uint8Array;
  readonly kemPub: Uint8Array;
}): Uint8Array {
  const info = concatBytes(utf8("aivmq1 req"), parts.encPub, parts.kemPub);
  return hkdf(nobleSha256, parts.shared, sha256(parts.header), info, 32);
}

function requestNonce(header: Uint8Array): Uint8Array {
  return sha256(header, utf8("n")).slice(0, 24);
}

function responseKey(parts: {
  readonly shared: Uint8Array;
  readonly header: Uint8Array;
  readonly encPub: Uint8Array;
  readonly respNonce: Uint8Array;
  readonly ephemeralShared: Uint8Array;
}): Uint8Array {
  const exported = hkdf(nobleSha256, parts.shared, sha256(parts.header), utf8("aivmq1 resp"), 32);
  const ikm = concatBytes(exported, parts.ephemeralShared);
  return hkdf(nobleSha256, ikm, concatBytes(parts.encPub, parts.respNonce), sha256(parts.header), 32);
}

function responseNonce(respNonce: Uint8Array): Uint8Array {
  return sha256(respNonce).slice(0, 24);
}
