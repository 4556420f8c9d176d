import { expect } from "chai";
import fc from "fast-check";
import { decodeOnnx } from "../../../../../aivm/import/onnx/format/decode.ts";
import { encodeOnnx, encodeTensor } from "../../../../../aivm/import/onnx/format/encode.ts";
import { decodeTensor } from "../../../../../aivm/import/onnx/format/tensorProto.ts";
import type {
  OnnxAttribute,
  OnnxDtype,
  OnnxGraph,
  OnnxTensor,
} from "../../../../../aivm/import/onnx/graph.ts";
import { arrayFor } from "../../../../../aivm/quantize/samples.ts";
import { digitsOnnx } from "../../../support/digits.ts";

const RANGES: Readonly<Record<OnnxDtype, readonly [number, number]>> = {
  float32: [-1e6, 1e6],
  bool: [0, 1],
  int2: [-2, 1],
  uint2: [0, 3],
  int4: [-8, 7],
  uint4: [0, 15],
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-2147483648, 2147483647],
  uint32: [0, 4294967295],
  int64: [-9007199254740991, 9007199254740991],
  uint64: [0, 9007199254740991],
};

/** Tensors of every element type, empty and scalar ones included. */
const tensors = fc
  .record({
    name: fc.string({ maxLength: 5 }),
    dtype: fc.constantFrom(...(Object.keys(RANGES) as OnnxDtype[])),
    shape: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
    seed: fc.integer({ min: 0, max: 1000 }),
  })
  .map(({ name, dtype, shape, seed }): OnnxTensor => {
    const [lo, hi] = RANGES[dtype];
    const count = shape.reduce((a, b) => a * b, 1);
    const values = Array.from({ length: count }, (_, i) => lo + ((seed * 7919 + i * 104729) % (hi - lo + 1)));
    return { name, dtype, shape, data: arrayFor(dtype, values) };
  });

const plain: fc.Arbitrary<OnnxAttribute> = fc.oneof(
  fc.integer().map((value): OnnxAttribute => ({ kind: "int", value })),
  fc.float({ noNaN: true }).map((value): OnnxAttribute => ({ kind: "float", value })),
  fc.string().map((value): OnnxAttribute => ({ kind: "string", value })),
  tensors.map((value): OnnxAttribute => ({ kind: "tensor", value })),
  fc.array(fc.integer()).map((value): OnnxAttribute => ({ kind: "ints", value })),
  fc.array(fc.float({ noNaN: true })).map((value): OnnxAttribute => ({ kind: "floats", value })),
  fc.array(fc.string()).map((value): OnnxAttribute => ({ kind: "strings", value })),
);

const value = fc.record({
  name: fc.string(),
  dtype: fc.constantFrom<OnnxDtype | undefined>("float32", "int64", "uint2"),
  shape: fc.array(fc.oneof(fc.nat(9), fc.constantFrom("n", undefined)), { maxLength: 3 }),
});

const body = (attributes: fc.Arbitrary<OnnxAttribute>) =>
  fc
    .record({
      nodes: fc.array(
        fc.record({
          opType: fc.string(),
          domain: fc.constantFrom("", "com.microsoft", "ai.onnx.ml"),
          name: fc.string(),
          inputs: fc.array(fc.string(), { maxLength: 3 }),
          outputs: fc.array(fc.string(), { maxLength: 2 }),
          attributes: fc.dictionary(fc.string({ minLength: 1 }), attributes, { maxKeys: 3 }),
        }),
        { maxLength: 3 },
      ),
      constants: fc.array(tensors, { maxLength: 3 }),
      inputs: fc.array(value, { maxLength: 2 }),
      outputs: fc.array(value, { maxLength: 2 }),
    })
    .map(({ nodes, constants, inputs, outputs }) => {
      const initializers = new Map(constants.map((tensor) => [tensor.name, tensor]));
      return {
        nodes: nodes.map((node) => ({ ...node, attributes: new Map(Object.entries(node.attributes)) })),
        initializers,
        inputs: inputs.filter(({ name }) => !initializers.has(name)),
        outputs,
      };
    });

const nested: fc.Arbitrary<OnnxAttribute> = fc.oneof(
  plain,
  body(plain).map((graph): OnnxAttribute => ({ kind: "graph", value: graph })),
);

const graphs: fc.Arbitrary<OnnxGraph> = fc
  .record({ opset: fc.integer({ min: 1, max: 28 }), producer: fc.string(), body: body(nested) })
  .map(({ opset, producer, body: parts }) => ({
    ...{ opset, producer, irVersion: 8, ...parts },
    imports: new Map([
      ["com.microsoft", 1],
      ["ai.onnx.ml", 3],
    ]),
  }));

describe("encoding an ONNX graph", () => {
  it("gives tensors back, of every element type, packed ones too", () => {
    fc.assert(
      fc.property(tensors, (tensor) => {
        expect(decodeTensor(encodeTensor(tensor))).to.deep.equal(tensor);
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  it("gives graphs back: nodes, attributes of every kind, sub-graphs, types, operator sets", () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        expect(decodeOnnx(encodeOnnx(graph))).to.deep.equal(untyped(graph));
      }),
      { seed: 7, numRuns: 150 },
    );
  });

  it("gives a real file back", () => {
    const graph = decodeOnnx(digitsOnnx());
    expect(decodeOnnx(encodeOnnx(graph))).to.deep.equal(graph);
  });

  it("keeps `to the end` of a slice the largest 64-bit integer", () => {
    const attribute: OnnxAttribute = { kind: "int", value: 2 ** 63 };
    const node = { opType: "x", domain: "", name: "", inputs: [], outputs: [] };
    const empty = { initializers: new Map(), inputs: [], outputs: [], imports: new Map(), producer: "" };
    const nodes = [{ ...node, attributes: new Map([["end", attribute]]) }];
    const graph = decodeOnnx(encodeOnnx({ ...empty, opset: 9, irVersion: 8, nodes }));
    expect(graph.nodes[0]?.attributes.get("end")).to.deep.equal(attribute);
  });
});

/** A value without a type has no shape either: onnx.proto puts the shape inside the type. */
function untyped(graph: OnnxGraph): OnnxGraph {
  const values = (all: OnnxGraph["inputs"]): OnnxGraph["inputs"] =>
    all.map((v) => (v.dtype === undefined ? { ...v, shape: undefined } : v));
  const attribute = (a: OnnxAttribute): OnnxAttribute =>
    a.kind === "graph" ? { kind: "graph", value: parts(a.value) } : a;
  const parts = <T extends Pick<OnnxGraph, "nodes" | "inputs" | "outputs">>(b: T): T => ({
    ...b,
    nodes: b.nodes.map((n) => ({
      ...n,
      attributes: new Map([...n.attributes].map(([k, a]) => [k, attribute(a)] as const)),
    })),
    inputs: values(b.inputs),
    outputs: values(b.outputs),
  });
  return parts(graph);
}
