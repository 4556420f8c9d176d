/** Consensus parameters: defaults, updates, limits they imply, and their JSON (amino-JSON rules: 64-bit as strings). */
import { ConsensusParams } from "cosmjs-types/tendermint/types/params";
import { AivmError } from "../../../common/errors.ts";

/** Parameters with every member present, as the engine holds them. */
export type FullConsensusParams = {
  readonly [K in keyof ConsensusParams]-?: NonNullable<ConsensusParams[K]>;
};

const NANOS_PER_SECOND = 1_000_000_000n;
const DEFAULT_MAX_BYTES = 22_020_096n;
/** `max_bytes` -1 stands for this. */
const HARD_MAX_BYTES = 104_857_600n;
const BLOCK_OVERHEAD_BYTES = 11n;
const HEADER_BYTES = 626n;
const COMMIT_BYTES = 94n;
const COMMIT_SIGNATURE_BYTES = 111n;

/** CometBFT 0.38's defaults, with vote extensions from `voteExtensionsEnableHeight` on (0 = never). */
export function defaultConsensusParams(voteExtensionsEnableHeight: bigint): FullConsensusParams {
  return {
    block: { maxBytes: DEFAULT_MAX_BYTES, maxGas: -1n },
    evidence: {
      maxAgeNumBlocks: 100_000n,
      maxAgeDuration: { seconds: 172_800n, nanos: 0 },
      maxBytes: 1_048_576n,
    },
    validator: { pubKeyTypes: ["ed25519"] },
    version: { app: 0n },
    abci: { voteExtensionsEnableHeight },
  };
}

/** `params` with the members that the application's `update` carries. */
export function updateConsensusParams(
  params: FullConsensusParams,
  update: ConsensusParams | undefined,
): FullConsensusParams {
  return {
    block: update?.block ?? params.block,
    evidence: update?.evidence ?? params.evidence,
    validator: update?.validator ?? params.validator,
    version: update?.version ?? params.version,
    abci: update?.abci ?? params.abci,
  };
}

/** True when precommits of `height` carry extensions. */
export function voteExtensionsEnabled(params: FullConsensusParams, height: bigint): boolean {
  const from = params.abci.voteExtensionsEnableHeight;
  return from > 0n && height >= from;
}

/** Bytes left for transactions in a block of `validatorCount` signatures without evidence; each counts with its framing. */
export function maxDataBytes(params: FullConsensusParams, validatorCount: number): bigint {
  const maxBytes = params.block.maxBytes === -1n ? HARD_MAX_BYTES : params.block.maxBytes;
  const commitBytes = COMMIT_BYTES + COMMIT_SIGNATURE_BYTES * BigInt(validatorCount);
  const left = maxBytes - BLOCK_OVERHEAD_BYTES - HEADER_BYTES - commitBytes;
  return left > 0n ? left : 0n;
}

/** Protobuf bytes, and back, with absent members defaulted. */
export function encodeConsensusParams(params: FullConsensusParams): Uint8Array {
  return ConsensusParams.encode(params).finish();
}

/** Inverse of `encodeConsensusParams`. */
export function decodeConsensusParams(bytes: Uint8Array): FullConsensusParams {
  return updateConsensusParams(defaultConsensusParams(0n), ConsensusParams.decode(bytes));
}

/** JSON as CometBFT 0.38 prints it; members that `params` lacks are left out. */
export function consensusParamsToJson(params: ConsensusParams): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  if (params.block !== undefined) {
    json.block = { max_bytes: String(params.block.maxBytes), max_gas: String(params.block.maxGas) };
  }
  if (params.evidence !== undefined) {
    const { seconds, nanos } = params.evidence.maxAgeDuration;
    json.evidence = {
      max_age_num_blocks: String(params.evidence.maxAgeNumBlocks),
      max_age_duration: String(seconds * NANOS_PER_SECOND + BigInt(nanos)),
      max_bytes: String(params.evidence.maxBytes),
    };
  }
  if (params.validator !== undefined) json.validator = { pub_key_types: params.validator.pubKeyTypes };
  if (params.version !== undefined) json.version = { app: String(params.version.app) };
  if (params.abci !== undefined) {
    json.abci = { vote_extensions_enable_height: String(params.abci.voteExtensionsEnableHeight) };
  }
  return json;
}

type Section = Readonly<Record<string, unknown>>;

/**
 * Parameters from genesis JSON; absent members take the defaults.
 * @throws CHAIN_GENESIS when a member is no number or a key type is not ed25519.
 */
export function consensusParamsFromJson(value: unknown): FullConsensusParams {
  const json = section(value, "consensus_params");
  const defaults = defaultConsensusParams(0n);
  const block = section(json.block, "block");
  const evidence = section(json.evidence, "evidence");
  const age = defaults.evidence.maxAgeDuration.seconds * NANOS_PER_SECOND;
  const maxAge = integer(evidence.max_age_duration, age, "max_age_duration");
  const types = section(json.validator, "validator").pub_key_types;
  if (types !== undefined && JSON.stringify(types) !== '["ed25519"]') throw badParam("pub_key_types", types);
  return {
    block: {
      maxBytes: integer(block.max_bytes, defaults.block.maxBytes, "max_bytes"),
      maxGas: integer(block.max_gas, defaults.block.maxGas, "max_gas"),
    },
    evidence: {
      maxAgeNumBlocks: integer(evidence.max_age_num_blocks, 100_000n, "max_age_num_blocks"),
      maxAgeDuration: { seconds: maxAge / NANOS_PER_SECOND, nanos: Number(maxAge % NANOS_PER_SECOND) },
      maxBytes: integer(evidence.max_bytes, defaults.evidence.maxBytes, "evidence.max_bytes"),
    },
    validator: defaults.validator,
    version: { app: integer(section(json.version, "version").app, 0n, "version.app") },
    abci: {
      voteExtensionsEnableHeight: integer(
        section(json.abci, "abci").vote_extensions_enable_height,
        0n,
        "vote_extensions_enable_height",
      ),
    },
  };
}

function section(value: unknown, name: string): Section {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw badParam(name, value);
  return { ...value };
}

function integer(value: unknown, fallback: bigint, name: string): bigint {
  if (value === undefined || value === null) return fallback;
  const text = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== "string" || !/^-?\d{1,19}$/.test(text)) throw badParam(name, value);
  return BigInt(text);
}

function badParam(name: string, got: unknown): AivmError {
  return new AivmError("CHAIN_GENESIS", {
    what: "consensus parameter in the genesis document",
    item: name,
    want: name === "pub_key_types" ? '["ed25519"]' : "an integer, as a number or a decimal string",
    got: JSON.stringify(got).slice(0, 80),
    remedy: "correct the genesis file",
  });
}
