/** What an opening of the current node must be, and whether a node that can be opened is well-formed. */
import { checkChunk, chunkCount } from "../../aivm/index.ts";
import {
  concatBytes,
  EMPTY,
  equalBytes,
  foldDescendants,
  sha256Tree,
  treeHeight,
  u32be,
  type Verdict,
} from "../../common/index.ts";
import { LossReason, MatchStage } from "../../proto/index.ts";
import type { Referee, SlotRule } from "../referee/referee.ts";
import { openingDepth } from "./levels.ts";
import { type Match, refuse } from "./state.ts";

/** Longest item or chunk that is looked at: a chunk of i32. Longer leaves can not be opened. */
const MAX_LEAF_BYTES = 1024;
const ITEM_BYTES = 36;

/** An opening that hashes to its node. `loss`: it shows that the claim broke a rule of form, so the claim is out. */
export type OpeningVerdict = Verdict<{ readonly loss?: number }>;

/** Where a match stands, with what is needed to judge an opening there. */
export interface OpeningPlace {
  readonly match: Pick<Match, "stage" | "height" | "slot" | "chunk">;
  readonly arityLog2: number;
  readonly referee: Referee;
}

/** Leaf bytes of a trace slot. */
export function slotItem(slot: number, root: Uint8Array): Uint8Array {
  return concatBytes(u32be(slot), root);
}

/** Hash of a padding leaf. */
export function paddingLeaf(): Uint8Array {
  return sha256Tree.leaf(EMPTY);
}

/** Judges `children` as the opening of the node with `hash`. Code GAME_OPENING. */
export function judgeOpening(
  place: OpeningPlace,
  hash: Uint8Array,
  children: readonly Uint8Array[],
): OpeningVerdict {
  const { match, arityLog2 } = place;
  const { MATCH_STAGE_ITEM, MATCH_STAGE_CHUNK } = MatchStage;
  if (match.stage === MATCH_STAGE_ITEM) return judgeItem(place, hash, children);
  if (match.stage === MATCH_STAGE_CHUNK) return judgeChunk(place, hash, children);
  return judgeNode(hash, children, openingDepth(match.height, arityLog2));
}

function judgeNode(hash: Uint8Array, children: readonly Uint8Array[], depth: number): OpeningVerdict {
  if (children.length !== 2 ** depth)
    return refuse("GAME_OPENING", `${children.length} hashes, want ${2 ** depth}`);
  const folded = foldDescendants(children);
  if (folded === undefined || !equalBytes(folded, hash))
    return refuse("GAME_OPENING", "hash of the children");
  return { ok: true };
}

/** A leaf of the op tree: the item, then the tensor root in it, opened one level. */
function judgeItem(place: OpeningPlace, hash: Uint8Array, children: readonly Uint8Array[]): OpeningVerdict {
  const [item, ...rest] = children;
  const { slot } = place.match;
  if (item === undefined || !isLeaf(item, hash)) return refuse("GAME_OPENING", "hash of the item");
  const root = item.subarray(4);
  if (item.length !== ITEM_BYTES || !equalBytes(item, slotItem(slot, root)))
    return { ok: true, loss: LossReason.LOSS_REASON_MALFORMED };
  const height = tileHeight(ruleOf(place));
  if (height > 0) return judgeNode(root, rest, openingDepth(height, place.arityLog2));
  return judgeChunk({ ...place, match: { ...place.match, chunk: 0 } }, root, rest);
}

function judgeChunk(place: OpeningPlace, hash: Uint8Array, children: readonly Uint8Array[]): OpeningVerdict {
  const [bytes] = children;
  if (bytes === undefined || children.length !== 1 || !isLeaf(bytes, hash))
    return refuse("GAME_OPENING", "hash of the chunk");
  const rule = ruleOf(place);
  if (rule.kind !== "op") return refuse("GAME_OPENING", "a slot without a tensor of its own");
  const verdict = checkChunk({ type: rule.type, index: place.match.chunk, bytes });
  if (verdict.ok) return { ok: true };
  const { LOSS_REASON_PADDING, LOSS_REASON_MALFORMED } = LossReason;
  return {
    ok: true,
    loss: verdict.code === "AIVM_CHUNK_PADDING" ? LOSS_REASON_PADDING : LOSS_REASON_MALFORMED,
  };
}

/** Rule of the slot that the match has reached. */
export function ruleOf(place: Pick<OpeningPlace, "match" | "referee">): SlotRule {
  return place.referee.slotRule(place.match.slot);
}

/** Height of the tree over a slot's chunks. */
export function tileHeight(rule: SlotRule): number {
  return rule.kind === "op" ? treeHeight(chunkCount(rule.type.shape)) : 0;
}

function isLeaf(bytes: Uint8Array, hash: Uint8Array): boolean {
  return bytes.length <= MAX_LEAF_BYTES && equalBytes(sha256Tree.leaf(bytes), hash);
}
