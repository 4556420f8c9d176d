/** The judge of a real program: openings of one element, checked and recomputed by the VM's own element rules. */
import { decodeWitness, type Program, traceSlots, verifyWitness } from "../../aivm/index.ts";
import type { Referee, SlotRule } from "./referee.ts";

/** What the chain knows of a model and a request. */
export interface RefereedRun {
  readonly program: Program;
  /** 32 bytes. */
  readonly weightsRoot: Uint8Array;
  /** 32 bytes, computed by the chain. */
  readonly inputRoot: Uint8Array;
}

/** Referee of one run. Its verdicts carry the codes of `decodeWitness` and `verifyWitness`. */
export function createReferee(run: RefereedRun): Referee {
  const { program, weightsRoot, inputRoot } = run;
  return {
    slots: traceSlots(program),
    outputSlots: program.outputs.map((port) => port.source.index + 1),
    slotRule: (slot) => opRule(program, slot),
    judge: ({ slot, element, traceRoot, witness }) => {
      const decoded = decodeWitness(witness);
      if (!decoded.ok) return decoded;
      const roots = { traceRoot, inputRoot, weightsRoot };
      return verifyWitness({ program, roots, at: { op: slot - 1, element }, witness: decoded.witness });
    },
  };
}

function opRule(program: Program, slot: number): SlotRule {
  const descriptor = program.ops[slot - 1];
  if (descriptor === undefined) throw new RangeError(`slot ${slot} of ${traceSlots(program)} is no op`);
  return { kind: "op", type: descriptor.output };
}
