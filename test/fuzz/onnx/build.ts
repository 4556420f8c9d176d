/** A random ONNX graph under construction: tensors with known shapes, nodes, and samples for its inputs. */
import { onnxModel, rawTensor, type TestAttribute, type TestNode } from "../../aivm/support/onnxBuilder.ts";
import type { Random } from "../../aivm/support/random.ts";

/** Element types that graphs are made of, with their TensorProto.DataType numbers. */
export const CODES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  uint32: 12,
} as const;

/** One of them. */
export type Kind = keyof typeof CODES;

/** A tensor of the graph. */
export interface Wire {
  readonly name: string;
  readonly kind: Kind;
  readonly shape: readonly number[];
  /** True for the result of a jump (a comparison, a rounding, a choice) of floats that are computed: a step may decide it. */
  readonly fuzzy: boolean;
  /** Number of nodes on the way from the inputs. */
  readonly depth: number;
  /** Bound of |x|, as far as it is known. */
  readonly bound: number;
}

/** A graph being made. */
export interface Build {
  readonly random: Random;
  readonly opset: number;
  readonly nodes: TestNode[];
  readonly wires: Wire[];
  readonly inputs: { readonly wire: Wire; readonly lo: number; readonly hi: number }[];
  readonly constants: Uint8Array[];
  count: number;
}

/** Nothing yet. */
export function createBuild(random: Random, opset: number): Build {
  return { random, opset, nodes: [], wires: [], inputs: [], constants: [], count: 0 };
}

/** True once in `n`. */
export function oneIn(b: Build, n: number): boolean {
  return b.random.int(1, n) === 1;
}

/** One of the items, undefined being one of them. */
export function option<T>(b: Build, items: readonly T[]): T | undefined {
  return items[b.random.int(0, items.length - 1)];
}

/** A real number in [lo, hi]. */
export function real(b: Build, lo: number, hi: number): number {
  return Math.fround(lo + ((hi - lo) * b.random.int(0, 1_000_000)) / 1_000_000);
}

/** Number of elements. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, c) => a * c, 1);
}

/** A random shape of 1 to `most` dimensions, or of `rank`. */
export function shapeOf(b: Build, most: number, rank: number = b.random.int(1, most)): number[] {
  return Array.from({ length: rank }, () => b.random.int(1, 5));
}

/** A new program input. */
export function input(
  b: Build,
  given: {
    readonly kind?: Kind;
    readonly shape: readonly number[];
    readonly lo: number;
    readonly hi: number;
  },
): Wire {
  const wire: Wire = {
    name: `x${b.count++}`,
    kind: given.kind ?? "float32",
    shape: given.shape,
    fuzzy: false,
    depth: 0,
    bound: Math.max(Math.abs(given.lo), Math.abs(given.hi)),
  };
  b.inputs.push({ wire, lo: given.lo, hi: given.hi });
  b.wires.push(wire);
  return wire;
}

/** A new initializer; its wire is not among those that later nodes pick from. */
export function constant(
  b: Build,
  given: { readonly kind?: Kind; readonly shape: readonly number[]; readonly values: readonly number[] },
): Wire {
  const kind = given.kind ?? "float32";
  const name = `c${b.count++}`;
  const raw = bytesOf(kind, given.values);
  b.constants.push(rawTensor({ name, code: CODES[kind], shape: given.shape, raw }));
  const bound = Math.max(0, ...given.values.map(Math.abs));
  return { name, kind, shape: given.shape, fuzzy: false, depth: 0, bound };
}

/** An int64 vector. */
export function indices(b: Build, values: readonly number[]): Wire {
  return constant(b, { kind: "int64", shape: [values.length], values });
}

/** A float constant of random values. */
export function weight(b: Build, shape: readonly number[], lo = -1, hi = 1): Wire {
  return constant(b, { shape, values: Array.from({ length: sizeOf(shape) }, () => real(b, lo, hi)) });
}

/** What a node gives. */
export interface Made {
  readonly op: string;
  /** An operand that is not given is undefined. */
  readonly of: readonly (Wire | undefined)[];
  readonly shape: readonly number[];
  readonly kind?: Kind;
  readonly attributes?: Readonly<Record<string, TestAttribute | undefined>>;
  readonly domain?: string;
  /** The result jumps where its operands pass a threshold. */
  readonly jumps?: boolean;
  /** It jumps at a number that is rounded to a step of its operand, which may decide even what is exact. */
  readonly rounds?: boolean;
  readonly bound?: number;
}

/** A node and its only output. */
export function add(b: Build, made: Made): Wire {
  const name = `t${b.count++}`;
  const operands = made.of.filter((wire) => wire !== undefined);
  const floats = operands.filter((w) => w.kind === "float32");
  const jumpy = (made.jumps === true && floats.some((w) => w.depth > 0)) || made.rounds === true;
  const wire: Wire = {
    name,
    kind: made.kind ?? operands[0]?.kind ?? "float32",
    shape: made.shape,
    fuzzy: jumpy || operands.some((w) => w.fuzzy),
    depth: 1 + Math.max(...operands.map((w) => w.depth)),
    bound: made.bound ?? 8,
  };
  node(b, made, [name]);
  b.wires.push(wire);
  return wire;
}

/** The node alone. */
export function node(
  b: Build,
  made: Pick<Made, "op" | "of" | "attributes" | "domain">,
  outputs: readonly string[],
): void {
  const attributes = Object.fromEntries(
    Object.entries(made.attributes ?? {}).filter(
      (entry): entry is [string, TestAttribute] => entry[1] !== undefined,
    ),
  );
  b.nodes.push({
    op: made.op,
    inputs: made.of.map((wire) => wire?.name ?? ""),
    outputs,
    attributes,
    ...(made.domain === undefined ? {} : { domain: made.domain }),
  });
}

/** The file; every tensor that nothing reads is an output. */
export function finish(b: Build): { readonly onnx: Uint8Array; readonly outputs: readonly Wire[] } {
  const read = new Set(b.nodes.flatMap((n) => n.inputs));
  const outputs = b.wires.filter((wire) => wire.depth > 0 && !read.has(wire.name));
  const inputs = Object.fromEntries(b.inputs.map(({ wire }) => [wire.name, wire.shape]));
  const types = Object.fromEntries(b.inputs.map(({ wire }) => [wire.name, CODES[wire.kind]]));
  const onnx = onnxModel({
    nodes: b.nodes,
    inputs,
    types,
    outputs: outputs.map((wire) => wire.name),
    rawInitializers: b.constants,
    opset: b.opset,
  });
  return { onnx, outputs };
}

/** Values for every input, in order. Integers are at the ends of their range half of the time. */
export function sample(b: Build): number[][] {
  return b.inputs.map(({ wire, lo, hi }) =>
    Array.from({ length: sizeOf(wire.shape) }, () => {
      if (wire.kind === "float32") return real(b, lo, hi);
      if (!oneIn(b, 2)) return b.random.int(lo, hi);
      const menu = [lo, hi, lo + 1, hi - 1, 0, 1, -1].filter((v) => v >= lo && v <= hi);
      return b.random.pick(menu);
    }),
  );
}

/** Values in the storage of a kind, as bytes. */
function bytesOf(kind: Kind, values: readonly number[]): Uint8Array {
  if (kind === "int64") return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  const arrays = {
    float32: Float32Array,
    uint8: Uint8Array,
    int8: Int8Array,
    uint16: Uint16Array,
    int16: Int16Array,
    int32: Int32Array,
    bool: Uint8Array,
    uint32: Uint32Array,
  };
  return new Uint8Array(arrays[kind].from(values).buffer);
}
