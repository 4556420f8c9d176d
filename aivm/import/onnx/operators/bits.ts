/** Operators on bits: BitShift and the bitwise ones. */
import { type Emitter, integerConstant, type Value } from "../emit/emit.ts";
import { bitwise, shift, type Word } from "../emit/select.ts";
import { unsupportedForm } from "../errors.ts";
import { type OnnxDtype, type OnnxNode, stringAttribute } from "../graph.ts";
import { integerStorage } from "../lowering/integers.ts";
import type { Family, Lowerer, Lowering } from "../lowering/lowering.ts";
import { inputName, outputName, tensorType } from "../lowering/tensors.ts";
import { getValue, setValue } from "../lowering/values.ts";

/** Lowerers of operators on bits. */
export const BITS_FAMILY: Family = new Map<string, Lowerer>([
  ["BitShift", lowerShift],
  ["BitwiseAnd", (ctx, node) => lowerBitwise(ctx, node, "and")],
  ["BitwiseOr", (ctx, node) => lowerBitwise(ctx, node, "or")],
  ["BitwiseXor", (ctx, node) => lowerBitwise(ctx, node, "xor")],
  ["BitwiseNot", lowerNot],
]);

function typeOfBits(ctx: Lowering, node: OnnxNode): Exclude<OnnxDtype, "float32"> {
  const { dtype } = tensorType(ctx, outputName(node));
  if (dtype === "float32") throw unsupportedForm(node, { want: "integers", got: dtype });
  return dtype;
}

function lowerBitwise(ctx: Lowering, node: OnnxNode, kind: "and" | "or" | "xor"): void {
  typeOfBits(ctx, node);
  const [a, b] = [getValue(ctx, inputName(node, 0)), getValue(ctx, inputName(node, 1))];
  // Values are stored sign-extended or, where unsigned, with zeros above: the bits above the type stay what they are.
  setValue(ctx, outputName(node), bitwise(ctx.e, kind, [a, b]));
}

/** Signed: all bits. 8 and 16 bits unsigned: those of the type. Wider ones would leave i32. */
function lowerNot(ctx: Lowering, node: OnnxNode): void {
  const dtype = typeOfBits(ctx, node);
  if (dtype === "uint32" || dtype === "uint64") {
    throw unsupportedForm(node, { want: "a signed type, or an unsigned one of 8 or 16 bits", got: dtype });
  }
  const x = getValue(ctx, inputName(node, 0));
  const { hi, lo } = integerStorage(dtype);
  const ones = integerConstant(ctx.e, x.q.dtype, [], [lo < 0 ? -1 : hi]);
  setValue(ctx, outputName(node), bitwise(ctx.e, "xor", [x, ones]));
}

const WIDTHS: Readonly<Record<string, Word["width"]>> = { uint8: 8, uint16: 16, uint32: 32, uint64: 32 };

function lowerShift(ctx: Lowering, node: OnnxNode): void {
  const dtype = typeOfBits(ctx, node);
  const left = stringAttribute(node, "direction", "") === "LEFT";
  const width = WIDTHS[dtype];
  if (width === undefined) throw unsupportedForm(node, { want: "an unsigned type", got: dtype });
  const [x, by] = [getValue(ctx, inputName(node, 0)), getValue(ctx, inputName(node, 1))];
  const y = shiftWord(ctx.e, left, { x, by, width });
  const { lo, hi } = integerStorage(dtype);
  if (y.q.lo < lo || y.q.hi > hi) {
    throw unsupportedForm(node, {
      want: `a left shift whose result provably fits 31 bits (constant amounts, small values)`,
      got: `${dtype}: [${x.q.lo}, ${x.q.hi}] by up to ${by.q.hi}`,
    });
  }
  setValue(ctx, outputName(node), y);
}

/** Values of 32 and 64 bits are below 2^31 as stored: shifting them right in a word of 32 bits is the same. */
function shiftWord(
  e: Emitter,
  left: boolean,
  to: { readonly x: Value; readonly by: Value; readonly width: Word["width"] },
): Value {
  const word = { width: to.width, signed: false };
  return shift(e, left ? "left" : "right", { ...to, word, dtype: to.x.q.dtype });
}
