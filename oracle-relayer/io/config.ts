/** The relayer's configuration file. */
import { readFile, stat } from "node:fs/promises";
import { hexToBytes } from "../../common/bytes.ts";
import { AivmError } from "../../common/errors.ts";
import { RETRY_MS } from "../core/lifecycle.ts";
import type { RelayerPolicy } from "../core/steps.ts";

/** A configuration that was read and checked. */
export interface RelayerConfig {
  readonly evmRpcUrl: string;
  /** 20 bytes. */
  readonly oracle: Uint8Array;
  /** File with the EVM key that sends deliveries: 64 hex digits, mode 0600. */
  readonly evmKeyFile: string;
  readonly chainRpcUrl: string;
  /** Key file of a validator's observer account on the aivm chain. */
  readonly observerKeyFile: string;
  readonly statePath: string;
  readonly policy: RelayerPolicy;
}

/**
 * Reads a JSON file of
 * {evmRpcUrl, oracle, evmKeyFile, chainRpcUrl, observerKeyFile, statePath, startBlock?, confirmations?, maxSpan?,
 * pollMs?, retryMs?, maxFeePerGasCapWei?, bumpAfterBlocks?}; numbers may be decimal strings.
 * @throws RELAYER_CONFIG naming the field that is missing or wrong
 */
export async function readConfig(path: string): Promise<RelayerConfig> {
  const json: unknown = await readFile(path, "utf8")
    .then((text) => JSON.parse(text))
    .catch((error: Error) => {
      throw configError(path, "a JSON file", error.message);
    });
  if (typeof json !== "object" || json === null) throw configError(path, "a JSON object", typeof json);
  const fields = new Map(Object.entries(json));
  const oracle = text(fields, "oracle");
  if (!/^0x[0-9a-fA-F]{40}$/.test(oracle)) throw configError("oracle", "an address of 20 bytes", oracle);
  return {
    evmRpcUrl: text(fields, "evmRpcUrl"),
    oracle: hexToBytes(oracle),
    evmKeyFile: text(fields, "evmKeyFile"),
    chainRpcUrl: text(fields, "chainRpcUrl"),
    observerKeyFile: text(fields, "observerKeyFile"),
    statePath: text(fields, "statePath"),
    policy: {
      startBlock: whole(fields, "startBlock", 0n),
      confirmations: whole(fields, "confirmations", 12n),
      maxSpan: whole(fields, "maxSpan", 1_000n),
      pollMs: Number(whole(fields, "pollMs", 1_000n)),
      retryMs: pauses(fields.get("retryMs")),
      maxFeePerGasCap: whole(fields, "maxFeePerGasCapWei", 500n * 10n ** 9n),
      bumpAfterBlocks: whole(fields, "bumpAfterBlocks", 3n),
    },
  };
}

/** The EVM key of a file. The content goes into no error. @throws RELAYER_CONFIG when missing, malformed or readable by others */
export async function readEvmKey(path: string): Promise<`0x${string}`> {
  const info = await stat(path).catch((error: Error) => {
    throw configError(`EVM key file ${path}`, "a file", error.message);
  });
  if (process.platform !== "win32" && (info.mode & 0o077) !== 0) {
    throw configError(`EVM key file ${path}`, "mode 0600", `mode 0${(info.mode & 0o777).toString(8)}`);
  }
  const digits = (await readFile(path, "utf8")).trim().replace(/^0x/, "");
  if (!/^[0-9a-fA-F]{64}$/.test(digits))
    throw configError(`EVM key file ${path}`, "64 hex digits", "something else");
  return `0x${digits}`;
}

type Fields = ReadonlyMap<string, unknown>;

function text(fields: Fields, name: string): string {
  const value = fields.get(name);
  if (typeof value === "string" && value !== "") return value;
  throw configError(name, "a string", value === undefined ? "nothing" : typeof value);
}

function whole(fields: Fields, name: string, fallback: bigint): bigint {
  const value = fields.get(name);
  if (value === undefined) return fallback;
  if (/^[0-9]{1,40}$/.test(String(value))) return BigInt(String(value));
  throw configError(name, "a whole number", String(value));
}

function pauses(value: unknown): readonly number[] {
  if (value === undefined) return RETRY_MS;
  if (Array.isArray(value) && value.length > 0 && value.every((one) => Number.isInteger(one) && one >= 0))
    return value;
  throw configError("retryMs", "a list of milliseconds", JSON.stringify(value));
}

function configError(what: string, want: string, got: string): AivmError {
  return new AivmError("RELAYER_CONFIG", { what, want, got, remedy: "correct the relayer's configuration" });
}
