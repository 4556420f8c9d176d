/** ONNX files that mean harm: valid ones with bytes, lengths and fields changed, and files made by hand. */
import { decodeOnnx } from "../../../aivm/import/onnx/format/decode.ts";
import { writeBytesField, writeVarint } from "../../../aivm/import/onnx/format/wire.ts";
import { concatBytes } from "../../../common/bytes.ts";
import { isAivmError } from "../../../common/errors.ts";
import { intField, onnxModel, rawTensor, textField } from "../../aivm/support/onnxBuilder.ts";
import { createRandom, type Random } from "../../aivm/support/random.ts";
import { finish } from "./build.ts";
import { randomGraph } from "./compare.ts";

/** One file and what was done to it. */
export interface HostileFile {
  readonly how: string;
  readonly bytes: Uint8Array;
}

/** A ModelProto around a GraphProto's bytes. */
function modelOf(graph: Uint8Array): Uint8Array {
  const opset = concatBytes(textField(1, ""), intField(2, 17));
  return concatBytes(intField(1, 8), writeBytesField(7, graph), writeBytesField(8, opset));
}

/** Graphs inside attributes of nodes, `depth` of them inside each other. */
function nested(depth: number): Uint8Array {
  const wrap = (number: number, parts: readonly Uint8Array[]): Uint8Array[] => {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    return [writeVarint(BigInt(number * 8 + 2)), writeVarint(BigInt(length)), ...parts];
  };
  // From the inside out, in pieces that are joined once: the lengths alone are computed on the way.
  let lead: Uint8Array[] = [];
  let size = 0;
  for (let i = 0; i < depth; i++) {
    for (const [number, tail] of [
      [6, intField(20, 5)],
      [5, textField(4, "If")],
      [1, new Uint8Array(0)],
    ] as const) {
      const head = concatBytes(...wrap(number, []).slice(0, 1), writeVarint(BigInt(size)), new Uint8Array(0));
      lead.push(tail, head);
      size += head.length + tail.length;
    }
  }
  lead = lead.reverse();
  const heads = lead.filter((_, i) => i % 2 === 0);
  const tails = lead.filter((_, i) => i % 2 === 1).reverse();
  return modelOf(concatBytes(...heads, ...tails));
}

function tensorFile(
  dims: readonly number[],
  code: number,
  raw: Uint8Array,
  extra = new Uint8Array(0),
): Uint8Array {
  return modelOf(writeBytesField(5, concatBytes(rawTensor({ name: "w", code, shape: dims, raw }), extra)));
}

function repeated(count: number, piece: Uint8Array): Uint8Array {
  const out = new Uint8Array(count * piece.length);
  for (let i = 0; i < count; i++) out.set(piece, i * piece.length);
  return out;
}

/** Files made by hand: each is refused, or is an odd but valid graph. */
export function craftedFiles(): HostileFile[] {
  const bytes = (n: number): Uint8Array => new Uint8Array(n);
  const external = concatBytes(
    textField(8, "w"),
    intField(2, 1),
    intField(1, 1),
    intField(14, 1),
    writeBytesField(13, concatBytes(textField(1, "location"), textField(2, "/etc/passwd"))),
  );
  const loop = onnxModel({
    nodes: [
      { op: "Add", inputs: ["a", "b"], outputs: ["b"] },
      { op: "Add", inputs: ["b", "a"], outputs: ["a"] },
    ],
    inputs: {},
    outputs: ["a"],
  });
  return [
    { how: "10,000 nested graphs", bytes: nested(10_000) },
    { how: "two negative dimensions", bytes: tensorFile([-2, -3], 1, bytes(24)) },
    { how: "a negative dimension beside 0", bytes: tensorFile([0, -3], 1, bytes(0)) },
    { how: "2^62 elements of nothing", bytes: tensorFile([2 ** 31, 2 ** 31], 1, bytes(4)) },
    { how: "2^62 elements of 4 bits", bytes: tensorFile([2 ** 31, 2 ** 31], 22, bytes(4)) },
    {
      how: "a dimension of 2^63 - 1",
      bytes: modelOf(
        writeBytesField(
          5,
          concatBytes(writeVarint(8n), writeVarint(2n ** 63n - 1n), intField(2, 1), textField(8, "w")),
        ),
      ),
    },
    { how: "raw data of a wrong length", bytes: tensorFile([3], 1, bytes(13)) },
    { how: "strings", bytes: tensorFile([1], 8, bytes(1)) },
    { how: "an unknown type", bytes: tensorFile([1], 99, bytes(4)) },
    { how: "data in another file", bytes: modelOf(writeBytesField(5, external)) },
    {
      how: "300,000 packed integers",
      bytes: modelOf(
        writeBytesField(
          5,
          concatBytes(
            intField(1, 300_000),
            intField(2, 6),
            textField(8, "w"),
            writeBytesField(5, bytes(300_000)),
          ),
        ),
      ),
    },
    {
      how: "300,000 packed floats",
      bytes: modelOf(
        writeBytesField(
          5,
          concatBytes(
            intField(1, 300_000),
            intField(2, 1),
            textField(8, "w"),
            writeBytesField(4, bytes(1_200_000)),
          ),
        ),
      ),
    },
    {
      how: "300,000 packed dimensions",
      bytes: modelOf(
        writeBytesField(
          5,
          concatBytes(
            writeBytesField(1, bytes(300_000).fill(1)),
            intField(2, 3),
            textField(8, "w"),
            writeBytesField(9, bytes(1)),
          ),
        ),
      ),
    },
    { how: "a circle", bytes: loop },
    { how: "300,000 nodes", bytes: modelOf(repeated(300_000, writeBytesField(1, textField(4, "Relu")))) },
    {
      how: "names of control characters",
      bytes: onnxModel({
        nodes: [{ op: "No\u001b[31mSuch", inputs: ["x\u0007"], outputs: ["y\u001b]0;z\u0007"] }],
        inputs: { "x\u0007": [1] },
        outputs: ["y\u001b]0;z\u0007"],
      }),
    },
  ];
}

type Mutation = (random: Random, bytes: Uint8Array) => Uint8Array;

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  "a byte": (random, given) => {
    const bytes = given.slice();
    for (let n = random.int(1, 3); n > 0; n--) bytes[random.int(0, bytes.length - 1)] = random.int(0, 255);
    return bytes;
  },
  "a bit": (random, given) => {
    const bytes = given.slice();
    const at = random.int(0, bytes.length - 1);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(0, 7));
    return bytes;
  },
  "cut short": (random, bytes) => bytes.slice(0, random.int(0, bytes.length - 1)),
  "a piece left out": (random, bytes) => {
    const at = random.int(0, bytes.length - 1);
    return concatBytes(bytes.slice(0, at), bytes.slice(at + random.int(1, 20)));
  },
  "a piece repeated": (random, bytes) => {
    const at = random.int(0, bytes.length - 1);
    return concatBytes(bytes.slice(0, at), bytes.slice(Math.max(0, at - random.int(1, 60))));
  },
  "a large number put in": (random, bytes) => {
    const at = random.int(0, bytes.length - 1);
    const value = random.pick([2n ** 31n - 1n, 2n ** 32n, 2n ** 63n - 1n, 2n ** 64n - 1n, 2n ** 40n]);
    return concatBytes(bytes.slice(0, at), writeVarint(value), bytes.slice(at + 1));
  },
};

/** A random graph's file with one mutation. */
export function hostileFile(seed: number): HostileFile {
  const random = createRandom(seed);
  const { onnx } = finish(randomGraph(random.int(1, 200)));
  const [how, mutate] = random.pick(Object.entries(MUTATIONS));
  return { how: `seed ${seed}: ${how}`, bytes: mutate(random, onnx) };
}

/** What decoding a file comes to: the code of its refusal, or "decoded". @throws nothing but failures of the decoder */
export function decodeHostile({ how, bytes }: HostileFile): string {
  try {
    decodeOnnx(bytes);
    return "decoded";
  } catch (error) {
    if (isAivmError(error)) return error.code;
    throw new Error(`${how}: an untyped error`, { cause: error });
  }
}
