/** The command line of the runner. */
import { parseArgs } from "node:util";
import { hexToBytes } from "../../common/index.ts";
import { runnerError } from "../errors.ts";
import type { ModelLimits } from "./artifactStore.ts";

/** Parsed command line. */
export interface RunnerArguments {
  readonly rpc: string;
  readonly home: string;
  readonly key: string;
  readonly watch: boolean;
  readonly modelIds: readonly Uint8Array[];
  readonly atMost: Required<ModelLimits>;
  readonly artifactFiles: readonly string[];
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  readonly publicUrl: string | undefined;
  readonly peers: readonly string[];
  readonly bondUaivm: bigint;
  readonly payee: Uint8Array;
  readonly pollMs: number;
  readonly gasPriceUaivm: string | undefined;
  readonly logLevel: string;
  readonly engine: EngineName;
  readonly threads: number;
}

const ENGINES = ["auto", "native", "wasm", "reference"] as const;

/** Names of --engine. */
export type EngineName = (typeof ENGINES)[number];

/** More threads than this are a slip of the pen. */
const MOST_THREADS = 256;

/** Text of `--help`. */
export const HELP = `aivm runner: answers inference requests, or watches the answers of others.

Usage
  runner --rpc URL --home DIR --key FILE [options]

Options
  --rpc URL          CometBFT RPC of a node, such as http://127.0.0.1:26657
  --home DIR         folder of this runner: artifacts, blobs, openings of its commitments
  --key FILE         key file (mode 0600); made with a new key when it is not there
  --watch            run every accepted result again and challenge wrong ones, instead of answering
  --artifact FILE    artifact to hold (repeatable)
  --model ID         model to hold, fetched from other runners (repeatable, 64 hex digits)
  --engine NAME      auto, native, wasm or reference (default auto: native where it was built, else wasm)
  --threads N        threads of one run (default 1)
  --max-memory N     MiB that running and tracing a model may take; larger ones are neither fetched nor run (default 4096)
  --max-gas N        vmGas of a model's run, in the same way (default 10^12)
  --listen HOST:PORT serve artifacts and blobs over HTTP; port 0 = any free one
  --public-url URL   address under which others reach that server
  --peers URL,...    runners to fetch artifacts from, before those that the chain lists
  --bond N           bond in uaivm to register with (default 100000000)
  --payee 0x..       EVM address for work fees of requests from EVM chains
  --gas-price P      uaivm per unit of gas (default 0.025)
  --poll-ms N        time between two looks at the chain (default 250)
  --log-level L      debug, info, warn or error (default info)
  --help             this text

Examples
  runner --rpc http://127.0.0.1:26657 --home ~/.aivm-runner --key ~/.aivm-runner.key \\
         --artifact digits.aivm --listen 127.0.0.1:0
  runner --watch --rpc http://127.0.0.1:26657 --home ~/.aivm-watcher --key ~/.aivm-watcher.key \\
         --peers http://127.0.0.1:8080

It writes one line of JSON to stdout when it is ready, and its log to stderr. SIGTERM ends it after what it is doing.
`;

const DEFAULT_BOND_UAIVM = "100000000";
const DEFAULT_MEMORY_MIB = "4096";
const DEFAULT_GAS = "1000000000000";

/** The arguments, or "help". @throws RUNNER_OPTION */
export function parseArguments(argv: readonly string[]): RunnerArguments | "help" {
  const values = parse(argv);
  if (values.help === true) return "help";
  return {
    rpc: required("--rpc", values.rpc),
    home: required("--home", values.home),
    key: required("--key", values.key),
    watch: values.watch ?? false,
    modelIds: (values.model ?? []).map((text) => bytesOption("--model", text, 32)),
    artifactFiles: values.artifact ?? [],
    atMost: {
      activationBytes:
        2 ** 20 * Number(amountOption("--max-memory", values["max-memory"] ?? DEFAULT_MEMORY_MIB)),
      gas: amountOption("--max-gas", values["max-gas"] ?? DEFAULT_GAS),
    },
    listen: values.listen === undefined ? undefined : parseListen(values.listen),
    publicUrl: values["public-url"],
    peers: (values.peers ?? "").split(",").filter((url) => url !== ""),
    bondUaivm: amountOption("--bond", values.bond ?? DEFAULT_BOND_UAIVM),
    payee: values.payee === undefined ? new Uint8Array() : bytesOption("--payee", values.payee, 20),
    pollMs: Number(amountOption("--poll-ms", values["poll-ms"] ?? "250")),
    gasPriceUaivm: values["gas-price"],
    logLevel: values["log-level"] ?? "info",
    engine: engineOption(values.engine ?? "auto"),
    threads: threadsOption(values.threads ?? "1"),
  };
}

type Values = ReturnType<typeof parseArgs<typeof CONFIG>>["values"];

const CONFIG = {
  strict: true,
  allowPositionals: false,
  options: {
    rpc: { type: "string" },
    home: { type: "string" },
    key: { type: "string" },
    watch: { type: "boolean" },
    model: { type: "string", multiple: true },
    artifact: { type: "string", multiple: true },
    engine: { type: "string" },
    threads: { type: "string" },
    "max-memory": { type: "string" },
    "max-gas": { type: "string" },
    listen: { type: "string" },
    "public-url": { type: "string" },
    peers: { type: "string" },
    bond: { type: "string" },
    payee: { type: "string" },
    "poll-ms": { type: "string" },
    "gas-price": { type: "string" },
    "log-level": { type: "string" },
    help: { type: "boolean" },
  },
} as const;

function parse(argv: readonly string[]): Values {
  try {
    return parseArgs({ ...CONFIG, args: [...argv] }).values;
  } catch (error) {
    throw optionError("command line", "the options of --help", error instanceof Error ? error.message : "");
  }
}

function required(name: string, value: string | undefined): string {
  if (value !== undefined && value !== "") return value;
  throw optionError(name, "a value", "none");
}

function bytesOption(name: string, text: string, length: number): Uint8Array {
  if (new RegExp(`^(0x)?[0-9a-fA-F]{${2 * length}}$`).test(text)) return hexToBytes(text);
  throw optionError(name, `${length} bytes in hex`, text.slice(0, 80));
}

function amountOption(name: string, text: string): bigint {
  if (/^[0-9]{1,19}$/.test(text)) return BigInt(text);
  throw optionError(name, "a whole number", text.slice(0, 40));
}

function engineOption(text: string): EngineName {
  const name = ENGINES.find((known) => known === text);
  if (name !== undefined) return name;
  throw optionError("--engine", `one of ${ENGINES.join(", ")}`, text.slice(0, 40));
}

function threadsOption(text: string): number {
  const threads = Number(amountOption("--threads", text));
  if (threads >= 1 && threads <= MOST_THREADS) return threads;
  throw optionError("--threads", `1 to ${MOST_THREADS}`, text.slice(0, 40));
}

function parseListen(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:]+)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port > 65_535) throw optionError("--listen", "HOST:PORT", text.slice(0, 80));
  return { host, port };
}

function optionError(what: string, want: string, got: string): Error {
  return runnerError("RUNNER_OPTION", {
    what,
    want,
    got,
    remedy: "Run with --help to see the options and examples.",
  });
}
