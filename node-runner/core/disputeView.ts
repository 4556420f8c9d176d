/** A dispute as the runner's own decisions see it. */
import type { ClaimFacts } from "./decideWatch.ts";

/** The claim set of one request. */
export interface DisputeView {
  readonly claims: readonly ClaimFacts[];
  /** Rival claims are still taken. */
  readonly joinable: boolean;
  /** Addresses whose join commitment stands, unrevealed. */
  readonly pendingJoins: readonly string[];
}

/** Reads the claim set of a request, or undefined when there is none. */
export type ReadDispute = (requestId: Uint8Array) => Promise<DisputeView | undefined>;
