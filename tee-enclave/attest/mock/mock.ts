/**
 * Simulated evidence: a report in a layout of our own, signed by a simulated vendor's Ed25519 root key. It proves
 * nothing about hardware; it lets everything around the hardware be real. Every result of it is marked `simulated`.
 */
import nacl from "tweetnacl";
import { concatBytes, equalBytes, utf8 } from "../../../common/index.ts";
import { type Layout, readRecord, writeRecord } from "../../session/layout.ts";
import type { AttestationPolicy, AttestationVerdict } from "../evidence.ts";

/** What the simulated vendor signs. */
export interface MockReport {
  /** 32 bytes: hash of the enclave's code. */
  readonly measurement: Uint8Array;
  /** 64 bytes: binding of keys and anchor. */
  readonly reportData: Uint8Array;
  /** Debug enclaves are refused. */
  readonly debug: boolean;
  readonly timeUnix: bigint;
}

const MAGIC = utf8("AVMK");
const LAYOUT: Layout = [
  ["magic", 4],
  ["ver", "u8"],
  ["measurement", 32],
  ["reportData", 64],
  ["debug", "u8"],
  ["timeUnix", "u64"],
];

/** Evidence bytes for `report`. `rootSecret`: 64 bytes as tweetnacl makes them; only the simulator has it. */
export function signMockReport(report: MockReport, rootSecret: Uint8Array): Uint8Array {
  const body = writeRecord(LAYOUT, { ...report, magic: MAGIC, ver: 1, debug: report.debug ? 1 : 0 });
  return concatBytes(body, nacl.sign.detached(body, rootSecret));
}

/** Judges simulated evidence: root key of the policy, signature, debug flag, measurement, age. Fails closed. */
export function verifyMockReport(
  bytes: Uint8Array,
  policy: AttestationPolicy,
  nowUnix: bigint,
): AttestationVerdict {
  const fail = (code: string, at: string): AttestationVerdict => ({ ok: false, code, at });
  const root = policy.mockRoot;
  if (root === undefined || root.length !== 32) return fail("TEE_MOCK_NOT_ALLOWED", "policy.mockRoot");
  const body = bytes.slice(0, -64);
  const record = bytes.length > 64 ? readRecord(LAYOUT, body) : undefined;
  if (record === undefined || !equalBytes(record.bytes("magic"), MAGIC) || record.int("ver") !== 1) {
    return fail("TEE_EVIDENCE_FORM", "report");
  }
  if (!nacl.sign.detached.verify(body, bytes.slice(-64), root))
    return fail("TEE_EVIDENCE_SIGNATURE", "signature");
  if (record.int("debug") !== 0) return fail("TEE_DEBUG", "debug");
  const measurement = record.bytes("measurement");
  if (!policy.measurements.some((allowed) => equalBytes(allowed, measurement))) {
    return fail("TEE_MEASUREMENT", "measurement");
  }
  const evidenceTimeUnix = record.u64("timeUnix");
  if (evidenceTimeUnix > nowUnix + 60n || evidenceTimeUnix + policy.maxAgeSeconds < nowUnix) {
    return fail("TEE_EVIDENCE_AGE", "timeUnix");
  }
  const reportData = record.bytes("reportData");
  return {
    ok: true,
    attestation: { kind: "mock", measurement, reportData, evidenceTimeUnix, simulated: true },
  };
}
