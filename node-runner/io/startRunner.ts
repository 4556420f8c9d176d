/** One runner process: its stores, its server, and the loop that looks at the chain and does what is due. */
import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { bytesToHex } from "../../common/index.ts";
import { type ChainStatus, type Client, getStatus, isUnreachable, type Signer } from "../../sdk/index.ts";
import { createActionPool } from "../core/actionPool.ts";
import { decideRunner } from "../core/decideRunner.ts";
import type { Execute } from "../core/execution.ts";
import type { Log } from "../core/log.ts";
import { type ModelLimits, openArtifactStore } from "./artifactStore.ts";
import { openBlobStore } from "./blobStore.ts";
import { readRunnerFacts } from "./chain.ts";
import { ensureModel, type RunnerContext } from "./context.ts";
import { createDisputes } from "./disputes.ts";
import { executeOnReference } from "./execute.ts";
import { performRunnerAction, type Registration } from "./runnerActions.ts";
import { openSaltStore } from "./saltStore.ts";
import { type ServingServer, startServer } from "./server.ts";

/** What a runner process is told. */
export interface StartOptions {
  readonly client: Client;
  readonly signer: Signer;
  /** Folder of its own; made when it is not there. */
  readonly home: string;
  readonly log: Log;
  /** Watch others' results instead of answering requests. */
  readonly watch: boolean;
  /** Artifact files' bytes to hold. */
  readonly artifacts: readonly Uint8Array[];
  /** Models to hold, fetched from peers when they are not here. */
  readonly modelIds: readonly Uint8Array[];
  /** Models that cost more to run are neither fetched nor run. */
  readonly atMost: ModelLimits;
  readonly peers: readonly string[];
  /** Bond to register with. */
  readonly bondUaivm: bigint;
  /** EVM address for work fees; empty = none. */
  readonly payee: Uint8Array;
  /** Where to serve; absent = nowhere. */
  readonly listen?: { readonly host: string; readonly port: number } | undefined;
  /** Address under which others reach the server. Default: the one it listens on. */
  readonly publicUrl?: string | undefined;
  /** Answers requests. A test actor puts its own here. */
  readonly execute: Execute;
  /** The second engine. Default: the reference. */
  readonly confirm?: Execute;
}

/** A runner that runs. */
export interface RunningRunner {
  readonly address: string;
  /** Base URL of its server, or "" when it does not serve. */
  readonly url: string;
  /** Ends the loop, waits for what is being done, closes the server. */
  stop(): Promise<void>;
}

/** Starts a runner or a watcher. @throws RUNNER_FILE, AIVM_LIMIT, what `loadArtifact` does, and the socket's error */
export async function startRunner(options: StartOptions): Promise<RunningRunner> {
  const context = await createContext(options);
  for (const bytes of options.artifacts) {
    const model = await context.artifacts.add(bytes);
    await context.execute.prepare?.(model);
    options.log.info({ model: bytesToHex(model.modelId), name: model.program.name }, "artifact held");
  }
  await serveHeldModels(context);
  const server = options.listen && (await startServer({ ...context, ...options.listen }));
  const endpoint = options.publicUrl ?? server?.url ?? "";
  const loop = startLoop(context, options, { bondUaivm: options.bondUaivm, endpoint });
  return {
    address: options.signer.address,
    url: server?.url ?? "",
    stop: () => stopAll(loop, server),
  };
}

async function createContext(options: StartOptions): Promise<RunnerContext> {
  const { client, signer, log, home, peers, payee, execute, confirm = executeOnReference } = options;
  await mkdir(home, { recursive: true, mode: 0o700 });
  return {
    client,
    signer,
    log,
    peers,
    payee,
    execute,
    confirm,
    artifacts: await openArtifactStore(join(home, "artifacts"), options.atMost),
    blobs: await openBlobStore(join(home, "blobs")),
    kept: await openSaltStore(join(home, "openings")),
    randomSalt: () => new Uint8Array(randomBytes(32)),
  };
}

async function serveHeldModels(context: RunnerContext): Promise<void> {
  for (const modelId of await context.artifacts.list()) {
    const model = await context.artifacts.get(modelId);
    if (model !== undefined) context.blobs.addModel(model);
  }
}

interface Loop {
  stop(): Promise<void>;
}

function startLoop(context: RunnerContext, options: StartOptions, registration: Registration): Loop {
  const pool = createActionPool(context.log);
  const disputes = createDisputes(context, options);
  let stopped = false;
  const look = async (status: ChainStatus): Promise<void> => {
    const height = status.latestHeight;
    for (const modelId of options.modelIds) {
      if (await context.artifacts.has(modelId)) continue;
      pool.start({ key: `fetch/${bytesToHex(modelId)}`, height, run: () => fetchModel(context, modelId) });
    }
    await disputes.look(status, pool);
    if (options.watch) return;
    for (const action of decideRunner(await readRunnerFacts(context, status))) {
      pool.start({ key: action.key, height, run: () => performRunnerAction(context, registration, action) });
    }
  };
  const done = (async () => {
    const reachable = createReachability(context.log);
    let seen = "";
    while (!stopped) {
      await reachable(async () => {
        const status = await getStatus(context.client);
        const now = `${status.latestHeight}/${pool.ended()}`;
        if (now === seen) return;
        await look(status);
        seen = now;
      });
      await context.client.clock.sleep(context.client.pollMs);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await done;
      await pool.idle();
    },
  };
}

async function fetchModel(context: RunnerContext, modelId: Uint8Array): Promise<undefined> {
  const model = await ensureModel(context, modelId);
  // What this machine can not run, it must not promise to run.
  await context.execute.prepare?.(model);
  context.blobs.addModel(model);
}

/** Runs one look; says once when the node goes away and once when it is back. Nothing ends the loop. */
function createReachability(log: Log): (look: () => Promise<void>) => Promise<void> {
  let away = false;
  return async (look) => {
    try {
      await look();
      if (away) log.info({}, "node is back");
      away = false;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!isUnreachable(error)) log.error({ error: message }, "look failed");
      else if (!away) log.warn({ error: message }, "node can not be reached; waiting for it");
      if (isUnreachable(error)) away = true;
    }
  };
}

async function stopAll(loop: Loop, server: ServingServer | undefined): Promise<void> {
  await loop.stop();
  await server?.close();
}
