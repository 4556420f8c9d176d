/** Proposals: which transactions a block takes, and the last height's vote extensions in front of them. */
import type { RequestPrepareProposal, RequestProcessProposal } from "cosmjs-types/tendermint/abci/types";
import type { ChainFacts } from "./baseState.ts";
import type { BlockGas, GasClaim } from "./blockGas.ts";
import type { VoteExtension } from "./module.ts";
import { uvarint } from "./store/varint.ts";
import { decodeVoteTx, encodeVoteTx, extensionsOf, isCommitOf, isVoteTx } from "./voteTx.ts";

/** What proposals need of the application. */
export interface ProposalBackend {
  readonly chain: ChainFacts;
  /** True when the validator's extension is acceptable at the last committed state. */
  readonly verifies: (vote: VoteExtension) => boolean;
  /** Whether extensions are in use at all. */
  readonly takesVotes: boolean;
  /** Gas of a transaction, or undefined when it can not be decoded. */
  readonly gasOf: (tx: Uint8Array) => GasClaim | undefined;
  readonly gas: BlockGas;
}

/** The last height's extensions first, then the mempool's transactions as far as bytes and gas allow. */
export function proposalTxs(backend: ProposalBackend, request: RequestPrepareProposal): Uint8Array[] {
  const out: Uint8Array[] = [];
  let left = request.maxTxBytes;
  const take = (tx: Uint8Array): boolean => {
    const size = framedBytes(tx);
    if (size > left) return false;
    out.push(tx);
    left -= size;
    return true;
  };
  const commit = request.localLastCommit;
  const votes = backend.takesVotes && commit !== undefined ? extensionsOf(commit) : [];
  // An extension that this node would refuse in another's proposal must not get into its own.
  if (commit !== undefined && votes.length > 0 && votes.every(backend.verifies)) take(encodeVoteTx(commit));
  for (const tx of request.txs) {
    const claim = backend.gasOf(tx);
    if (claim === undefined || framedBytes(tx) > left || !backend.gas.admit(claim)) continue;
    take(tx);
  }
  return out;
}

/** A proposal may carry extensions only in front, only the last commit's, and only such as this node accepts. */
export function acceptsProposal(backend: ProposalBackend, request: RequestProcessProposal): boolean {
  const { txs, height } = request;
  return txs.every((tx, i) => {
    if (!isVoteTx(tx)) return true;
    const commit = i === 0 && backend.takesVotes ? decodeVoteTx(tx) : undefined;
    if (commit === undefined) return false;
    const facts = {
      chainId: backend.chain.chainId,
      keys: backend.chain.validatorKeys,
      height: height - 1n,
      lastCommit: request.proposedLastCommit,
    };
    return isCommitOf(commit, facts) && extensionsOf(commit).every(backend.verifies);
  });
}

/** Bytes of a transaction inside a block: a tag, its length, itself. */
function framedBytes(tx: Uint8Array): bigint {
  return BigInt(1 + uvarint(BigInt(tx.length)).length + tx.length);
}
