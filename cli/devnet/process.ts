/** Services as child processes: started, waited for by their ready line, stopped, or killed on purpose. */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { AivmError } from "../../common/index.ts";

/** Root of the code that runs: the checkout, or dist/ after a build. */
const CODE_ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const EXTENSION = extname(fileURLToPath(import.meta.url));

/** How to start one service. */
export interface ServiceOptions {
  readonly name: string;
  /** Path of its entry below the code root, without extension: "chain/bin/aivmd". */
  readonly entry: string;
  readonly args: readonly string[];
  /** Receives everything it writes on standard error. */
  readonly logFile: string;
  readonly readyTimeoutMs?: number;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A running service. */
export interface Service {
  readonly name: string;
  readonly pid: number;
  /** Fields of its ready line. */
  readonly ready: Readonly<Record<string, unknown>>;
  /** Ends it with SIGTERM, and with SIGKILL after five seconds. */
  stop(): Promise<void>;
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>;
  /** Resolves when it has ended, with its exit code (null after a signal). */
  readonly ended: Promise<number | null>;
}

/** Runs a program of ours to its end and returns what it printed. @throws DEVNET_START when it fails */
export async function runToEnd(entry: string, args: readonly string[]): Promise<string> {
  const { command, commandArgs } = commandOf(entry, args);
  const child = spawn(command, commandArgs, { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (part: Buffer) => {
    stdout += part.toString("utf8");
  });
  child.stderr.on("data", (part: Buffer) => {
    stderr += part.toString("utf8");
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code === 0) return stdout;
  throw new AivmError("DEVNET_START", {
    what: `${entry} ${args.slice(0, 2).join(" ")}`,
    want: "exit code 0",
    got: `${String(code)}: ${stderr.trim().slice(-500)}`,
    remedy: "Run it by hand with --help.",
  });
}

/**
 * Starts a service and waits for the line {"event":"ready",...} on its standard output.
 * @throws DEVNET_START when it ends before, or does not get ready in time
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const { command, commandArgs } = commandOf(options.entry, options.args);
  const child = spawn(command, commandArgs, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
  });
  const log = createWriteStream(options.logFile, { flags: "a", mode: 0o600 });
  child.stderr.pipe(log, { end: false });
  const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  const ready = await readyLine({ ...options, child, ended });
  return {
    name: options.name,
    pid: child.pid ?? 0,
    ready,
    ended,
    stop: () => stop(child, ended),
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** The same program from source (through tsx) and from dist/. */
function commandOf(
  entry: string,
  args: readonly string[],
): { readonly command: string; readonly commandArgs: readonly string[] } {
  const loader = EXTENSION === ".ts" ? ["--import", "tsx"] : [];
  const script = join(CODE_ROOT, entry + EXTENSION);
  return { command: process.execPath, commandArgs: [...loader, "--enable-source-maps", script, ...args] };
}

async function readyLine(
  options: ServiceOptions & { readonly child: ChildProcess; readonly ended: Promise<number | null> },
): Promise<Readonly<Record<string, unknown>>> {
  const { child, ended, name } = options;
  const stdout = child.stdout;
  if (stdout === null) throw startError(options, "no standard output");
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, options.readyTimeoutMs ?? 60_000, "nothing in time");
  });
  const line = new Promise<Readonly<Record<string, unknown>>>((resolve) => {
    createInterface({ input: stdout }).on("line", (text) => {
      const value = parseReady(text);
      if (value !== undefined) resolve(value);
    });
  });
  const first = await Promise.race([line, timeout, ended.then((code) => `exit code ${String(code)}`)]);
  clearTimeout(timer);
  if (typeof first !== "string") return first;
  child.kill("SIGKILL");
  throw startError({ ...options, name }, first);
}

function parseReady(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const value = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return value.event === "ready" ? value : undefined;
  } catch {
    return undefined;
  }
}

async function stop(child: ChildProcess, ended: Promise<number | null>): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(timer);
}

function startError(options: ServiceOptions, got: string): AivmError {
  return new AivmError("DEVNET_START", {
    what: `service ${options.name}`,
    want: "its ready line",
    got,
    remedy: `Read ${options.logFile}.`,
  });
}
