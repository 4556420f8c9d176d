/** From one level to the next: the game compares both openings and picks the first differing child by itself. */
import { CHUNK_ELEMENTS, chunkCount, chunkToData } from "../../aivm/index.ts";
import { equalBytes, sha256Tree, treeHeight } from "../../common/index.ts";
import { LossReason, MatchStage } from "../../proto/index.ts";
import type { Referee } from "../referee/referee.ts";
import { openingDepth } from "./levels.ts";
import { paddingLeaf, ruleOf, slotItem, tileHeight } from "./openings.ts";
import { claimAt, type Draft, type Match, type MatchSide } from "./state.ts";

/** Sides that are out, and why. Empty = the match goes on. */
export type Verdicts = Partial<Readonly<Record<"left" | "right", number>>>;

/** Where a match goes next. */
export interface Descended {
  readonly match: Match;
  readonly out: Verdicts;
}

const SIDES = ["left", "right"] as const;

/** The match at the roots of both traces, which are posted and differ. */
export function atTraceRoots(draft: Pick<Draft, "claims">, match: Match, slots: number): Match {
  const rooted = (side: MatchSide): MatchSide => ({
    ...side,
    hash: claimAt(draft, side.claim).traceRoot,
    opening: [],
  });
  return {
    ...match,
    stage: MatchStage.MATCH_STAGE_OPS,
    height: treeHeight(slots),
    node: 0,
    left: rooted(match.left),
    right: rooted(match.right),
  };
}

/** One level down from the openings of both sides. Clocks are the caller's. */
export function descend(
  match: Match,
  by: { readonly referee: Referee; readonly arityLog2: number; readonly inputRoot: Uint8Array },
): Descended {
  const { left, right } = match;
  const next = {
    ...match,
    level: match.level + 1,
    steps: [...match.steps, { leftHash: left.hash, rightHash: right.hash }],
  };
  switch (match.stage) {
    case MatchStage.MATCH_STAGE_ITEM:
      return descendItem(next, by);
    case MatchStage.MATCH_STAGE_CHUNK:
      return compareChunks(next, by, [left.opening[0], right.opening[0]]);
    default:
      return descendNode(next, by);
  }
}

type By = Parameters<typeof descend>[1];

function descendNode(match: Match, by: By): Descended {
  const down = pickChild(match, { openings: [match.left.opening, match.right.opening], ...by });
  if (down.height > 0) return { match: down, out: {} };
  return match.stage === MatchStage.MATCH_STAGE_OPS ? atSlot(down, by) : atChunk(down, by);
}

/** The node that the first differing child leads to. Both openings hash to different nodes, so one differs. */
function pickChild(
  match: Match,
  from: {
    readonly openings: readonly [readonly Uint8Array[], readonly Uint8Array[]];
    readonly arityLog2: number;
  },
): Match {
  const [mine, theirs] = from.openings;
  const child = mine.findIndex((hash, i) => !equalBytes(hash, theirs[i] ?? hash));
  const depth = openingDepth(match.height, from.arityLog2);
  return {
    ...match,
    height: match.height - depth,
    node: match.node * 2 ** depth + child,
    left: { ...match.left, hash: mine[child] ?? match.left.hash, opening: [] },
    right: { ...match.right, hash: theirs[child] ?? match.right.hash, opening: [] },
  };
}

/** At a leaf of the op tree. Padding and the input are known to the chain, so there the first difference decides. */
function atSlot(match: Match, by: By): Descended {
  const slot = match.node;
  const { slots } = by.referee;
  const at = { ...match, slot };
  const { LOSS_REASON_PADDING, LOSS_REASON_MALFORMED } = LossReason;
  if (slot >= slots) return { match: at, out: unlike(at, paddingLeaf(), LOSS_REASON_PADDING) };
  if (slot === 0)
    return { match: at, out: unlike(at, sha256Tree.leaf(slotItem(0, by.inputRoot)), LOSS_REASON_MALFORMED) };
  if (slot === slots - 1) return { match: { ...at, stage: MatchStage.MATCH_STAGE_OUTPUT }, out: {} };
  const stage =
    by.referee.slotRule(slot).kind === "copy" ? MatchStage.MATCH_STAGE_COPY : MatchStage.MATCH_STAGE_ITEM;
  return { match: { ...at, stage }, out: {} };
}

/** From the items into the tensors: both items have the same slot, so their tensor roots differ. */
function descendItem(match: Match, by: By): Descended {
  const [, ...mine] = match.left.opening;
  const [, ...theirs] = match.right.opening;
  const height = tileHeight(ruleOf({ match, referee: by.referee }));
  if (height === 0) return compareChunks({ ...match, chunk: 0 }, by, [mine[0], theirs[0]]);
  const down = pickChild({ ...match, height, node: 0 }, { openings: [mine, theirs], ...by });
  return down.height > 0
    ? { match: { ...down, stage: MatchStage.MATCH_STAGE_TILES }, out: {} }
    : atChunk(down, by);
}

function atChunk(match: Match, by: By): Descended {
  const rule = ruleOf({ match, referee: by.referee });
  const chunk = match.node;
  const count = rule.kind === "op" ? chunkCount(rule.type.shape) : 0;
  const at = { ...match, chunk, stage: MatchStage.MATCH_STAGE_CHUNK };
  return { match: at, out: chunk < count ? {} : unlike(at, paddingLeaf(), LossReason.LOSS_REASON_PADDING) };
}

/** Both chunks are well-formed and of one type (openings are judged first), so some element differs. */
function compareChunks(
  match: Match,
  by: By,
  [mine, theirs]: readonly [Uint8Array | undefined, Uint8Array | undefined],
): Descended {
  const rule = ruleOf({ match, referee: by.referee });
  if (rule.kind !== "op" || mine === undefined || theirs === undefined)
    throw new RangeError("chunks are compared after both have been judged");
  const left = chunkToData(rule.type.dtype, mine);
  const right = chunkToData(rule.type.dtype, theirs);
  const first = left.findIndex((value, i) => value !== right[i]);
  const done = {
    ...match,
    stage: MatchStage.MATCH_STAGE_ELEMENT,
    element: match.chunk * CHUNK_ELEMENTS + first,
    left: { ...match.left, opening: [], value: left[first] ?? 0 },
    right: { ...match.right, opening: [], value: right[first] ?? 0 },
  };
  return { match: done, out: {} };
}

/** Sides whose current node has another hash than the one that the chain knows. */
export function unlike(match: Match, hash: Uint8Array, loss: number): Verdicts {
  const wrong = SIDES.filter((side) => !equalBytes(match[side].hash, hash));
  return Object.fromEntries(wrong.map((side) => [side, loss]));
}
