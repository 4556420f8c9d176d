import { expect } from "chai";
import {
  type AttestationPolicy,
  reportDataOf,
  signMockReport,
  verifyEvidence,
  verifyKeyEvidence,
} from "../../tee-enclave/index.ts";
import { bytesOf, testWorker, vendor } from "./support.ts";

const NOW = 1_800_000_000n;
const measurement = bytesOf("code", 32);
const anchor = bytesOf("anchor", 32);
const worker = testWorker();
const policy: AttestationPolicy = {
  kinds: ["mock"],
  measurements: [measurement],
  mockRoot: vendor.publicKey,
  maxAgeSeconds: 3600n,
};
const report = {
  measurement,
  reportData: reportDataOf(worker.keyConfig, anchor),
  debug: false,
  timeUnix: NOW,
};
const evidence = { kind: "mock", evidence: signMockReport(report, vendor.secretKey) };
const question = { evidence, policy, nowUnix: NOW, keyConfig: worker.keyConfig, anchor };

describe("tee-enclave/attest", () => {
  it("accepts evidence that binds the keys, and says that it is simulated", () => {
    const verdict = verifyKeyEvidence(question);
    expect(verdict.ok && verdict.attestation.simulated).to.equal(true);
  });

  it("refuses flipped bits in every byte", () => {
    for (let bit = 0; bit < evidence.evidence.length * 8; bit += 7) {
      const forged = evidence.evidence.slice();
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(
        verifyKeyEvidence({ ...question, evidence: { kind: "mock", evidence: forged } }).ok,
        `bit ${bit}`,
      ).to.equal(false);
    }
  });

  it("refuses keys and anchors that the report does not bind", () => {
    const other = worker.keyConfig.slice();
    other[200] = (other[200] ?? 0) ^ 1;
    expect(verifyKeyEvidence({ ...question, keyConfig: other })).to.include({
      ok: false,
      code: "TEE_KEY_BINDING",
    });
    expect(verifyKeyEvidence({ ...question, anchor: bytesOf("other", 32) })).to.include({
      ok: false,
      code: "TEE_KEY_BINDING",
    });
  });

  it("refuses simulated evidence where the policy does not allow it", () => {
    expect(verifyEvidence({ ...question, policy: { ...policy, kinds: ["tdx"] } })).to.include({
      code: "TEE_KIND_NOT_ALLOWED",
    });
    const { mockRoot: _root, ...noRoot } = policy;
    expect(verifyEvidence({ ...question, policy: noRoot })).to.include({ code: "TEE_MOCK_NOT_ALLOWED" });
    expect(verifyEvidence({ ...question, policy: { ...policy, mockRoot: bytesOf("x", 32) } }).ok).to.equal(
      false,
    );
  });

  it("refuses debug enclaves, unknown code and old evidence", () => {
    const judge = (change: Partial<typeof report>): unknown =>
      verifyEvidence({
        ...question,
        evidence: { kind: "mock", evidence: signMockReport({ ...report, ...change }, vendor.secretKey) },
      });
    expect(judge({ debug: true })).to.include({ code: "TEE_DEBUG" });
    expect(judge({ measurement: bytesOf("other code", 32) })).to.include({ code: "TEE_MEASUREMENT" });
    expect(judge({ timeUnix: NOW - 3601n })).to.include({ code: "TEE_EVIDENCE_AGE" });
    expect(judge({ timeUnix: NOW + 61n })).to.include({ code: "TEE_EVIDENCE_AGE" });
  });

  it("refuses a kind that it has no verifier for, even when the policy lists it", () => {
    const tdx = {
      ...question,
      evidence: { kind: "tdx", evidence: new Uint8Array(700) },
      policy: { ...policy, kinds: ["tdx" as const] },
    };
    expect(verifyEvidence(tdx)).to.include({ ok: false, code: "TEE_KIND_UNSUPPORTED" });
  });
});
