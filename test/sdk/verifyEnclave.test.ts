import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { isAivmError } from "../../common/index.ts";
import { createEnclaveHttp } from "../../sdk/io/enclaveHttp.ts";
import type { PrivatePorts } from "../../sdk/private/ports.ts";
import { verifyEnclave } from "../../sdk/private/verifyEnclave.ts";
import type { AttestationPolicy, EnclaveWorker } from "../../tee-enclave/index.ts";
import { startEnclaveServer } from "../../tee-enclave/io/server.ts";
import { measureEnclave, simulateEvidence } from "../../tee-enclave/io/simulator.ts";
import { bytesOf, CHAIN_ID, testWorker, vendor } from "../tee-enclave/support.ts";

const NOW = 1_800_000_000n;
const policy: AttestationPolicy = {
  kinds: ["mock"],
  measurements: [measureEnclave()],
  mockRoot: vendor.publicKey,
  maxAgeSeconds: 600n,
};

describe("sdk/private (before anything is sealed)", () => {
  let worker: EnclaveWorker;
  let close: () => Promise<void>;
  let endpoint: string;
  let posts: number;

  const ports: PrivatePorts = {
    http: {
      ...createEnclaveHttp(),
      postBytes: async () => {
        posts += 1;
        return { status: 500, body: new Uint8Array() };
      },
    },
    random: (length) => new Uint8Array(randomBytes(length)),
  };

  const enclaveRecord = () => ({
    keyId: worker.keyId,
    node: "",
    keyConfig: worker.keyConfig,
    kind: "mock",
    evidence: new Uint8Array(),
    anchor: new Uint8Array(32),
    registeredHeight: 1n,
    simulated: true,
    endpoint,
  });

  const question = (change: object = {}) => ({
    enclave: enclaveRecord(),
    policy,
    chainId: CHAIN_ID,
    height: 20n,
    nowUnix: NOW,
    ...change,
  });

  async function refusal(change: object): Promise<string> {
    const error = await verifyEnclave(ports, question(change)).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    if (!isAivmError(error, "SDK_ENCLAVE")) throw new Error(`expected SDK_ENCLAVE, got ${String(error)}`);
    return error.facts.got;
  }

  before(async () => {
    posts = 0;
    worker = testWorker();
    const { keyConfig } = worker;
    const evidence = (anchor: Uint8Array): Uint8Array =>
      simulateEvidence({ keyConfig, anchor, timeUnix: NOW, vendorSecret: vendor.secretKey });
    const server = await startEnclaveServer({
      worker,
      evidence,
      height: () => 20n,
      host: "127.0.0.1",
      port: 0,
    });
    close = server.close;
    endpoint = server.url;
  });

  after(() => close());

  it("accepts fresh evidence over the keys that the chain lists, and says that it is simulated", async () => {
    const verified = await verifyEnclave(ports, question());
    expect(verified.attestation.simulated).to.equal(true);
    expect(verified.keyId).to.deep.equal(worker.keyId);
  });

  it("refuses evidence of other code, another vendor, or too old", async () => {
    expect(await refusal({ policy: { ...policy, measurements: [bytesOf("other", 32)] } })).to.match(
      /TEE_MEASUREMENT/,
    );
    expect(await refusal({ policy: { ...policy, mockRoot: bytesOf("other", 32) } })).to.match(
      /TEE_EVIDENCE_SIGNATURE/,
    );
    expect(await refusal({ policy: { ...policy, kinds: ["tdx"] } })).to.match(/TEE_KIND_NOT_ALLOWED/);
    expect(await refusal({ nowUnix: NOW + 601n })).to.match(/TEE_EVIDENCE_AGE/);
  });

  it("refuses keys that the live evidence does not bind: a swapped key config of the same chain", async () => {
    const keyConfig = worker.keyConfig.slice();
    keyConfig[100] = (keyConfig[100] ?? 0) ^ 1;
    const { keyIdOf } = await import("../../tee-enclave/index.ts");
    const enclave = { ...enclaveRecord(), keyConfig, keyId: keyIdOf(keyConfig) };
    expect(await refusal({ enclave })).to.match(/TEE_KEY_BINDING/);
  });

  it("refuses keys of another chain, another id, or for other heights", async () => {
    expect(await refusal({ chainId: "other-1" })).to.equal("keys for another chain");
    expect(await refusal({ enclave: { ...enclaveRecord(), keyId: bytesOf("x", 16) } })).to.equal(
      "another key's id",
    );
    expect(await refusal({ height: 601n })).to.match(/keys for heights 10 to 600/);
    expect(await refusal({ enclave: { ...enclaveRecord(), keyConfig: new Uint8Array(5) } })).to.match(
      /unknown form/,
    );
  });

  it("has sent nothing to any of them", () => {
    expect(posts).to.equal(0);
  });
});
