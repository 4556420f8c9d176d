/** What the game asks about the program in dispute. */
import type { TensorType } from "../../aivm/index.ts";
import type { Verdict } from "../../common/index.ts";

/** What a slot between the two ends must hold. */
export type SlotRule =
  /** The root of a tensor of this type, computed by an op. */
  | { readonly kind: "op"; readonly type: Pick<TensorType, "dtype" | "shape"> }
  /** The root of the slot before it. */
  | { readonly kind: "copy" };

/** One element in dispute, with the trace in which the witness's paths lie. */
export interface DisputedElement {
  readonly slot: number;
  /** Row-major. */
  readonly element: number;
  /** 32 bytes. */
  readonly traceRoot: Uint8Array;
  readonly witness: Uint8Array;
}

/** The judge of one program on one input. */
export interface Referee {
  /** Slots of a trace: the ops and the two ends. */
  readonly slots: number;
  /** Slots whose tensors are the program's outputs, in order. */
  readonly outputSlots: readonly number[];
  /** Rule of a slot in 1..slots-2. */
  slotRule(slot: number): SlotRule;
  /** Recomputes the element from a witness. A verdict that is not ok says nothing about any claim. */
  judge(at: DisputedElement): Verdict<{ readonly value: number }>;
}
