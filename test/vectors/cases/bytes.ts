/** Vectors of trees, encodings, artifacts and traces: plain values beside the bytes that they have. */
import {
  artifactBytes,
  descriptorBytes,
  metaBytes,
  modelHashes,
  type Op,
  type Program,
} from "../oracle/encoding.ts";
import { type Bytes, sha256 } from "../oracle/sha256.ts";
import { rootsOf, runProgram, witnessBytes } from "../oracle/traces.ts";
import {
  chunksOf,
  heightOf,
  hex,
  inputItemsOf,
  numbered,
  pathTo,
  proofOf,
  rootOf,
  tensorBytes,
  tensorRootOf,
} from "../oracle/trees.ts";
import { at, type DType, type Tensor } from "../oracle/types.ts";
import { ALL, big, cycle, mixed, type } from "./build.ts";
import { type ProgramCase, programCases, type WitnessCase } from "./programs.ts";

/** Anything that a vector file holds. */
export type Json = bigint | number | string | boolean | readonly Json[] | { readonly [name: string]: Json };

/** A named list of vectors of one file. */
export type VectorFile = Readonly<Record<string, readonly Json[]>>;

/** trees.json. */
export function treeVectors(): VectorFile {
  const lists = [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17].map((count) =>
    Array.from({ length: count }, (_, i) => sha256([i, count]).slice(0, (i * 7) % 33)),
  );
  const trees = lists.map((items) => ({
    items: items.map(hex),
    height: heightOf(items.length),
    root: hex(rootOf(items)),
  }));
  const paths = lists.slice(1).flatMap((items) =>
    [...new Set([0, Math.floor(items.length / 2), items.length - 1])].map((index) => ({
      items: items.map(hex),
      index,
      path: pathTo(items, index).map(hex),
      root: hex(rootOf(items)),
    })),
  );
  const chosen: readonly (readonly number[])[] = [
    [0],
    [1, 2],
    [0, 1],
    [0, 2, 3],
    [3, 4],
    [0, 4],
    [1, 5, 6],
    [0, 1, 2, 3, 4, 5, 6, 7],
    [8],
    [2, 3, 12, 15],
    [0, 16],
  ];
  const proofs = chosen.map((indices) => {
    const items = lists.find((list) => list.length > (indices.at(-1) ?? 0)) ?? [];
    return {
      items: items.map(hex),
      indices,
      siblings: hex(proofOf(items, indices).flat()),
      root: hex(rootOf(items)),
    };
  });
  return {
    trees,
    paths,
    proofs,
    tensors: tensorVectors(),
    refusedTensors: refusedTensors(),
    inputs: inputVectors(),
  };
}

function tensorVectors(): Json[] {
  const small = ALL.flatMap((dtype, i) =>
    [[], [1], [3], [2, 2]].map((shape, j) => mixed(type(dtype, shape), 5000 + 10 * i + j)),
  );
  const large = ALL.flatMap((dtype) =>
    [255, 256, 257, 512, 513, 1025].map((count) =>
      cycle(type(dtype, [count]), [1, -2, 100, -128, 127, 0, 55]),
    ),
  );
  return [...small, ...large].map((tensor) => {
    const { dtype, shape, data = [], repeat } = tensor;
    const facts = {
      dtype,
      shape,
      data: repeat === undefined ? data : { repeat },
      chunks: chunksOf(dtype, data).length,
      root: hex(tensorRootOf(dtype, data)),
    };
    return data.length <= 257 ? { ...facts, bytes: hex(tensorBytes(dtype, data)) } : facts;
  });
}

function refusedTensors(): Json[] {
  return [
    { dtype: "i8", shape: [2], lo: -128, hi: 127, bytes: "01", error: "AIVM_INPUT_LENGTH" },
    { dtype: "i16", shape: [2], lo: -32768, hi: 32767, bytes: "010002", error: "AIVM_INPUT_LENGTH" },
    {
      dtype: "i32",
      shape: [],
      lo: -2147483648,
      hi: 2147483647,
      bytes: "0100000000",
      error: "AIVM_INPUT_LENGTH",
    },
    { dtype: "i8", shape: [2], lo: 0, hi: 127, bytes: "01ff", error: "AIVM_RANGE" },
    { dtype: "i16", shape: [1], lo: -5, hi: 5, bytes: "0600", error: "AIVM_RANGE" },
    { dtype: "i32", shape: [1], lo: 0, hi: 2147483647, bytes: "00000080", error: "AIVM_RANGE" },
  ];
}

function inputVectors(): Json[] {
  const tensors = (["i8", "i16", "i32"] as const).map((dtype: DType, i) =>
    mixed(type(dtype, [i + 2]), 5100 + i),
  );
  return [1, 2, 3].flatMap((count) =>
    [0, 4294967295].map((maxTokens) => {
      const seed = sha256([count]);
      const used = tensors.slice(0, count);
      const roots = used.map(({ dtype, data = [] }) => tensorRootOf(dtype, data));
      return {
        tensors: used.map(({ dtype, shape, data = [] }) => ({ dtype, shape, data })),
        seed: hex(seed),
        maxTokens,
        inputRoot: hex(rootOf(inputItemsOf(roots, seed, maxTokens))),
        outputRoot: hex(rootOf(numbered(roots))),
      };
    }),
  );
}

/** encoding.json. */
export function encodingVectors(): VectorFile {
  const extra: Op[] = [
    { opcode: 1, operands: [], output: type("i8", []), attrs: [] },
    {
      opcode: 4294967295,
      operands: [{ kind: "const", index: 4294967295 }],
      output: type("i32", [1, 127, 128, 16384]),
      attrs: big(0),
    },
    {
      opcode: 127,
      operands: [
        { kind: "op", index: 128 },
        { kind: "input", index: 0 },
      ],
      output: type("i16", [3], [0, 0]),
      attrs: big(-1, 1, -64, 63, 64, -65, 2147483647, -2147483648),
    },
    {
      opcode: 128,
      operands: [{ kind: "op", index: 0 }],
      output: type("i8", [1, 1, 1, 1, 1, 1], [-1, 0]),
      attrs: big(0, 0, 0),
    },
  ];
  const ops = [...extra, ...programCases().flatMap(({ program }) => program.ops)];
  const metas = programCases().map(({ program }) => program);
  const odd = at(metas, 0);
  const named = {
    ...odd,
    name: "größe",
    card: "{}",
    precision: "a16",
    inputs: odd.inputs.map((port) => ({ ...port, scale: 1 / 3, zero: -3n })),
  };
  return {
    descriptors: ops.map((op) => ({ ...opJson(op), bytes: hex(descriptorBytes(op)) })),
    metas: [...metas, named].map((program) => ({
      ...programJson({ ...program, ops: [] }, false),
      bytes: hex(metaBytes(program)),
    })),
    refused: refusedEncodings(),
  };
}

/** Descriptors that differ from a good one by one thing. The parts: opcode 8, operand input 0, output i8 [4], attrs 0 1 0 0. */
function refusedEncodings(): Json[] {
  const [code, operand, output, attrs] = ["0808", "12020801", "1a0b080112010418ff0120fe01", "220400020000"];
  const change = (name: string, bytes: string, error = "AIVM_DECODE"): Json => ({ name, bytes, error });
  return [
    change("an unknown field", `${code}${operand}${output}${attrs}2801`),
    change("opcode 0 written out", `0800${operand}${output}${attrs}`),
    change("a padded varint", `088800${operand}${output}${attrs}`),
    change("fields out of order", `${operand}${output}${attrs}${code}`),
    change("a field twice", `${code}${code}${operand}${output}${attrs}`, "AIVM_LIMIT"),
    change("operands apart", `${code}${operand}${output}${operand}${attrs}`),
    change("cut short", `${code}${operand}${output}${attrs.slice(0, -2)}`),
    change("an attribute that is not packed", `${code}${operand}${output}2002`),
    change("more fields of attributes than one", `${code}${operand}${output}2000200220002000`, "AIVM_LIMIT"),
    change("257 operands", `${code}${operand.repeat(257)}${output}${attrs}`, "AIVM_LIMIT"),
    change(
      "65 attributes of 5 bytes",
      `${code}${operand}${output}22c502${"ffffffff0f".repeat(65)}`,
      "AIVM_LIMIT",
    ),
    change("an empty packed list", `${code}${operand}${output}2200`),
    change("an index of 0 written out", `${code}120408011000${output}${attrs}`),
    change("an opcode beyond 32 bits", `088080808010${operand}${output}${attrs}`),
    change("a wire type of another kind", `0d08000000${operand}${output}${attrs}`),
    change("element type 4", `${code}${operand}1a050804120104${attrs}`, "AIVM_DTYPE"),
    change("element type left out", `${code}${operand}1a03120104${attrs}`, "AIVM_DTYPE"),
    change("operand kind 4", `${code}12020804${output}${attrs}`, "AIVM_REFERENCE"),
    change("operand kind left out", `${code}1200${output}${attrs}`, "AIVM_REFERENCE"),
    change("no output", `${code}${operand}${attrs}`, "AIVM_META"),
  ];
}

/** artifacts.json. */
export function artifactVectors(): VectorFile {
  const cases = programCases();
  const artifacts = cases.map(({ program, inputs, seed, maxTokens }) => {
    const { gas } = runProgram({ program, inputs, seed, maxTokens });
    const hashes = Object.entries(modelHashes(program)).map(([name, hash]) => [name, hex(hash)]);
    return {
      ...programJson(program, true),
      gas,
      ...Object.fromEntries(hashes),
      artifact: hex(artifactBytes(program)),
    };
  });
  return { artifacts, refused: refusedArtifacts(at(cases, 1).program) };
}

function refusedArtifacts(program: Program): Json[] {
  const good = artifactBytes(program);
  const headerEnd = 12 + good.slice(8, 12).reduce((length, byte) => length * 256 + byte, 0);
  const data = good.length - 64 * 8;
  const set = (index: number, value: number): number[] => good.map((byte, i) => (i === index ? value : byte));
  const of = (change: Partial<Program>): number[] => artifactBytes({ ...program, ...change });
  const firstOp = at(program.ops, 0);
  const withOp = (change: Partial<Op>): number[] =>
    of({ ops: [{ ...firstOp, ...change }, ...program.ops.slice(1)] });
  const [weights, ...others] = program.constants as [Tensor, ...Tensor[]];
  const refused = (name: string, bytes: readonly number[], error: string): Json => ({
    name,
    artifact: hex(bytes),
    error,
  });
  return [
    refused("nothing", [], "AIVM_ARTIFACT"),
    refused("magic of another version", set(7, 0x32), "AIVM_ARTIFACT"),
    refused("header longer than the file", set(8, 1), "AIVM_ARTIFACT"),
    refused("one byte missing", good.slice(0, -1), "AIVM_ARTIFACT"),
    refused("64 bytes too many", [...good, ...new Array<number>(64).fill(0)], "AIVM_ARTIFACT"),
    refused("padding of a constant", set(good.length - 256 - 1, 1), "AIVM_ARTIFACT"),
    refused("padding of the header", set(headerEnd, 1), "AIVM_ARTIFACT"),
    refused("a weight changed", set(data, 2), "AIVM_HASH"),
    refused("a weight beyond its range", set(data, 10), "AIVM_RANGE"),
    refused("a root changed", set(headerEnd - 1, (good[headerEnd - 1] ?? 0) ^ 1), "AIVM_HASH"),
    refused("another version", of({ specVersion: 2 }), "AIVM_META"),
    refused("no name", of({ name: "" }), "AIVM_META"),
    refused("a name of 257 characters", of({ name: "n".repeat(257) }), "AIVM_LIMIT"),
    refused("no input", of({ inputs: [] }), "AIVM_LIMIT"),
    refused("no output", of({ outputs: [] }), "AIVM_LIMIT"),
    refused(
      "an output that is an input",
      of({ outputs: program.outputs.map((port) => ({ ...port, source: { kind: "input", index: 0 } })) }),
      "AIVM_REFERENCE",
    ),
    refused(
      "an output of no op",
      of({ outputs: program.outputs.map((port) => ({ ...port, source: { kind: "op", index: 3 } })) }),
      "AIVM_REFERENCE",
    ),
    refused("a name with a control character", of({ name: "a\u0007" }), "AIVM_META"),
    refused("a precision with a right-to-left mark", of({ precision: "a8\u200f" }), "AIVM_META"),
    refused("a card with a carriage return", of({ card: "{}\r" }), "AIVM_META"),
    refused("two inputs of one name", of({ inputs: [...program.inputs, ...program.inputs] }), "AIVM_META"),
    refused(
      "two outputs of one name",
      of({ outputs: [...program.outputs, ...program.outputs] }),
      "AIVM_META",
    ),
    refused("a constant that nothing reads", of({ constants: [...program.constants, weights] }), "AIVM_META"),
    refused(
      "a scale below 1e-300",
      of({ inputs: program.inputs.map((port) => ({ ...port, scale: 9e-301 })) }),
      "AIVM_META",
    ),
    refused(
      "a scale above 1e290",
      of({ inputs: program.inputs.map((port) => ({ ...port, scale: 1.1e290 })) }),
      "AIVM_META",
    ),
    refused(
      "65 outputs",
      of({ outputs: Array.from({ length: 65 }, (_, i) => ({ ...at(program.outputs, 0), name: `y${i}` })) }),
      "AIVM_LIMIT",
    ),
    refused("scale 0", of({ inputs: program.inputs.map((port) => ({ ...port, scale: 0 })) }), "AIVM_META"),
    refused(
      "scale below 0",
      of({ outputs: program.outputs.map((port) => ({ ...port, scale: -1 })) }),
      "AIVM_META",
    ),
    refused(
      "scale infinite",
      of({ inputs: program.inputs.map((port) => ({ ...port, scale: Number.POSITIVE_INFINITY })) }),
      "AIVM_META",
    ),
    refused(
      "scale not a number",
      of({ inputs: program.inputs.map((port) => ({ ...port, scale: Number.NaN })) }),
      "AIVM_META",
    ),
    refused(
      "zero point beyond the dtype",
      of({ inputs: program.inputs.map((port) => ({ ...port, zero: 128n })) }),
      "AIVM_META",
    ),
    refused(
      "ingest of another kind",
      of({ inputs: program.inputs.map((port) => ({ ...port, ingest: "utf8" })) }),
      "AIVM_META",
    ),
    refused("an unknown op", withOp({ opcode: 0 }), "AIVM_OPCODE"),
    refused(
      "an op that reads itself",
      withOp({ operands: [{ kind: "op", index: 0 }, ...firstOp.operands.slice(1)] }),
      "AIVM_REFERENCE",
    ),
    refused(
      "a constant that is not there",
      withOp({ operands: [...firstOp.operands.slice(0, 4), { kind: "const", index: 5 }] }),
      "AIVM_REFERENCE",
    ),
    refused(
      "declared range that a weight leaves",
      of({ constants: [{ ...weights, hi: 8n }, ...others] }),
      "AIVM_RANGE",
    ),
    refused(
      "a constant of another shape",
      of({ constants: [{ ...weights, shape: [3, 4] }, ...others] }),
      "AIVM_SHAPE",
    ),
  ];
}

/** traces.json. */
export function traceVectors(): VectorFile {
  return { traces: programCases().map(traceOf), refused: refusedWitnesses() };
}

function traceOf(given: ProgramCase): Json {
  const run = runProgram(given);
  const roots = Object.fromEntries(Object.entries(rootsOf(run)).map(([name, root]) => [name, hex(root)]));
  return {
    program: programJson(given.program, true),
    inputs: given.inputs.map(({ data = [] }) => data),
    seed: hex(given.seed),
    maxTokens: given.maxTokens,
    gas: run.gas,
    ops: run.ops.map(({ data = [] }) => data),
    output: hex(given.program.outputs.flatMap(({ source }) => bytesOf(at(run.ops, source.index)))),
    slotRoots: run.slotRoots.map(hex),
    ...roots,
    outputRoot: hex(at(run.slotRoots, run.slotRoots.length - 1)),
    witnesses: given.witnesses(run).map(({ op, element, chunks }) => ({
      op,
      element,
      witness: hex(witnessBytes(run, op, chunks)),
      value: at(at(run.ops, op).data ?? [], element),
    })),
  };
}

/** Witnesses of the last program's run that are wrong by one thing. */
function refusedWitnesses(): Json[] {
  const cases = programCases();
  const given = at(cases, cases.length - 1);
  const run = runProgram(given);
  const show = (change: Partial<WitnessCase>): Bytes =>
    witnessBytes(run, change.op ?? 0, change.chunks ?? [[0, 1]]);
  const good = show({});
  const set = (index: number, value: number): Bytes => good.map((byte, i) => (i === index ? value : byte));
  const refused = (
    name: string,
    to: { readonly op?: number; readonly element?: number; readonly bytes: Bytes; readonly error: string },
  ): Json => ({
    name,
    op: to.op ?? 0,
    element: to.element ?? 1,
    witness: hex(to.bytes),
    error: to.error,
  });
  return [
    refused("a chunk missing", { bytes: show({ chunks: [[0]] }), error: "AIVM_WITNESS_INCOMPLETE" }),
    refused("a chunk too many", { bytes: show({ chunks: [[0, 1, 2]] }), error: "AIVM_WITNESS_SURPLUS" }),
    refused("nothing opened", { bytes: show({ chunks: [[]] }), error: "AIVM_WITNESS_INCOMPLETE" }),
    refused("a value changed", { bytes: set(30, (good[30] ?? 0) ^ 1), error: "AIVM_WITNESS_PROOF" }),
    refused("a hash changed", {
      bytes: set(good.length - 1, (good.at(-1) ?? 0) ^ 1),
      error: "AIVM_WITNESS_PROOF",
    }),
    refused("chunks in descending order", { bytes: show({ chunks: [[1, 0]] }), error: "AIVM_WITNESS_SHAPE" }),
    refused("an opening too many", { bytes: [...good, 0x0a, 0x00], error: "AIVM_WITNESS_OPERANDS" }),
    refused("no opening", { bytes: [], error: "AIVM_WITNESS_OPERANDS" }),
    refused("an unknown field", { bytes: [...good, 0x10, 0x01], error: "AIVM_WITNESS_ENCODING" }),
    refused("cut short", { bytes: good.slice(0, -1), error: "AIVM_WITNESS_ENCODING" }),
    refused("no such element", { bytes: good, element: 3, error: "AIVM_WITNESS_ELEMENT" }),
    refused("no such op", { bytes: good, op: 5, error: "AIVM_WITNESS_ELEMENT" }),
    refused("the chunks of another element", {
      bytes: show({ chunks: [[1, 2]] }),
      error: "AIVM_WITNESS_INCOMPLETE",
    }),
    refused("a gather that opens the row of the unclamped index", {
      op: 1,
      element: 250,
      bytes: witnessBytes(run, 1, [[2], [0]]),
      error: "AIVM_WITNESS_INCOMPLETE",
    }),
    refused("a where that opens both branches", {
      op: 3,
      element: 0,
      bytes: witnessBytes(run, 3, [[0], [0], [0]]),
      error: "AIVM_WITNESS_SURPLUS",
    }),
  ];
}

function bytesOf({ dtype, data = [] }: Tensor): number[] {
  return tensorBytes(dtype, data);
}

function typeJson({ dtype, shape, lo, hi }: Tensor): { readonly [name: string]: Json } {
  return { dtype, shape, lo, hi };
}

function refJson({ kind, index }: { readonly kind: string; readonly index: number }): Json {
  return { kind, index };
}

function opJson({ opcode, operands, output, attrs }: Op): { readonly [name: string]: Json } {
  return { opcode, operands: operands.map(refJson), output: typeJson(output), attrs };
}

function programJson(program: Program, whole: boolean): { readonly [name: string]: Json } {
  const { specVersion, name, precision, card } = program;
  const rest = {
    specVersion,
    name,
    inputs: program.inputs.map((port) => ({ ...port, type: typeJson(port.type) })),
    constants: program.constants.map((tensor) =>
      whole ? { ...typeJson(tensor), data: tensor.data ?? [] } : typeJson(tensor),
    ),
    outputs: program.outputs.map((port) => ({ ...port, source: refJson(port.source) })),
    precision,
    card,
  };
  return whole ? { ...rest, ops: program.ops.map(opJson) } : rest;
}
