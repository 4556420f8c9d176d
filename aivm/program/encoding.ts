/** Descriptors and metadata as canonical protobuf bytes: the bytes that the model id hashes. */
import { AivmError } from "../../common/errors.ts";
import { decodeMessage, encodeMessage } from "../../proto/codec.ts";
import type {
  InputDecl,
  OperandRef,
  OutputDecl,
  TensorDecl,
  OpDescriptor as WireDescriptor,
} from "../../proto/gen/types.ts";
import type { DType, TensorType } from "../tensor/tensor.ts";
import { LIMITS } from "./limits.ts";
import type { InputPort, OpDescriptor, OutputPort, Program, Ref } from "./program.ts";
import { assertWire, type WireRule } from "./wireLimits.ts";

const DTYPES: readonly DType[] = ["i8", "i16", "i32"];
const KINDS: readonly Ref["kind"][] = ["input", "op", "const"];

/** Most bytes of a TensorDecl of rank 6 and of an OperandRef, every varint at its longest. */
const DECL_BYTES = 64;
const REF_BYTES = 16;
/** UTF-8 takes at most three bytes for a UTF-16 unit. */
const NAME_BYTES = 3 * LIMITS.nameLength;
const PORT_BYTES = NAME_BYTES + DECL_BYTES + 128;

/** Most bytes of the metadata. */
export const META_BYTES: number =
  2 * LIMITS.ports * PORT_BYTES +
  LIMITS.constants * DECL_BYTES +
  3 * (LIMITS.cardLength + LIMITS.nameLength) * 2;

const DESCRIPTOR_RULE: WireRule = {
  name: "aivm.artifact.v1.OpDescriptor",
  fields: new Map([
    [1, { count: 1 }],
    [2, { count: LIMITS.operands, bytes: REF_BYTES }],
    [3, { count: 1, bytes: DECL_BYTES }],
    [4, { count: 1, bytes: 5 * LIMITS.attrs }],
  ]),
};

const META_RULE: WireRule = {
  name: "aivm.artifact.v1.Meta",
  fields: new Map([
    [1, { count: 1 }],
    [2, { count: 1, bytes: NAME_BYTES }],
    [3, { count: LIMITS.ports, bytes: PORT_BYTES }],
    [4, { count: LIMITS.constants, bytes: DECL_BYTES }],
    [5, { count: LIMITS.ports, bytes: PORT_BYTES }],
    [6, { count: 1, bytes: NAME_BYTES }],
    [7, { count: 1, bytes: 3 * LIMITS.cardLength }],
  ]),
};

/** Number of an element type in protobuf: 1 = i8, 2 = i16, 3 = i32. */
export function dtypeToNumber(dtype: DType): number {
  return DTYPES.indexOf(dtype) + 1;
}

/** Element type of its protobuf number. @throws AIVM_DTYPE on any other number. */
export function dtypeFromNumber(value: number): DType {
  return known(DTYPES[value - 1], "element type", "1 (i8), 2 (i16) or 3 (i32)", value);
}

/** Canonical bytes of a descriptor. @throws AIVM_ENCODE when a number is out of its field's range. */
export function descriptorToBytes(descriptor: OpDescriptor): Uint8Array {
  return encodeMessage("aivm.artifact.v1.OpDescriptor", {
    opcode: descriptor.opcode,
    operands: descriptor.operands.map(refToWire),
    output: typeToWire(descriptor.output),
    attrs: descriptor.attrs,
  });
}

/** Descriptor of its canonical bytes. @throws AIVM_DECODE, AIVM_LIMIT, AIVM_DTYPE, AIVM_META, AIVM_REFERENCE. */
export function descriptorFromBytes(bytes: Uint8Array): OpDescriptor {
  assertWire(bytes, DESCRIPTOR_RULE);
  const wire: WireDescriptor = decodeMessage("aivm.artifact.v1.OpDescriptor", bytes);
  return {
    opcode: wire.opcode,
    operands: wire.operands.map(refFromWire),
    output: typeFromWire(present(wire.output, "output type of an op")),
    attrs: wire.attrs,
  };
}

/** Canonical bytes of everything in a program but its ops. */
export function metaToBytes(program: Omit<Program, "ops">): Uint8Array {
  return encodeMessage("aivm.artifact.v1.Meta", {
    specVersion: program.specVersion,
    name: program.name,
    inputs: program.inputs.map((port) => ({ ...port, type: typeToWire(port.type) })),
    constants: program.constants.map(typeToWire),
    outputs: program.outputs.map((port) => ({ ...port, source: refToWire(port.source) })),
    precision: program.precision,
    card: program.card,
  });
}

/**
 * Program of its two parts. Structure only: `validateStructure` judges it. Memory is bounded by LIMITS, whatever the
 * bytes say.
 * @throws AIVM_DECODE, AIVM_LIMIT, AIVM_DTYPE, AIVM_META, AIVM_REFERENCE.
 */
export function programFromBytes(parts: {
  readonly descriptors: readonly Uint8Array[];
  readonly meta: Uint8Array;
}): Program {
  assertWire(parts.meta, META_RULE);
  const meta = decodeMessage("aivm.artifact.v1.Meta", parts.meta);
  return {
    specVersion: meta.specVersion,
    name: meta.name,
    inputs: meta.inputs.map(inputFromWire),
    constants: meta.constants.map(typeFromWire),
    ops: opsFromBytes(parts.descriptors),
    outputs: meta.outputs.map(outputFromWire),
    precision: meta.precision,
    card: meta.card,
  };
}

function opsFromBytes(descriptors: readonly Uint8Array[]): OpDescriptor[] {
  assertCount("ops", descriptors.length, LIMITS.ops);
  let references = 0;
  return descriptors.map((bytes) => {
    const descriptor = descriptorFromBytes(bytes);
    references += descriptor.operands.length;
    assertCount("operands of all ops", references, LIMITS.references);
    return descriptor;
  });
}

function assertCount(what: string, got: number, limit: number): void {
  if (got <= limit) return;
  throw new AivmError("AIVM_LIMIT", {
    what,
    want: `at most ${limit}`,
    got: `${got}`,
    remedy: "split the model or correct the program",
  });
}

// Names are not checked yet: errors here say which port by its number.
function inputFromWire(wire: InputDecl, index: number): InputPort {
  if (wire.ingest !== "tensor") {
    throw new AivmError("AIVM_META", {
      what: "ingest",
      want: "tensor",
      got: "another one",
      remedy: "compile the model for this version",
      item: `input ${index}`,
    });
  }
  const type = typeFromWire(present(wire.type, `type of input ${index}`));
  return { name: wire.name, type, scale: wire.scale, zero: wire.zero, ingest: wire.ingest };
}

function outputFromWire(wire: OutputDecl, index: number): OutputPort {
  const source = refFromWire(present(wire.source, `source of output ${index}`));
  return { name: wire.name, source, scale: wire.scale, zero: wire.zero };
}

function typeToWire(type: TensorType): TensorDecl {
  return { dtype: dtypeToNumber(type.dtype), shape: type.shape, lo: type.lo, hi: type.hi };
}

function typeFromWire(wire: TensorDecl): TensorType {
  return { dtype: dtypeFromNumber(wire.dtype), shape: wire.shape, lo: wire.lo, hi: wire.hi };
}

function refToWire(ref: Ref): OperandRef {
  return { kind: KINDS.indexOf(ref.kind) + 1, index: ref.index };
}

function refFromWire(wire: OperandRef): Ref {
  return {
    kind: known(KINDS[wire.kind - 1], "operand kind", "1 (input), 2 (op) or 3 (constant)", wire.kind),
    index: wire.index,
  };
}

function known<T>(value: T | undefined, what: string, want: string, got: number): T {
  if (value !== undefined) return value;
  const code = what === "element type" ? "AIVM_DTYPE" : "AIVM_REFERENCE";
  throw new AivmError(code, { what, want, got: `${got}`, remedy: "compile the model again" });
}

function present<T>(value: T | undefined, what: string): T {
  if (value !== undefined) return value;
  throw new AivmError("AIVM_META", {
    what,
    want: "a value",
    got: "nothing",
    remedy: "compile the model again",
  });
}
