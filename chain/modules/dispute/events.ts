/** Events of module dispute: one per transition. */
import { bytesToHex } from "../../../common/index.ts";
import type { Effect, Game } from "../../../opml-dispute/index.ts";
import { LossReason, MatchStage } from "../../../proto/index.ts";
import type { Context, EventAttributes } from "../../context.ts";

/** Tells what a move or a block did. */
export function emitEffect(ctx: Context, game: Game, effect: Effect): void {
  const [type, attributes] = eventOf(effect);
  ctx.emit(type, [["request_id", bytesToHex(game.dispute.requestId)], ...attributes]);
}

/** Tells that an accepted result can be challenged. */
export function emitOpened(ctx: Context, game: Game): void {
  const { requestId, rules } = game.dispute;
  ctx.emit("dispute_opened", [
    ["request_id", bytesToHex(requestId)],
    ["claimant", game.claims[0]?.members[0]?.address ?? ""],
    ["window_ms", `${rules.windowMs}`],
  ]);
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
        [
          ["match_id", bytesToHex(effect.match.id)],
          ["left", `${effect.match.left.claim}`],
          ["right", `${effect.match.right.claim}`],
          ["moves", `${effect.match.moves}`],
        ],
      ];
    case "nodeOpened":
      return [
        "node_opened",
        [
          ["match_id", bytesToHex(effect.match.id)],
          ["claim", `${effect.claim}`],
          ["level", `${effect.level}`],
          ["stage", nameOf(MatchStage, effect.match.stage)],
        ],
      ];
    case "elementProved":
      return [
        "element_proved",
        [
          ["match_id", bytesToHex(effect.match.id)],
          ["op", `${effect.match.slot - 1}`],
          ["element", `${effect.match.element}`],
          ["value", `${effect.value}`],
          ["left_value", `${effect.match.left.value}`],
          ["right_value", `${effect.match.right.value}`],
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
          ["reason", nameOf(LossReason, effect.claim.loss)],
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

/** "ELEMENT" of a value of an enum whose names end so. */
function nameOf(names: Readonly<Record<string, number>>, value: number): string {
  const name = Object.entries(names).find(([, other]) => other === value)?.[0] ?? `${value}`;
  return name.replace(/^(LOSS_REASON|MATCH_STAGE)_/, "");
}
