/** A program of one op, judged by docs/spec/program.md: its output and gas, or the code of the rule that it breaks. */
import { clampTo, rangeOf, widthOf } from "./numbers.ts";
import { ORACLE_OPS } from "./ops.ts";
import { same, sizeOf } from "./shapes.ts";
import { heightOf } from "./trees.ts";
import { type Call, type OracleOp, type Reads, Refusal, rule, type Tensor } from "./types.ts";

/** What becomes of a call. */
export type Judgement =
  | { readonly data: readonly bigint[]; readonly gas: bigint }
  | { readonly error: string };

/** Judges one op whose operands are the inputs and constants of a program of its own. */
export function judge(name: string, call: Call): Judgement {
  const op = ORACLE_OPS[name];
  if (op === undefined) throw new RangeError(`no oracle for ${name}`);
  try {
    return run(op, call);
  } catch (error) {
    if (error instanceof Refusal) return { error: error.code };
    throw error;
  }
}

/** Output of a valid call, the last clamp included. */
export function valuesOf(name: string, call: Call): bigint[] {
  const op = ORACLE_OPS[name];
  if (op === undefined) throw new RangeError(`no oracle for ${name}`);
  return op.evaluate(call).map((v) => clampTo(v, call.output.lo, call.output.hi));
}

/** Gas of a whole call. */
export function gasOf(name: string, call: Call): bigint {
  const op = ORACLE_OPS[name];
  if (op === undefined) throw new RangeError(`no oracle for ${name}`);
  return BigInt(sizeOf(call.output.shape)) * op.gas(call);
}

function run(op: OracleOp, call: Call): Judgement {
  for (const type of call.operands) checkType(type);
  checkCounts(op, call);
  checkType(call.output);
  rule(same(op.shape(call), call.output.shape), "AIVM_SHAPE");
  const [low, high] = op.passes?.(call) ?? [call.output.lo, call.output.hi];
  rule(low >= call.output.lo && high <= call.output.hi, "AIVM_RANGE");
  rule(operandLimit(op, call) <= 16384 && witnessBound(op, call) <= 49152, "AIVM_WITNESS_SIZE");
  for (const type of call.operands) if (type.constant) checkValues(type);
  const bound = op.bound?.(call);
  if (bound !== undefined) rule(bound.a < 1n << 42n && bound.p <= 1n << 53n, "AIVM_BOUND");
  const gas = BigInt(sizeOf(call.output.shape)) * op.gas(call);
  rule(gas <= 1n << 50n, "AIVM_LIMIT");
  const data = op.evaluate(call).map((v) => clampTo(v, call.output.lo, call.output.hi));
  return { data, gas };
}

function checkType({ dtype, shape, lo, hi }: Tensor): void {
  rule(shape.length <= 6, "AIVM_LIMIT");
  rule(
    shape.every((size) => size >= 1),
    "AIVM_SHAPE",
  );
  rule(sizeOf(shape) <= 2 ** 28, "AIVM_LIMIT");
  const [least, most] = rangeOf(dtype);
  rule(lo <= hi && lo >= least && hi <= most, "AIVM_RANGE");
}

function checkCounts(op: OracleOp, { operands, attrs }: Call): void {
  rule(operands.length <= 256 && attrs.length <= 64, "AIVM_LIMIT");
  rule(op.operands === 0 ? operands.length >= 1 : operands.length === op.operands, "AIVM_OPERANDS");
  rule(op.attributes < 0 || attrs.length === op.attributes, "AIVM_ATTRIBUTE");
  const [least, most] = rangeOf("i32");
  rule(
    attrs.every((value) => value >= least && value <= most),
    "AIVM_ATTRIBUTE",
  );
}

function checkValues({ data = [], shape, lo, hi }: Tensor): void {
  rule(data.length === sizeOf(shape), "AIVM_SHAPE");
  rule(
    data.every((v) => v >= lo && v <= hi),
    "AIVM_RANGE",
  );
}

/** Elements that one element reads of the operand of which it reads most. */
function operandLimit(op: OracleOp, call: Call): number {
  const counts = op.reads(call).map((reads) => (reads === undefined ? 0 : (reads[3] ?? reads[0] * reads[1])));
  return Math.max(...counts);
}

/** Bound of the bytes of one element's witness. */
function witnessBound(op: OracleOp, call: Call): number {
  const constants = call.operands.filter((type) => type.constant).length;
  const inputs = call.operands.length - constants;
  const reads = op.reads(call);
  return call.operands.reduce((sum, type, i) => {
    const height = heightOf(type.constant ? constants : inputs + 1);
    return sum + openingBound(type, reads[i], height);
  }, 0);
}

function openingBound(type: Tensor, reads: Reads, path: number): number {
  if (reads === undefined) return 32;
  const [runs, length, stride] = reads;
  const span = (n: number): number => Math.floor((n - 1 + 255) / 256) + 1;
  const total = Math.ceil(sizeOf(type.shape) / 256);
  const apart = runs * span(length);
  const together = stride === 0 ? apart : span((runs - 1) * stride + length);
  const chunks = Math.min(apart, together, total);
  const h = heightOf(total);
  const siblings = Math.min(Math.min(runs, chunks) * (length === 1 ? h : 2 * h), 2 ** h - 1);
  return 32 + chunks * (256 * widthOf(type.dtype) + 5) + 32 * siblings + 32 * path;
}
