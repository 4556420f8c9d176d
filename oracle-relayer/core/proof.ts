/** Does a proof from the aivm chain answer this very request? Judged before anything is spent on sending it. */
import { equalBytes } from "../../common/bytes.ts";
import type { Verdict } from "../../common/errors.ts";
import { rootFromPath } from "../../common/merkle.ts";
import { keccak256, keccakTree, RESULT_EXPIRED, RESULT_FINAL, resultLeafBytes } from "../../proto/evm.ts";
import type { RequestLog, ResultProof } from "../ports.ts";

/** The contract that the proof is for. */
export interface Destination {
  readonly chainId: bigint;
  /** 20 bytes. */
  readonly oracle: Uint8Array;
}

/** Whether the status is one that the contract acts on. A provisional result is waited out. */
export function isSettling(proof: ResultProof): boolean {
  return proof.leaf.status === RESULT_FINAL || proof.leaf.status === RESULT_EXPIRED;
}

/**
 * Checks every field that the contract fills in from the request, the output's hash, the path and the number of
 * signatures. Who signed is left to the contract's own check, which the dry run makes.
 */
export function judgeProof(proof: ResultProof, log: RequestLog, to: Destination): Verdict {
  const { leaf } = proof;
  const checks: readonly (readonly [string, boolean])[] = [
    ["dstChainId", leaf.dstChainId === to.chainId],
    ["oracle", equalBytes(leaf.oracle, to.oracle)],
    ["requestId", equalBytes(leaf.requestId, log.evmRequestId)],
    ["requestHash", equalBytes(leaf.requestHash, log.requestHash)],
    ["modelId", equalBytes(leaf.modelId, log.request.modelId)],
    ["deadline", leaf.deadline === log.request.deadline],
    ["outputHash", equalBytes(leaf.outputHash, keccak256(proof.output))],
    ["path", leadsToRoot(proof)],
    ["signatures", bitCount(proof.bitmap) === proof.signatures.length],
  ];
  const wrong = checks.find(([, holds]) => !holds);
  return wrong === undefined ? { ok: true } : { ok: false, code: "RELAYER_PROOF", at: wrong[0] };
}

function leadsToRoot(proof: ResultProof): boolean {
  const root = rootFromPath(
    { item: resultLeafBytes(proof.leaf), index: proof.index, path: proof.path },
    keccakTree,
  );
  return root !== undefined && equalBytes(root, proof.root);
}

function bitCount(bitmap: bigint): number {
  let count = 0;
  for (let rest = bitmap; rest > 0n; rest &= rest - 1n) count += 1;
  return count;
}
