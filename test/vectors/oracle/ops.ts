/** Every op of the specification by its name. */
import { bitwise, random, shift } from "./bits.ts";
import { div, isqrt, mod } from "./division.ts";
import { add, compare, mul, rescale, table, where } from "./elementwise.ts";
import { concat, expand, gather, pad, reshape, slice, transpose } from "./movement.ts";
import { conv2d, linear, matmul, matmulDiv } from "./products.ts";
import { argmax, avgPool2d, maxPool2d, maxReduce, sumReduce } from "./reductions.ts";
import { rank, scatter } from "./selection.ts";
import type { OracleOp } from "./types.ts";

/** The ops, in order of their opcodes. */
export const ORACLE_OPS: Readonly<Record<string, OracleOp>> = {
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
};
