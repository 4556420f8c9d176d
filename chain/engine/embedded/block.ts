/** Building the next block from the state, and checking that a stored one follows from it. */
import { Block } from "cosmjs-types/tendermint/types/block";
import type { Commit } from "cosmjs-types/tendermint/types/types";
import { EMPTY, equalBytes } from "../../../common/bytes.ts";
import { rfc6962Root } from "../../../common/rfc6962.ts";
import { commitHash, consensusHash, dataHash, headerHash, validatorsHash } from "./hash.ts";
import { type ChainState, nextHeight } from "./state.ts";
import { nanosToTimestamp } from "./time.ts";

/** Version of the block protocol, first member of every header. */
export const BLOCK_PROTOCOL = 11n;

/** What the proposer adds to the state. */
export interface BlockInputs {
  readonly txs: readonly Uint8Array[];
  /** Commit of the last block; empty for the first. */
  readonly lastCommit: Commit;
  /** BFT time: genesis time for the first block, else the median of `lastCommit`. */
  readonly timeNanos: bigint;
  /** 20 bytes. */
  readonly proposerAddress: Uint8Array;
}

/** The block that follows `state`. No evidence: a single validator reports none. */
export function makeBlock(state: ChainState, inputs: BlockInputs): Block {
  return Block.fromPartial({
    header: {
      version: { block: BLOCK_PROTOCOL, app: state.params.version.app },
      chainId: state.chainId,
      height: nextHeight(state),
      time: nanosToTimestamp(inputs.timeNanos),
      lastBlockId: state.lastBlockId,
      lastCommitHash: commitHash(inputs.lastCommit),
      dataHash: dataHash(inputs.txs),
      validatorsHash: validatorsHash(state.validators),
      nextValidatorsHash: validatorsHash(state.nextValidators),
      consensusHash: consensusHash(state.params.block),
      appHash: state.appHash,
      lastResultsHash: state.lastResultsHash,
      evidenceHash: rfc6962Root([]),
      proposerAddress: inputs.proposerAddress,
    },
    data: { txs: [...inputs.txs] },
    evidence: { evidence: [] },
    lastCommit: inputs.lastCommit,
  });
}

/**
 * True when `block` is exactly what `state` and the block's own free choices (transactions, last commit, proposer)
 * give: every hash of the header follows, the time is the one that the last commit implies.
 */
export function followsFrom(state: ChainState, block: Block, timeNanos: bigint): boolean {
  const remade = makeBlock(state, {
    txs: block.data.txs,
    lastCommit: block.lastCommit ?? { height: 0n, round: 0, blockId: state.lastBlockId, signatures: [] },
    timeNanos,
    proposerAddress: block.header.proposerAddress,
  });
  const hash = headerHash(block.header);
  return !equalBytes(hash, EMPTY) && equalBytes(hash, headerHash(remade.header));
}
