/** The process around a runner: arguments in, one ready line out, logs to stderr, an orderly end. */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pino } from "pino";
import { AivmError, bytesToHex } from "../../common/index.ts";
import { createClient } from "../../sdk/io/createClient.ts";
import { readOrCreateKeyFile } from "../../sdk/io/keyFile.ts";
import type { Execute } from "../core/execution.ts";
import type { Log } from "../core/log.ts";
import { readArtifactFile } from "./artifactStore.ts";
import type { EngineChoice } from "./execute.ts";
import { HELP, parseArguments, type RunnerArguments } from "./options.ts";
import { type RunningRunner, startRunner } from "./startRunner.ts";

/** How the process is run. */
export interface MainOptions {
  readonly argv: readonly string[];
  /** Makes the execution that answers requests; it gets the log, to say what it does. */
  readonly createExecute: (log: Log, choice: EngineChoice) => Execute;
  /** The second engine. Default: the reference. */
  readonly createConfirm?: (log: Log) => Execute;
}

/** Runs until SIGTERM or SIGINT. Sets the exit code; throws nothing. */
export async function runnerMain(options: MainOptions): Promise<void> {
  try {
    const parsed = parseArguments(options.argv);
    if (parsed === "help") {
      process.stdout.write(HELP);
      return;
    }
    const log = pino({ level: parsed.logLevel, base: null }, pino.destination(2));
    const execute = options.createExecute(log, {
      engine: parsed.engine,
      threads: parsed.threads,
      cache: join(parsed.home, "packed"),
      maxMemoryBytes: parsed.atMost.activationBytes,
    });
    const confirm = options.createConfirm?.(log);
    await untilSignal(await start(parsed, { log, execute, ...(confirm === undefined ? {} : { confirm }) }));
  } catch (error) {
    process.stderr.write(`${error instanceof AivmError ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

async function start(
  parsed: RunnerArguments,
  parts: { readonly log: Log; readonly execute: Execute; readonly confirm?: Execute },
): Promise<RunningRunner> {
  const { rpc, pollMs, gasPriceUaivm, key, artifactFiles, modelIds } = parsed;
  await mkdir(dirname(key), { recursive: true });
  const runner = await startRunner({
    ...parsed,
    ...parts,
    client: createClient({ rpc, pollMs, ...(gasPriceUaivm === undefined ? {} : { gasPriceUaivm }) }),
    signer: await readOrCreateKeyFile(key),
    artifacts: await Promise.all(artifactFiles.map(readArtifactFile)),
  });
  const ready = {
    event: "ready",
    role: parsed.watch ? "watcher" : "runner",
    address: runner.address,
    url: runner.url,
    models: modelIds.map(bytesToHex),
  };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  return runner;
}

function untilSignal(runner: RunningRunner): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => void runner.stop().then(resolve);
    process.once("SIGTERM", stop);
    process.once("SIGINT", stop);
  });
}
