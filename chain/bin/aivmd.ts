#!/usr/bin/env node
/** The chain daemon: makes keys and genesis, and runs a node. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type DestinationStream, destination, type Logger, pino } from "pino";
import { bytesToHex, EMPTY } from "../../common/bytes.ts";
import { AivmError } from "../../common/errors.ts";
import type { GenesisDoc } from "../engine/embedded/genesis.ts";
import { ed25519Address } from "../engine/embedded/hash.ts";
import { defaultConsensusParams } from "../engine/embedded/params.ts";
import { nanosToTimestamp, parseTime } from "../engine/embedded/time.ts";
import { createValidator } from "../engine/embedded/validators.ts";
import { openApplication } from "../io/application.ts";
import { ensureAttestationKey } from "../io/attestationKey.ts";
import { ensureKeys, homePaths, initHome, readGenesis } from "../io/home.ts";
import { nodeId, readKeyFile } from "../io/keyFiles.ts";
import { type RunningNode, startNode } from "../io/node.ts";
import { appStateFrom } from "./appState.ts";
import { USAGE } from "./usage.ts";

const VERSION = "0.1.0";
const OPTIONS = {
  home: { type: "string" },
  "chain-id": { type: "string" },
  "app-state": { type: "string" },
  account: { type: "string", multiple: true },
  "genesis-time": { type: "string" },
  power: { type: "string" },
  rpc: { type: "string" },
  "block-ms": { type: "string" },
  moniker: { type: "string" },
  "log-level": { type: "string" },
  "log-file": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

type Flags = ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>>["values"];

async function main(): Promise<number> {
  const { values, positionals } = parseCommandLine();
  const [command] = positionals;
  if (values.help === true || command === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (command === "keys") return keys(values);
  if (command === "init") return init(values);
  if (command === "start") return start(values);
  throw badFlag("command", "keys, init or start", command);
}

function parseCommandLine(): { readonly values: Flags; readonly positionals: string[] } {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true });
  } catch (cause) {
    throw badFlag(
      "command line",
      "the flags of `aivmd --help`",
      cause instanceof Error ? cause.message : "?",
    );
  }
}

function keys(flags: Flags): number {
  const home = required(flags.home, "home");
  print({ event: "keys", ...publicKeys(home) });
  return 0;
}

function init(flags: Flags): number {
  const home = required(flags.home, "home");
  const chainId = required(flags["chain-id"], "chain-id");
  const file = flags["app-state"];
  const appState = appStateFrom({
    text: file === undefined ? "{}" : readFileSync(file, "utf8"),
    accounts: flags.account ?? [],
  });
  const genesis = initHome(home, ({ pubKey }): GenesisDoc => {
    const time = flags["genesis-time"];
    return {
      genesisTime: time === undefined ? nanosToTimestamp(BigInt(Date.now()) * 1_000_000n) : parseTime(time),
      chainId,
      initialHeight: 1n,
      consensusParams: defaultConsensusParams(1n),
      validators: [
        { ...createValidator(pubKey, BigInt(wholeNumber(flags.power ?? "10", "power"))), name: "" },
      ],
      appHash: EMPTY,
      appState,
    };
  });
  print({
    event: "initialized",
    chainId: genesis.chainId,
    genesis: homePaths(home).genesis,
    ...publicKeys(home),
  });
  return 0;
}

async function start(flags: Flags): Promise<number> {
  const home = required(flags.home, "home");
  const log = createLog(flags);
  const { host, port } = address(flags.rpc ?? "127.0.0.1:26657");
  // A home without a chain is refused before anything is made in it.
  readGenesis(home);
  const application = await openApplication(home, { version: VERSION, log });
  let node: RunningNode;
  try {
    node = await startNode({
      home,
      app: application.app,
      blockIntervalMs: wholeNumber(flags["block-ms"] ?? "500", "block-ms"),
      rpcHost: host,
      rpcPort: port,
      moniker: flags.moniker ?? "aivmd",
      log,
    });
  } catch (error) {
    await application.close();
    throw error;
  }
  print({ event: "ready", rpc: node.rpcUrl, chainId: node.chainId, pid: process.pid });
  log.info({ rpc: node.rpcUrl, chainId: node.chainId }, "ready");
  const stop = (signal: string): void => {
    log.info({ signal }, "stopping");
    node.stop().catch((error: unknown) => log.error({ error: String(error) }, "stop failed"));
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  node.engine.onBlock(({ block }) => {
    const txs = block.data.txs.length;
    log[txs === 0 ? "debug" : "info"]({ height: String(block.header.height), txs }, "committed block");
  });
  await node.done;
  await application.close();
  return 0;
}

/** What others need to know of this node's keys. */
function publicKeys(home: string): Readonly<Record<string, string>> {
  const { pubKey } = ensureKeys(home);
  const attestation = ensureAttestationKey(homePaths(home).attestationKey);
  return {
    nodeId: nodeId(readKeyFile(homePaths(home).nodeKey)),
    validatorPubKey: bytesToHex(pubKey),
    validatorAddress: bytesToHex(ed25519Address(pubKey)),
    attesterPublicKey: bytesToHex(attestation.publicKey),
    attesterEvmAddress: `0x${bytesToHex(attestation.evmAddress)}`,
  };
}

function createLog(flags: Flags): Logger {
  const level = flags["log-level"] ?? "info";
  if (!["fatal", "error", "warn", "info", "debug"].includes(level)) {
    throw badFlag("--log-level", "fatal, error, warn, info or debug", level);
  }
  const file = flags["log-file"];
  const stream: DestinationStream = destination({ dest: file ?? 2, sync: true, mkdir: file !== undefined });
  return pino({ level, name: "aivmd" }, stream);
}

function address(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:tcp:\/\/)?(\[[0-9a-fA-F:]+\]|[^:]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) throw badFlag("--rpc", "HOST:PORT", text);
  return { host: (match[1] ?? "").replace(/^\[|\]$/g, ""), port };
}

function wholeNumber(text: string, flag: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw badFlag(`--${flag}`, "a whole number from 1", text);
  return Number(text);
}

function required(value: string | undefined, flag: string): string {
  if (value === undefined || value === "") throw badFlag(`--${flag}`, "a value", "nothing");
  return value;
}

function badFlag(what: string, want: string, got: string): AivmError {
  return new AivmError("CHAIN_USAGE", { what, want, got, remedy: "see `aivmd --help`" });
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const text =
      error instanceof AivmError
        ? error.message
        : error instanceof Error
          ? (error.stack ?? error.message)
          : String(error);
    process.stderr.write(`${text}\n`);
    process.exit(error instanceof AivmError && error.code === "CHAIN_USAGE" ? 2 : 1);
  },
);
