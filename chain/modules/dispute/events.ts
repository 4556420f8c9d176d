/** Events of module dispute: one per transition. */
import { bytesToHex } from "../../../common/index.ts";
import type { Effect, Game } from "../../../opml-dispute/index.ts";
import type { Context, EventAttributes } from "../../context.ts";

/** Tells what a move or a block did. */
export function emitEffect(ctx: Context, game: Game, effect: Effect): void {
  const [type, attributes] = eventOf(effect);
  ctx.emit(type, [["request_id", bytesToHex(game.dispute.requestId)], ...attributes]);
}

/** Tells how a claim set ended. */
export function emitSettled(ctx: Context, game: Game, outcome: "FINAL" | "VOID"): void {
  const { requestId, burnedUaivm, paidUaivm } = game.dispute;
  ctx.emit("dispute_settled", [
    ["request_id", bytesToHex(requestId)],
    ["outcome", outcome],
    ["burned", `${burnedUaivm}uaivm`],
    ["paid", `${paidUaivm}uaivm`],
  ]);
}

function eventOf(effect: Effect): readonly [type: string, attributes: EventAttributes] {
  switch (effect.kind) {
    case "joined":
      return [
        "dispute_joined",
        [
          ["challenger", effect.challenger],
          ["bond", `${effect.bondUaivm}uaivm`],
        ],
      ];
    case "revealed":
      return [
        "dispute_revealed",
        [
          ["challenger", effect.challenger],
          ["claim", `${effect.claim}`],
        ],
      ];
    case "joinExpired":
      return [
        "dispute_join_expired",
        [
          ["challenger", effect.challenger],
          ["bond", `${effect.bondUaivm}uaivm`],
        ],
      ];
    case "traceRootPosted":
      return [
        "trace_root_posted",
        [
          ["claim", `${effect.claim}`],
          ["trace_root", bytesToHex(effect.traceRoot)],
        ],
      ];
    case "matchOpened":
    case "matchOver":
      return [
        effect.kind === "matchOpened" ? "match_opened" : "match_over",
        [["match_id", bytesToHex(effect.match.id)]],
      ];
    case "nodeOpened":
      return [
        "node_opened",
        [
          ["match_id", bytesToHex(effect.match.id)],
          ["claim", `${effect.claim}`],
          ["level", `${effect.level}`],
        ],
      ];
    case "elementProved":
      return [
        "element_proved",
        [
          ["match_id", bytesToHex(effect.match.id)],
          ["value", `${effect.value}`],
        ],
      ];
    case "claimLost":
      return [
        "claim_lost",
        [
          ["claim", `${effect.claim.index}`],
          ["claimant", effect.member.address],
          ["bond", `${effect.member.bondUaivm}uaivm`],
          ["burned", `${effect.burnedUaivm}uaivm`],
        ],
      ];
    case "claimMerged":
      return [
        "claim_merged",
        [
          ["claim", `${effect.claim}`],
          ["into", `${effect.into}`],
        ],
      ];
    case "burned":
      return [
        "bond_burned",
        [
          ["amount", `${effect.amountUaivm}uaivm`],
          ["why", effect.why],
        ],
      ];
    case "paid":
      return [
        "bond_paid",
        [
          ["to", effect.to],
          ["amount", `${effect.amountUaivm}uaivm`],
          ["why", effect.why],
        ],
      ];
  }
}
