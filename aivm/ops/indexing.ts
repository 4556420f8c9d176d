/** Index maps shared by the ops that only choose which element to read. */

/**
 * Element index in an operand of output element `element`: `base` + sum of coordinate x stride over `shape`.
 * Strides may be 0 (broadcast) or negative (reversed slice).
 */
export function mapIndex(
  element: number,
  map: { readonly shape: readonly number[]; readonly strides: readonly number[]; readonly base: number },
): number {
  let rest = element;
  let index = map.base;
  for (let axis = map.shape.length - 1; axis >= 0; axis--) {
    const size = map.shape[axis] ?? 1;
    const at = rest % size;
    index += at * (map.strides[axis] ?? 0);
    rest = (rest - at) / size;
  }
  return index;
}
