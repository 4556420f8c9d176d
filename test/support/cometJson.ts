/** Headers, commits and blocks out of their RPC JSON: the inverse of json.ts, for clients and for checks of vectors. */
import { Block } from "cosmjs-types/tendermint/types/block";
import { BlockID, Commit, CommitSig, Header } from "cosmjs-types/tendermint/types/types";
import { base64ToBytes } from "../../chain/engine/embedded/base64.ts";
import { parseTime } from "../../chain/engine/embedded/time.ts";
import { EMPTY, hexToBytes } from "../../common/bytes.ts";
import { AivmError } from "../../common/errors.ts";

type Json = Readonly<Record<string, unknown>>;

/** @throws CHAIN_RPC_JSON or an error of its members when `value` is no header. */
export function headerFromJson(value: unknown): Header {
  const json = object(value, "header");
  const version = object(json.version, "version");
  return Header.fromPartial({
    version: { block: BigInt(text(version.block ?? "0")), app: BigInt(text(version.app ?? "0")) },
    chainId: text(json.chain_id),
    height: BigInt(text(json.height)),
    time: parseTime(text(json.time)),
    lastBlockId: blockIdFromJson(json.last_block_id),
    lastCommitHash: hex(json.last_commit_hash),
    dataHash: hex(json.data_hash),
    validatorsHash: hex(json.validators_hash),
    nextValidatorsHash: hex(json.next_validators_hash),
    consensusHash: hex(json.consensus_hash),
    appHash: hex(json.app_hash),
    lastResultsHash: hex(json.last_results_hash),
    evidenceHash: hex(json.evidence_hash),
    proposerAddress: hex(json.proposer_address),
  });
}

/** `null` is the empty id. */
export function blockIdFromJson(value: unknown): BlockID {
  if (value === null || value === undefined) return BlockID.fromPartial({});
  const json = object(value, "block id");
  const parts = object(json.parts ?? json.part_set_header, "parts");
  return BlockID.fromPartial({
    hash: hex(json.hash),
    partSetHeader: { total: Number(parts.total), hash: hex(parts.hash) },
  });
}

/** A commit with its signatures. */
export function commitFromJson(value: unknown): Commit {
  const json = object(value, "commit");
  return Commit.fromPartial({
    height: BigInt(text(json.height)),
    round: Number(json.round),
    blockId: blockIdFromJson(json.block_id),
    signatures: list(json.signatures).map((item) => {
      const signature = object(item, "commit signature");
      return CommitSig.fromPartial({
        blockIdFlag: Number(signature.block_id_flag),
        validatorAddress: hex(signature.validator_address),
        timestamp: parseTime(text(signature.timestamp)),
        signature: signature.signature === null ? EMPTY : base64ToBytes(text(signature.signature)),
      });
    }),
  });
}

/** A block without evidence. @throws CHAIN_RPC_JSON when it carries evidence, which this reader does not know. */
export function blockFromJson(value: unknown): Block {
  const json = object(value, "block");
  if (list(object(json.evidence, "evidence").evidence).length > 0) throw malformed("block without evidence");
  return Block.fromPartial({
    header: headerFromJson(json.header),
    data: { txs: list(object(json.data, "data").txs).map((tx) => base64ToBytes(text(tx))) },
    evidence: { evidence: [] },
    lastCommit: commitFromJson(json.last_commit),
  });
}

function object(value: unknown, what: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed(what);
  return { ...value };
}

function list(value: unknown): readonly unknown[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw malformed("array");
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw malformed("string");
  return value;
}

function hex(value: unknown): Uint8Array {
  return hexToBytes(text(value));
}

function malformed(what: string): AivmError {
  return new AivmError("CHAIN_RPC_JSON", {
    what: "reply of a CometBFT RPC",
    want: `a ${what} as CometBFT 0.38 prints it`,
    got: "something else",
    remedy: "check that the endpoint speaks the 0.38 dialect",
  });
}
