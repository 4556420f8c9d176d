/** The dispute as the chain shows it: the answer of Query/Dispute, checked for shape. */
import type { Messages } from "../../proto/index.ts";
import { disputeFromRecord, type Game, type Moment, matchFromRecord } from "../game/state.ts";

/** What a player decides from. */
export interface DisputeView {
  readonly game: Game;
  /** Output bytes of each claim. */
  readonly outputs: readonly Uint8Array[];
  readonly moment: Moment;
  readonly joinable: boolean;
  readonly joinableUntilMs: bigint;
  readonly joinBondUaivm: bigint;
  readonly blockIntervalMs: bigint;
}

/** View of a query's answer; undefined when the request has no claims. @throws GAME_STATE for a malformed answer */
export function viewOf(answer: Messages["aivm.dispute.v1.QueryDisputeResponse"]): DisputeView | undefined {
  const { dispute, claims, joins, matches, outputs, nowMs, height } = answer;
  if (dispute === undefined) return undefined;
  return {
    game: { dispute: disputeFromRecord(dispute), claims, joins, matches: matches.map(matchFromRecord) },
    outputs,
    moment: { nowMs, height },
    joinable: answer.joinable,
    joinableUntilMs: answer.joinableUntilMs,
    joinBondUaivm: answer.joinBondUaivm,
    blockIntervalMs: answer.blockIntervalMs,
  };
}
