/** Integer arithmetic with the meaning of ONNX types: exact where it fits, wrapped for 8 and 16 bits, refused where it could leave i32. */
import { integerQuantization, type Quantization } from "../../../quantize/scheme.ts";
import { compare, rescale, table } from "../emit/compute.ts";
import { mod } from "../emit/division.ts";
import { broadcast, type Emitter, emit, integerConstant, type Value } from "../emit/emit.ts";
import { gather, where } from "../emit/move.ts";
import { unsupportedForm } from "../errors.ts";
import type { OnnxDtype, OnnxNode } from "../graph.ts";
import { integerStorage, wrapRule } from "../lowering/integers.ts";
import type { Lowering } from "../lowering/lowering.ts";

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
  const { a, b, kind, dtype } = parts;
  const range = resultRange(a.q, b.q, kind);
  const shape = broadcast(a.shape, b.shape);
  const narrow = kind !== "*" || [a, b].every((v) => v.q.lo >= -32_768 && v.q.hi <= 32_767);
  if (range.lo >= I32.lo && range.hi <= I32.hi && narrow) {
    const q = integerQuantization("i32", range);
    const exact =
      kind === "*"
        ? emit(ctx.e, "mul", {
            operands: [a, b].map((v) => in16(ctx.e, v)),
            shape,
            q,
            attrs: [0, 0, 1, 0, 0],
          })
        : emit(ctx.e, "add", { operands: [a, b], shape, q, attrs: [1, kind === "+" ? 1 : -1, 0, 0, 0] });
    return storeInteger(ctx, node, exact, dtype);
  }
  if (dtype === "int32" && kind !== "*") return wrappedSum(ctx.e, a, b, kind === "+" ? 1 : -1);
  if (kind === "*" && wrapRule(dtype)?.modulus === 2 ** 16) return productOf16(ctx, node, { a, b, dtype });
  throw unsupportedForm(node, {
    want: "integers whose result provably fits the 32 bits that hold it (int32 sums and 8- and 16-bit types wrap)",
    got: `${dtype}: [${range.lo}, ${range.hi}]`,
  });
}

/** The same integers in an element type that a product takes. */
function in16(e: Emitter, x: Value): Value {
  return x.q.dtype === "i32" ? rescale(e, x, integerQuantization("i16", x.q)) : x;
}

/** a + sign x b modulo 2^32, for any i32. */
function wrappedSum(e: Emitter, a: Value, b: Value, sign: 1 | -1): Value {
  const shape = broadcast(a.shape, b.shape);
  const all = integerQuantization("i32", I32);
  // How often 2^32 is in it: RNE((2 s + 1) / 2^33) is -1 below -2^31, 1 from 2^31 on, else 0.
  const turns = emit(e, "add", {
    operands: [a, b],
    shape,
    q: integerQuantization("i8", { lo: -1, hi: 1 }),
    attrs: [2, 2 * sign, 1, 33, 0],
  });
  const q20 = integerQuantization("i32", { lo: -(2 ** 20), hi: 2 ** 20 });
  const lifted = emit(e, "rescale", { operands: [turns], shape, q: q20, attrs: [0, 2 ** 20, 0, 0] });
  // Where it wraps both terms are beyond 0 on the same side, so that half of 2^32 taken from each leaves an i32.
  const left = emit(e, "add", { operands: [a, lifted], shape, q: all, attrs: [1, -(2 ** 11), 0, 0, 0] });
  const right = emit(e, "add", {
    operands: [b, lifted],
    shape,
    q: all,
    attrs: [1, -sign * 2 ** 11, 0, 0, 0],
  });
  return emit(e, "add", { operands: [left, right], shape, q: all, attrs: [1, sign, 0, 0, 0] });
}

/**
 * a x b modulo 2^16 for values of 16 bits whose product leaves 32: b in two bytes, a as 16 bits around 0 and a rest that
 * is a power of two.
 */
function productOf16(
  ctx: Lowering,
  node: OnnxNode,
  parts: { readonly a: Value; readonly b: Value; readonly dtype: Exclude<OnnxDtype, "float32"> },
): Value {
  const { e } = ctx;
  const { a, b, dtype } = parts;
  const byte = integerConstant(e, "i32", [], [256]);
  const low = mod(e, b, byte, "divisor");
  const high = emit(e, "add", {
    operands: [b, low],
    shape: b.shape,
    q: integerQuantization("i32", { lo: Math.floor(b.q.lo / 256), hi: Math.floor(b.q.hi / 256) }),
    attrs: [1, -1, 0, 8, 0],
  });
  const upper = mod(e, timesByte(e, a, high), byte, "divisor");
  const lower = timesByte(e, a, low);
  const q = integerQuantization("i32", { lo: lower.q.lo, hi: lower.q.hi + 255 * 256 });
  const sum = emit(e, "add", { operands: [lower, upper], shape: lower.shape, q, attrs: [1, 256, 0, 0, 0] });
  return storeInteger(ctx, node, sum, dtype);
}

/** a x b for a of 16 bits, signed or not, and b of 8: (a - m) x b + m x b with m = 2^15 where a has no sign. */
function timesByte(e: Emitter, a: Value, b: Value): Value {
  const middle = a.q.hi > 32_767 ? 2 ** 15 : 0;
  const around = emit(e, "add", {
    operands: [a, a],
    shape: a.shape,
    q: integerQuantization("i16", { lo: a.q.lo - middle, hi: a.q.hi - middle }),
    attrs: [1, 0, -middle, 0, 0],
  });
  const narrow = rescale(e, b, integerQuantization("i16", b.q));
  const shape = broadcast(a.shape, b.shape);
  const q = integerQuantization("i32", resultRange(around.q, b.q, "*"));
  const product = emit(e, "mul", { operands: [around, narrow], shape, q, attrs: [0, 0, 1, 0, 0] });
  const whole = integerQuantization("i32", resultRange(a.q, b.q, "*"));
  return emit(e, "add", { operands: [product, b], shape, q: whole, attrs: [1, middle, 0, 0, 0] });
}

/**
 * x ^ y for integers: exact where the power fits the type, and at the end of i32 beyond it (ONNX defines no value
 * there). Bases of more than 32 bits are refused: what they hold is not known to fit.
 */
export function integerPower(
  ctx: Lowering,
  node: OnnxNode,
  parts: { readonly x: Value; readonly y: Value; readonly dtype: Exclude<OnnxDtype, "float32"> },
): Value {
  const { e } = ctx;
  const { x, y, dtype } = parts;
  if (dtype === "int64" || dtype === "uint64" || dtype === "uint32" || y.q.scale !== 1) {
    throw unsupportedForm(node, {
      want: "a base of type int32, int16, int8, uint16 or uint8 and an integer exponent",
      got: y.q.scale === 1 ? dtype : "a float exponent",
    });
  }
  const clamped = (v: Value, lo: number, hi: number): Value =>
    rescale(e, v, integerQuantization("i32", { lo: Math.max(lo, v.q.lo), hi: Math.min(hi, v.q.hi) }));
  // 46,341^2, 1,291^3 and 216^4 leave i32, and so does every power beyond 31 of anything but -1, 0 and 1.
  const small = clamped(x, -SMALL_BASE, SMALL_BASE);
  const exponent = parityKept(e, y);
  const size = 2 * SMALL_BASE + 1;
  const entries = Array.from({ length: size * EXPONENTS }, (_, i) =>
    saturatedPower(Math.floor(i / EXPONENTS) - SMALL_BASE, (i % EXPONENTS) + LEAST_EXPONENT),
  );
  const shape = broadcast(x.shape, y.shape);
  const index = emit(e, "add", {
    operands: [small, exponent],
    shape,
    q: integerQuantization("i32", { lo: 0, hi: entries.length - 1 }),
    attrs: [EXPONENTS, 1, SMALL_BASE * EXPONENTS - LEAST_EXPONENT, 0, 0],
  });
  const tabled = gather(e, integerConstant(e, "i32", [entries.length], entries), { indices: index, axis: 0 });
  const all = integerQuantization("i32", I32);
  const squared = squareOf(e, clamped(x, -46_341, 46_341));
  const cubed = table(
    e,
    rescale(e, x, integerQuantization("i16", { lo: Math.max(-1291, x.q.lo), hi: Math.min(1291, x.q.hi) })),
    (v) => saturatedPower(v, 3),
    all,
  );
  const at = (c: number): Value => compare(e, y, "=", integerConstant(e, "i32", [], [c]));
  const chosen = [cubed, squared, rescale(e, x, { ...all })].reduce(
    (result, value, i) => where(e, at(3 - i), { ...value, q: all }, result),
    { ...tabled, q: all },
  );
  return storeInteger(ctx, node, chosen, dtype);
}

/** Largest base that the table of powers has: 216^4 leaves i32. */
const SMALL_BASE = 216;
/** Exponents of the table: -2 to 33, even and odd ones at both ends. */
const LEAST_EXPONENT = -2;
const EXPONENTS = 36;

/** x^2 for |x| up to 46,341, clamped to i32: (h + r)^2 with halves that 16 bits hold. */
function squareOf(e: Emitter, x: Value): Value {
  const half = integerQuantization("i16", { lo: -23_171, hi: 23_171 });
  const h = emit(e, "rescale", { operands: [x], shape: x.shape, q: half, attrs: [0, 1, 1, 0] });
  const r = emit(e, "add", { operands: [x, h], shape: x.shape, q: half, attrs: [1, -1, 0, 0, 0] });
  const most = 23_171 ** 2;
  const product = (a: Value, b: Value): Value =>
    emit(e, "mul", {
      operands: [a, b],
      shape: x.shape,
      q: integerQuantization("i32", { lo: -most, hi: most }),
      attrs: [0, 0, 1, 0, 0],
    });
  const squares = emit(e, "add", {
    operands: [product(h, h), product(r, r)],
    shape: x.shape,
    q: integerQuantization("i32", { lo: 0, hi: 2 * most }),
    attrs: [1, 1, 0, 0, 0],
  });
  const q = integerQuantization("i32", { lo: 0, hi: I32.hi });
  return emit(e, "add", { operands: [squares, product(h, r)], shape: x.shape, q, attrs: [1, 2, 0, 0, 0] });
}

function saturatedPower(base: number, exponent: number): number {
  if (exponent < 0) return base === 0 ? I32.hi : Math.abs(base) === 1 ? base ** -exponent : 0;
  return Math.max(I32.lo, Math.min(I32.hi, base ** exponent));
}

/** y moved into [-2, 33] without changing whether it is even. */
function parityKept(e: Emitter, y: Value): Value {
  const odd = mod(e, y, integerConstant(e, "i32", [], [2]), "divisor");
  const range = integerQuantization("i32", { lo: -2, hi: 33 });
  const end = (from: number): Value =>
    emit(e, "add", { operands: [odd, odd], shape: y.shape, q: range, attrs: [1, 0, from, 0, 0] });
  const limit = (c: number): Value => integerConstant(e, "i32", [], [c]);
  const inside = { ...rescale(e, y, range), q: range };
  return where(
    e,
    compare(e, limit(33), "<", y),
    end(32),
    where(e, compare(e, y, "<", limit(-2)), end(-2), inside),
  );
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
