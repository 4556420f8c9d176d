/** What a player can do: the messages of the game without their sender. */
import type { Messages } from "../../proto/index.ts";

/** `key` is equal for two decisions that are the same move, so that a sender does not repeat what is under way. */
export type GameAction = { readonly key: string } & (
  | {
      readonly kind: "revealJoin";
      readonly value: Omit<Messages["aivm.dispute.v1.MsgRevealJoin"], "challenger">;
    }
  | {
      readonly kind: "postTraceRoot";
      readonly value: Omit<Messages["aivm.dispute.v1.MsgPostTraceRoot"], "signer">;
    }
  | { readonly kind: "openNode"; readonly value: Omit<Messages["aivm.dispute.v1.MsgOpenNode"], "sender"> }
  | {
      readonly kind: "proveElement";
      readonly value: Omit<Messages["aivm.dispute.v1.MsgProveElement"], "sender">;
    }
  | { readonly kind: "timeout"; readonly value: Omit<Messages["aivm.dispute.v1.MsgTimeout"], "sender"> }
);
