/** Reading and writing the module's state: the only file that touches its keys. */
import { disputeFromRecord, type Game, type Match, matchFromRecord } from "../../../opml-dispute/index.ts";
import type { Messages } from "../../../proto/index.ts";
import type { Context } from "../../context.ts";
import { listRecords, prefixRange, readRecord, writeRecord } from "../records.ts";
import {
  claimKey,
  claimPrefix,
  clockKey,
  DISPUTE_STORE,
  disputeKey,
  joinKey,
  joinPrefix,
  matchIndexKey,
  matchKey,
  matchPrefix,
  OUTPUT_STORE,
  openKey,
  openPrefix,
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

/** Puts a claim set into the list of those that blocks look at, or takes it out. */
export function setOpen(ctx: Context, requestId: Uint8Array, open: boolean): void {
  const store = ctx.store(DISPUTE_STORE);
  if (open) store.set(openKey(requestId), requestId);
  else store.delete(openKey(requestId));
}

/** Requests whose claim sets are not settled, in order of id. */
export function openRequests(ctx: Context): Uint8Array[] {
  return ctx
    .store(DISPUTE_STORE)
    .iterate(prefixRange(openPrefix()))
    .map(([, requestId]) => requestId);
}

/** Request of a match, or undefined. */
export function requestOfMatch(ctx: Context, matchId: Uint8Array): Uint8Array | undefined {
  return ctx.store(DISPUTE_STORE).get(matchIndexKey(matchId));
}

/** The match, or undefined. */
export function getMatch(ctx: Context, matchId: Uint8Array): Match | undefined {
  const requestId = requestOfMatch(ctx, matchId);
  const game = requestId === undefined ? undefined : getGame(ctx, requestId);
  return game?.matches.find(({ id }) => id.every((byte, i) => byte === matchId[i]));
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
