/** Every op by its opcode and by its name. Adding an op: its file, and one line here. */
import { AivmError } from "../../common/errors.ts";
import { clamp } from "../numeric/clamp.ts";
import { add } from "./add.ts";
import { argmax } from "./argmax.ts";
import { avgPool2d } from "./avgPool2d.ts";
import { bitwise } from "./bitwise.ts";
import { compare } from "./compare.ts";
import { concat } from "./concat.ts";
import { conv2d } from "./conv2d.ts";
import { div } from "./div.ts";
import { expand } from "./expand.ts";
import { gather } from "./gather.ts";
import { isqrt } from "./isqrt.ts";
import { linear } from "./linear.ts";
import { matmul } from "./matmul.ts";
import { matmulDiv } from "./matmulDiv.ts";
import { maxPool2d } from "./maxPool2d.ts";
import { maxReduce } from "./maxReduce.ts";
import { mod } from "./mod.ts";
import { mul } from "./mul.ts";
import type { ElementFunction, Op, OpNode } from "./op.ts";
import { pad } from "./pad.ts";
import { random } from "./random.ts";
import { rank } from "./rank.ts";
import { rescale } from "./rescale.ts";
import { reshape } from "./reshape.ts";
import { scatter } from "./scatter.ts";
import { shift } from "./shift.ts";
import { slice } from "./slice.ts";
import { sumReduce } from "./sumReduce.ts";
import { table } from "./table.ts";
import { transpose } from "./transpose.ts";
import { where } from "./where.ts";

/** All ops, by opcode. */
export const OPS: readonly Op[] = [
  conv2d,
  linear,
  matmul,
  maxPool2d,
  avgPool2d,
  add,
  mul,
  rescale,
  table,
  reshape,
  transpose,
  concat,
  slice,
  pad,
  expand,
  gather,
  argmax,
  maxReduce,
  sumReduce,
  where,
  compare,
  div,
  mod,
  isqrt,
  matmulDiv,
  bitwise,
  shift,
  rank,
  scatter,
  random,
];

const BY_CODE: ReadonlyMap<number, Op> = new Map(OPS.map((op) => [op.opcode, op]));
const BY_NAME: ReadonlyMap<string, Op> = new Map(OPS.map((op) => [op.name, op]));

/** Op of an opcode. @throws AIVM_OPCODE when there is none. */
export function opOf(opcode: number): Op {
  return found(BY_CODE.get(opcode), `${opcode}`);
}

/** Op of a name. @throws AIVM_OPCODE when there is none. */
export function opNamed(name: string): Op {
  return found(BY_NAME.get(name), name);
}

/**
 * Element function of a validated node: its op's, clamped to the output's range. The clamp changes nothing in a run
 * of a validated program; it keeps the referee total when both parties agree on operands out of their range.
 */
export function elementFunction(node: OpNode): ElementFunction {
  const evaluate = opOf(node.descriptor.opcode).prepare(node);
  const { lo, hi } = node.descriptor.output;
  // Adding 0 turns -0 (0 times a negative weight) into 0, so that values compare equal in every way.
  return (element, read) => clamp(evaluate(element, read), lo, hi) + 0;
}

function found(op: Op | undefined, got: string): Op {
  if (op !== undefined) return op;
  throw new AivmError("AIVM_OPCODE", {
    what: "op",
    want: `one of ${OPS.map((item) => `${item.opcode} ${item.name}`).join(", ")}`,
    got: got.slice(0, 40),
    remedy: "compile the model for this version",
  });
}
