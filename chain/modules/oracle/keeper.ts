/** The results tree: what becomes a leaf, and the root of each block. */
import { keccak256, RESULT_EXPIRED, RESULT_FINAL } from "../../../proto/evm.ts";
import type { Context } from "../../context.ts";
import type { OraclePort, OracleRecord } from "../ports.ts";
import { emitRecorded, emitSealed } from "./events.ts";
import { resultsRootOf, ZERO_ADDRESS } from "./math.ts";
import {
  addPendingLeaf,
  addResultsRoot,
  clearPendingLeaves,
  getAttesterSet,
  getParams,
  type Leaf,
  pendingLeaves,
  type ResultsRoot,
  setLeaf,
  setLocation,
} from "./view.ts";

/** What other modules may do with the results tree. */
export function createOracleKeeper(): OraclePort {
  return {
    record: (ctx, record) => {
      const leaf = leafOf(ctx, record);
      if (leaf !== undefined) addLeaf(ctx, leaf);
    },
  };
}

/** Puts a leaf into this block's tree; it is the request's newest. */
export function addLeaf(ctx: Context, leaf: Leaf): void {
  addPendingLeaf(ctx, leaf);
  setLeaf(ctx, leaf);
  emitRecorded(ctx, leaf);
}

/** Closes the tree of this block. A block without leaves has no root. */
export function sealResults(ctx: Context): void {
  const leaves = pendingLeaves(ctx);
  if (leaves.length === 0) return;
  clearPendingLeaves(ctx);
  const { height } = ctx;
  const { setId } = getAttesterSet(ctx);
  const root: ResultsRoot = { height, root: resultsRootOf(leaves), leaves, setId, signatures: [] };
  addResultsRoot(ctx, root, getParams(ctx).keepRoots);
  for (const [index, leaf] of leaves.entries()) setLocation(ctx, leaf.aivmRequestId, { height, index });
  emitSealed(ctx, root);
}

/** The leaf of a record; undefined for a request that no contract waits for. */
function leafOf(ctx: Context, { request, result }: OracleRecord): Leaf | undefined {
  const { origin } = request;
  if (origin === undefined) return undefined;
  const ended =
    result === undefined
      ? {
          status: RESULT_EXPIRED,
          output: new Uint8Array(),
          outputRoot: new Uint8Array(32),
          payee: ZERO_ADDRESS,
        }
      : { ...result, status: RESULT_FINAL };
  return {
    dstChainId: origin.evmChainId,
    oracle: origin.oracle,
    requestId: origin.evmRequestId,
    requestHash: origin.requestHash,
    status: ended.status,
    outputKeccak: keccak256(ended.output),
    outputRoot: ended.outputRoot,
    modelId: request.modelId,
    tier: result?.tier ?? request.tier,
    payee: ended.payee.length === 20 ? ended.payee : ZERO_ADDRESS,
    deadline: origin.evmDeadlineS,
    finalHeight: ctx.height,
    aivmRequestId: request.id,
  };
}
