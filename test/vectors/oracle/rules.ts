/** Rules that several ops share: dtypes and attribute ranges. */
import { larger, MOST_MULTIPLIER, MOST_SHIFT } from "./numbers.ts";
import { at, type Bound, type Call, type DType, operand, rule } from "./types.ts";

/** i8, i16. */
export const NARROW: readonly DType[] = ["i8", "i16"];
/** All dtypes. */
export const ANY: readonly DType[] = ["i8", "i16", "i32"];

/** Requires an operand's dtype. @throws Refusal. */
export function takes(call: Call, index: number, allowed: readonly DType[]): void {
  rule(allowed.includes(operand(call, index).dtype), "AIVM_DTYPE");
}

/** Requires the output's dtype. @throws Refusal. */
export function gives(call: Call, allowed: readonly DType[]): void {
  rule(allowed.includes(call.output.dtype), "AIVM_DTYPE");
}

/** Requires attribute `index` in [lo, hi]. @throws Refusal. */
export function within(call: Call, index: number, range: readonly [bigint, bigint]): void {
  const value = at(call.attrs, index);
  rule(value >= range[0] && value <= range[1], "AIVM_ATTRIBUTE");
}

/** Requires zero points at `indices`. @throws Refusal. */
export function zeros(call: Call, ...indices: readonly number[]): void {
  for (const index of indices) within(call, index, [-32768n, 32767n]);
}

/** Requires multiplier, shift and zero from attribute `first` on. @throws Refusal. */
export function requantAttrs(call: Call, first: number): void {
  within(call, first, [0n, MOST_MULTIPLIER]);
  within(call, first + 1, [0n, MOST_SHIFT]);
  zeros(call, first + 2);
}

/** multiplier, shift and zero of the attributes from `first` on. */
export function requantOf(
  call: Call,
  first: number,
): { readonly multiplier: bigint; readonly shift: bigint; readonly zero: bigint } {
  return {
    multiplier: at(call.attrs, first),
    shift: at(call.attrs, first + 1),
    zero: at(call.attrs, first + 2),
  };
}

/** Requires multiplier, shift (of a division) and zero from attribute `first` on. @throws Refusal. */
export function divisionAttrs(call: Call, first: number): void {
  within(call, first, [0n, MOST_MULTIPLIER]);
  within(call, first + 1, [-52n, MOST_SHIFT]);
  zeros(call, first + 2);
}

/** Bound of a division whose multiplier and shift are attributes from `first` on. */
export function divisionBound(
  call: Call,
  first: number,
  of: { readonly dividend: bigint; readonly divisor: bigint },
): Bound {
  const [multiplier, shift] = [at(call.attrs, first), at(call.attrs, first + 1)];
  const n = 2n * of.dividend * multiplier * (shift < 0n ? 1n << -shift : 1n);
  const d = of.divisor * (shift > 0n ? 1n << shift : 1n);
  return { a: larger(of.dividend, of.divisor), p: larger(n, d) };
}
