/** Models of one op that copies its input: nothing to compute, so what is left is the rest. */
import type { LoadedModel } from "../../../aivm/program/artifact.ts";
import { tensorType } from "../../../aivm/tensor/tensor.ts";
import { loaded, programOf } from "../../aivm/support/models.ts";

const RESCALE = 8;

/** A model that copies `elements` bytes. */
export function copyModel(elements: number): LoadedModel {
  const type = tensorType("i8", [1, elements]);
  const operands = [{ kind: "input", index: 0 }] as const;
  const copy = { opcode: RESCALE, operands, output: type, attrs: [0, 1, 0, 0] };
  return loaded(programOf({ inputs: [type], ops: [copy] }));
}
