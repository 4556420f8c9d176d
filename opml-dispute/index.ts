/** The dispute's public API: rules, referee, honest player. Nothing here needs Node. */
export { playDispute } from "./agent.ts";
export * from "./game/bonds.ts";
export * from "./game/bounds.ts";
export { duePairings, matchIdOf } from "./game/bracket.ts";
export { clockLeft, expiryOf, isRunning } from "./game/clocks.ts";
export { type JoinMove, joinGame, type RevealMove, revealJoin } from "./game/join.ts";
export { isJoinable, joinableUntil, publicSince, type Standing, standingOf } from "./game/joining.ts";
export { type LevelCounts, levelCounts, mostChunks, mostMoves } from "./game/levels.ts";
export {
  type MoveContext,
  type MoveOutcome,
  type NodeMove,
  openNode,
  postTraceRoot,
  type TraceRootMove,
} from "./game/moves.ts";
export { type AcceptedResult, openGame } from "./game/open.ts";
export { type ProofMove, proveElement } from "./game/prove.ts";
export * from "./game/state.ts";
export { claimTimeout, type Due, dueOf, settleGame, type Turned, tickGame, voidGame } from "./game/tick.ts";
export type { AgentPorts, OwnPlayer, ReadView, SendMove } from "./ports.ts";
export { createReferee, type RefereedRun } from "./referee/aivmReferee.ts";
export type { DisputedElement, Referee, SlotRule } from "./referee/referee.ts";
export type { GameAction } from "./solver/actions.ts";
export { decideMoves, needsPlayer, type Player } from "./solver/decide.ts";
export { type DisputeView, viewOf } from "./solver/view.ts";
export { createTraceProvider, openSlot } from "./trace/aivmTrace.ts";
export type { OpeningPoint, TraceProvider } from "./trace/provider.ts";
