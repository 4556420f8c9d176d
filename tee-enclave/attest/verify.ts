/** One door for all kinds of evidence: verify(evidence, policy, time), pure and without network. */
import { equalBytes } from "../../common/index.ts";
import { reportDataOf } from "../session/keyConfig.ts";
import type { AttestationPolicy, AttestationVerdict, Evidence } from "./evidence.ts";
import { verifyMockReport } from "./mock/mock.ts";

/** Judges evidence. A kind outside the policy, and a kind without a verifier, are refused. */
export function verifyEvidence(options: {
  readonly evidence: Evidence;
  readonly policy: AttestationPolicy;
  /** Unix seconds: block time in consensus, the user's clock in the SDK. */
  readonly nowUnix: bigint;
}): AttestationVerdict {
  const { evidence, policy, nowUnix } = options;
  if (!policy.kinds.some((kind) => kind === evidence.kind)) {
    return { ok: false, code: "TEE_KIND_NOT_ALLOWED", at: "kind" };
  }
  if (evidence.kind === "mock") return verifyMockReport(evidence.evidence, policy, nowUnix);
  return { ok: false, code: "TEE_KIND_UNSUPPORTED", at: "kind" };
}

/** Judges evidence for certain keys: as verifyEvidence, and the report must bind `keyConfig` and the 32-byte `anchor`. */
export function verifyKeyEvidence(options: {
  readonly evidence: Evidence;
  readonly policy: AttestationPolicy;
  readonly nowUnix: bigint;
  readonly keyConfig: Uint8Array;
  readonly anchor: Uint8Array;
}): AttestationVerdict {
  const verdict = verifyEvidence(options);
  if (!verdict.ok) return verdict;
  const want = reportDataOf(options.keyConfig, options.anchor);
  if (!equalBytes(want, verdict.attestation.reportData)) {
    return { ok: false, code: "TEE_KEY_BINDING", at: "reportData" };
  }
  return verdict;
}
