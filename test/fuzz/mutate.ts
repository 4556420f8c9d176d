/** Ways to damage an artifact: as bytes, as protobuf, and as a program that says something else in perfect form. */
import {
  DTYPE_BYTES,
  DTYPE_RANGE,
  type DType,
  elementCount,
  encodeArtifact,
  type LoadedModel,
  OPS,
  type Tensor,
  tensorFromBytes,
  tensorRoot,
  tensorType,
} from "../../aivm/index.ts";
import { concatBytes, u32be, utf8 } from "../../common/index.ts";
import { decodeMessage, encodeMessage } from "../../proto/codec.ts";
import type { Meta, OpDescriptor, TensorDecl } from "../../proto/gen/types.ts";
import type { Random } from "../aivm/support/random.ts";

/** A sound artifact to start from. */
export interface Seed {
  readonly model: LoadedModel;
  readonly bytes: Uint8Array;
}

/** A mutation: another file. */
export type Mutation = (random: Random, seeds: readonly Seed[]) => Uint8Array;

type Open<T> = {
  -readonly [K in keyof T]: T[K] extends readonly (infer U)[]
    ? Open<U>[]
    : T[K] extends object | undefined
      ? Open<T[K]>
      : T[K];
};

/** An artifact taken apart: everything may be changed. */
interface Parts {
  readonly descriptors: Open<OpDescriptor>[];
  readonly meta: Open<Meta>;
  readonly data: Uint8Array[];
}

/** Numbers at which sizes, ranges and shifts break. */
const EDGES = [
  0,
  1,
  2,
  3,
  5,
  62,
  63,
  64,
  127,
  128,
  255,
  256,
  16_384,
  16_385,
  65_535,
  65_536,
  2 ** 20,
  2 ** 21 - 1,
  2 ** 21,
];
const LARGE = [2 ** 28 - 1, 2 ** 28, 2 ** 31 - 1];
const SCALES = [
  0,
  -0,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  5e-324,
  2.2e-308,
  1e-300,
  1e290,
  1.7e308,
  0.1,
];
const NAMES = [
  "",
  "x0",
  "y0",
  "a\u0000b",
  "\u001b[2J",
  "\u202e",
  "ünïcode",
  "n".repeat(257),
  "n".repeat(256),
];
const DTYPES: readonly DType[] = ["i8", "i16", "i32"];

/** Every mutation by name. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  bits(random, seeds) {
    const bytes = Uint8Array.from(random.pick(seeds).bytes);
    for (let i = random.int(1, 8); i > 0; i--) {
      const at = random.int(0, random.pick([bytes.length, Math.min(bytes.length, 400)]) - 1);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(0, 7));
    }
    return bytes;
  },
  lengths(random, seeds) {
    const { bytes } = random.pick(seeds);
    if (random.int(0, 1) === 0) return bytes.slice(0, random.int(0, bytes.length - 1));
    return concatBytes(bytes, new Uint8Array(random.pick([1, 63, 64, 65, 128])));
  },
  splices(random, seeds) {
    const [a, b] = [random.pick(seeds).bytes, random.pick(seeds).bytes];
    const [i, j] = [random.int(0, a.length), random.int(0, b.length)];
    return concatBytes(a.subarray(0, i), b.subarray(j));
  },
  noise(random) {
    const body = Uint8Array.from({ length: random.int(0, 300) }, () => random.int(0, 255));
    return random.int(0, 3) === 0 ? body : framed(body, []);
  },
  varints(random, seeds) {
    const { bytes } = random.pick(seeds);
    const at = random.int(8, Math.min(bytes.length, 600) - 1);
    const huge = Uint8Array.from([
      ...new Array<number>(random.int(1, 10)).fill(255),
      random.pick([0, 1, 15, 127]),
    ]);
    const rest = bytes.subarray(at + random.pick([0, 1, huge.length]));
    return concatBytes(bytes.subarray(0, at), huge, rest);
  },
  wire(random, seeds) {
    const parts = takenApart(random.pick(seeds));
    const { descriptors, meta } = encoded(parts);
    const extra = random.pick([
      [0x80, 0x80, 0x00],
      [0x38, 0x00],
      [0x08, 0x81, 0x00],
      [0x0a, 0x00],
      [0x22, 0x00],
      [0x2a, 0x00],
      [0xfa, 0x7f, 0x01, 0x41],
      [0x0b, 0x0c],
    ]);
    const [which] = [random.int(0, descriptors.length)];
    const damaged = (bytes: Uint8Array): Uint8Array =>
      random.int(0, 1) === 0
        ? concatBytes(bytes, new Uint8Array(extra))
        : concatBytes(new Uint8Array(extra), bytes);
    return assembled({
      descriptors: descriptors.map((bytes, i) => (i === which ? damaged(bytes) : bytes)),
      meta: which === descriptors.length ? damaged(meta) : meta,
      roots: rootsOf(parts),
      data: parts.data,
    });
  },
  roots(random, seeds) {
    const parts = takenApart(random.pick(seeds));
    const roots = rootsOf(parts);
    const change = random.int(0, 3);
    const [first] = roots;
    if (change === 0) roots.push(new Uint8Array(random.pick([0, 31, 32])));
    else if (change === 1) roots.pop();
    else if (change === 2) roots.reverse();
    else if (first !== undefined) first[random.int(0, 31)] = random.int(0, 255);
    return assembled({ ...encoded(parts), roots, data: parts.data });
  },
  swaps(random, seeds) {
    const parts = takenApart(random.pick(seeds));
    const list: unknown[] = random.pick([
      parts.data,
      parts.descriptors,
      parts.meta.constants,
      parts.meta.inputs,
    ]);
    if (list.length < 2) parts.meta.name = "swapped";
    else {
      const [i, j] = [random.int(0, list.length - 1), random.int(0, list.length - 1)];
      [list[i], list[j]] = [list[j], list[i]];
    }
    return whole(parts);
  },
  values(random, seeds) {
    const parts = takenApart(random.pick(seeds));
    for (const data of parts.data) {
      for (let i = random.int(0, 4); i > 0 && data.length > 0; i--) {
        data[random.int(0, data.length - 1)] = random.pick([0, 127, 128, 255, random.int(0, 255)]);
      }
    }
    return whole(parts);
  },
  extremes(random, seeds) {
    // Every range as wide as its type, multipliers and values at their largest: what the accumulator proof is for.
    const parts = takenApart(random.pick(seeds));
    const { inputs, constants } = parts.meta;
    const types = [
      ...inputs.map((port) => port.type),
      ...constants,
      ...parts.descriptors.map((op) => op.output),
    ];
    for (const type of types) {
      const range = DTYPE_RANGE[DTYPES[(type?.dtype ?? 1) - 1] ?? "i8"];
      if (type !== undefined && random.int(0, 4) > 0) Object.assign(type, range);
    }
    for (const { attrs } of parts.descriptors) {
      for (const [i, value] of attrs.entries()) {
        if (Math.abs(value) > 100 || random.int(0, 5) === 0)
          attrs[i] = random.pick([2 ** 21 - 1, 2 ** 20, value]);
      }
    }
    for (const [i, data] of parts.data.entries()) {
      const width = DTYPE_BYTES[DTYPES[(constants[i]?.dtype ?? 1) - 1] ?? "i8"];
      const most = random.pick([
        [255, 255, 31, 0],
        [255, 255, 255, 127],
        [1, 0, 0, 128],
      ]);
      for (let at = 0; at + width <= data.length; at += width) {
        if (random.int(0, 2) === 0)
          data.set(width === 4 ? most : [random.pick([127, 128]), 0].slice(0, width), at);
      }
    }
    return whole(parts);
  },
  fields(random, seeds) {
    const parts = takenApart(random.pick(seeds));
    for (let i = random.int(1, 3); i > 0; i--) random.pick(FIELD_CHANGES)(random, parts);
    fitData(parts);
    return whole(parts);
  },
};

type FieldChange = (random: Random, parts: Parts) => void;

const FIELD_CHANGES: readonly FieldChange[] = [
  (random, { descriptors }) => {
    random.pick(descriptors).opcode = random.int(0, 3) === 0 ? random.int(0, 300) : random.pick(OPS).opcode;
  },
  (random, { descriptors }) => {
    const { attrs } = random.pick(descriptors);
    const at = random.int(0, attrs.length);
    const change = random.int(0, 9);
    if (change === 0) attrs.splice(at, 1);
    else if (change === 1) attrs.splice(at, 0, integer(random));
    else if (attrs.length > 0) attrs[Math.min(at, attrs.length - 1)] = integer(random);
  },
  (random, { descriptors }) => {
    const { operands } = random.pick(descriptors);
    const at = random.int(0, operands.length);
    const change = random.int(0, 5);
    const ref = { kind: random.int(0, 4), index: random.pick([0, 0, 1, 2, 3, 7, 2 ** 31, 2 ** 32 - 1]) };
    if (change === 0) operands.splice(at, 1);
    else if (change === 1) operands.splice(at, 0, ref);
    else if (operands.length > 0) operands[Math.min(at, operands.length - 1)] = ref;
  },
  (random, { descriptors }) => {
    const { output } = random.pick(descriptors);
    if (output !== undefined) changeType(random, output);
  },
  (random, { descriptors }) => {
    // The same op with every size doubled: often sound.
    const { output } = random.pick(descriptors);
    if (output !== undefined && output.shape.length > 0)
      output.shape = output.shape.map((size) => Math.min(2 ** 31, 2 * size));
  },
  (random, { descriptors }) => {
    descriptors.splice(random.int(0, descriptors.length), 0, structuredClone(random.pick(descriptors)));
  },
  (random, { descriptors }) => {
    if (descriptors.length > 1) descriptors.splice(random.int(0, descriptors.length - 1), 1);
  },
  (random, { meta }) => {
    for (const type of oneOf(random, [...meta.inputs.map((port) => port.type), ...meta.constants])) {
      if (type !== undefined) changeType(random, type);
    }
  },
  (random, { meta }) => {
    for (const port of oneOf(random, [...meta.inputs, ...meta.outputs])) port.scale = random.pick(SCALES);
  },
  (random, { meta }) => {
    for (const port of oneOf(random, [...meta.inputs, ...meta.outputs])) port.zero = integer(random);
  },
  (random, { meta }) => {
    const name = random.pick(NAMES);
    const where = random.int(0, 4);
    if (where === 0) meta.name = name;
    else if (where === 1) meta.precision = name;
    else if (where === 2) meta.card = name;
    else for (const port of oneOf(random, [...meta.inputs, ...meta.outputs])) port.name = name;
  },
  (random, { meta }) => {
    const [input] = meta.inputs;
    if (input !== undefined) input.ingest = random.pick(["", "utf8", "tensor\u0000"]);
  },
  (random, { meta }) => {
    meta.specVersion = random.pick([0, 2, 2 ** 32 - 1]);
  },
  (random, { meta }) => {
    const list: unknown[] = random.pick([meta.inputs, meta.outputs, meta.constants]);
    if (random.int(0, 1) === 0) list.pop();
    else if (list.length > 0) list.push(structuredClone(list[0]));
  },
  (random, { meta, descriptors }) => {
    const [output] = meta.outputs;
    if (output?.source === undefined) return;
    output.source.kind = random.int(0, 4);
    output.source.index = random.int(0, descriptors.length);
  },
];

/** One of the items in a list of its own; nothing of nothing (an earlier change may have emptied the list). */
function oneOf<T>(random: Random, items: readonly T[]): readonly T[] {
  return items.length === 0 ? [] : [random.pick(items)];
}

function changeType(random: Random, type: Open<TensorDecl>): void {
  const at = random.int(0, Math.max(0, type.shape.length - 1));
  const change = random.int(0, 6);
  if (change === 0) type.dtype = random.int(0, 4);
  else if (change === 1) type.lo = integer(random);
  else if (change === 2) type.hi = integer(random);
  else if (change === 3) type.shape.splice(at, 1);
  else if (change === 4) type.shape.splice(at, 0, random.pick([...EDGES, ...LARGE]));
  else type.shape[at] = random.pick([...EDGES, ...LARGE, (type.shape[at] ?? 1) + 1]);
}

function integer(random: Random): number {
  const value = random.pick([...EDGES, ...LARGE, random.int(0, 300)]);
  return random.int(0, 2) === 0 ? -value : value;
}

function takenApart({ model }: Seed): Parts {
  const { registration, constants } = model;
  return {
    descriptors: registration.descriptors.map(
      (bytes) => decodeMessage("aivm.artifact.v1.OpDescriptor", bytes) as Open<OpDescriptor>,
    ),
    meta: decodeMessage("aivm.artifact.v1.Meta", registration.meta) as Open<Meta>,
    data: constants.map((tensor) => new Uint8Array(tensor.data.buffer.slice(0))),
  };
}

function encoded(parts: Parts): { readonly descriptors: Uint8Array[]; readonly meta: Uint8Array } {
  return {
    descriptors: parts.descriptors.map((descriptor) =>
      encodeMessage("aivm.artifact.v1.OpDescriptor", descriptor as OpDescriptor),
    ),
    meta: encodeMessage("aivm.artifact.v1.Meta", parts.meta as Meta),
  };
}

/** Gives every constant as many bytes as its type asks for, where that is not absurd. */
function fitData(parts: Parts): void {
  const old = parts.data.splice(0);
  for (const [i, { dtype, shape }] of parts.meta.constants.entries()) {
    const want = elementCount(shape) * DTYPE_BYTES[DTYPES[dtype - 1] ?? "i8"];
    const source = old[i] ?? new Uint8Array(0);
    const bytes = new Uint8Array(want <= 2 ** 18 ? want : source.length);
    bytes.set(source.subarray(0, bytes.length));
    parts.data.push(bytes);
  }
}

/** Roots of the constants as their types say; of no tensor where the type is none. */
function rootsOf(parts: Parts): Uint8Array[] {
  return parts.meta.constants.map(({ dtype, shape }, i) => {
    const tensor = tensorIn(DTYPES[dtype - 1], shape, parts.data[i]);
    return tensor === undefined ? new Uint8Array(32) : tensorRoot(tensor);
  });
}

function tensorIn(
  dtype: DType | undefined,
  shape: readonly number[],
  bytes: Uint8Array | undefined,
): Tensor | undefined {
  if (dtype === undefined || bytes?.length !== elementCount(shape) * DTYPE_BYTES[dtype]) return undefined;
  return tensorFromBytes(tensorType(dtype, shape), bytes);
}

function whole(parts: Parts): Uint8Array {
  return assembled({ ...encoded(parts), roots: rootsOf(parts), data: parts.data });
}

function assembled(parts: {
  readonly descriptors: readonly Uint8Array[];
  readonly meta: Uint8Array;
  readonly roots: readonly Uint8Array[];
  readonly data: readonly Uint8Array[];
}): Uint8Array {
  const { descriptors, meta, roots, data } = parts;
  const header = encodeMessage("aivm.artifact.v1.ArtifactHeader", {
    descriptors,
    meta,
    constantRoots: roots,
  });
  return framed(header, data);
}

function framed(header: Uint8Array, data: readonly Uint8Array[]): Uint8Array {
  const aligned = (bytes: Uint8Array): Uint8Array => {
    const out = new Uint8Array(Math.ceil(bytes.length / 64) * 64);
    out.set(bytes);
    return out;
  };
  return concatBytes(
    aligned(concatBytes(utf8("aivmart1"), u32be(header.length), header)),
    ...data.map(aligned),
  );
}

/** The seed of a model. */
export function seedOf(model: LoadedModel): Seed {
  return { model, bytes: encodeArtifact(model.program, model.constants) };
}
