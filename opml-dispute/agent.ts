/** The player at the table: look, decide, send. It keeps nothing between two looks. */
import type { AgentPorts } from "./ports.ts";
import type { GameAction } from "./solver/actions.ts";
import { decideMoves, needsPlayer } from "./solver/decide.ts";

/** One look at one dispute. @returns what was sent, in order */
export async function playDispute(ports: AgentPorts, requestId: Uint8Array): Promise<readonly GameAction[]> {
  const view = await ports.readView(requestId);
  if (view === undefined || !needsPlayer(view)) return [];
  const player = await ports.ownPlayer(view.game.dispute);
  if (player === undefined) return [];
  const actions = decideMoves(view, player);
  for (const action of actions) await ports.send(action);
  return actions;
}
