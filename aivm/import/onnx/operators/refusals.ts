/** Operators that can not be lowered, whatever their form, with what an author can do instead. */
import type { AivmError } from "../../../../common/errors.ts";
import { dataDependentShape, meaningless, unsupportedOp } from "../errors.ts";
import type { OnnxNode } from "../graph.ts";

/** Operators whose output shape depends on the data, with the remedy. */
const DATA_DEPENDENT: ReadonlyMap<string, string> = new Map([
  [
    "NonZero",
    "use a mask of fixed size (Where, Mul) instead of the list of places, or TopK for a fixed number of them",
  ],
  [
    "NonMaxSuppression",
    "give boxes and scores (or a TopK of them) as outputs, and leave the suppression to the caller",
  ],
  ["Unique", "leave the choice of distinct values to the caller"],
]);

/** Operators that ask for what no integer is. */
const NOT_IN_INTEGERS: ReadonlyMap<string, string> = new Map([
  ["IsNaN", "remove the check: no value of the integer program is NaN"],
  ["IsInf", "remove the check: no value of the integer program is infinite"],
]);

/** The refusal of a node that has no lowerer. */
export function refusalOf(node: OnnxNode): AivmError {
  if (node.domain !== "") return unsupportedOp(node);
  const shapeRemedy = DATA_DEPENDENT.get(node.opType);
  if (shapeRemedy !== undefined) return dataDependentShape(node, shapeRemedy);
  const remedy = NOT_IN_INTEGERS.get(node.opType);
  if (remedy === undefined) return unsupportedOp(node);
  return meaningless(node, { got: `${node.opType} of a computed tensor`, remedy });
}
