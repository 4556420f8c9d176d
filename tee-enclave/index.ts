export * from "./attest/evidence.ts";
export { signMockReport, verifyMockReport } from "./attest/mock/mock.ts";
export { verifyEvidence, verifyKeyEvidence } from "./attest/verify.ts";
export * from "./session/commitments.ts";
export * from "./session/envelope.ts";
export * from "./session/keyConfig.ts";
export * from "./session/receipt.ts";
export * from "./worker.ts";
