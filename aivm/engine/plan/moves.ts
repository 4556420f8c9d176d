/** Steps of the ops that move elements: mostly none, another view is enough. */
import type { OpNode } from "../../ops/op.ts";
import { stridesOf } from "../../tensor/shape.ts";
import { addMap, addStep, type Draft, dense, isParallel, newBuffer, newDense } from "./draft.ts";
import { KERNEL, MAP } from "./format.ts";
import { layoutOf } from "./maps.ts";
import { nestOver } from "./nest.ts";
import { broadcastTo, orderedView, reshaped, sliced, transposed, type View, viewElements } from "./view.ts";

/** The same elements under another shape. */
export function lowerReshape(draft: Draft, node: OpNode, x: View): View {
  const { shape } = node.descriptor.output;
  const view = reshaped(x, shape);
  return view ?? { ...dense(draft, x), shape, strides: stridesOf(shape) };
}

/** Axes permuted. */
export function lowerTranspose(node: OpNode, x: View): View {
  return transposed(x, node.descriptor.attrs);
}

/** A part. */
export function lowerSlice(node: OpNode, x: View): View {
  const { attrs, output } = node.descriptor;
  const rank = x.shape.length;
  return sliced(x, { starts: attrs.slice(0, rank), steps: attrs.slice(rank), shape: output.shape });
}

/** Repeated. */
export function lowerExpand(node: OpNode, x: View): View {
  return broadcastTo(x, node.descriptor.output.shape);
}

/** One behind the other: each operand is copied into its part of the output. */
export function lowerConcat(draft: Draft, node: OpNode, operands: readonly View[]): View {
  const { shape, dtype } = node.descriptor.output;
  const axis = node.descriptor.attrs[0] ?? 0;
  const [first] = operands;
  const alike = first === undefined ? [] : [{ ...first, shape }];
  const y = orderedView(newBuffer(draft, { dtype, shape }), {
    dtype,
    shape,
    order: layoutOf(draft, shape, alike),
  });
  let at = 0;
  for (const operand of operands) {
    const starts = shape.map((_, i) => (i === axis ? at : 0));
    const part = sliced(y, { starts, steps: shape.map(() => 1), shape: operand.shape });
    addMap(draft, { kind: MAP.copy, y: part, operands: [operand] });
    at += operand.shape[axis] ?? 1;
  }
  return y;
}

/** Surrounded by a value: the whole filled, then the middle copied. */
export function lowerPad(draft: Draft, node: OpNode, x: View): View {
  const { output, attrs } = node.descriptor;
  const y = newDense(draft, output);
  const nest = nestOver([y]);
  addStep(draft, {
    kernel: KERNEL.fill,
    words: [y, ...nest.sizes, ...(nest.strides[0] ?? []), attrs.at(-1) ?? 0],
    parallel: isParallel(draft, viewElements(y)),
  });
  const starts = attrs.slice(0, x.shape.length);
  const part = sliced(y, { starts, steps: x.shape.map(() => 1), shape: x.shape });
  addMap(draft, { kind: MAP.copy, y: part, operands: [x] });
  return y;
}
