/** Reading and writing the module's state: the only file that touches its keys. */
import { compareBytes, concatBytes, equalBytes, readU64be, u64be } from "../../../common/index.ts";
import {
  disputeFromRecord,
  dueOf,
  type Game,
  isOpen,
  type Match,
  matchFromRecord,
} from "../../../opml-dispute/index.ts";
import type { Messages } from "../../../proto/index.ts";
import type { Context } from "../../context.ts";
import { listRecords, prefixRange, readRecord, writeRecord } from "../records.ts";
import {
  claimKey,
  claimPrefix,
  clockKey,
  DISPUTE_STORE,
  disputeKey,
  dueHeightEnd,
  dueHeightKey,
  dueHeightPrefix,
  dueKey,
  dueTimeEnd,
  dueTimeKey,
  dueTimePrefix,
  joinKey,
  joinPrefix,
  matchIndexKey,
  matchKey,
  matchPrefix,
  OUTPUT_STORE,
  paramsKey,
} from "./keys.ts";
import { DEVNET_DISPUTE_PARAMS, type DisputeParams } from "./params.ts";

/** Dispute time and the header time it was last advanced to. */
export type DisputeClock = Messages["aivm.dispute.v1.DisputeClock"];

/** Parameters. */
export function getParams(ctx: Context): DisputeParams {
  const found = readRecord(ctx.store(DISPUTE_STORE), paramsKey(), "aivm.dispute.v1.Params");
  return found ?? DEVNET_DISPUTE_PARAMS;
}

/** Writes the parameters. */
export function setParams(ctx: Context, params: DisputeParams): void {
  writeRecord(ctx.store(DISPUTE_STORE), { key: paramsKey(), name: "aivm.dispute.v1.Params" }, params);
}

/** Dispute time. */
export function getClock(ctx: Context): DisputeClock {
  const found = readRecord(ctx.store(DISPUTE_STORE), clockKey(), "aivm.dispute.v1.DisputeClock");
  return found ?? { nowMs: 0n, headerMs: 0n };
}

/** Writes dispute time. */
export function setClock(ctx: Context, clock: DisputeClock): void {
  writeRecord(ctx.store(DISPUTE_STORE), { key: clockKey(), name: "aivm.dispute.v1.DisputeClock" }, clock);
}

/** Everything about a request's claims, or undefined. */
export function getGame(ctx: Context, requestId: Uint8Array): Game | undefined {
  const store = ctx.store(DISPUTE_STORE);
  const dispute = readRecord(store, disputeKey(requestId), "aivm.dispute.v1.Dispute");
  if (dispute === undefined) return undefined;
  return {
    dispute: disputeFromRecord(dispute),
    claims: listRecords(store, prefixRange(claimPrefix(requestId)), "aivm.dispute.v1.Claim"),
    joins: listRecords(store, prefixRange(joinPrefix(requestId)), "aivm.dispute.v1.Join"),
    matches: listRecords(store, prefixRange(matchPrefix(requestId)), "aivm.dispute.v1.Match").map(
      matchFromRecord,
    ),
  };
}

/** Writes what differs between two states of a game; `before` undefined = all of it, and nothing old remains. */
export function setGame(ctx: Context, game: Game, before: Game | undefined): void {
  const store = ctx.store(DISPUTE_STORE);
  const { requestId } = game.dispute;
  if (before?.dispute !== game.dispute)
    writeRecord(store, { key: disputeKey(requestId), name: "aivm.dispute.v1.Dispute" }, game.dispute);
  for (const [i, claim] of game.claims.entries()) {
    if (before?.claims[i] === claim) continue;
    writeRecord(store, { key: claimKey(requestId, claim.index), name: "aivm.dispute.v1.Claim" }, claim);
  }
  for (const [i, match] of game.matches.entries()) {
    if (before?.matches[i] === match) continue;
    writeRecord(store, { key: matchKey(requestId, match.number), name: "aivm.dispute.v1.Match" }, match);
    if (before?.matches[i] === undefined) store.set(matchIndexKey(match.id), requestId);
  }
  for (const join of before?.joins ?? [])
    if (!game.joins.includes(join)) store.delete(joinKey(requestId, join.number));
  for (const join of game.joins) {
    if (before?.joins.includes(join)) continue;
    writeRecord(store, { key: joinKey(requestId, join.number), name: "aivm.dispute.v1.Join" }, join);
  }
  setDue(ctx, game);
}

/** Forgets the claim set of a request that reopens. */
export function dropGame(ctx: Context, game: Game): void {
  const store = ctx.store(DISPUTE_STORE);
  const { requestId } = game.dispute;
  for (const { index } of game.claims) {
    store.delete(claimKey(requestId, index));
    ctx.bulk(OUTPUT_STORE).delete(claimKey(requestId, index));
  }
  for (const { number } of game.joins) store.delete(joinKey(requestId, number));
  for (const { id, number } of game.matches) {
    store.delete(matchKey(requestId, number));
    store.delete(matchIndexKey(id));
  }
}

/** Puts a claim set where it belongs in both queues: out of them once it is settled. */
export function setDue(ctx: Context, game: Game): void {
  const store = ctx.store(DISPUTE_STORE);
  const { requestId } = game.dispute;
  const old = store.get(dueKey(requestId));
  const { ms = 0n, height = 0n } = dueOf(game, getClock(ctx).nowMs);
  const next = concatBytes(u64be(ms), u64be(height));
  if (old !== undefined && equalBytes(old, next)) return;
  if (old !== undefined) {
    store.delete(dueTimeKey(readU64be(old, 0), requestId));
    store.delete(dueHeightKey(readU64be(old, 8), requestId));
  }
  if (ms > 0n) store.set(dueTimeKey(ms, requestId), requestId);
  if (height > 0n) store.set(dueHeightKey(height, requestId), requestId);
  if (isOpen(game)) store.set(dueKey(requestId), next);
  else store.delete(dueKey(requestId));
}

/** Requests whose claim sets must be looked at now, each once, in order of id. */
export function dueRequests(ctx: Context): Uint8Array[] {
  const store = ctx.store(DISPUTE_STORE);
  const { nowMs } = getClock(ctx);
  const due = [
    ...store.iterate({ start: dueTimePrefix(), end: dueTimeEnd(nowMs) }),
    ...store.iterate({ start: dueHeightPrefix(), end: dueHeightEnd(ctx.height) }),
  ];
  const sorted = due.map(([, requestId]) => requestId).sort(compareBytes);
  return sorted.filter((id, i) => i === 0 || compareBytes(id, sorted[i - 1] ?? id) !== 0);
}

/** Request of a match, or undefined. */
export function requestOfMatch(ctx: Context, matchId: Uint8Array): Uint8Array | undefined {
  return ctx.store(DISPUTE_STORE).get(matchIndexKey(matchId));
}

/** The match, or undefined. */
export function getMatch(ctx: Context, matchId: Uint8Array): Match | undefined {
  const requestId = requestOfMatch(ctx, matchId);
  const game = requestId === undefined ? undefined : getGame(ctx, requestId);
  return game?.matches.find(({ id }) => equalBytes(id, matchId));
}

/** Output bytes of a claim. */
export function getOutput(ctx: Context, requestId: Uint8Array, index: number): Uint8Array {
  return ctx.bulk(OUTPUT_STORE).get(claimKey(requestId, index)) ?? new Uint8Array();
}

/** Writes the output bytes of a claim. */
export function setOutput(
  ctx: Context,
  of: { readonly requestId: Uint8Array; readonly index: number },
  output: Uint8Array,
): void {
  ctx.bulk(OUTPUT_STORE).set(claimKey(of.requestId, of.index), output);
}
