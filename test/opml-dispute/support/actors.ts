/** Who sits at the table. */

import { equalBytes } from "../../../common/index.ts";
import {
  type DisputeView,
  decideMoves,
  type Player,
  type Referee,
  type TraceProvider,
} from "../../../opml-dispute/index.ts";
import { type Actor, addressBytes, saltOf, type TableAction } from "./table.ts";

/** Name, trace and judge of an actor. */
export interface Seat {
  readonly name: string;
  readonly trace: TraceProvider;
  readonly referee: Referee;
}

/** The player that the solver needs, made anew at every look: it has no memory. */
export function playerOf(seat: Seat): Player {
  return {
    address: seat.name,
    addressBytes: addressBytes(seat.name),
    referee: seat.referee,
    trace: seat.trace,
    join: { salt: saltOf(seat.name), output: seat.trace.outputRoot, payee: new Uint8Array() },
  };
}

/** Plays its own trace by the solver. As executor or, after joining, as rival. */
export function playing(seat: Seat): Actor {
  return { name: seat.name, act: (view) => decideMoves(view, playerOf(seat)) };
}

/** Does nothing at all. */
export function idle(name: string): Actor {
  return { name, act: () => [] };
}

/** Joins when `when` says so, then plays. */
export function joining(seat: Seat, when: (view: DisputeView) => boolean = () => true): Actor {
  return {
    name: seat.name,
    act: (view) => {
      const known = isKnown(view, seat.name);
      if (!known) return view.joinable && when(view) ? [joinOf(seat)] : [];
      return decideMoves(view, playerOf(seat));
    },
  };
}

/** An honest watcher: joins when a rival output stands and nobody has posted its own trace. */
export function watching(seat: Seat): Actor {
  return joining(seat, ({ game }) => {
    const alive = game.claims.filter(({ status }) => status === 1);
    const differs = alive.some((claim) => !equalBytes(claim.outputRoot, seat.trace.outputRoot));
    return differs && !alive.some((claim) => equalBytes(claim.traceRoot, seat.trace.traceRoot));
  });
}

/** Joins and reveals, but never makes another move. */
export function revealingOnly(seat: Seat): Actor {
  const actor = joining(seat);
  return {
    name: seat.name,
    act: (view) => actor.act(view).filter(({ kind }) => kind === "join" || kind === "revealJoin"),
  };
}

/** Plays, but only when its clock has almost run out. */
export function late(actor: Actor, marginMs: bigint): Actor {
  return {
    name: actor.name,
    act: (view) => {
      const urgent = view.game.matches.some(
        (match) => match.status === 1 && view.moment.nowMs - match.sinceMs + marginMs >= least(match),
      );
      const actions = actor.act(view);
      return urgent ? actions : actions.filter(({ kind }) => kind === "join" || kind === "revealJoin");
    },
  };
}

function least(match: {
  readonly left: { readonly clockMs: bigint };
  readonly right: { readonly clockMs: bigint };
}): bigint {
  const { left, right } = match;
  return left.clockMs < right.clockMs ? left.clockMs : right.clockMs;
}

/** Sends every action twice. */
export function stuttering(actor: Actor): Actor {
  return { name: actor.name, act: (view) => actor.act(view).flatMap((action) => [action, action]) };
}

/** Sends everything that it ever sent, again, every block. */
export function replaying(actor: Actor): Actor {
  const sent: TableAction[] = [];
  return {
    name: actor.name,
    act: (view) => {
      const fresh = actor.act(view);
      const actions = [...sent.filter(({ kind }) => kind !== "join"), ...fresh];
      sent.push(...fresh);
      return actions;
    },
  };
}

/** Changes every move before it is sent. */
export function spoiling(actor: Actor, spoil: (action: TableAction) => TableAction): Actor {
  return { name: actor.name, act: (view) => actor.act(view).map(spoil) };
}

/** Awake in some blocks only; whatever it did not see is lost on it. */
export function crashing(actor: Actor, isAwake: (height: bigint) => boolean): Actor {
  return { name: actor.name, act: (view) => (isAwake(view.moment.height) ? actor.act(view) : []) };
}

/** Copies the claim that somebody else has revealed, with the very same roots. */
export function copycat(name: string, referee: Referee, original: TraceProvider): Actor {
  return joining({ name, referee, trace: original }, ({ game }) =>
    game.claims.some((claim) => equalBytes(claim.traceRoot, original.traceRoot)),
  );
}

function joinOf(seat: Seat): TableAction {
  return { kind: "join", trace: seat.trace, key: "join" };
}

function isKnown(view: DisputeView, name: string): boolean {
  const { joins, claims } = view.game;
  return (
    joins.some(({ challenger }) => challenger === name) ||
    claims.some(({ members }) => members.some(({ address }) => address === name))
  );
}
