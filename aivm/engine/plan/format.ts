/**
 * The step program: what the planner makes of a model and what the wasm and the native engine execute. A flat list of
 * int32 words, so that one call runs a whole program. Kernels are each engine's own; this is only their work order.
 *
 * A program is steps one behind the other. A step is HEADER_WORDS words, then the words of its kernel:
 *
 *   0 kernel        a KERNEL number
 *   1 length        words of this step, header included
 *   2 parallel      1: worth splitting among threads; 0: one thread does it
 *   3 opIndex       op of the program whose output this step finishes, or -1 (an engine may use the word in its copy)
 *
 * Every step reads buffers that earlier steps wrote, and writes one buffer. Splitting a step among threads must not
 * change a bit: every element is computed by one thread from operands alone.
 *
 * REF, three words, names a tensor: `place + 4 x dtype` (place 0 none, 1 arena, 2 constant; dtype 0 i8, 1 i16, 2 i32),
 * then the offset in the arena in units of 64 bytes or the number of the constant, then the first element in it.
 * REQUANT, five words: multiplier, shift, zero, lo, hi: y = clamp(zero + RNE(v x multiplier / 2^shift), lo, hi).
 * NEST, words about RANK axes, outermost first, unused ones in front with size 1 and stride 0: strides count elements,
 * may be 0 (broadcast) or negative; element (i0..i5) of a ref is its first element plus the sum of i x stride.
 */
import type { Tensor } from "../../tensor/tensor.ts";

/** Words of a step's header. */
export const HEADER_WORDS = 4;

/** Words of a REF. */
export const REF_WORDS = 3;

/** Axes of a NEST. */
export const RANK = 6;

/** Bytes that arena offsets count in: a cache line, and the alignment of every buffer. */
export const ARENA_UNIT = 64;

/** Where a REF lies. */
export const PLACE = { none: 0, arena: 1, constant: 2 } as const;

/** dtype numbers of a REF. */
export const DTYPE_CODE = { i8: 0, i16: 1, i32: 2 } as const;

/**
 * Kernels and their words after the header.
 *
 * conv: x REF, w REF, bias REF, multiplier REF, shift REF, y REF (15 + 3 words), then
 *   N H W C OH OW Cout kernelH kernelW strideH strideW padTop padLeft dilationH dilationW groups padValue zero lo hi
 *   block, then EPILOGUE.
 *   x [N,H,W,C] i8 or i16, w [Cout,kernelH,kernelW,C/groups] i8 or i16, bias i32, multiplier i32 and shift i8 [Cout],
 *   all dense; w, bias, multiplier and shift are constants, 0 <= multiplier < 2^21, 0 <= shift <= 62.
 *   acc = bias[o] + sum of x x w[o], a position outside x counts as padValue; v = clamp(zero + RNE(acc x multiplier[o] /
 *   2^shift[o]), lo, hi). block 0: acc fits i32 (partial sums may wrap); else the number of products, at least 1, that
 *   may be summed in i32 before they must be widened to 64 bits. |acc| x multiplier <= 2^53 in any case.
 *   A matrix product with constant weights is the same with N = H = kernelH = kernelW = 1 and W rows.
 * EPILOGUE, 1 + 3 + 8 words: kind, REF, mOwn mOther offset shift zero lo hi.
 *   kind 0: y = v, the other words are 0.
 *   kind 1: y = clamp(zero + RNE((v x mOwn + other x mOther + offset) / 2^shift), lo, hi); REF is `other`, dense, y's
 *     shape, i8, i16 or i32; |v x mOwn + other x mOther + offset| <= 2^53.
 *   kind 2: y = table[v + 128], v being i8 and REF the table of 256 entries of y's dtype.
 *   y [N,OH,OW,Cout] dense, of any dtype.
 * convAny: the words of conv; w, bias, multiplier and shift may lie anywhere and multiplier and shift may hold any
 *   values (they are clamped to [0, 2^21 - 1] and [0, 62]); EPILOGUE kind is 0. For what `conv` does not take: no
 *   packing, sums in 64 bits.
 * matmul: a REF, b REF, d REF (or none), y REF, then sizes of 4 batch axes, then 4 strides each of a, b, d, y along
 *   them, then M N K, then row and k stride of a, row and k stride of b, row stride of d, row stride of y, then zeroA
 *   zeroB, REQUANT, block.
 *   sum over k of (a[..,m,k] - zeroA) x (b[..,n,k] - zeroB), then REQUANT; y[..,m,n] has column stride 1.
 *   a, b i8 or i16. block 0: the sum fits i32; else as in conv, for products a x b of the values as they are. With d (i32, one per row): quotient
 *   RNE(sum x multiplier / (d x 2^shift)) in place of RNE(sum x multiplier / 2^shift), as the op matmulDiv has it
 *   (shift may be negative; d = 0 gives hi, lo or zero by the sum's sign).
 * map: kind, y REF, a REF, b REF, c REF (unused ones none), sizes, then strides of y, a, b, c (RANK words each), then
 *   8 words of parameters. Kinds and parameters (attributes of the op of that name, then lo hi):
 *   see MAP. Operands i8, i16 or i32.
 * fill: y REF, sizes, strides of y, value.
 * reduce: kind (0 sum, 1 max, 2 argmax: first of the largest), y REF, x REF, sizes, strides of y, strides of x, then
 *   size and stride of the reduced axis in x, then zeroX, REQUANT (sum only: of the sum of x - zeroX, |sum| < 2^42).
 * pool: kind (0 max, 1 average), y REF, x REF, N H W C OH OW kernelH kernelW strideH strideW padTop padLeft dilationH
 *   dilationW, zeroX, REQUANT (average: of the sum of x - zeroX over positions inside x; max: the largest of lo and
 *   the positions inside x, and the other words are 0). x, y dense NHWC.
 * gather: y REF, x REF, indices REF, outer axisSize inner count: y [outer][count][inner] = x [outer][axisSize][inner] at
 *   indices clamped to [0, axisSize - 1]; dense.
 * scatter: y REF, x REF, positions REF, updates REF, sizes of the lanes (the axis among them, with M), strides of y
 *   (0 at the axis), of positions, of updates along them, then axisSize axisStride (in y), elements of y, reduction
 *   multiplier shift lo hi; x and y dense and of one shape. As the op has it: y starts as x, updates apply in order of
 *   the lanes' row-major index.
 * rank: y REF, x REF, outer size inner count largest: x [outer][size][inner] dense, y [outer][count][inner] i32.
 * random: y REF, seed REF (i32, 4), count, stream.
 */
export const KERNEL = {
  conv: 1,
  convAny: 2,
  matmul: 3,
  map: 4,
  fill: 5,
  reduce: 6,
  pool: 7,
  gather: 8,
  scatter: 9,
  rank: 10,
  random: 11,
} as const;

/**
 * Kinds of `map`, with the operands and the parameter words of each:
 *   copy     a; y has a's dtype
 *   add      a b; multiplierA multiplierB offset shift zero lo hi
 *   mul      a b; zeroA zeroB multiplier shift zero lo hi
 *   rescale  a; zeroX multiplier shift zero lo hi
 *   table    a b: b is the dense table of 256 or 65,536 entries of y's dtype (its strides are 0)
 *   where    a b c: a is the condition; b where it is not 0, c where it is 0
 *   compare  a b; relation lo hi (0 equal, 1 less, 2 less or equal; result 1 or 0)
 *   div      a b; zeroA zeroB multiplier shift zero rounding lo hi
 *   mod      a b; sign
 *   isqrt    a; zeroX lift multiplier shift zero lo hi
 *   bitwise  a b; kind (0 and, 1 or, 2 exclusive or)
 *   shift    a b; direction width signed
 */
export const MAP = {
  copy: 0,
  add: 1,
  mul: 2,
  rescale: 3,
  table: 4,
  where: 5,
  compare: 6,
  div: 7,
  mod: 8,
  isqrt: 9,
  bitwise: 10,
  shift: 11,
} as const;

/** A tensor in the arena: where it starts, in bytes (a multiple of its elements' size and no more), and its bytes. */
export interface ArenaSlot {
  readonly offset: number;
  readonly bytes: number;
}

/** What an engine runs. */
export interface StepProgram {
  /** Steps, one behind the other. */
  readonly words: Int32Array;
  /** Constants that REFs number: the model's own first, then those that planning has computed. Dense, row-major. */
  readonly constants: readonly Tensor[];
  /** Bytes of the arena that one run needs, a multiple of ARENA_UNIT. */
  readonly arenaBytes: number;
  /** Where the program's inputs are to be put before a run, in order. */
  readonly inputs: readonly ArenaSlot[];
  /** Where its outputs lie after it, in order, dense. */
  readonly outputs: readonly ArenaSlot[];
  /** In a plan that keeps them: the output of every op, dense, in order; each stays once its step is done. */
  readonly ops?: readonly ArenaSlot[];
}
