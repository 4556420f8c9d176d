/**
 * The host around a simulated enclave: gives it models and chain heights, serves its sealed traffic, and registers its
 * attested keys on the chain. The host sees no plaintext; that here the "hardware" is simulated is said everywhere.
 */
import { randomBytes } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { loadArtifact } from "../../aivm/index.ts";
import { bytesToHex, sha256, utf8 } from "../../common/index.ts";
import { getBlock } from "../../sdk/actions/getBlock.ts";
import { getEnclave } from "../../sdk/actions/getEnclave.ts";
import { getStatus } from "../../sdk/actions/getStatus.ts";
import { registerEnclave } from "../../sdk/actions/registerEnclave.ts";
import { addressToBytes } from "../../sdk/address.ts";
import { type Client, chainIdOf } from "../../sdk/client.ts";
import { isUnreachable } from "../../sdk/errors/errors.ts";
import type { Signer } from "../../sdk/tx/signer.ts";
import { enclaveModel } from "../../tee-enclave/io/models.ts";
import { startEnclaveServer } from "../../tee-enclave/io/server.ts";
import { createMockVendor, simulateEvidence } from "../../tee-enclave/io/simulator.ts";
import { createWorker } from "../../tee-enclave/worker.ts";
import type { Log } from "../core/log.ts";
import { readArtifactFile } from "./artifactStore.ts";
import { writeDurably } from "./durableFile.ts";

/** Heights that an enclave's keys are for. */
const KEY_LIFETIME_BLOCKS = 600n * 24n;
/** Blocks behind the tip that the anchor is taken from: it must be known to everybody. */
const ANCHOR_DEPTH = 1n;

/** What a host needs. */
export interface EnclaveHostOptions {
  readonly client: Client;
  readonly signer: Signer;
  readonly home: string;
  readonly artifactFiles: readonly string[];
  /** Seed of the simulated vendor, 32 bytes: stands for the hardware's own secret. */
  readonly vendorSeed: Uint8Array;
  readonly host: string;
  readonly port: number;
  readonly log: Log;
}

/** A running host. */
export interface EnclaveHost {
  readonly url: string;
  readonly keyId: Uint8Array;
  stop(): Promise<void>;
}

/** Starts the enclave with fresh keys, serves it and registers the keys. @throws as sendTx and loadArtifact */
export async function startEnclaveHost(options: EnclaveHostOptions): Promise<EnclaveHost> {
  const { client, signer, log } = options;
  await mkdir(options.home, { recursive: true, mode: 0o700 });
  const vendor = createMockVendor(options.vendorSeed);
  let height = (await getStatus(client)).latestHeight;
  const artifacts = await Promise.all(options.artifactFiles.map(readArtifactFile));
  const worker = createWorker({
    chainId: await chainIdOf(client),
    node: addressToBytes(signer.address),
    instance: await nextInstance(options.home),
    models: await Promise.all(artifacts.map((bytes) => enclaveModel(loadArtifact(bytes)))),
    vmVersion: "aivm/1",
    policyId: sha256(utf8("aivm/policy/mock/1")),
    notBefore: height,
    notAfter: height + KEY_LIFETIME_BLOCKS,
    entropy: (length) => new Uint8Array(randomBytes(length)),
  });
  const evidence = (anchor: Uint8Array): Uint8Array =>
    simulateEvidence({
      keyConfig: worker.keyConfig,
      anchor,
      timeUnix: BigInt(Math.floor(client.clock.nowMs() / 1000)),
      vendorSecret: vendor.secretKey,
    });
  const server = await startEnclaveServer({
    worker,
    evidence,
    height: () => height,
    host: options.host,
    port: options.port,
  });
  await register(options, {
    keyConfig: worker.keyConfig,
    keyId: worker.keyId,
    evidence,
    endpoint: server.url,
  });
  log.info({ keyId: bytesToHex(worker.keyId), simulated: true }, "enclave registered");
  const following = new AbortController();
  const followed = follow(client, following.signal, (next) => {
    height = next;
  });
  return {
    url: server.url,
    keyId: worker.keyId,
    stop: async () => {
      following.abort();
      await followed;
      await server.close();
    },
  };
}

async function register(
  options: EnclaveHostOptions,
  keys: {
    readonly keyConfig: Uint8Array;
    readonly keyId: Uint8Array;
    readonly evidence: (anchor: Uint8Array) => Uint8Array;
    readonly endpoint: string;
  },
): Promise<void> {
  const { client, signer } = options;
  if ((await getEnclave(client, keys.keyId)) !== undefined) return;
  const anchorHeight = (await getStatus(client)).latestHeight - ANCHOR_DEPTH;
  const { blockId } = await getBlock(client, anchorHeight);
  const enclave = {
    keyConfig: keys.keyConfig,
    kind: "mock",
    evidence: keys.evidence(blockId.hash),
    anchorHeight,
    endpoint: keys.endpoint,
  };
  await registerEnclave(client, { signer, enclave });
}

/** Tells the enclave of new heights until `signal`. A node that is away is asked again. */
async function follow(
  client: Client,
  signal: AbortSignal,
  onHeight: (height: bigint) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      onHeight((await getStatus(client)).latestHeight);
    } catch (error) {
      if (!isUnreachable(error)) throw error;
    }
    await client.clock.sleep(client.pollMs);
  }
}

/** Boot number of this enclave, kept so that it only grows. */
async function nextInstance(home: string): Promise<bigint> {
  const file = join(home, "instance");
  const last = await readFile(file, "utf8").catch(() => "0");
  const next = BigInt(/^[0-9]+$/.test(last.trim()) ? last.trim() : "0") + 1n;
  await writeDurably(file, utf8(`${next}\n`), { replace: true });
  return next;
}
