/** Integer arithmetic with the meaning of ONNX types: exact where it fits, wrapped for 8 and 16 bits, refused where it could leave i32. */
import { integerQuantization, type Quantization } from "../../quantize/scheme.ts";
import { broadcast, compare, emit, integerConstant, rescale, type Value, where } from "./emit.ts";
import { unsupportedForm } from "./errors.ts";
import type { OnnxDtype, OnnxNode } from "./graph.ts";
import { integerStorage, wrapRule } from "./integers.ts";
import type { Lowering } from "./lowering.ts";

const I32 = { lo: -2147483648, hi: 2147483647 };

/** a + b or a - b or a x b as an ONNX integer type. */
export function integerArithmetic(
  ctx: Lowering,
  node: OnnxNode,
  parts: {
    readonly a: Value;
    readonly b: Value;
    readonly kind: "+" | "-" | "*";
    readonly dtype: Exclude<OnnxDtype, "float32">;
  },
): Value {
  const { a, b, kind } = parts;
  const range = resultRange(a.q, b.q, kind);
  if (
    range.lo < I32.lo ||
    range.hi > I32.hi ||
    (kind === "*" && (a.q.dtype === "i32" || b.q.dtype === "i32"))
  ) {
    throw unsupportedForm(node, {
      want: "operands whose result provably fits 32 bits",
      got: `${parts.dtype}: [${range.lo}, ${range.hi}]`,
    });
  }
  const q = integerQuantization("i32", range);
  const shape = broadcast(a.shape, b.shape);
  const exact =
    kind === "*"
      ? emit(ctx.e, "mul", { operands: [a, b], shape, q, attrs: [0, 0, 1, 0, 0] })
      : emit(ctx.e, "add", { operands: [a, b], shape, q, attrs: [1, kind === "+" ? 1 : -1, 0, 0, 0] });
  return storeInteger(ctx, node, exact, parts.dtype);
}

function resultRange(
  a: Quantization,
  b: Quantization,
  kind: "+" | "-" | "*",
): { readonly lo: number; readonly hi: number } {
  if (kind === "+") return { lo: a.lo + b.lo, hi: a.hi + b.hi };
  if (kind === "-") return { lo: a.lo - b.hi, hi: a.hi - b.lo };
  const products = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi];
  return { lo: Math.min(...products), hi: Math.max(...products) };
}

/** An integer value as another ONNX integer type: unchanged where it fits, wrapped for 8 and 16 bits. */
export function storeInteger(
  ctx: Lowering,
  node: OnnxNode,
  x: Value,
  dtype: Exclude<OnnxDtype, "float32">,
): Value {
  const { e } = ctx;
  const target = integerStorage(dtype);
  if (x.q.lo >= target.lo && x.q.hi <= target.hi) return rescale(e, x, { ...target, lo: x.q.lo, hi: x.q.hi });
  const rule = wrapRule(dtype);
  if (rule === undefined) {
    throw unsupportedForm(node, {
      want: `values that provably fit ${dtype} as stored`,
      got: `[${x.q.lo}, ${x.q.hi}]`,
    });
  }
  // x - modulus x RNE(x / modulus) is in [-modulus/2, modulus/2]; the end that is out of the type moves by a modulus.
  const { modulus } = rule;
  const half = modulus / 2;
  const turns = integerQuantization("i32", {
    lo: Math.floor(x.q.lo / modulus) - 1,
    hi: Math.ceil(x.q.hi / modulus) + 1,
  });
  const count = emit(e, "rescale", {
    operands: [x],
    shape: x.shape,
    q: turns,
    attrs: [0, 1, Math.log2(modulus), 0],
  });
  const near = integerQuantization("i32", { lo: -half, hi: half });
  const rest = emit(e, "add", {
    operands: [x, count],
    shape: x.shape,
    q: near,
    attrs: [1, -modulus, 0, 0, 0],
  });
  const signed = rule.lo < 0;
  const edge = integerConstant(e, "i32", [], [signed ? half - 1 : 0]);
  const outside = signed ? compare(e, edge, "<", rest) : compare(e, rest, "<", edge);
  const moved = emit(e, "add", {
    operands: [rest, rest],
    shape: rest.shape,
    q: integerQuantization("i32", { lo: -half - modulus, hi: half + modulus }),
    attrs: [1, 0, signed ? -modulus : modulus, 0, 0],
  });
  return rescale(e, where(e, outside, moved, rest), target);
}
