/** Child processes of our own services: started from source, awaited by their ready line, ended by their own id. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const ROOT = join(import.meta.dirname, "../..");

/** A service that said that it is ready. */
export interface Service {
  readonly process: ChildProcess;
  /** Its ready line. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** All that it wrote to stderr so far. */
  readonly log: () => string;
  /** Ends it with `signal` (default SIGTERM) and resolves with its exit code. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>;
}

/** How to start one. */
export interface ServiceOptions {
  /** Script, relative to the repository root. */
  readonly script: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a script and waits for its `{"event":"ready"}` line. @throws Error with its log when it ends before that */
export async function startService(options: ServiceOptions): Promise<Service> {
  const child = spawn(process.execPath, ["--import", "tsx", join(ROOT, options.script), ...options.args], {
    cwd: ROOT,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const exited = once(child, "exit");
  const ready = await Promise.race([readyLine(child), exited.then(() => undefined)]);
  if (ready === undefined) throw new Error(`${options.script} ended before it was ready:\n${log}`);
  return {
    process: child,
    ready,
    log: () => log,
    stop: async (signal = "SIGTERM") => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await exited;
      }
      return child.exitCode;
    },
  };
}

async function readyLine(child: ChildProcess): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (child.stdout === null) return undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const value: unknown = line.startsWith("{") ? JSON.parse(line) : undefined;
    if (typeof value === "object" && value !== null && "event" in value && value.event === "ready") {
      // Keep reading, so that a full pipe never stops the child.
      child.stdout.resume();
      return { ...value };
    }
  }
  return undefined;
}

/** Runs a script to its end and returns the JSON lines that it printed. @throws Error with its log on a failure */
export async function runScript(options: ServiceOptions): Promise<readonly unknown[]> {
  const child = spawn(process.execPath, ["--import", "tsx", join(ROOT, options.script), ...options.args], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let log = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${options.script} ${options.args.join(" ")} failed:\n${log}`);
  return out
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line): unknown => JSON.parse(line));
}

/** Makes the home of a new chain whose genesis gives each account its coins. */
export async function initChain(options: {
  readonly home: string;
  readonly chainId: string;
  readonly accounts: readonly { readonly address: string; readonly amountUaivm: bigint }[];
  /** Path of a JSON file with the modules' genesis state. */
  readonly appState?: string;
}): Promise<void> {
  mkdirSync(options.home, { recursive: true });
  const accounts = options.accounts.flatMap(({ address, amountUaivm }) => [
    "--account",
    `${address}=${amountUaivm}uaivm`,
  ]);
  await runScript({
    script: "chain/bin/aivmd.ts",
    args: [
      ...["init", "--home", options.home, "--chain-id", options.chainId],
      ...(options.appState === undefined ? [] : ["--app-state", options.appState]),
      ...accounts,
    ],
  });
}

/** Starts the chain daemon on a home; `rpc` is "127.0.0.1:0" for any free port. */
export function startChain(options: {
  readonly home: string;
  readonly rpc?: string;
  readonly blockMs?: number;
}): Promise<Service> {
  const { home, rpc = "127.0.0.1:0", blockMs = 200 } = options;
  const args = ["start", "--home", home, "--rpc", rpc, "--block-ms", String(blockMs), "--log-level", "warn"];
  return startService({ script: "chain/bin/aivmd.ts", args });
}

/** RPC address in a chain's ready line. */
export function rpcOf(service: Service): string {
  return String(service.ready.rpc);
}
