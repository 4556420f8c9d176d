/**
 * shift: x moved left or right by a number of bits, in words of 8, 16 or 32 bits, broadcast.
 *
 * - direction: 0 left, 1 right. width: 8, 16 or 32. signed: 1 two's complement, 0 unsigned.
 * - x and the result are wrapped into the word. An amount below 0 counts as 0, one above the width as the width: then
 *   nothing of x is left, but for the sign that a signed right shift repeats. An unsigned word of 32 bits is stored
 *   as the i32 with its bits.
 * - range: passes the word's, or a narrower one where the operands' ranges prove it. gas of an element: 1.
 * - reads: one element of each operand.
 */
import { clamp } from "../numeric/clamp.ts";
import { broadcastIndex, broadcastOperands } from "./broadcast.ts";
import {
  assertAttr,
  assertDType,
  assertOutputDType,
  attrAt,
  type Op,
  type OpNode,
  operandAt,
  READ_ONE,
} from "./op.ts";

/** The op. */
export const shift: Op = {
  opcode: 31,
  name: "shift",
  operands: ["x", "by"],
  attributes: ["direction", "width", "signed"],
  infer(node) {
    for (const operand of [0, 1]) assertDType(node, operand, "i8", "i16", "i32");
    assertAttr(node, 0, { name: "direction", lo: 0, hi: 1 });
    const width = attrAt(node.descriptor, 1);
    const rule = { name: "width (8, 16 or 32)", lo: 8, hi: 32 };
    // A width between the three is reported as one that is out of range.
    assertAttr(node, 1, width === 8 || width === 16 || width === 32 ? rule : { ...rule, lo: 32, hi: 8 });
    assertAttr(node, 2, { name: "signed", lo: 0, hi: 1 });
    assertOutputDType(node, "i8", "i16", "i32");
    return broadcastOperands(node);
  },
  passedRange: rangeOfShift,
  elementGas: () => 1,
  reads: () => [READ_ONE, READ_ONE],
  prepare(node) {
    const word = wordOf(node);
    const indexX = broadcastIndex(node, 0);
    const indexBy = broadcastIndex(node, 1);
    return (element, read) => {
      const x = wrapped(read(0, indexX(element)), word);
      const by = clamp(read(1, indexBy(element)), 0, word.width);
      return word.left ? wrapped(shiftLeft(x, by), word) : wrapped(shiftRight(x, by, word), word);
    };
  },
};

interface Word {
  readonly left: boolean;
  readonly width: number;
  readonly signed: boolean;
}

function wordOf(node: OpNode): Word {
  const [direction, width = 32, signed] = node.descriptor.attrs;
  return { left: direction === 0, width, signed: signed === 1 };
}

/** The lowest `width` bits of an i32 as a number of the word; for 32 bits the i32 itself. */
function wrapped(value: number, { width, signed }: Word): number {
  const unused = 32 - width;
  return signed || unused === 0 ? (value << unused) >> unused : value & (2 ** width - 1);
}

/** The shifts of the host look at five bits of the amount only. */
function shiftLeft(x: number, by: number): number {
  return by >= 32 ? 0 : x << by;
}

function shiftRight(x: number, by: number, { width, signed }: Word): number {
  if (signed) return x >> Math.min(by, 31);
  return by >= width ? 0 : x >>> by;
}

/** Range of the result: what the operands' ranges give where no bit of x is lost to the word, else the whole word's. */
function rangeOfShift(node: OpNode): { readonly lo: number; readonly hi: number } {
  const { left, width, signed } = wordOf(node);
  const x = operandAt(node, 0);
  const { lo, hi } = operandAt(node, 1);
  const [least, most] = [2 ** clamp(lo, 0, width), 2 ** clamp(hi, 0, width)];
  const largest = 2 ** Math.min(signed ? width - 1 : width, 31) - 1;
  const lowest = signed ? -1 - largest : 0;
  if (x.lo >= lowest && x.hi <= largest) {
    const right = {
      lo: Math.floor(x.lo / (x.lo < 0 ? least : most)),
      hi: Math.floor(x.hi / (x.hi < 0 ? most : least)),
    };
    if (!left) return right;
    if (x.lo >= 0 && x.hi * most <= largest) return { lo: x.lo * least, hi: x.hi * most };
  }
  return { lo: signed || width === 32 ? -1 - largest : 0, hi: largest };
}
