/** A chain with funded accounts and a registered tiny model, and runners started beside it. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LoadedModel, loadArtifact } from "../../../aivm/index.ts";
import { ModelStatus } from "../../../proto/index.ts";
import {
  type Client,
  createSigner,
  getModel,
  pollUntil,
  registerModel,
  registrationToProgram,
  type Signer,
} from "../../../sdk/index.ts";
import { createClient } from "../../../sdk/io/createClient.ts";
import { createKeyFile } from "../../../sdk/io/keyFile.ts";
import { initChain, rpcOf, type Service, startChain, startService } from "../../support/processes.ts";
import { tinyArtifact } from "./tinyModel.ts";

/** Accounts of every test network, by name. */
const NAMES = ["registrar", "user", "liar", "watcher", "honest"] as const;
export type AccountName = (typeof NAMES)[number];

export const START_UAIVM = 100_000_000_000n;
export const BOND_UAIVM = 20_000_000_000n;
export const MODEL_FEE_UAIVM = 1_000_000n;
const BLOCK_MS = 100;

/** Blocks to reveal in: more than a runner needs to be started again on a busy machine. */
const REVEAL_BLOCKS = "1000";

/** Short windows, so that a test ends. */
const APP_STATE = {
  inference: {
    params: { windowMs: "2500", blockIntervalMs: String(BLOCK_MS), revealBlocks: REVEAL_BLOCKS },
  },
  dispute: {
    params: {
      clockMs: "6000",
      levelMs: "600",
      blockIntervalMs: String(BLOCK_MS),
      revealBlocks: REVEAL_BLOCKS,
    },
  },
};

/** A running network. */
export interface TestNetwork {
  readonly folder: string;
  readonly client: Client;
  /** URL of the chain's RPC. */
  readonly rpc: string;
  readonly model: LoadedModel;
  readonly artifactFile: string;
  account(name: AccountName): Signer;
  /** Starts the runner of an account; `liar` runs the lying one. */
  startRunner(
    name: AccountName,
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<Service>;
  /** Kills the chain with SIGKILL and starts it again on the same address. */
  crashChain(): Promise<void>;
  waitActive(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a chain and registers the model of an artifact, the tiny one unless given; nobody serves it yet. */
export async function startNetwork(artifact: Uint8Array = tinyArtifact()): Promise<TestNetwork> {
  const folder = await mkdtemp(join(tmpdir(), "aivm-game-"));
  const home = join(folder, "chain");
  const keyOf = (name: AccountName): Uint8Array => new Uint8Array(32).fill(NAMES.indexOf(name) + 1);
  const signers = new Map<AccountName, Signer>();
  for (const name of NAMES) {
    signers.set(name, await createSigner({ privateKey: keyOf(name) }));
    await createKeyFile(join(folder, `${name}.key`), keyOf(name));
  }
  const account = (name: AccountName): Signer => {
    const signer = signers.get(name);
    if (signer === undefined) throw new Error(`no account ${name}`);
    return signer;
  };
  const appState = join(folder, "app-state.json");
  await writeFile(appState, JSON.stringify(APP_STATE));
  const accounts = NAMES.map((name) => ({ address: account(name).address, amountUaivm: START_UAIVM }));
  await initChain({ home, chainId: "game-test-1", accounts, appState });
  let chain = await startChain({ home, blockMs: BLOCK_MS });
  const rpc = rpcOf(chain);
  const client = createClient({ rpc, pollMs: 50, timeoutMs: 60_000 });
  const model = loadArtifact(artifact);
  const artifactFile = join(folder, "model.aivm");
  await writeFile(artifactFile, artifact);
  const services: Service[] = [];
  await registerModel(client, {
    signer: account("registrar"),
    program: registrationToProgram(model.registration),
    artifactBytes: BigInt(model.artifactBytes),
    feeUaivm: MODEL_FEE_UAIVM,
    bondUaivm: 1_000_000_000n,
  });
  return {
    folder,
    client,
    rpc,
    model,
    artifactFile,
    account,
    startRunner: async (name, args, env = {}) => {
      const service = await startService({
        script: name === "liar" ? "test/support/actors/liarMain.ts" : "node-runner/bin/runner.ts",
        args: [
          ...["--rpc", rpc, "--home", join(folder, name), "--key", join(folder, `${name}.key`)],
          ...["--poll-ms", "60", "--bond", BOND_UAIVM.toString()],
          ...args,
        ],
        env,
      });
      services.push(service);
      return service;
    },
    crashChain: async () => {
      await chain.stop("SIGKILL");
      chain = await startChain({ home, rpc: new URL(rpc).host, blockMs: BLOCK_MS });
    },
    waitActive: async () => {
      await pollUntil(client, {
        what: "an ACTIVE model",
        deadlineMs: client.clock.nowMs() + 30_000,
        probe: async () => {
          const found = await getModel(client, model.modelId);
          return found?.status === ModelStatus.MODEL_STATUS_ACTIVE ? found : undefined;
        },
      });
    },
    stop: async () => {
      await Promise.all(services.map((service) => service.stop()));
      await chain.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
