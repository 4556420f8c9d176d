/**
 * KeyConfig: the record of an enclave's session keys that its evidence attests.
 * report_data = SHA-512("aivmq1/rd" || SHA-256(KeyConfig) || anchor).
 */
import { sha512 } from "@noble/hashes/sha2.js";
import { concatBytes, sha256, taggedHash, utf8 } from "../../common/index.ts";
import { type Layout, readRecord, writeRecord } from "./layout.ts";

/** Suites by number: how requests are sealed. */
export const SUITE_HPKE = 0;
/** X25519, HKDF-SHA256 and XSalsa20-Poly1305 as in tweetnacl. */
export const SUITE_NACL = 1;

/** Keys of one enclave for one epoch, and what they may be used for. Heights are of our chain. */
export interface KeyConfig {
  /** SHA-256 of the chain id. */
  readonly chainIdHash: Uint8Array;
  /** Operator's account address, 20 bytes. */
  readonly node: Uint8Array;
  /** Grows with every boot of the enclave. */
  readonly instance: bigint;
  readonly epoch: bigint;
  readonly notBefore: bigint;
  readonly notAfter: bigint;
  readonly suites: readonly number[];
  /** X25519 public key that requests are sealed to. */
  readonly kemPub: Uint8Array;
  /** Ed25519 public key that signs receipts. */
  readonly sigPub: Uint8Array;
  /** Tree root over the ids of the models that it runs. */
  readonly modelSetRoot: Uint8Array;
  readonly vmVersionHash: Uint8Array;
  readonly policyId: Uint8Array;
}

const VERSION = 1;
const MAX_SUITES = 8;
const HEAD: Layout = [
  ["ver", "u8"],
  ["chainIdHash", 32],
  ["node", 20],
  ["instance", "u64"],
  ["epoch", "u64"],
  ["notBefore", "u64"],
  ["notAfter", "u64"],
  ["suiteCount", "u8"],
];
const TAIL: Layout = [
  ["kemPub", 32],
  ["sigPub", 32],
  ["modelSetRoot", 32],
  ["vmVersionHash", 32],
  ["policyId", 32],
];

/** Canonical bytes. */
export function encodeKeyConfig(config: KeyConfig): Uint8Array {
  const suites = config.suites.map((suite) => new Uint8Array([suite >> 8, suite & 255]));
  return concatBytes(
    writeRecord(HEAD, { ...fields(config), ver: VERSION, suiteCount: config.suites.length }),
    ...suites,
    writeRecord(TAIL, fields(config)),
  );
}

/** The record in `bytes`, or undefined when they are not one of this version. */
export function parseKeyConfig(bytes: Uint8Array): KeyConfig | undefined {
  const count = bytes[85] ?? MAX_SUITES + 1;
  if (bytes[0] !== VERSION || count > MAX_SUITES) return undefined;
  const record = readRecord([...HEAD, ["suites", 2 * count], ...TAIL], bytes);
  if (record === undefined) return undefined;
  const raw = record.bytes("suites");
  return {
    chainIdHash: record.bytes("chainIdHash"),
    node: record.bytes("node"),
    instance: record.u64("instance"),
    epoch: record.u64("epoch"),
    notBefore: record.u64("notBefore"),
    notAfter: record.u64("notAfter"),
    suites: Array.from({ length: count }, (_, i) => (raw[2 * i] ?? 0) * 256 + (raw[2 * i + 1] ?? 0)),
    kemPub: record.bytes("kemPub"),
    sigPub: record.bytes("sigPub"),
    modelSetRoot: record.bytes("modelSetRoot"),
    vmVersionHash: record.bytes("vmVersionHash"),
    policyId: record.bytes("policyId"),
  };
}

/** keyId = SHA-256("aivmq1/kc" || KeyConfig)[0..16]. */
export function keyIdOf(keyConfig: Uint8Array): Uint8Array {
  return taggedHash("aivmq1/kc", keyConfig).slice(0, 16);
}

/** The 64 bytes that evidence must carry for these keys and this 32-byte anchor. */
export function reportDataOf(keyConfig: Uint8Array, anchor: Uint8Array): Uint8Array {
  return sha512(concatBytes(utf8("aivmq1/rd"), sha256(keyConfig), anchor));
}

/** SHA-256 of the chain id: how private-query records name the chain. */
export function chainIdHashOf(chainId: string): Uint8Array {
  return sha256(utf8(chainId));
}

function fields(config: KeyConfig): Readonly<Record<string, Uint8Array | bigint>> {
  const { suites: _suites, ...rest } = config;
  return rest;
}
