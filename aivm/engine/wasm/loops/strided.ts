/** Walking tensors in order with several strided operands at once: an odometer, no division. */

/**
 * Calls `visit` for every element of `shape` in row-major order with the matching index of each operand:
 * base + sum of coordinate x stride.
 */
export function walk(
  shape: readonly number[],
  operands: readonly { readonly strides: readonly number[]; readonly base: number }[],
  visit: (element: number, a: number, b: number, c: number) => void,
): void {
  const rank = shape.length;
  const count = shape.reduce((product, size) => product * size, 1);
  const at = new Int32Array(rank);
  const index = [0, 1, 2].map((i) => operands[i]?.base ?? 0);
  for (let element = 0; element < count; element++) {
    visit(element, index[0] ?? 0, index[1] ?? 0, index[2] ?? 0);
    for (let axis = rank - 1; axis >= 0; axis--) {
      const wrapped = (at[axis] ?? 0) + 1 === shape[axis];
      const steps = wrapped ? 1 - (shape[axis] ?? 1) : 1;
      for (const [i, operand] of operands.entries()) {
        index[i] = (index[i] ?? 0) + steps * (operand.strides[axis] ?? 0);
      }
      at[axis] = wrapped ? 0 : (at[axis] ?? 0) + 1;
      if (!wrapped) break;
    }
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
