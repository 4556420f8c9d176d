/** A random program while it grows: its values, and how steps pick and adapt them. */
import {
  DTYPE_RANGE,
  type DType,
  elementCount,
  type TensorType,
  tensorOf,
  tensorType,
} from "../../../../aivm/index.ts";
import { type Random, randomTensor } from "../../support/random.ts";
import type { ProgramBuilder, Value } from "./builder.ts";
import { factorsFor } from "./requants.ts";

/** What steps work on. */
export interface Draft {
  readonly random: Random;
  readonly builder: ProgramBuilder;
  readonly values: Value[];
}

export const SMALL: readonly DType[] = ["i8", "i16"];
export const ALL: readonly DType[] = ["i8", "i16", "i32"];

/** Values that a step may start from: recent ones more often, large ones never. */
export function pickValue({ random, values }: Draft): Value {
  const recent = values.slice(random.int(0, 1) === 0 ? -3 : 0);
  return random.pick(recent);
}

/** The value, brought to i8 or i16 where it is neither. */
export function small(draft: Draft, x: Value): Value {
  return x.type.dtype === "i32" ? rescaled(draft, x, draft.random.pick(SMALL)) : x;
}

/** The value in another dtype, scaled so that it fills it. */
export function rescaled({ random, builder }: Draft, x: Value, dtype: DType): Value {
  const zeroX = random.pick([0, x.type.dtype === "i8" ? random.int(-128, 127) : random.int(-3, 3)]);
  return requantized({ random, builder }, { name: "rescale", operands: [x], attrs: [zeroX], dtype });
}

/** An op whose last attributes are multiplier, shift and zero. */
export function requantized(
  { random, builder }: Pick<Draft, "random" | "builder">,
  given: {
    readonly name: string;
    readonly operands: readonly Value[];
    readonly attrs: readonly number[];
    readonly dtype: DType;
  },
): Value {
  const accumulator = builder.accumulator({ ...given, attrs: [...given.attrs, 1, 0, 0] });
  const { multiplier, shift, zero } = factorsFor(random, accumulator, given.dtype);
  const attrs = [...given.attrs, multiplier, shift, zero];
  return builder.op({ ...given, attrs, range: rangeOf(random, given.dtype) });
}

/** The dtype's range, or a narrower one: what a fused activation is. */
export function rangeOf(random: Random, dtype: DType): { readonly lo: number; readonly hi: number } {
  const { lo, hi } = DTYPE_RANGE[dtype];
  return random.pick([
    { lo, hi },
    { lo, hi },
    { lo: 0, hi },
    { lo: random.int(-100, 0), hi: random.int(1, 127) },
  ]);
}

/** A constant of extreme values. */
export function weights({ random, builder }: Draft, type: TensorType): Value {
  return builder.constant(randomTensor(random, type), type);
}

/** A constant of given values. */
export function numbers(
  { builder }: Draft,
  dtype: DType,
  shape: readonly number[],
  values: readonly number[],
): Value {
  return builder.constant(tensorOf(dtype, shape, values));
}

/** An operand to go with x: a value or a constant whose shape broadcasts to it, of one of the dtypes. */
export function partner(draft: Draft, x: Value, dtypes: readonly DType[]): Value {
  const { random, values } = draft;
  const fits = values.filter(
    (v) => dtypes.includes(v.type.dtype) && broadcastsTo(v.type.shape, x.type.shape),
  );
  const same = fits.filter((v) => elementCount(v.type.shape) === elementCount(x.type.shape));
  if (same.length > 0 && random.int(0, 2) > 0) return random.pick(same);
  if (fits.length > 0 && random.int(0, 1) === 0) return random.pick(fits);
  const thin = x.type.shape.map((size) => (random.int(0, 1) === 0 ? 1 : size)).slice(random.int(0, 1));
  return weights(draft, tensorType(random.pick(dtypes), random.pick([thin, [...x.type.shape]])));
}

function broadcastsTo(from: readonly number[], to: readonly number[]): boolean {
  if (from.length > to.length) return false;
  return from.every((size, i) => size === 1 || size === to[to.length - from.length + i]);
}

/** The value as [N,H,W,C], split anew where its rank is another. */
export function asImage(draft: Draft, x: Value): Value {
  const { shape } = x.type;
  if (shape.length === 4) return x;
  const channels = shape.at(-1) ?? 1;
  const rest = elementCount(shape) / channels;
  const width = divisorNear(rest, Math.ceil(Math.sqrt(rest)));
  return reshaped(draft, x, [1, rest / width, width, channels]);
}

/** The value as [rows, length]. */
export function asRows(draft: Draft, x: Value): Value {
  const length = x.type.shape.at(-1) ?? 1;
  return reshaped(draft, x, [elementCount(x.type.shape) / length, length]);
}

/** The value in another shape of as many elements. */
export function reshaped({ builder }: Pick<Draft, "builder">, x: Value, shape: readonly number[]): Value {
  return builder.op({ name: "reshape", operands: [x], attrs: [], dtype: x.type.dtype, shape });
}

/** The largest divisor of n that is at most `most`. */
export function divisorNear(n: number, most: number): number {
  let divisor = Math.max(1, Math.min(n, most));
  while (n % divisor !== 0) divisor--;
  return divisor;
}
