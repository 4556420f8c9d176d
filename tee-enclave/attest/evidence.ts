/** Evidence that keys live in an enclave, the policy it is judged by, and the judgement. */
import type { Verdict } from "../../common/index.ts";

/** Which hardware signed. "mock" is a simulated enclave: no hardware at all. */
export type EvidenceKind = "sgx" | "tdx" | "snp" | "nitro" | "mock";

/** What an enclave shows. */
export interface Evidence {
  readonly kind: string;
  readonly evidence: Uint8Array;
}

/** What a verifier accepts. */
export interface AttestationPolicy {
  readonly kinds: readonly EvidenceKind[];
  /** Measurements of the enclave code, 32 bytes each. */
  readonly measurements: readonly Uint8Array[];
  /** Root key (Ed25519, 32 bytes) of simulated enclaves. Their kind must be in `kinds` as well. */
  readonly mockRoot?: Uint8Array;
  /** Oldest acceptable evidence, in seconds before `nowUnix`. */
  readonly maxAgeSeconds: bigint;
}

/** What verified evidence says. `simulated` is true where no hardware protects anything. */
export interface Attestation {
  readonly kind: EvidenceKind;
  readonly measurement: Uint8Array;
  readonly reportData: Uint8Array;
  readonly evidenceTimeUnix: bigint;
  readonly simulated: boolean;
}

/** Verdict on evidence at a time that the caller gives (block time in consensus). */
export type AttestationVerdict = Verdict<{ readonly attestation: Attestation }>;
