/** Loop nests over several views at once: axes dropped, sorted and joined, so that kernels meet few and long loops. */
import { RANK } from "./format.ts";
import type { View } from "./view.ts";

/** Sizes of the axes, outermost first, and for each view its strides along them; RANK of each. */
export interface Nest {
  readonly sizes: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/** An innermost axis shorter than this costs more in starting rows than strided access to a longer one does. */
const SHORT_ROW = 8;

/**
 * Nest over views of one shape. The first one leads: its smallest stride becomes the innermost axis. With `longRows` a
 * very short innermost axis changes places with the longest one.
 */
export function nestOver(views: readonly View[], longRows = false): Nest {
  const [lead] = views;
  const shape = lead?.shape ?? [];
  const axes = shape.map((_, axis) => axis).filter((axis) => shape[axis] !== 1);
  const strideAt = (view: View | undefined, axis: number): number => view?.strides[axis] ?? 0;
  axes.sort((a, b) => Math.abs(strideAt(lead, b)) - Math.abs(strideAt(lead, a)) || a - b);
  const sizes: number[] = [];
  const strides: number[][] = views.map(() => []);
  for (const axis of axes) {
    const size = shape[axis] ?? 1;
    const joins =
      sizes.length > 0 && views.every((view, i) => strides[i]?.at(-1) === strideAt(view, axis) * size);
    if (joins) sizes[sizes.length - 1] = (sizes.at(-1) ?? 1) * size;
    else sizes.push(size);
    for (const [i, view] of views.entries()) {
      const list = strides[i] ?? [];
      if (joins) list[list.length - 1] = strideAt(view, axis);
      else list.push(strideAt(view, axis));
    }
  }
  if (longRows) lengthenRows(sizes, strides);
  return { sizes: padded(sizes, 1), strides: strides.map((list) => padded(list, 0)) };
}

function lengthenRows(sizes: number[], strides: readonly number[][]): void {
  const last = sizes.length - 1;
  const longest = sizes.indexOf(Math.max(...sizes));
  const [short = 1, long = 1] = [sizes[last], sizes[longest]];
  if (short >= SHORT_ROW || long < 2 * SHORT_ROW) return;
  for (const list of [sizes, ...strides]) {
    [list[last], list[longest]] = [list[longest] ?? 1, list[last] ?? 1];
  }
}

function padded(values: readonly number[], by: number): number[] {
  return [...new Array<number>(RANK - values.length).fill(by), ...values];
}
