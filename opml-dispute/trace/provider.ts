/** A trace that can be opened wherever a match stands. */
import type { Match, SlotOpening } from "../game/state.ts";

/** Node of a match at which a trace is opened. */
export type OpeningPoint = Pick<Match, "stage" | "height" | "node" | "slot" | "chunk">;

/** One player's own run. */
export interface TraceProvider {
  /** 32 bytes. */
  readonly traceRoot: Uint8Array;
  /** 32 bytes. */
  readonly outputRoot: Uint8Array;
  /** Inclusion of one slot. */
  slot(slot: number): SlotOpening;
  /** What the node consists of, as MsgOpenNode.children. */
  children(at: OpeningPoint, arityLog2: number): Uint8Array[];
  /** Witness of one element of the op of `slot`. */
  witness(at: { readonly slot: number; readonly element: number }): Uint8Array;
}
