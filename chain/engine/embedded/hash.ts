/** The hashes of a CometBFT 0.38 block (types/block.go, types/validator_set.go, types/params.go, types/results.go). */

import { Timestamp } from "cosmjs-types/google/protobuf/timestamp";
import { ExecTxResult } from "cosmjs-types/tendermint/abci/types";
import { Block } from "cosmjs-types/tendermint/types/block";
import { HashedParams } from "cosmjs-types/tendermint/types/params";
import {
  BlockID,
  type Commit,
  CommitSig,
  type Header,
  type PartSetHeader,
} from "cosmjs-types/tendermint/types/types";
import { SimpleValidator } from "cosmjs-types/tendermint/types/validator";
import { Consensus } from "cosmjs-types/tendermint/version/types";
import { EMPTY } from "../../../common/bytes.ts";
import { type Rfc6962Proof, rfc6962Proof, rfc6962Root } from "../../../common/rfc6962.ts";
import { sha256 } from "../../../common/sha256.ts";
import type { EngineValidator } from "./validators.ts";
import { bytesField, stringField, varintField } from "./wire.ts";

/** Bytes of one part of a block: `BlockPartSizeBytes`. */
export const PART_SIZE_BYTES = 65_536;

/** Header hash: the tree of its 14 members, each as a protobuf message or wrapper. Empty when it names no validators. */
export function headerHash(header: Header): Uint8Array {
  if (header.validatorsHash.length === 0) return EMPTY;
  return rfc6962Root([
    Consensus.encode(header.version).finish(),
    stringField(1, header.chainId),
    varintField(1, header.height),
    Timestamp.encode(header.time).finish(),
    BlockID.encode(header.lastBlockId).finish(),
    bytesField(1, header.lastCommitHash),
    bytesField(1, header.dataHash),
    bytesField(1, header.validatorsHash),
    bytesField(1, header.nextValidatorsHash),
    bytesField(1, header.consensusHash),
    bytesField(1, header.appHash),
    bytesField(1, header.lastResultsHash),
    bytesField(1, header.evidenceHash),
    bytesField(1, header.proposerAddress),
  ]);
}

/** Id of a transaction: SHA-256 of its bytes. */
export function txHash(tx: Uint8Array): Uint8Array {
  return sha256(tx);
}

/** Root over the transaction ids. */
export function dataHash(txs: readonly Uint8Array[]): Uint8Array {
  return rfc6962Root(txs.map(txHash));
}

/** Proof that transaction `index` is under `dataHash(txs)`. */
export function txProof(txs: readonly Uint8Array[], index: number): Rfc6962Proof {
  return rfc6962Proof(txs.map(txHash), index);
}

/** Root over the commit's signatures; SHA-256 of nothing for the empty commit of the first block. */
export function commitHash(commit: Commit): Uint8Array {
  return rfc6962Root(commit.signatures.map((signature) => CommitSig.encode(signature).finish()));
}

/** Root over the validators in set order. */
export function validatorsHash(validators: readonly EngineValidator[]): Uint8Array {
  return rfc6962Root(
    validators.map((validator) =>
      SimpleValidator.encode({
        pubKey: { ed25519: validator.pubKey },
        votingPower: validator.votingPower,
      }).finish(),
    ),
  );
}

/** Hash of the two consensus parameters that a header commits to. `maxGas` -1 = no limit. */
export function consensusHash(params: { readonly maxBytes: bigint; readonly maxGas: bigint }): Uint8Array {
  return sha256(HashedParams.encode({ blockMaxBytes: params.maxBytes, blockMaxGas: params.maxGas }).finish());
}

/** Root over code, data and gas of each result; log, info, events and codespace are not consensus. */
export function resultsHash(results: readonly ExecTxResult[]): Uint8Array {
  return rfc6962Root(
    results.map(({ code, data, gasWanted, gasUsed }) =>
      ExecTxResult.encode(ExecTxResult.fromPartial({ code, data, gasWanted, gasUsed })).finish(),
    ),
  );
}

/** Slices of 65,536 bytes (at least one) and the header that commits to them. */
export function makePartSet(blockBytes: Uint8Array): {
  readonly header: PartSetHeader;
  readonly parts: Uint8Array[];
} {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < blockBytes.length || at === 0; at += PART_SIZE_BYTES) {
    parts.push(blockBytes.subarray(at, at + PART_SIZE_BYTES));
  }
  return { header: { total: parts.length, hash: rfc6962Root(parts) }, parts };
}

/** Canonical bytes of a block and its id. */
export function blockIdOf(block: Block): { readonly blockId: BlockID; readonly blockBytes: Uint8Array } {
  const blockBytes = Block.encode(block).finish();
  const { header } = makePartSet(blockBytes);
  return { blockId: { hash: headerHash(block.header), partSetHeader: header }, blockBytes };
}

/** Address of an ed25519 key: the first 20 bytes of its SHA-256. */
export function ed25519Address(pubKey: Uint8Array): Uint8Array {
  return sha256(pubKey).slice(0, 20);
}
