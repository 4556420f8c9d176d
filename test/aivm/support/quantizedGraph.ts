/** Quantised ONNX graphs for tests: integer constants, and operators between DequantizeLinear and QuantizeLinear. */
import { rawTensor, type TestAttribute, type TestGraph, type TestNode } from "./onnxBuilder.ts";

/** A type of quantised tensors. */
export type QuantizedType = "uint8" | "int8" | "uint16" | "int16" | "int32";

type IntegerArray = Uint8Array | Int8Array | Uint16Array | Int16Array | Int32Array;

/** Number of each type in onnx.proto, and its array. */
const TYPES: Readonly<
  Record<QuantizedType, { readonly code: number; readonly from: (values: ArrayLike<number>) => IntegerArray }>
> = {
  uint8: { code: 2, from: (values) => Uint8Array.from(values) },
  int8: { code: 3, from: (values) => Int8Array.from(values) },
  uint16: { code: 4, from: (values) => Uint16Array.from(values) },
  int16: { code: 5, from: (values) => Int16Array.from(values) },
  int32: { code: 6, from: (values) => Int32Array.from(values) },
};

/** Scale and zero point of one tensor, or one of each per index of `axis`. */
export interface GridSpec {
  readonly dtype: QuantizedType;
  readonly scale: number | readonly number[];
  readonly zero?: number | readonly number[];
  readonly axis?: number;
}

/** A graph that grows. */
export interface QuantizedBuilder {
  /** A constant of integers. Returns its name. */
  integers(dtype: QuantizedType, shape: readonly number[], values: ArrayLike<number>): string;
  /** A constant of floats. */
  floats(shape: readonly number[], values: ArrayLike<number>): string;
  /** A list of int64, as shapes are. */
  shape(values: readonly number[]): string;
  /** A node with one output, which is named. */
  node(
    op: string,
    inputs: readonly string[],
    more?: { readonly attributes?: Readonly<Record<string, TestAttribute>>; readonly domain?: string },
  ): string;
  /** QuantizeLinear. */
  quantize(x: string, grid: GridSpec): string;
  /** DequantizeLinear. */
  dequantize(x: string, grid: GridSpec): string;
  /** Names of a scale and a zero point as constants. */
  grid(grid: GridSpec): readonly [string, string];
  /** The graph so far; the last node's output, or the one named, is the output. */
  graph(inputs: TestGraph["inputs"], output?: string): TestGraph;
}

/** An empty graph. */
export function quantizedBuilder(): QuantizedBuilder {
  const nodes: TestNode[] = [];
  const rawInitializers: Uint8Array[] = [];
  const weights: Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }> = {};
  let count = 0;
  const fresh = (stem: string): string => `${stem}${count++}`;
  const build: QuantizedBuilder = {
    integers(dtype, shape, values) {
      const name = fresh("i");
      const { code, from } = TYPES[dtype];
      const raw = new Uint8Array(from(values).buffer);
      rawInitializers.push(rawTensor({ name, code, shape, raw }));
      return name;
    },
    floats(shape, values) {
      const name = fresh("f");
      weights[name] = { shape, data: values };
      return name;
    },
    shape(values) {
      const name = fresh("s");
      const raw = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
      rawInitializers.push(rawTensor({ name, code: 7, shape: [values.length], raw }));
      return name;
    },
    node(op, inputs, more = {}) {
      const output = fresh(op.toLowerCase());
      nodes.push({ op, inputs, outputs: [output], ...more });
      return output;
    },
    grid({ dtype, scale, zero = 0 }) {
      const scales = typeof scale === "number" ? [scale] : scale;
      const zeros = typeof zero === "number" ? scales.map(() => zero) : zero;
      const shape = typeof scale === "number" ? [] : [scales.length];
      return [build.floats(shape, scales), build.integers(dtype, shape, zeros)];
    },
    quantize: (x, grid) => build.node("QuantizeLinear", [x, ...build.grid(grid)], axisOf(grid)),
    dequantize: (x, grid) => build.node("DequantizeLinear", [x, ...build.grid(grid)], axisOf(grid)),
    graph: (inputs, output = nodes.at(-1)?.outputs[0] ?? "") => ({
      nodes,
      inputs,
      outputs: [output],
      weights,
      rawInitializers,
    }),
  };
  return build;
}

function axisOf({ axis }: GridSpec): { readonly attributes?: Readonly<Record<string, number>> } {
  return axis === undefined ? {} : { attributes: { axis } };
}
