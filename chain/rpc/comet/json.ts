/**
 * Chain values as CometBFT 0.38 prints them: 64-bit numbers as strings, 32-bit as numbers, hashes and addresses as
 * upper-case hex, other bytes as base64, nothing as null.
 */
import type {
  Event,
  ExecTxResult,
  ResponseFinalizeBlock,
  ResponseInfo,
  ResponseQuery,
  TxResult,
  ValidatorUpdate,
} from "cosmjs-types/tendermint/abci/types";
import type { Block } from "cosmjs-types/tendermint/types/block";
import type { BlockID, BlockMeta, Commit, Header } from "cosmjs-types/tendermint/types/types";
import { bytesToHex, EMPTY } from "../../../common/bytes.ts";
import { bytesToBase64 } from "../../engine/embedded/base64.ts";
import { emptyCommit } from "../../engine/embedded/commit.ts";
import { ED25519_PUB_KEY_TYPE } from "../../engine/embedded/genesis.ts";
import { dataHash, txHash, txProof } from "../../engine/embedded/hash.ts";
import { consensusParamsToJson } from "../../engine/embedded/params.ts";
import { formatTime } from "../../engine/embedded/time.ts";
import type { EngineValidator } from "../../engine/embedded/validators.ts";

/** A JSON object. */
export type JsonObject = Record<string, unknown>;

/** Upper-case hex. */
export function hexJson(bytes: Uint8Array): string {
  return bytesToHex(bytes).toUpperCase();
}

/** Base64, or null for no bytes. */
function bytesJson(bytes: Uint8Array): string | null {
  return bytes.length === 0 ? null : bytesToBase64(bytes);
}

/** Block id. */
export function blockIdJson(id: BlockID): JsonObject {
  return {
    hash: hexJson(id.hash),
    parts: { total: id.partSetHeader.total, hash: hexJson(id.partSetHeader.hash) },
  };
}

/** Header. */
export function headerJson(header: Header): JsonObject {
  const { app } = header.version;
  return {
    version: { block: String(header.version.block), ...(app === 0n ? {} : { app: String(app) }) },
    chain_id: header.chainId,
    height: String(header.height),
    time: formatTime(header.time),
    last_block_id: blockIdJson(header.lastBlockId),
    last_commit_hash: hexJson(header.lastCommitHash),
    data_hash: hexJson(header.dataHash),
    validators_hash: hexJson(header.validatorsHash),
    next_validators_hash: hexJson(header.nextValidatorsHash),
    consensus_hash: hexJson(header.consensusHash),
    app_hash: hexJson(header.appHash),
    last_results_hash: hexJson(header.lastResultsHash),
    evidence_hash: hexJson(header.evidenceHash),
    proposer_address: hexJson(header.proposerAddress),
  };
}

/** Commit with its signatures. */
export function commitJson(commit: Commit): JsonObject {
  return {
    height: String(commit.height),
    round: commit.round,
    block_id: blockIdJson(commit.blockId),
    signatures: commit.signatures.map((signature) => ({
      block_id_flag: signature.blockIdFlag,
      validator_address: hexJson(signature.validatorAddress),
      timestamp: formatTime(signature.timestamp),
      signature: bytesJson(signature.signature),
    })),
  };
}

/** Block; the engine's blocks carry no evidence. */
export function blockJson(block: Block): JsonObject {
  return {
    header: headerJson(block.header),
    data: { txs: block.data.txs.map(bytesToBase64) },
    evidence: { evidence: [] },
    last_commit: commitJson(block.lastCommit ?? emptyCommit()),
  };
}

/** Item of `blockchain`. */
export function blockMetaJson(meta: BlockMeta): JsonObject {
  return {
    block_id: blockIdJson(meta.blockId),
    block_size: String(meta.blockSize),
    header: headerJson(meta.header),
    num_txs: String(meta.numTxs),
  };
}

/** ed25519 public key. */
export function pubKeyJson(pubKey: Uint8Array): JsonObject {
  return { type: ED25519_PUB_KEY_TYPE, value: bytesToBase64(pubKey) };
}

/** Validator with the proposer priority of a set of one. */
export function validatorJson(validator: EngineValidator): JsonObject {
  return {
    address: hexJson(validator.address),
    pub_key: pubKeyJson(validator.pubKey),
    voting_power: String(validator.votingPower),
    proposer_priority: "0",
  };
}

/** Event with its attributes as text. */
export function eventJson(event: Event): JsonObject {
  return {
    type: event.type,
    attributes: event.attributes.map(({ key, value, index }) => ({ key, value, index })),
  };
}

/** Execution or check result with every member present. */
export function execResultJson(result: ExecTxResult): JsonObject {
  return {
    code: result.code,
    data: bytesJson(result.data),
    log: result.log,
    info: result.info,
    gas_wanted: String(result.gasWanted),
    gas_used: String(result.gasUsed),
    events: result.events.map(eventJson),
    codespace: result.codespace,
  };
}

/** Validator update inside block results; a power of 0 is left out. */
function validatorUpdateJson(update: ValidatorUpdate): JsonObject {
  const { ed25519 } = update.pubKey;
  const sum = {
    type: "tendermint.crypto.PublicKey_Ed25519",
    value: { ed25519: bytesToBase64(ed25519 ?? EMPTY) },
  };
  return { pub_key: { Sum: sum }, ...(update.power === 0n ? {} : { power: String(update.power) }) };
}

/** `block_results`. Empty lists are null. */
export function blockResultsJson(height: bigint, response: ResponseFinalizeBlock): JsonObject {
  const { consensusParamUpdates } = response;
  return {
    height: String(height),
    txs_results: listJson(response.txResults, execResultJson),
    finalize_block_events: listJson(response.events, eventJson),
    validator_updates: listJson(response.validatorUpdates, validatorUpdateJson),
    consensus_param_updates:
      consensusParamUpdates === undefined ? null : consensusParamsToJson(consensusParamUpdates),
    app_hash: bytesJson(response.appHash),
  };
}

/** ABCI Info; zero members are left out. */
export function infoJson(info: ResponseInfo): JsonObject {
  return {
    ...(info.data === "" ? {} : { data: info.data }),
    ...(info.version === "" ? {} : { version: info.version }),
    ...(info.appVersion === 0n ? {} : { app_version: String(info.appVersion) }),
    ...(info.lastBlockHeight === 0n ? {} : { last_block_height: String(info.lastBlockHeight) }),
    ...(info.lastBlockAppHash.length === 0
      ? {}
      : { last_block_app_hash: bytesToBase64(info.lastBlockAppHash) }),
  };
}

/** ABCI Query; `proofOps` in this spelling. */
export function queryJson(response: ResponseQuery): JsonObject {
  return {
    code: response.code,
    log: response.log,
    info: response.info,
    index: String(response.index),
    key: bytesJson(response.key),
    value: bytesJson(response.value),
    proofOps:
      response.proofOps === undefined
        ? null
        : {
            ops: response.proofOps.ops.map(({ type, key, data }) => ({
              type,
              key: bytesJson(key),
              data: bytesJson(data),
            })),
          },
    height: String(response.height),
    codespace: response.codespace,
  };
}

/** Found transaction; `txs` = all of its block's when a proof is wanted, and only then is there a `proof` member. */
export function txJson(found: TxResult, txs?: readonly Uint8Array[]): JsonObject {
  return {
    hash: hexJson(txHash(found.tx)),
    height: String(found.height),
    index: found.index,
    tx_result: execResultJson(found.result),
    tx: bytesToBase64(found.tx),
    ...(txs === undefined ? {} : { proof: txProofJson(found, txs) }),
  };
}

/** `TxResult` of a Tx event: zero members left out. */
export function txEventJson(result: TxResult): JsonObject {
  const { code, data, log, info, gasWanted, gasUsed, events, codespace } = result.result;
  return {
    height: String(result.height),
    ...(result.index === 0 ? {} : { index: result.index }),
    tx: bytesToBase64(result.tx),
    result: {
      ...(code === 0 ? {} : { code }),
      ...(data.length === 0 ? {} : { data: bytesToBase64(data) }),
      ...(log === "" ? {} : { log }),
      ...(info === "" ? {} : { info }),
      ...(gasWanted === 0n ? {} : { gas_wanted: String(gasWanted) }),
      ...(gasUsed === 0n ? {} : { gas_used: String(gasUsed) }),
      ...(events.length === 0 ? {} : { events: events.map(eventJson) }),
      ...(codespace === "" ? {} : { codespace }),
    },
  };
}

/** `result_finalize_block` of a NewBlock event. */
export function finalizeJson(response: ResponseFinalizeBlock): JsonObject {
  const { consensusParamUpdates } = response;
  return {
    ...(response.events.length === 0 ? {} : { events: response.events.map(eventJson) }),
    ...(response.txResults.length === 0 ? {} : { tx_results: response.txResults.map(execResultJson) }),
    validator_updates: response.validatorUpdates.map(validatorUpdateJson),
    ...(consensusParamUpdates === undefined
      ? {}
      : { consensus_param_updates: consensusParamsToJson(consensusParamUpdates) }),
    app_hash: bytesJson(response.appHash),
  };
}

function txProofJson(found: TxResult, txs: readonly Uint8Array[]): JsonObject {
  const proof = txProof(txs, found.index);
  return {
    root_hash: hexJson(dataHash(txs)),
    data: bytesToBase64(found.tx),
    proof: {
      total: String(proof.total),
      index: String(proof.index),
      leaf_hash: bytesToBase64(proof.leafHash),
      aunts: proof.aunts.map(bytesToBase64),
    },
  };
}

function listJson<T>(items: readonly T[], item: (value: T) => JsonObject): JsonObject[] | null {
  return items.length === 0 ? null : items.map(item);
}
