/** Genesis documents: CometBFT's own form, and the Cosmos SDK's AppGenesis (`consensus: {params, validators}`) read as well. */
import type { Timestamp } from "cosmjs-types/google/protobuf/timestamp";
import { bytesToHex, EMPTY, equalBytes, hexToBytes } from "../../../common/bytes.ts";
import { AivmError } from "../../../common/errors.ts";
import { base64ToBytes, bytesToBase64 } from "./base64.ts";
import { consensusParamsFromJson, consensusParamsToJson, type FullConsensusParams } from "./params.ts";
import { formatTime, parseTime } from "./time.ts";
import { createValidator, type EngineValidator } from "./validators.ts";

/** Most bytes of a chain id. */
const MAX_CHAIN_ID_LENGTH = 50;

/** Amino name of an ed25519 public key in JSON. */
export const ED25519_PUB_KEY_TYPE = "tendermint/PubKeyEd25519";

/** A genesis validator: its key, power and free-form name. */
export interface GenesisValidator extends EngineValidator {
  readonly name: string;
}

/** Everything that the first block depends on. */
export interface GenesisDoc {
  readonly genesisTime: Timestamp;
  readonly chainId: string;
  /** Height of the first block, at least 1. */
  readonly initialHeight: bigint;
  readonly consensusParams: FullConsensusParams;
  readonly validators: readonly GenesisValidator[];
  readonly appHash: Uint8Array;
  /** The application's own JSON value. */
  readonly appState: unknown;
}

/**
 * The document in `text`, in either form.
 * @throws CHAIN_GENESIS naming the member that is missing or malformed.
 */
export function parseGenesis(text: string): GenesisDoc {
  const json = record(parseJson(text), "genesis");
  const consensus = json.consensus === undefined ? undefined : record(json.consensus, "consensus");
  const validators = consensus === undefined ? json.validators : consensus.validators;
  return {
    genesisTime: parseTime(string(json.genesis_time, "genesis_time")),
    chainId: chainId(json.chain_id),
    initialHeight: initialHeight(json.initial_height),
    consensusParams: consensusParamsFromJson(
      consensus === undefined ? json.consensus_params : consensus.params,
    ),
    validators: list(validators, "validators").map(validatorFromJson),
    appHash:
      json.app_hash === null || json.app_hash === undefined
        ? EMPTY
        : hexToBytes(string(json.app_hash, "app_hash")),
    appState: json.app_state ?? {},
  };
}

/** The document in CometBFT's form, ready for JSON.stringify. */
export function genesisToJson(genesis: GenesisDoc): Record<string, unknown> {
  return {
    genesis_time: formatTime(genesis.genesisTime),
    chain_id: genesis.chainId,
    initial_height: String(genesis.initialHeight),
    consensus_params: consensusParamsToJson(genesis.consensusParams),
    validators: genesis.validators.map((validator) => ({
      address: bytesToHex(validator.address).toUpperCase(),
      pub_key: { type: ED25519_PUB_KEY_TYPE, value: bytesToBase64(validator.pubKey) },
      power: String(validator.votingPower),
      name: validator.name,
    })),
    app_hash: bytesToHex(genesis.appHash).toUpperCase(),
    app_state: genesis.appState,
  };
}

function validatorFromJson(value: unknown): GenesisValidator {
  const json = record(value, "validator");
  const key = record(json.pub_key, "pub_key");
  if (key.type !== ED25519_PUB_KEY_TYPE) throw badGenesis("pub_key.type", ED25519_PUB_KEY_TYPE, key.type);
  const pubKey = base64ToBytes(string(key.value, "pub_key.value"));
  if (pubKey.length !== 32) throw badGenesis("pub_key.value", "32 bytes", `${pubKey.length} bytes`);
  const power = string(json.power, "power");
  if (!/^[1-9]\d{0,18}$/.test(power)) throw badGenesis("power", "a positive decimal string", power);
  const validator = createValidator(pubKey, BigInt(power));
  if (typeof json.address === "string" && json.address !== "") {
    const want = bytesToHex(validator.address).toUpperCase();
    if (!equalBytes(hexToBytes(json.address), validator.address))
      throw badGenesis("address", want, json.address);
  }
  return { ...validator, name: typeof json.name === "string" ? json.name : "" };
}

function chainId(value: unknown): string {
  const id = string(value, "chain_id");
  if (id.length === 0 || id.length > MAX_CHAIN_ID_LENGTH) {
    throw badGenesis("chain_id", `1 to ${MAX_CHAIN_ID_LENGTH} characters`, id);
  }
  return id;
}

function initialHeight(value: unknown): bigint {
  if (value === undefined || value === null || value === 0 || value === "0") return 1n;
  if (!/^[1-9]\d{0,15}$/.test(String(value))) throw badGenesis("initial_height", "a positive integer", value);
  return BigInt(String(value));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badGenesis("file", "JSON", cause instanceof Error ? cause.message : "something else");
  }
}

function record(value: unknown, item: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw badGenesis(item, "an object", value);
  return { ...value };
}

function list(value: unknown, item: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw badGenesis(item, "an array", value);
  return value;
}

function string(value: unknown, item: string): string {
  if (typeof value !== "string") throw badGenesis(item, "a string", value);
  return value;
}

function badGenesis(item: string, want: string, got: unknown): AivmError {
  return new AivmError("CHAIN_GENESIS", {
    what: "genesis document",
    item,
    want,
    got: (typeof got === "string" ? got : (JSON.stringify(got) ?? "nothing")).slice(0, 80),
    remedy: "correct the genesis file, or write a fresh one with `aivmd init`",
  });
}
