/** The commitment that a player's join must have been made with. */
import { joinCommitment } from "../../proto/index.ts";
import type { Player } from "./decide.ts";

/** H("aivm/join" || request id || output root || trace root || signer || salt); undefined without a join of its own. */
export function joinCommitmentOf(
  player: Pick<Player, "addressBytes" | "trace" | "join">,
  requestId: Uint8Array,
): Uint8Array | undefined {
  const { addressBytes: signer, trace, join } = player;
  if (join === undefined) return undefined;
  const { outputRoot, traceRoot } = trace;
  return joinCommitment({ requestId, outputRoot, traceRoot, signer, salt: join.salt });
}
