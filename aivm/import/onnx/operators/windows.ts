/** Sliding windows of any rank: the padding rules of ONNX, and windows written out as index maps. */
import { elementCount, stridesOf } from "../../../tensor/shape.ts";
import { unsupportedForm } from "../errors.ts";
import { intsAttribute, type OnnxNode, stringAttribute } from "../graph.ts";

/** A window per spatial axis; all arrays have one entry per spatial axis. */
export interface Windows {
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Elements before the first; those behind the last follow from the output's size. */
  readonly before: readonly number[];
}

/** Windows of Conv and the pools: attributes strides, dilations, pads and auto_pad (ONNX operator specification). */
export function windowsOf(
  node: OnnxNode,
  sizes: {
    readonly input: readonly number[];
    readonly output: readonly number[];
    readonly kernel: readonly number[];
  },
): Windows {
  const rank = sizes.kernel.length;
  const ones = new Array<number>(rank).fill(1);
  const strides = intsAttribute(node, "strides") ?? ones;
  const dilations = intsAttribute(node, "dilations") ?? ones;
  const pads = intsAttribute(node, "pads");
  const auto = stringAttribute(node, "auto_pad", "NOTSET");
  if (pads?.some((p) => p < 0) === true)
    throw unsupportedForm(node, { want: "pads of 0 or more", got: `[${pads.join(",")}]` });
  const before = sizes.kernel.map((kernel, i) => {
    if (auto === "NOTSET") return pads?.[i] ?? 0;
    if (auto === "VALID") return 0;
    const span = (kernel - 1) * (dilations[i] ?? 1) + 1;
    const total = Math.max(
      0,
      ((sizes.output[i] ?? 1) - 1) * (strides[i] ?? 1) + span - (sizes.input[i] ?? 1),
    );
    return auto === "SAME_UPPER" ? Math.floor(total / 2) : Math.ceil(total / 2);
  });
  return { ...sizes, strides, dilations, before };
}

/** Elements needed behind the last one so that exactly `output` windows fit. */
export function paddingAfter(w: Windows): number[] {
  return w.output.map((size, i) => {
    const span = ((w.kernel[i] ?? 1) - 1) * (w.dilations[i] ?? 1) + 1;
    return Math.max(0, (size - 1) * (w.strides[i] ?? 1) + span - (w.input[i] ?? 1) - (w.before[i] ?? 0));
  });
}

/**
 * For each output position (row-major) and each kernel position (row-major): the index of the input position
 * (row-major over `input`), or -1 where it is padding. Length: product of output x product of kernel.
 */
export function windowMap(w: Windows): Int32Array {
  return positionMap(
    w,
    (axis, out, tap) => out * (w.strides[axis] ?? 1) - (w.before[axis] ?? 0) + tap * (w.dilations[axis] ?? 1),
  );
}

/** The same for a transposed convolution: which input position reaches an output position through a kernel position. */
export function transposedMap(w: Windows): Int32Array {
  return positionMap(w, (axis, out, tap) => {
    const scaled = out + (w.before[axis] ?? 0) - tap * (w.dilations[axis] ?? 1);
    const stride = w.strides[axis] ?? 1;
    return scaled % stride === 0 ? scaled / stride : -1;
  });
}

function positionMap(w: Windows, source: (axis: number, out: number, tap: number) => number): Int32Array {
  const outStrides = stridesOf(w.output);
  const kernelStrides = stridesOf(w.kernel);
  const inStrides = stridesOf(w.input);
  const positions = elementCount(w.output);
  const taps = elementCount(w.kernel);
  const map = new Int32Array(positions * taps);
  for (let p = 0; p < positions; p++) {
    for (let t = 0; t < taps; t++) {
      let index = 0;
      for (let axis = 0; axis < w.input.length && index >= 0; axis++) {
        const out = Math.floor(p / (outStrides[axis] ?? 1)) % (w.output[axis] ?? 1);
        const tap = Math.floor(t / (kernelStrides[axis] ?? 1)) % (w.kernel[axis] ?? 1);
        const at = source(axis, out, tap);
        index = at < 0 || at >= (w.input[axis] ?? 1) ? -1 : index + at * (inStrides[axis] ?? 1);
      }
      map[p * taps + t] = index;
    }
  }
  return map;
}
