/** The claim set of an accepted result, with claim 0 in it. */
import { ClaimStatus, DisputeStatus } from "../../proto/index.ts";
import type { Game, GameRules, Moment } from "./state.ts";

/** A result that was accepted. Its bond is already where the dispute holds its money. */
export interface AcceptedResult {
  readonly requestId: Uint8Array;
  readonly modelId: Uint8Array;
  readonly inputRoot: Uint8Array;
  /** 1, or one more than that of the claim set that ended void. */
  readonly generation: number;
  readonly rules: GameRules;
  readonly claimant: string;
  readonly payee: Uint8Array;
  readonly outputRoot: Uint8Array;
  /** Empty = posted later. */
  readonly traceRoot: Uint8Array;
  readonly bondUaivm: bigint;
}

/** A game with claim 0 alone. */
export function openGame(result: AcceptedResult, moment: Moment): Game {
  const { requestId, modelId, inputRoot, generation, rules, claimant, payee, bondUaivm } = result;
  return {
    dispute: {
      requestId,
      modelId,
      inputRoot,
      generation,
      status: DisputeStatus.DISPUTE_STATUS_OPEN,
      rules,
      claims: 1,
      matches: 0,
      joins: 0,
      openedMs: moment.nowMs,
      bondedUaivm: bondUaivm,
      burnedUaivm: 0n,
      paidUaivm: 0n,
      poolUaivm: 0n,
    },
    claims: [
      {
        index: 0,
        members: [{ address: claimant, payee, bondUaivm, committedHeight: moment.height }],
        outputRoot: result.outputRoot,
        traceRoot: result.traceRoot,
        status: ClaimStatus.CLAIM_STATUS_ALIVE,
        loss: 0,
        publicMs: moment.nowMs,
        revealedHeight: moment.height,
        wonUaivm: 0n,
      },
    ],
    joins: [],
    matches: [],
  };
}
