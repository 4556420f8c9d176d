/** Rows of arrays from outside files. */
import type { NpyArray } from "../../../cli/model/npy.ts";

/** Row `index` along the first axis. */
export function rowOf(array: NpyArray, index: number): Pick<NpyArray, "shape" | "data"> {
  const shape = array.shape.slice(1);
  const length = shape.reduce((a, b) => a * b, 1);
  return { shape, data: array.data.slice(index * length, (index + 1) * length) };
}
