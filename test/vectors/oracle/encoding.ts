/** docs/spec/program.md and artifact.md: canonical bytes, artifacts, model ids. */
import { type Bytes, sha256 } from "./sha256.ts";
import { ascii, numbered, rootOf, tensorBytes, tensorRootOf, u32be } from "./trees.ts";
import type { DType, Tensor } from "./types.ts";

/** Where an operand comes from. */
export interface Ref {
  readonly kind: "input" | "op" | "const";
  readonly index: number;
}

/** One op of a program. */
export interface Op {
  readonly opcode: number;
  readonly operands: readonly Ref[];
  readonly output: Tensor;
  readonly attrs: readonly bigint[];
}

/** One end of a program. */
export interface Port {
  readonly name: string;
  readonly scale: number;
  readonly zero: bigint;
}

/** A whole program. */
export interface Program {
  readonly specVersion: number;
  readonly name: string;
  readonly inputs: readonly (Port & { readonly type: Tensor; readonly ingest: string })[];
  readonly constants: readonly Tensor[];
  readonly ops: readonly Op[];
  readonly outputs: readonly (Port & { readonly source: Ref })[];
  readonly precision: string;
  readonly card: string;
}

const DTYPES: readonly DType[] = ["i8", "i16", "i32"];
const KINDS: readonly Ref["kind"][] = ["input", "op", "const"];

/** Varint of a number that is not negative. */
export function varint(value: bigint): number[] {
  const out: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) + 128);
  return [...out, Number(rest)];
}

function signed(value: bigint): number[] {
  return varint(value >= 0n ? 2n * value : -2n * value - 1n);
}

function tag(field: number, wire: number): number[] {
  return varint(BigInt(field * 8 + wire));
}

/** A present length-delimited field. */
export function delimited(field: number, bytes: Bytes): number[] {
  return [...tag(field, 2), ...varint(BigInt(bytes.length)), ...bytes];
}

function optional(field: number, bytes: Bytes): number[] {
  return bytes.length === 0 ? [] : delimited(field, bytes);
}

function unsignedField(field: number, value: number): number[] {
  return value === 0 ? [] : [...tag(field, 0), ...varint(BigInt(value))];
}

function signedField(field: number, value: bigint): number[] {
  return value === 0n ? [] : [...tag(field, 0), ...signed(value)];
}

function doubleField(field: number, value: number): number[] {
  if (value === 0) return [];
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value, true);
  return [...tag(field, 1), ...Array.from({ length: 8 }, (_, i) => view.getUint8(i))];
}

function textField(field: number, text: string): number[] {
  return optional(field, [...new TextEncoder().encode(text)]);
}

/** Bytes of a TensorDecl. */
export function typeBytes({ dtype, shape, lo, hi }: Tensor): number[] {
  return [
    ...unsignedField(1, DTYPES.indexOf(dtype) + 1),
    ...optional(
      2,
      shape.flatMap((size) => varint(BigInt(size))),
    ),
    ...signedField(3, lo),
    ...signedField(4, hi),
  ];
}

function refBytes({ kind, index }: Ref): number[] {
  return [...unsignedField(1, KINDS.indexOf(kind) + 1), ...unsignedField(2, index)];
}

/** Bytes of an OpDescriptor. */
export function descriptorBytes({ opcode, operands, output, attrs }: Op): number[] {
  return [
    ...unsignedField(1, opcode),
    ...operands.flatMap((ref) => delimited(2, refBytes(ref))),
    ...delimited(3, typeBytes(output)),
    ...optional(4, attrs.flatMap(signed)),
  ];
}

/** Bytes of the Meta of a program. */
export function metaBytes(program: Program): number[] {
  const inputs = program.inputs.map((port) => [
    ...textField(1, port.name),
    ...delimited(2, typeBytes(port.type)),
    ...doubleField(3, port.scale),
    ...signedField(4, port.zero),
    ...textField(5, port.ingest),
  ]);
  const outputs = program.outputs.map((port) => [
    ...textField(1, port.name),
    ...delimited(2, refBytes(port.source)),
    ...doubleField(3, port.scale),
    ...signedField(4, port.zero),
  ]);
  return [
    ...unsignedField(1, program.specVersion),
    ...textField(2, program.name),
    ...inputs.flatMap((bytes) => delimited(3, bytes)),
    ...program.constants.flatMap((type) => delimited(4, typeBytes(type))),
    ...outputs.flatMap((bytes) => delimited(5, bytes)),
    ...textField(6, program.precision),
    ...textField(7, program.card),
  ];
}

/** The hashes of a model. */
export function modelHashes(
  program: Program,
): Readonly<Record<"programRoot" | "weightsRoot" | "metaRoot" | "modelId", number[]>> {
  const programRoot = rootOf(program.ops.map(descriptorBytes));
  const weightsRoot = rootOf(
    numbered(program.constants.map(({ dtype, data = [] }) => tensorRootOf(dtype, data))),
  );
  const metaRoot = sha256(metaBytes(program));
  return { programRoot, weightsRoot, metaRoot, modelId: sha256([2], programRoot, weightsRoot, metaRoot) };
}

/** The artifact file of a program whose constants have values. */
export function artifactBytes(program: Program): number[] {
  const header = [
    ...program.ops.flatMap((op) => delimited(1, descriptorBytes(op))),
    ...delimited(2, metaBytes(program)),
    ...program.constants.flatMap(({ dtype, data = [] }) => delimited(3, tensorRootOf(dtype, data))),
  ];
  const file = fill([...ascii("aivmart1"), ...u32be(header.length), ...header]);
  return [...file, ...program.constants.flatMap(({ dtype, data = [] }) => fill(tensorBytes(dtype, data)))];
}

/** Zeros to the next multiple of 64. */
function fill(bytes: Bytes): number[] {
  const out = [...bytes];
  while (out.length % 64 !== 0) out.push(0);
  return out;
}
