/** What the player needs of the world. node-runner implements these over its client. */
import type { Dispute } from "./game/state.ts";
import type { GameAction } from "./solver/actions.ts";
import type { Player } from "./solver/decide.ts";
import type { DisputeView } from "./solver/view.ts";

/** Reads the claim set of a request; undefined when there is none. */
export type ReadView = (requestId: Uint8Array) => Promise<DisputeView | undefined>;

/**
 * The player's own run of a disputed request, made or remembered; undefined when it can not be made now (inputs not
 * complete). Called only while a match is open.
 */
export type OwnPlayer = (dispute: Dispute) => Promise<Player | undefined>;

/** Sends a move. Resolves when the chain has taken or refused it. */
export type SendMove = (action: GameAction) => Promise<void>;

/** All of them. */
export interface AgentPorts {
  readonly readView: ReadView;
  readonly ownPlayer: OwnPlayer;
  readonly send: SendMove;
}
