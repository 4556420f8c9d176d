/** Operators of ONNX on doubles, written for tests alone: what a quantised graph means before its integers are rounded. */
import { intAttribute, intsAttribute, type OnnxNode } from "../../../aivm/import/onnx/graph.ts";

/** A tensor of real numbers, row-major. */
export interface RealTensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** One operator on doubles. */
type RealOp = (node: OnnxNode, inputs: readonly RealTensor[]) => RealTensor;

const OPS: ReadonlyMap<string, RealOp> = new Map<string, RealOp>([
  ["Conv", conv],
  ["Gemm", gemm],
  ["MatMul", matmul],
  ["Add", (_, [a, b]) => broadcastPair(a, b, (x, y) => x + y)],
  ["Sub", (_, [a, b]) => broadcastPair(a, b, (x, y) => x - y)],
  ["Mul", (_, [a, b]) => broadcastPair(a, b, (x, y) => x * y)],
  ["Relu", (_, [x]) => map(x, (v) => Math.max(v, 0))],
  [
    "Clip",
    (_, [x, lo, hi]) => map(x, (v) => Math.min(Math.max(v, first(lo, -Infinity)), first(hi, Infinity))),
  ],
  ["Sigmoid", (_, [x]) => map(x, (v) => 1 / (1 + Math.exp(-v)))],
  ["Tanh", (_, [x]) => map(x, Math.tanh)],
  ["LeakyRelu", (node, [x]) => map(x, (v) => (v >= 0 ? v : floatOf(node, "alpha", 0.01) * v))],
  ["Identity", (_, [x]) => given(x)],
  ["Reshape", (_, [x, shape]) => reshaped(given(x), Array.from(given(shape).data))],
  ["Transpose", transpose],
  ["Concat", concat],
  ["Softmax", softmax],
  ["MaxPool", (node, [x]) => pool(node, given(x), (values) => values.reduce((a, b) => Math.max(a, b)))],
  ["AveragePool", (node, [x]) => pool(node, given(x), mean)],
  ["GlobalAveragePool", (_, [x]) => globalPool(given(x))],
]);

/** The value of a node. @throws RangeError for an operator that this does not know. */
export function realValue(node: OnnxNode, inputs: readonly RealTensor[]): RealTensor {
  const op = OPS.get(node.opType);
  if (op === undefined) throw new RangeError(`no exact form of ${node.opType}`);
  return op(node, inputs);
}

function given(x: RealTensor | undefined): RealTensor {
  if (x === undefined) throw new RangeError("an input is missing");
  return x;
}

function floatOf(node: OnnxNode, name: string, fallback: number): number {
  const attribute = node.attributes.get(name);
  return attribute?.kind === "float" ? attribute.value : fallback;
}

function first(x: RealTensor | undefined, fallback: number): number {
  return x?.data[0] ?? fallback;
}

function map(x: RealTensor | undefined, f: (v: number) => number): RealTensor {
  return { shape: given(x).shape, data: given(x).data.map(f) };
}

function size(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

function reshaped(x: RealTensor, wanted: readonly number[]): RealTensor {
  const kept = wanted.map((s, i) => (s === 0 ? (x.shape[i] ?? 1) : s));
  const known = kept.filter((s) => s > 0).reduce((a, b) => a * b, 1);
  return { shape: kept.map((s) => (s === -1 ? x.data.length / known : s)), data: x.data };
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function globalPool(x: RealTensor): RealTensor {
  const [n = 1, c = 1, ...rest] = x.shape;
  const plane = size(rest);
  const data = Float64Array.from({ length: n * c }, (_, i) =>
    mean(Array.from(x.data.subarray(i * plane, (i + 1) * plane))),
  );
  return { shape: [n, c, ...rest.map(() => 1)], data };
}

/** x [N,C,H,W], w [M,C/g,kh,kw], b [M]. */
function conv(node: OnnxNode, inputs: readonly RealTensor[]): RealTensor {
  const [x, w, b] = [given(inputs[0]), given(inputs[1]), inputs[2]];
  const [n = 1, c = 1, h = 1, width = 1] = x.shape;
  const [m = 1, cg = 1, kh = 1, kw = 1] = w.shape;
  const [sh = 1, sw = 1] = intsAttribute(node, "strides") ?? [1, 1];
  const [dh = 1, dw = 1] = intsAttribute(node, "dilations") ?? [1, 1];
  const [top = 0, left = 0, bottom = 0, right = 0] = intsAttribute(node, "pads") ?? [];
  const group = intAttribute(node, "group", 1);
  const oh = Math.floor((h + top + bottom - dh * (kh - 1) - 1) / sh) + 1;
  const ow = Math.floor((width + left + right - dw * (kw - 1) - 1) / sw) + 1;
  const data = new Float64Array(n * m * oh * ow);
  for (let i = 0; i < n; i++) {
    for (let o = 0; o < m; o++) {
      const start = (i * c + Math.floor(o / (m / group)) * cg) * h * width;
      const out = (i * m + o) * oh * ow;
      data.fill(b?.data[o] ?? 0, out, out + oh * ow);
      for (let k = 0; k < cg * kh * kw; k++) {
        const weight = w.data[o * cg * kh * kw + k] ?? 0;
        const [ky, kx] = [Math.floor(k / kw) % kh, k % kw];
        const plane = start + Math.floor(k / (kh * kw)) * h * width;
        for (let y = 0; y < oh; y++) {
          const row = y * sh - top + ky * dh;
          if (row < 0 || row >= h) continue;
          for (let z = 0; z < ow; z++) {
            const column = z * sw - left + kx * dw;
            if (column < 0 || column >= width) continue;
            const at = out + y * ow + z;
            data[at] = (data[at] ?? 0) + weight * (x.data[plane + row * width + column] ?? 0);
          }
        }
      }
    }
  }
  return { shape: [n, m, oh, ow], data };
}

function gemm(node: OnnxNode, inputs: readonly RealTensor[]): RealTensor {
  const a = flipped(given(inputs[0]), intAttribute(node, "transA", 0) !== 0);
  const b = flipped(given(inputs[1]), intAttribute(node, "transB", 0) !== 0);
  const product = map(matmul(node, [a, b]), (v) => floatOf(node, "alpha", 1) * v);
  const c = inputs[2];
  return c === undefined
    ? product
    : broadcastPair(
        product,
        map(c, (v) => floatOf(node, "beta", 1) * v),
        (x, y) => x + y,
      );
}

function flipped(x: RealTensor, swap: boolean): RealTensor {
  return swap ? permuted(x, [1, 0]) : x;
}

function matmul(_: OnnxNode, inputs: readonly RealTensor[]): RealTensor {
  const [a, b] = [given(inputs[0]), given(inputs[1])];
  const [m, k, n] = [a.shape.at(-2) ?? 1, a.shape.at(-1) ?? 1, b.shape.at(-1) ?? 1];
  const lead = a.shape.slice(0, -2);
  const batch = size(lead);
  const shared = b.data.length === k * n;
  const data = new Float64Array(batch * m * n);
  for (let i = 0; i < batch * m; i++) {
    const right = shared ? 0 : Math.floor(i / m) * k * n;
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let t = 0; t < k; t++) sum += (a.data[i * k + t] ?? 0) * (b.data[right + t * n + j] ?? 0);
      data[i * n + j] = sum;
    }
  }
  return { shape: [...lead, m, n], data };
}

function broadcastPair(
  a: RealTensor | undefined,
  b: RealTensor | undefined,
  f: (x: number, y: number) => number,
): RealTensor {
  const [p, q] = [given(a), given(b)];
  const rank = Math.max(p.shape.length, q.shape.length);
  const sizeAt = (x: RealTensor, axis: number): number => x.shape[axis - rank + x.shape.length] ?? 1;
  const shape = Array.from({ length: rank }, (_, axis) => Math.max(sizeAt(p, axis), sizeAt(q, axis)));
  const indexIn = (x: RealTensor, flat: number): number => {
    let [rest, index, step] = [flat, 0, 1];
    for (let axis = rank - 1; axis >= 0; axis--) {
      const at = rest % (shape[axis] ?? 1);
      rest = Math.floor(rest / (shape[axis] ?? 1));
      if (sizeAt(x, axis) !== 1) index += at * step;
      step *= sizeAt(x, axis);
    }
    return index;
  };
  const data = Float64Array.from({ length: size(shape) }, (_, i) =>
    f(p.data[indexIn(p, i)] ?? 0, q.data[indexIn(q, i)] ?? 0),
  );
  return { shape, data };
}

function transpose(node: OnnxNode, inputs: readonly RealTensor[]): RealTensor {
  const x = given(inputs[0]);
  return permuted(x, intsAttribute(node, "perm") ?? x.shape.map((_, i) => x.shape.length - 1 - i));
}

/** Axis i of the result is axis perm[i] of x. */
export function permuted(x: RealTensor, perm: readonly number[]): RealTensor {
  const shape = perm.map((axis) => x.shape[axis] ?? 1);
  const strides = x.shape.map((_, i) => size(x.shape.slice(i + 1)));
  const data = Float64Array.from({ length: x.data.length }, (_, flat) => {
    let [rest, index] = [flat, 0];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const at = rest % (shape[axis] ?? 1);
      rest = Math.floor(rest / (shape[axis] ?? 1));
      index += at * (strides[perm[axis] ?? 0] ?? 0);
    }
    return x.data[index] ?? 0;
  });
  return { shape, data };
}

function concat(node: OnnxNode, inputs: readonly RealTensor[]): RealTensor {
  const [head] = inputs;
  const raw = intAttribute(node, "axis", 0);
  const axis = raw < 0 ? raw + given(head).shape.length : raw;
  const shape = given(head).shape.map((s, i) =>
    i === axis ? inputs.reduce((sum, x) => sum + (x.shape[axis] ?? 1), 0) : s,
  );
  const outer = size(shape.slice(0, axis));
  const runs = inputs.map((x) => x.data.length / outer);
  const data = Array.from({ length: outer }, (_, o) =>
    inputs.flatMap((x, i) => Array.from(x.data.subarray(o * (runs[i] ?? 0), (o + 1) * (runs[i] ?? 0)))),
  );
  return { shape, data: Float64Array.from(data.flat()) };
}

/** Along the last axis. */
function softmax(node: OnnxNode, inputs: readonly RealTensor[]): RealTensor {
  const x = given(inputs[0]);
  const axis = intAttribute(node, "axis", -1);
  if (axis !== -1 && axis !== x.shape.length - 1) throw new RangeError("softmax along the last axis only");
  const length = x.shape.at(-1) ?? 1;
  const data = new Float64Array(x.data.length);
  for (let start = 0; start < data.length; start += length) {
    const row = x.data.subarray(start, start + length);
    const largest = row.reduce((a, b) => Math.max(a, b));
    const powers = row.map((v) => Math.exp(v - largest));
    const sum = powers.reduce((a, b) => a + b, 0);
    data.set(
      powers.map((v) => v / sum),
      start,
    );
  }
  return { shape: x.shape, data };
}

/** Windows of two axes; padding counts for nothing. */
function pool(node: OnnxNode, x: RealTensor, f: (values: readonly number[]) => number): RealTensor {
  const [n = 1, c = 1, h = 1, w = 1] = x.shape;
  const [kh = 1, kw = 1] = intsAttribute(node, "kernel_shape") ?? [];
  const [sh = 1, sw = 1] = intsAttribute(node, "strides") ?? [1, 1];
  const [top = 0, left = 0, bottom = 0, right = 0] = intsAttribute(node, "pads") ?? [];
  const oh = Math.floor((h + top + bottom - kh) / sh) + 1;
  const ow = Math.floor((w + left + right - kw) / sw) + 1;
  const data = Float64Array.from({ length: n * c * oh * ow }, (_, i) => {
    const [column, row, plane] = [i % ow, Math.floor(i / ow) % oh, Math.floor(i / (ow * oh))];
    const values: number[] = [];
    for (let k = 0; k < kh * kw; k++) {
      const y = row * sh - top + Math.floor(k / kw);
      const z = column * sw - left + (k % kw);
      if (y >= 0 && y < h && z >= 0 && z < w) values.push(x.data[(plane * h + y) * w + z] ?? 0);
    }
    return f(values);
  });
  return { shape: [n, c, oh, ow], data };
}
