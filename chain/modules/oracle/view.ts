/** Reading and writing the module's state: the only file that touches its keys. */
import { readU64be, u64be } from "../../../common/index.ts";
import type { Messages } from "../../../proto/index.ts";
import type { Context } from "../../context.ts";
import { listRecords, prefixRange, readRecord, writeRecord } from "../records.ts";
import {
  attesterSetKey,
  destinationKey,
  destinationPrefix,
  leafKey,
  locationKey,
  ORACLE_STORE,
  observationsKey,
  paramsKey,
  pendingLeafKey,
  pendingLeafPrefix,
  resultsRootKey,
  resultsRootPrefix,
  rootCountKey,
} from "./keys.ts";
import type { Leaf } from "./math.ts";
import { DEFAULT_ORACLE_PARAMS, type OracleParams } from "./params.ts";

export type { Leaf } from "./math.ts";

/** The signers that contracts know. */
export type AttesterSet = Messages["aivm.oracle.v1.AttesterSet"];
/** One of them. */
export type Attester = Messages["aivm.oracle.v1.Attester"];
/** A served EVM contract. */
export type Destination = Messages["aivm.oracle.v1.Destination"];
/** A block's results root and who signed it. */
export type ResultsRoot = Messages["aivm.oracle.v1.ResultsRoot"];
/** What observers have said of a request. */
export type Observation = Messages["aivm.oracle.v1.Observation"];

const EMPTY_SET: AttesterSet = { setId: 0n, attesters: [] };

/** Parameters. */
export function getParams(ctx: Context): OracleParams {
  return readRecord(ctx.store(ORACLE_STORE), paramsKey(), "aivm.oracle.v1.Params") ?? DEFAULT_ORACLE_PARAMS;
}

/** Writes the parameters. */
export function setParams(ctx: Context, params: OracleParams): void {
  writeRecord(ctx.store(ORACLE_STORE), { key: paramsKey(), name: "aivm.oracle.v1.Params" }, params);
}

/** The attester set. */
export function getAttesterSet(ctx: Context): AttesterSet {
  return readRecord(ctx.store(ORACLE_STORE), attesterSetKey(), "aivm.oracle.v1.AttesterSet") ?? EMPTY_SET;
}

/** Writes the attester set. */
export function setAttesterSet(ctx: Context, set: AttesterSet): void {
  writeRecord(ctx.store(ORACLE_STORE), { key: attesterSetKey(), name: "aivm.oracle.v1.AttesterSet" }, set);
}

/** A served contract, or undefined. */
export function getDestination(
  ctx: Context,
  at: { readonly evmChainId: bigint; readonly oracle: Uint8Array },
): Destination | undefined {
  const key = destinationKey(at.evmChainId, at.oracle);
  return readRecord(ctx.store(ORACLE_STORE), key, "aivm.oracle.v1.Destination");
}

/** Writes a served contract. */
export function setDestination(ctx: Context, destination: Destination): void {
  const key = destinationKey(destination.evmChainId, destination.oracle);
  writeRecord(ctx.store(ORACLE_STORE), { key, name: "aivm.oracle.v1.Destination" }, destination);
}

/** All served contracts. */
export function listDestinations(ctx: Context): Destination[] {
  return listRecords(ctx.store(ORACLE_STORE), prefixRange(destinationPrefix()), "aivm.oracle.v1.Destination");
}

/** What has been said of a request so far. */
export function getObservations(ctx: Context, requestId: Uint8Array): readonly Observation[] {
  const key = observationsKey(requestId);
  return readRecord(ctx.store(ORACLE_STORE), key, "aivm.oracle.v1.Observations")?.observations ?? [];
}

/** Writes what has been said; an empty list forgets it. */
export function setObservations(
  ctx: Context,
  requestId: Uint8Array,
  observations: readonly Observation[],
): void {
  const key = observationsKey(requestId);
  const store = ctx.store(ORACLE_STORE);
  if (observations.length === 0) store.delete(key);
  else writeRecord(store, { key, name: "aivm.oracle.v1.Observations" }, { observations });
}

/** Puts a leaf behind those that wait for the end of this block. */
export function addPendingLeaf(ctx: Context, leaf: Leaf): void {
  const key = pendingLeafKey(pendingLeaves(ctx).length);
  writeRecord(ctx.store(ORACLE_STORE), { key, name: "aivm.oracle.v1.Leaf" }, leaf);
}

/** Leaves of this block so far, in the tree's order. */
export function pendingLeaves(ctx: Context): Leaf[] {
  return listRecords(ctx.store(ORACLE_STORE), prefixRange(pendingLeafPrefix()), "aivm.oracle.v1.Leaf");
}

/** Forgets them: they are in a root now. */
export function clearPendingLeaves(ctx: Context): void {
  const store = ctx.store(ORACLE_STORE);
  for (const [key] of store.iterate(prefixRange(pendingLeafPrefix()))) store.delete(key);
}

/** Results root of a height, or undefined. */
export function getResultsRoot(ctx: Context, height: bigint): ResultsRoot | undefined {
  return readRecord(ctx.store(ORACLE_STORE), resultsRootKey(height), "aivm.oracle.v1.ResultsRoot");
}

/** Writes a root that is there already. */
export function setResultsRoot(ctx: Context, root: ResultsRoot): void {
  const key = resultsRootKey(root.height);
  writeRecord(ctx.store(ORACLE_STORE), { key, name: "aivm.oracle.v1.ResultsRoot" }, root);
}

/** Writes a new root and drops the oldest when more than `keep` are there. */
export function addResultsRoot(ctx: Context, root: ResultsRoot, keep: bigint): void {
  const store = ctx.store(ORACLE_STORE);
  setResultsRoot(ctx, root);
  const bytes = store.get(rootCountKey());
  const count = (bytes === undefined ? 0n : readU64be(bytes)) + 1n;
  const [oldest] = store.iterate(prefixRange(resultsRootPrefix(), { limit: 1 }));
  const drops = count > keep && oldest !== undefined;
  if (drops) store.delete(oldest[0]);
  store.set(rootCountKey(), u64be(drops ? count - 1n : count));
}

/** The newest `limit` roots, newest first. */
export function newestRoots(ctx: Context, limit: number): ResultsRoot[] {
  const range = prefixRange(resultsRootPrefix(), { limit, reverse: true });
  return listRecords(ctx.store(ORACLE_STORE), range, "aivm.oracle.v1.ResultsRoot");
}

/** The newest leaf of a request, or undefined. */
export function getLeaf(ctx: Context, requestId: Uint8Array): Leaf | undefined {
  return readRecord(ctx.store(ORACLE_STORE), leafKey(requestId), "aivm.oracle.v1.Leaf");
}

/** Writes the newest leaf of a request. */
export function setLeaf(ctx: Context, leaf: Leaf): void {
  const key = leafKey(leaf.aivmRequestId);
  writeRecord(ctx.store(ORACLE_STORE), { key, name: "aivm.oracle.v1.Leaf" }, leaf);
}

/** Where the newest leaf of a request is: height of its root, index in its tree. */
export function getLocation(
  ctx: Context,
  requestId: Uint8Array,
): Messages["aivm.oracle.v1.LeafLocation"] | undefined {
  return readRecord(ctx.store(ORACLE_STORE), locationKey(requestId), "aivm.oracle.v1.LeafLocation");
}

/** Writes where it is. */
export function setLocation(
  ctx: Context,
  requestId: Uint8Array,
  location: Messages["aivm.oracle.v1.LeafLocation"],
): void {
  const key = locationKey(requestId);
  writeRecord(ctx.store(ORACLE_STORE), { key, name: "aivm.oracle.v1.LeafLocation" }, location);
}
