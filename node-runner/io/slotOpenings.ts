/** The two ends of a trace, opened: what a claim must show of its trace root. */
import type { Trace } from "../../aivm/index.ts";
import { treePath } from "../../common/index.ts";
import type { Messages } from "../../proto/index.ts";

type SlotOpening = Messages["aivm.dispute.v1.SlotOpening"];

/** Inclusion proofs of slot 0 (input root) and of the last slot (output root). */
export function slotOpenings(trace: Trace): {
  readonly inputSlot: SlotOpening;
  readonly outputSlot: SlotOpening;
} {
  return { inputSlot: openSlot(trace, 0), outputSlot: openSlot(trace, trace.slotRoots.length - 1) };
}

function openSlot(trace: Trace, slot: number): SlotOpening {
  const root = trace.slotRoots[slot];
  if (root === undefined) throw new RangeError(`no slot ${slot}`);
  return { slot, root, path: treePath(trace.tree, slot) };
}
