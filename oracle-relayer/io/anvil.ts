/** A real EVM node on loopback, for devnets and tests: anvil's own binary, without the npm wrapper's postinstall. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { AivmError } from "../../common/errors.ts";

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };
const START_TIMEOUT_MS = 20_000;

/** How to start the node. */
export interface AnvilOptions {
  /** Default 31337. */
  readonly chainId?: number;
  /** Default 0: a free one, which the operating system picks. */
  readonly port?: number;
  /** Seconds between blocks; without it a block is mined for each transaction. */
  readonly blockTimeSeconds?: number;
  /** File that state is loaded from and dumped to on exit. */
  readonly statePath?: string;
}

/** A running node. `stop` resolves once the process is gone. */
export interface Anvil {
  readonly url: string;
  readonly port: number;
  readonly chainId: number;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** Starts anvil and waits until it answers RPC. @throws RELAYER_ANVIL when the binary is missing or does not start. */
export async function startAnvil(options: AnvilOptions = {}): Promise<Anvil> {
  const chainId = options.chainId ?? 31337;
  const args = ["--host", "127.0.0.1", "--port", String(options.port ?? 0), "--chain-id", String(chainId)];
  if (options.blockTimeSeconds !== undefined) args.push("--block-time", String(options.blockTimeSeconds));
  if (options.statePath !== undefined) args.push("--state", options.statePath);
  const child = spawn(anvilBinary(), args, { stdio: ["ignore", "pipe", "pipe"] });
  const port = await listeningPort(child);
  const url = `http://127.0.0.1:${port}`;
  await assertAnswers(url, chainId);
  return { url, port, chainId, process: child, stop: () => stopChild(child) };
}

/** Path of the platform package's binary. */
function anvilBinary(): string {
  const require = createRequire(import.meta.url);
  const name = `@foundry-rs/anvil-${process.platform}-${ARCHITECTURES[process.arch] ?? process.arch}`;
  // The wrapper package depends on the platform package: resolve from there, hoisted or not.
  const paths = [import.meta.dirname, require.resolve("@foundry-rs/anvil/package.json")];
  try {
    return require.resolve(`${name}/bin/anvil`, { paths });
  } catch (cause) {
    throw anvilError("the anvil binary", `${name} installed`, "no such package", cause);
  }
}

/** The port in "Listening on 127.0.0.1:port". The pipes stay drained afterwards, or the node would block on them. */
function listeningPort(child: ChildProcess): Promise<number> {
  let seen = "";
  return new Promise((resolve, reject) => {
    const fail = (got: string): void => {
      child.kill("SIGKILL");
      reject(anvilError("anvil", "a line 'Listening on'", got));
    };
    const timer = setTimeout(
      () => fail(`nothing in ${START_TIMEOUT_MS} ms: ${seen.slice(-400)}`),
      START_TIMEOUT_MS,
    );
    const settle = (): void => clearTimeout(timer);
    const read = (chunk: Buffer): void => {
      if (seen.length < 20_000) seen += chunk.toString("utf8");
      const found = /Listening on [^\s:]+:(\d+)/.exec(seen);
      if (found?.[1] === undefined) return;
      settle();
      resolve(Number(found[1]));
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("error", (error) => {
      settle();
      fail(error.message);
    });
    child.once("exit", (code) => {
      settle();
      fail(`exit ${code}: ${seen.slice(-400)}`);
    });
  });
}

async function assertAnswers(url: string, chainId: number): Promise<void> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] });
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  const answer: { result?: string } = JSON.parse(await response.text());
  if (Number(answer.result) !== chainId) {
    throw anvilError("anvil's chain id", String(chainId), String(answer.result));
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const hard = setTimeout(() => child.kill("SIGKILL"), 3_000);
  await gone;
  clearTimeout(hard);
}

function anvilError(what: string, want: string, got: string, cause?: unknown): AivmError {
  const facts = { what, want, got, remedy: "run npm ci, and check that the port is free" };
  return new AivmError("RELAYER_ANVIL", facts, cause === undefined ? {} : { cause });
}
