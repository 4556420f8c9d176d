/** Random nests: how operands lie along common axes, and their elements, with strides of every kind. */
import { RANK } from "../../../../../aivm/engine/plan/format.ts";
import { createData, DTYPE_RANGE, type DType, type TensorData } from "../../../../../aivm/tensor/tensor.ts";
import type { Random } from "../../../support/random.ts";

/** How one operand is met along the axes. */
export interface Layout {
  /** Elements to jump, an axis each. */
  readonly strides: readonly number[];
  readonly first: number;
  /** Elements that its buffer needs. */
  readonly elements: number;
}

/** Up to six sizes, one of them now and then longer than the buffers of the kernels. */
export function randomSizes(random: Random, most = 2_000): number[] {
  const sizes = Array.from({ length: random.int(1, RANK) }, () => random.pick([1, 2, 3, 4, 5, 8, 9, 17]));
  if (random.int(0, 3) === 0) sizes[random.int(0, sizes.length - 1)] = random.int(20, 1_200);
  while (sizes.reduce((a, b) => a * b, 1) > most && sizes.length > 1) sizes.pop();
  return sizes;
}

/** Sizes or strides of fewer axes as words about RANK of them. */
export function padded(values: readonly number[], unused: number): number[] {
  return [...new Array<number>(RANK - values.length).fill(unused), ...values];
}

/** Dense along the axes in some order, or with gaps, reversed, broadcast; `own`: no two elements coincide. */
export function randomLayout(random: Random, sizes: readonly number[], own: boolean): Layout {
  const order = random.int(0, 1) === 0 ? sizes.map((_, axis) => axis) : shuffledAxes(random, sizes.length);
  const strides = new Array<number>(sizes.length).fill(0);
  let stride = random.pick([1, 1, 1, 2]);
  for (const axis of order.toReversed()) {
    if (!own && random.int(0, 3) === 0) continue;
    strides[axis] = stride;
    stride *= sizes[axis] ?? 1;
  }
  const reversed = strides.map((value) => (random.int(0, 7) === 0 ? -value : value));
  const reach = (value: number, axis: number): number => ((sizes[axis] ?? 1) - 1) * value;
  const first = reversed.reduce((sum, value, axis) => sum + (value < 0 ? -reach(value, axis) : 0), 0);
  const elements = strides.reduce((sum, value, axis) => sum + reach(value, axis), 1);
  return { strides: reversed, first, elements };
}

function shuffledAxes(random: Random, count: number): number[] {
  const left = Array.from({ length: count }, (_, axis) => axis);
  return Array.from({ length: count }, () => left.splice(random.int(0, left.length - 1), 1)[0] ?? 0);
}

/** Elements of a dtype, many at the ends of [lo, hi] and about 0. */
export function randomData(
  random: Random,
  dtype: DType,
  count: number,
  { lo, hi }: { readonly lo: number; readonly hi: number } = DTYPE_RANGE[dtype],
): TensorData {
  const data = createData(dtype, count);
  const menu = [lo, hi, lo + 1, hi - 1, 0, 1, -1].filter((value) => value >= lo && value <= hi);
  for (let i = 0; i < count; i++) data[i] = random.int(0, 1) === 0 ? random.pick(menu) : random.int(lo, hi);
  return data;
}

/** Calls `visit` with the element of each layout, for every coordinate of the sizes. */
export function eachElement(
  sizes: readonly number[],
  layouts: readonly Layout[],
  visit: (elements: readonly number[]) => void,
): void {
  const total = sizes.reduce((a, b) => a * b, 1);
  for (let element = 0; element < total; element++) {
    const at = layouts.map((layout) => layout.first);
    let rest = element;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      const coordinate = rest % (sizes[axis] ?? 1);
      rest = (rest - coordinate) / (sizes[axis] ?? 1);
      for (const [i, layout] of layouts.entries())
        at[i] = (at[i] ?? 0) + coordinate * (layout.strides[axis] ?? 0);
    }
    visit(at);
  }
}
