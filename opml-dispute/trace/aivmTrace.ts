/** A run of the VM as a trace that can be opened. */
import {
  encodeWitness,
  slotTensor,
  type Tensor,
  type Trace,
  tensorChunks,
  tensorTree,
  type WitnessModel,
  witnessElement,
} from "../../aivm/index.ts";
import { type MerkleTree, treeDescendants, treePath } from "../../common/index.ts";
import { MatchStage } from "../../proto/index.ts";
import { openingDepth } from "../game/levels.ts";
import type { SlotOpening } from "../game/state.ts";
import type { OpeningPoint, TraceProvider } from "./provider.ts";

/** Provider over a finished run and the model that it ran. */
export function createTraceProvider(run: {
  readonly trace: Trace;
  readonly model: WitnessModel;
}): TraceProvider {
  const { trace, model } = run;
  return {
    traceRoot: trace.root,
    outputRoot: rootAt(trace, trace.slotRoots.length - 1),
    slot: (slot) => openSlot(trace, slot),
    children: (at, arityLog2) => childrenAt(trace, at, arityLog2),
    witness: ({ slot, element }) =>
      encodeWitness(witnessElement({ trace, model, at: { op: slot - 1, element } }).witness),
  };
}

/** Inclusion of one slot in a trace. @throws RangeError for a slot that is not there */
export function openSlot(trace: Trace, slot: number): SlotOpening {
  return { slot, root: rootAt(trace, slot), path: treePath(trace.tree, slot) };
}

function childrenAt(trace: Trace, at: OpeningPoint, arityLog2: number): Uint8Array[] {
  switch (at.stage) {
    case MatchStage.MATCH_STAGE_ITEM:
      return openItem(trace, at.slot, arityLog2);
    case MatchStage.MATCH_STAGE_TILES:
      return descendants(tensorTree(tensorAt(trace, at.slot)), at, arityLog2);
    case MatchStage.MATCH_STAGE_CHUNK:
      return tensorChunks(tensorAt(trace, at.slot)).slice(at.chunk, at.chunk + 1);
    default:
      return descendants(trace.tree, at, arityLog2);
  }
}

/** The item, then the top of the tensor's tree, or its only chunk. */
function openItem(trace: Trace, slot: number, arityLog2: number): Uint8Array[] {
  const tensor = tensorAt(trace, slot);
  const item = trace.items.slice(slot, slot + 1);
  const tree = tensorTree(tensor);
  const height = tree.levels.length - 1;
  if (height === 0) return [...item, ...tensorChunks(tensor)];
  return [...item, ...descendants(tree, { height, node: 0 }, arityLog2)];
}

function descendants(
  tree: MerkleTree,
  at: { readonly height: number; readonly node: number },
  arityLog2: number,
): Uint8Array[] {
  const { height, node } = at;
  return treeDescendants(tree, { height, index: node, depth: openingDepth(height, arityLog2) });
}

function tensorAt(trace: Trace, slot: number): Tensor {
  const tensor = slotTensor(trace, slot);
  if (tensor === undefined) throw new RangeError(`slot ${slot} has no tensor`);
  return tensor;
}

function rootAt(trace: Trace, slot: number): Uint8Array {
  const root = trace.slotRoots[slot];
  if (root === undefined) throw new RangeError(`no slot ${slot}`);
  return root;
}
