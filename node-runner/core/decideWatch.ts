/**
 * What a watcher does about one accepted result: a pure function of the chain's claims, of the opening on disk and of
 * what its own engines computed. It never bonds on one engine's word, nor on incomplete inputs.
 */
import { equalBytes } from "../../common/index.ts";
import type { Kept } from "./kept.ts";

/** A claim of the dispute, as the chain shows it. */
export interface ClaimFacts {
  /** Bech32 addresses of those behind it. */
  readonly claimants: readonly string[];
  readonly outputRoot: Uint8Array;
  /** Absent = not posted. */
  readonly traceRoot: Uint8Array | undefined;
  /** Still in the game. */
  readonly alive: boolean;
}

/** What our own run of the request gave. */
export interface OwnRun {
  readonly outputRoot: Uint8Array;
  /** From the second engine; absent = not run yet. */
  readonly second: { readonly outputRoot: Uint8Array; readonly traceRoot: Uint8Array } | undefined;
}

/** Everything that the decision reads. */
export interface WatchFacts {
  readonly self: string;
  readonly claims: readonly ClaimFacts[];
  /** Rival claims are still taken. */
  readonly joinable: boolean;
  /** Our join commitment stands on the chain, unrevealed. */
  readonly joinPending: boolean;
  /** Our opening on disk. */
  readonly kept: Kept | undefined;
  /** Artifact and input are here and hash to the request's roots; otherwise what is missing. */
  readonly inputs: "complete" | { readonly missing: string };
  /** Absent = not run yet. */
  readonly own: OwnRun | undefined;
}

/** What to do about the request. */
export type WatchAction =
  | { readonly kind: "none"; readonly why: string }
  /** Judging is not possible; never a reason to bond. */
  | { readonly kind: "refuse"; readonly why: string }
  /** Run the first engine. */
  | { readonly kind: "execute" }
  /** Run the second engine and commit to its trace. */
  | { readonly kind: "confirm" }
  /** Put an opening on disk. The join follows at the next look. */
  | { readonly kind: "keep" }
  | { readonly kind: "join"; readonly kept: Kept };

/** The action that is due. */
export function decideWatch(facts: WatchFacts): WatchAction {
  const { claims, kept, own } = facts;
  if (claims.some((claim) => claim.claimants.includes(facts.self)))
    return { kind: "none", why: "we have a claim" };
  if (facts.joinPending) return { kind: "none", why: "our join is committed; the player reveals it" };
  if (!facts.joinable) return { kind: "none", why: "closed to rivals" };
  const alive = claims.filter((claim) => claim.alive);
  if (alive.length === 0) return { kind: "none", why: "no claim stands" };
  if (facts.inputs !== "complete") return { kind: "refuse", why: facts.inputs.missing };
  if (own === undefined) return { kind: "execute" };
  if (isCovered(alive, own)) return { kind: "none", why: "an equal claim stands" };
  if (own.second === undefined) return { kind: "confirm" };
  if (!equalBytes(own.second.outputRoot, own.outputRoot)) {
    return { kind: "refuse", why: "our two engines disagree" };
  }
  return kept === undefined ? { kind: "keep" } : { kind: "join", kept };
}

/**
 * True when nobody needs our claim: no rival output and the standing one is ours, or a rival output but some claim has
 * posted our very trace. A right output whose author has not posted his trace may go silent: that is no cover.
 */
function isCovered(alive: readonly ClaimFacts[], own: OwnRun): boolean {
  const same = alive.filter((claim) => equalBytes(claim.outputRoot, own.outputRoot));
  if (same.length === alive.length) return true;
  const traceRoot = own.second?.traceRoot;
  return same.some(
    (claim) =>
      traceRoot !== undefined && claim.traceRoot !== undefined && equalBytes(claim.traceRoot, traceRoot),
  );
}
