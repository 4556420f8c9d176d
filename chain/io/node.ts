/** A whole node in this process: home folder, embedded engine, block loop and RPC around an ABCI application. */
import type { AbciApplication } from "../abci.ts";
import { createBlockStore } from "../engine/embedded/blockStore.ts";
import { createEngine, type Engine } from "../engine/embedded/engine.ts";
import type { EngineLog } from "../engine/embedded/ports.ts";
import type { Delay, RpcEnvironment } from "../rpc/comet/environment.ts";
import { openDatabase } from "./databaseError.ts";
import { type LevelEngineKv, openEngineKv } from "./engineKv.ts";
import { type EngineLoop, startEngineLoop } from "./engineLoop.ts";
import { homePaths, readGenesis } from "./home.ts";
import { nodeId, openSigningKey, readKeyFile } from "./keyFiles.ts";
import { type RpcLimits, startRpcServer } from "./rpcServer.ts";

/** What a node needs. */
export interface NodeOptions {
  /** Folder written by `initHome`. */
  readonly home: string;
  readonly app: AbciApplication;
  readonly blockIntervalMs: number;
  /** Loopback by default. */
  readonly rpcHost?: string;
  /** 0, the default, = any free port. */
  readonly rpcPort?: number;
  readonly rpcLimits?: RpcLimits;
  readonly moniker?: string;
  readonly log: EngineLog;
}

/** A node whose first block is committed. */
export interface RunningNode {
  /** `http://host:port` of the CometBFT RPC. */
  readonly rpcUrl: string;
  readonly chainId: string;
  readonly engine: Engine;
  /** Resolves after `stop`; rejects when a block failed: the process must then restart. */
  readonly done: Promise<void>;
  /** Ends after the block in progress and closes the store and the sockets. The application is the caller's to close. */
  stop(): Promise<void>;
}

/** Starts a node; resolves once the first block is committed and the RPC listens. */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const paths = homePaths(options.home);
  const genesis = readGenesis(options.home);
  const key = openSigningKey({ key: paths.validatorKey, state: paths.validatorState });
  const kv = await openDatabase(paths.engineDb, openEngineKv);
  const engine = createEngine({
    genesis,
    app: options.app,
    store: createBlockStore(kv),
    key,
    clock: wallClockNanos,
    log: options.log,
  });
  let loop: EngineLoop | undefined;
  try {
    await engine.start();
    const first = firstBlock(engine);
    loop = startEngineLoop(engine, options.blockIntervalMs);
    await Promise.race([first, loop.done]);
    let rpcUrl = "";
    const server = await startRpcServer(environmentOf(engine, { ...options, rpcUrl: () => rpcUrl }), {
      host: options.rpcHost ?? "127.0.0.1",
      port: options.rpcPort ?? 0,
      ...(options.rpcLimits === undefined ? {} : { limits: options.rpcLimits }),
    });
    rpcUrl = server.url;
    return runningNode({ engine, loop, kv, server });
  } catch (error) {
    await loop?.stop();
    await kv.close();
    throw error;
  }
}

function runningNode(parts: {
  readonly engine: Engine;
  readonly loop: EngineLoop;
  readonly kv: LevelEngineKv;
  readonly server: { readonly url: string; close(): Promise<void> };
}): RunningNode {
  const { engine, loop, kv, server } = parts;
  return {
    rpcUrl: server.url,
    chainId: engine.genesis.chainId,
    engine,
    done: loop.done,
    async stop() {
      await server.close();
      await loop.stop();
      await kv.close();
    },
  };
}

function firstBlock(engine: Engine): Promise<void> {
  if (engine.state().lastBlockHeight > 0n) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = engine.onBlock(() => {
      stop();
      resolve();
    });
  });
}

/** `rpcUrl` is asked when a client asks: the port is known only once the server listens. */
function environmentOf(
  engine: Engine,
  options: NodeOptions & { readonly rpcUrl: () => string },
): RpcEnvironment {
  const id = nodeId(readKeyFile(homePaths(options.home).nodeKey));
  return {
    engine,
    delay: createDelay,
    node: {
      id,
      moniker: options.moniker ?? "aivmd",
      listenAddress: "tcp://127.0.0.1:26656",
      get rpcAddress() {
        return options.rpcUrl().replace("http:", "tcp:");
      },
    },
  };
}

function createDelay(ms: number): Delay {
  let cancel: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    cancel = () => clearTimeout(timer);
  });
  return { done, cancel: () => cancel() };
}

/** Wall clock, milliseconds exact. */
function wallClockNanos(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
