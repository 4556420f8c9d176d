/**
 * The simulated hardware: measures the enclave's code and signs reports with a simulated vendor's root key. This file
 * stands where a CPU would; nothing here protects a secret from the machine's owner, and every report says "mock".
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import nacl from "tweetnacl";
import { sha256, treeRoot, utf8 } from "../../common/index.ts";
import { signMockReport } from "../attest/mock/mock.ts";
import { reportDataOf } from "../session/keyConfig.ts";

/** The code that runs inside the enclave, by folder of tee-enclave/. */
const MEASURED = [".", "session", "attest", "attest/mock"];

/** Measurement of the enclave's code: tree root over the hashes of its files, in name order. 32 bytes. */
export function measureEnclave(): Uint8Array {
  const root = join(dirname(fileURLToPath(import.meta.url)), "..");
  const files = MEASURED.flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => /\.(ts|js)$/.test(name) && !name.endsWith(".d.ts"))
      .sort()
      .map((name) => join(folder, name)),
  );
  return treeRoot(
    files.map((file) => sha256(utf8(file.replace(/\.(ts|js)$/, "")), readFileSync(join(root, file)))),
  );
}

/** Root key of a simulated vendor from 32 bytes of entropy. */
export function createMockVendor(seed: Uint8Array): {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
} {
  return nacl.sign.keyPair.fromSeed(seed);
}

/** Evidence of the simulated hardware for these keys and anchor, at `timeUnix` seconds. */
export function simulateEvidence(options: {
  readonly keyConfig: Uint8Array;
  readonly anchor: Uint8Array;
  readonly timeUnix: bigint;
  readonly vendorSecret: Uint8Array;
}): Uint8Array {
  const reportData = reportDataOf(options.keyConfig, options.anchor);
  const report = { measurement: measureEnclave(), reportData, debug: false, timeUnix: options.timeUnix };
  return signMockReport(report, options.vendorSecret);
}
