/** ONNX graphs written node by node, with seeded random weights: shapes of well-known models without their files. */
import { encodeOnnx } from "../../../../aivm/import/onnx/format/encode.ts";
import type { OnnxAttribute, OnnxNode, OnnxTensor, OnnxValue } from "../../../../aivm/import/onnx/graph.ts";
import { uniform } from "../../../../aivm/quantize/augment.ts";

/** What an attribute may be given as: an integer, a list of integers, or anything else in its ONNX form. */
type Attributes = Readonly<Record<string, number | readonly number[] | OnnxAttribute>>;

/** A graph under construction. Tensors are known by their names. */
export interface GraphBuilder {
  /** Declares a float input. */
  input(name: string, shape: readonly number[]): string;
  /** Adds a node with one output and gives the output's name. */
  add(op: string, inputs: readonly string[], attributes?: Attributes): string;
  /** A float constant of these values. */
  floats(shape: readonly number[], values: ArrayLike<number>): string;
  /** An int64 list, as shapes of Reshape are given. */
  ints(values: readonly number[]): string;
  /** A float constant: uniform about `mean` with standard deviation `deviation`. */
  random(shape: readonly number[], spread: { readonly deviation: number; readonly mean?: number }): string;
  /** The file, with these tensors as its outputs. */
  encode(outputs: readonly string[]): Uint8Array;
}

const OPSET = 17;
const IR_VERSION = 8;

/** An empty graph. The same seed and calls give the same bytes. */
export function createGraph(seed: number): GraphBuilder {
  const next = uniform(seed);
  const nodes: OnnxNode[] = [];
  const inputs: OnnxValue[] = [];
  const initializers = new Map<string, OnnxTensor>();
  const constant = (tensor: Omit<OnnxTensor, "name">): string => {
    const name = `c${initializers.size}`;
    initializers.set(name, { ...tensor, name });
    return name;
  };
  const floats = (shape: readonly number[], values: ArrayLike<number>): string =>
    constant({ dtype: "float32", shape, data: Float32Array.from(values) });
  return {
    input: (name, shape) => {
      inputs.push({ name, dtype: "float32", shape });
      return name;
    },
    add: (opType, from, attributes = {}) => {
      const output = `t${nodes.length}`;
      const entries = Object.entries(attributes).map(([name, value]) => [name, toAttribute(value)] as const);
      const node = { opType, domain: "", name: `n${nodes.length}`, inputs: from, outputs: [output] };
      nodes.push({ ...node, attributes: new Map(entries) });
      return output;
    },
    floats,
    ints: (values) =>
      constant({ dtype: "int64", shape: [values.length], data: BigInt64Array.from(values, BigInt) }),
    random: (shape, { deviation, mean = 0 }) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      const half = Math.sqrt(3) * deviation;
      for (let i = 0; i < data.length; i++) data[i] = mean + half * (2 * next() - 1);
      return constant({ dtype: "float32", shape, data });
    },
    encode: (names) =>
      encodeOnnx({
        nodes,
        inputs,
        initializers,
        outputs: names.map((name) => ({ name, dtype: "float32", shape: undefined })),
        opset: OPSET,
        imports: new Map(),
        irVersion: IR_VERSION,
        producer: "aivm bench",
      }),
  };
}

function toAttribute(value: Attributes[string]): OnnxAttribute {
  if (typeof value === "number") return { kind: "int", value };
  return "kind" in value ? value : { kind: "ints", value };
}
