/**
 * The form of a graph that the float runtime runs. It means the same and names every tensor the same, but holds element
 * types of less than a byte in whole bytes, and runs operators on types that the runtime lacks through wider ones. The
 * graph itself, with the types that it means, is what is lowered.
 */
import type { FloatReference } from "../../../quantize/reference.ts";
import { dtypeCode, subByteBits } from "../format/tensorProto.ts";
import {
  intAttribute,
  type OnnxAttribute,
  type OnnxDtype,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
} from "../graph.ts";
import { outputDtypes } from "./dtypes.ts";
import { int } from "./rule.ts";

/** The whole-byte type that holds a type of less than a byte; any other type itself. */
export function holderOf<T extends string>(dtype: T): T | "int8" | "uint8" {
  if (subByteBits(dtype) === undefined) return dtype;
  return dtype.startsWith("u") ? "uint8" : "int8";
}

/** Where the runtime needs other types: types it runs wider, the inputs and outputs that this concerns. */
interface Widening {
  readonly wider: Readonly<Partial<Record<string, "int32" | "int64" | "uint32" | "float32" | "float64">>>;
  readonly inputs: readonly number[] | "all";
  readonly outputs: readonly number[];
}

const SHORT = { int16: "int32", uint16: "int32" } as const;
const LONG = { uint32: "int64", uint64: "int64" } as const;
const FIRST = { inputs: [0], outputs: [0] } as const;
const REDUCTION: Widening = { wider: LONG, ...FIRST };
const EXTREME: Widening = { wider: SHORT, inputs: "all", outputs: [0] };
const BLOCKS: Widening = {
  wider: {
    ...{ int16: "float32", uint16: "float32", bool: "float32" },
    ...{ int32: "float64", uint32: "float64" },
  },
  ...FIRST,
};

/** As measured with onnxruntime 1.30 on a CPU; other operators run on every type that their definition allows. */
const WIDENINGS: ReadonlyMap<string, Widening> = new Map<string, Widening>([
  ["Max", EXTREME],
  ["Min", EXTREME],
  ["Clip", { wider: SHORT, inputs: [0, 1, 2], outputs: [0] }],
  ["Pad", { wider: SHORT, inputs: [0, 2], outputs: [0] }],
  ["CenterCropPad", { wider: SHORT, ...FIRST }],
  ["Where", { wider: { ...SHORT, ...LONG, int8: "int32", bool: "int32" }, inputs: [1, 2], outputs: [0] }],
  ["BitShift", { wider: { uint16: "uint32" }, inputs: [0, 1], outputs: [0] }],
  ["Relu", { wider: { int16: "int32", int64: "float64" }, ...FIRST }],
  ["ArgMax", { wider: { ...SHORT, ...LONG }, inputs: [0], outputs: [] }],
  ["ArgMin", { wider: { ...SHORT, ...LONG }, inputs: [0], outputs: [] }],
  ["CumSum", { wider: LONG, ...FIRST }],
  ["TopK", { wider: { ...LONG, uint16: "int32" }, ...FIRST }],
  ["Trilu", { wider: { ...SHORT, ...LONG, int8: "int32", uint8: "int32" }, ...FIRST }],
  ["NonZero", { wider: { ...SHORT, ...LONG, int8: "int32" }, inputs: [0], outputs: [] }],
  ["DepthToSpace", BLOCKS],
  ["SpaceToDepth", BLOCKS],
  ["Resize", { wider: SHORT, ...FIRST }],
  ...["Max", "Min", "Sum", "Mean", "Prod", "SumSquare", "L1", "L2"].map((kind): [string, Widening] => [
    `Reduce${kind}`,
    REDUCTION,
  ]),
]);

/** A graph for the runtime. `held` names the tensors whose type is held in another one. */
export interface Runnable {
  readonly graph: OnnxGraph;
  readonly held: ReadonlyMap<string, OnnxDtype>;
  readonly changed: boolean;
}

/** The runnable form. @param dtypes of the graph's inputs that it does not declare itself */
export function runnableForm(graph: OnnxGraph): Runnable {
  const dtypes = new Map<string, string>();
  for (const { name, dtype } of graph.inputs) if (dtype !== undefined) dtypes.set(name, dtype);
  for (const [name, { dtype }] of graph.initializers) dtypes.set(name, dtype);
  let changed = false;
  const nodes = graph.nodes.flatMap((node) => {
    for (const [i, dtype] of outputDtypes(node, (name) => dtypes.get(name)).entries()) {
      const name = node.outputs[i] ?? "";
      if (name !== "" && dtype !== undefined) dtypes.set(name, dtype);
    }
    const legal = legalise(node, (name) => dtypes.get(name));
    changed ||= legal.length !== 1 || legal[0] !== node;
    return legal;
  });
  const held = new Map<string, OnnxDtype>();
  for (const [name, dtype] of dtypes)
    if (subByteBits(dtype) !== undefined) held.set(name, dtype as OnnxDtype);
  if (held.size === 0 && !changed) return { graph, held, changed };
  const value = <T extends { readonly dtype: OnnxDtype | undefined }>(v: T): T =>
    v.dtype === undefined ? v : { ...v, dtype: holderOf(v.dtype) };
  return {
    graph: {
      ...graph,
      nodes,
      initializers: new Map([...graph.initializers].map(([name, tensor]) => [name, value(tensor)])),
      inputs: graph.inputs.map(value),
      outputs: graph.outputs.map(value),
    },
    held,
    changed: true,
  };
}

/** The nodes that do what `node` does on types that the runtime has. */
function legalise(node: OnnxNode, dtypeOf: (name: string) => string | undefined): OnnxNode[] {
  if (node.domain !== "") return [node];
  const { opType } = node;
  const narrow = dtypeOf(node.outputs[0] ?? "");
  if (opType === "Cast" && narrow !== undefined && subByteBits(narrow) !== undefined)
    return narrowCast(node, narrow as OnnxDtype);
  if (opType === "QuantizeLinear" && narrow !== undefined && subByteBits(narrow) !== undefined)
    return narrowQuantize(node, narrow as OnnxDtype);
  const value = node.attributes.get("value");
  if (value?.kind === "tensor" && subByteBits(value.value.dtype) !== undefined) {
    const tensor: OnnxTensor = { ...value.value, dtype: holderOf(value.value.dtype) };
    return [withAttribute(node, "value", { kind: "tensor", value: tensor })];
  }
  const widening = WIDENINGS.get(opType);
  const dtype = dtypeOf(node.inputs[Number(widening?.inputs[0]) || 0] ?? "");
  const wider = dtype === undefined ? undefined : widening?.wider[holderOf(dtype)];
  if (widening === undefined || dtype === undefined || wider === undefined) return [node];
  return widened(node, { widening, dtype: holderOf(dtype), wider });
}

function withAttribute(node: OnnxNode, name: string, value: OnnxAttribute): OnnxNode {
  return { ...node, attributes: new Map([...node.attributes, [name, value]]) };
}

function plainNode(opType: string, inputs: readonly string[], output: string, more = {}): OnnxNode {
  const attributes = new Map<string, OnnxAttribute>(Object.entries(more));
  return { opType, domain: "", name: "", inputs, outputs: [output], attributes };
}

function constantNode(output: string, value: number, dtype: "int8" | "uint8" | "int32"): OnnxNode {
  const data =
    dtype === "int32" ? Int32Array.of(value) : dtype === "int8" ? Int8Array.of(value) : Uint8Array.of(value);
  const tensor: OnnxTensor = { name: output, dtype, shape: [], data };
  return plainNode("Constant", [], output, { value: { kind: "tensor", value: tensor } });
}

/** Cast to n bits: through int32, of which the n lowest bits count. */
function narrowCast(node: OnnxNode, dtype: OnnxDtype): OnnxNode[] {
  const [x = ""] = node.inputs;
  const [y = ""] = node.outputs;
  const bits = subByteBits(dtype) ?? 8;
  const half = dtype.startsWith("u") ? 0 : 2 ** (bits - 1);
  const at = (part: string): string => `${y}:${part}`;
  return [
    constantNode(at("half"), half, "int32"),
    constantNode(at("modulus"), 2 ** bits, "int32"),
    plainNode("Cast", [x], at("wide"), { to: int(dtypeCode("int32")) }),
    plainNode("Add", [at("wide"), at("half")], at("up")),
    plainNode("Mod", [at("up"), at("modulus")], at("rest")),
    plainNode("Sub", [at("rest"), at("half")], at("down")),
    plainNode("Cast", [at("down")], y, { to: int(dtypeCode(holderOf(dtype))) }),
  ];
}

/** Quantising saturates: first to the byte that holds the type, then to the type. */
function narrowQuantize(node: OnnxNode, dtype: OnnxDtype): OnnxNode[] {
  const [y = ""] = node.outputs;
  const bits = subByteBits(dtype) ?? 8;
  const holder = holderOf(dtype) === "uint8" ? "uint8" : "int8";
  const [lo, hi] = dtype.startsWith("u") ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  const at = (part: string): string => `${y}:${part}`;
  const quantized = { ...node, outputs: [at("byte")] };
  const declared = intAttribute(node, "output_dtype", 0) !== 0;
  return [
    declared ? withAttribute(quantized, "output_dtype", int(dtypeCode(holder))) : quantized,
    constantNode(at("lo"), lo, holder),
    constantNode(at("hi"), hi, holder),
    plainNode("Clip", [at("byte"), at("lo"), at("hi")], y),
  ];
}

/** The node between casts to the wider type and back; casts back keep the lowest bits. */
function widened(
  node: OnnxNode,
  by: { readonly widening: Widening; readonly dtype: string; readonly wider: string },
): OnnxNode[] {
  const stem = node.outputs[0] ?? "";
  const before: OnnxNode[] = [];
  const after: OnnxNode[] = [];
  const inputs = node.inputs.map((name, i) => {
    const { inputs: concerned } = by.widening;
    if (name === "" || (concerned !== "all" && !concerned.includes(i))) return name;
    const wide = `${stem}:in${i}`;
    before.push(plainNode("Cast", [name], wide, { to: int(dtypeCode(by.wider)) }));
    return wide;
  });
  const outputs = node.outputs.map((name, i) => {
    if (name === "" || !by.widening.outputs.includes(i)) return name;
    const wide = `${name}:out`;
    after.push(plainNode("Cast", [wide], name, { to: int(dtypeCode(by.dtype)) }));
    return wide;
  });
  return [...before, { ...node, inputs, outputs }, ...after];
}

/** The reference as seen through types that are held in others: values pass as they are, under the type they mean. */
export function holdingReference(
  reference: FloatReference,
  held: ReadonlyMap<string, OnnxDtype>,
): FloatReference {
  if (held.size === 0) return reference;
  return {
    name: reference.name,
    load: async (onnx) => {
      const session = await reference.load(onnx);
      return {
        ...(session.inputTypes === undefined ? {} : { inputTypes: session.inputTypes }),
        run: async (feeds) => {
          const results = await session.run(feeds.map((feed) => ({ ...feed, dtype: holderOf(feed.dtype) })));
          return new Map(
            [...results].map(([name, tensor]) => [
              name,
              { ...tensor, dtype: held.get(name) ?? tensor.dtype },
            ]),
          );
        },
        close: () => session.close(),
      };
    },
  };
}
