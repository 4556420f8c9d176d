/** Walking tensors in order with several strided operands at once: an odometer, no division. */

/** How an operand is read along a shape: base + sum of coordinate x stride. */
export interface Strided {
  readonly strides: readonly number[];
  readonly base: number;
}

/** Told the output element and the matching index of up to three operands. */
export type Visit = (element: number, a: number, b: number, c: number) => void;

/** Calls `visit` for every element of `shape` in row-major order: the last axis in a plain loop, the others by odometer. */
export function walk(shape: readonly number[], operands: readonly Strided[], visit: Visit): void {
  const last = shape.length - 1;
  const inner = shape[last] ?? 1;
  const [stepA = 0, stepB = 0, stepC = 0] = operands.map((operand) => operand.strides[last] ?? 0);
  const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const at = new Int32Array(shape.length);
  const start = [0, 1, 2].map((i) => operands[i]?.base ?? 0);
  let element = 0;
  for (let row = 0; row < rows; row++) {
    let [a = 0, b = 0, c = 0] = start;
    for (let i = 0; i < inner; i++) {
      visit(element++, a, b, c);
      a += stepA;
      b += stepB;
      c += stepC;
    }
    nextRow(shape, { at, start }, operands);
  }
}

/** Moves coordinates and operand positions to the next row. */
function nextRow(
  shape: readonly number[],
  position: { readonly at: Int32Array; readonly start: number[] },
  operands: readonly Strided[],
): void {
  const { at, start } = position;
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    const size = shape[axis] ?? 1;
    const wrapped = (at[axis] ?? 0) + 1 === size;
    const steps = wrapped ? 1 - size : 1;
    for (let i = 0; i < operands.length; i++) {
      start[i] = (start[i] ?? 0) + steps * (operands[i]?.strides[axis] ?? 0);
    }
    at[axis] = wrapped ? 0 : (at[axis] ?? 0) + 1;
    if (!wrapped) return;
  }
}

/** Row-major strides of `shape`, aligned right under `rank` axes, 0 where the size is 1. */
export function alignedStrides(shape: readonly number[], rank: number): number[] {
  const strides = new Array<number>(rank).fill(0);
  let stride = 1;
  for (let i = 1; i <= shape.length; i++) {
    const size = shape[shape.length - i] ?? 1;
    if (size !== 1) strides[rank - i] = stride;
    stride *= size;
  }
  return strides;
}
