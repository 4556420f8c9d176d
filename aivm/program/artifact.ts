/**
 * The artifact: one file that holds a whole model. Magic, length of the header (u32, big-endian), header (canonical
 * protobuf: program, metadata, roots of the constants), then the constants in order as canonical bytes, each padded
 * with zeros to a multiple of 64 and starting at one. One model has exactly one artifact.
 */
import { bytesToHex, concatBytes, equalBytes, readU32be, u32be, utf8 } from "../../common/bytes.ts";
import { AivmError } from "../../common/errors.ts";
import { treeRoot } from "../../common/merkle.ts";
import { decodeMessage, encodeMessage } from "../../proto/codec.ts";
import { elementCount } from "../tensor/shape.ts";
import {
  DTYPE_BYTES,
  type DType,
  type Tensor,
  type TensorType,
  tensorOverBytes,
  tensorRoot,
  tensorToBytes,
} from "../tensor/tensor.ts";
import { descriptorToBytes, META_BYTES, metaToBytes, programFromBytes } from "./encoding.ts";
import { metaRoot, modelIdOfRoots, weightsTree } from "./hash.ts";
import { LIMITS } from "./limits.ts";
import type { Program } from "./program.ts";
import { type ProgramFacts, proveBounds, validateArtifact, validateStructure } from "./validate.ts";
import { assertWire, type WireRule } from "./wireLimits.ts";

const MAGIC = utf8("aivmart1");
const HEAD_BYTES = 12;
const ALIGN = 64;

const HEADER_RULE: WireRule = {
  name: "aivm.artifact.v1.ArtifactHeader",
  fields: new Map([
    [1, { count: LIMITS.ops, bytes: LIMITS.headerBytes }],
    [2, { count: 1, bytes: META_BYTES }],
    [3, { count: LIMITS.constants, bytes: 32 }],
  ]),
};

/** One constant as the chain knows it. */
export interface RegisteredConstant {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** tensorRoot, 32 bytes. */
  readonly root: Uint8Array;
}

/** What a chain needs of a model: everything but the weights. */
export interface Registration {
  /** Canonical bytes of the op descriptors, in program order. */
  readonly descriptors: readonly Uint8Array[];
  readonly constants: readonly RegisteredConstant[];
  /** Canonical bytes of the metadata. */
  readonly meta: Uint8Array;
  /** Length of the artifact file. */
  readonly artifactBytes: number;
}

/** A registration that has been checked, with what follows from it. */
export interface RegisteredModel {
  /** 32 bytes. */
  readonly modelId: Uint8Array;
  readonly program: Program;
  /** vmGas of one run. */
  readonly vmGas: bigint;
  readonly programRoot: Uint8Array;
  readonly weightsRoot: Uint8Array;
  readonly metaRoot: Uint8Array;
  readonly constantRoots: readonly Uint8Array[];
  readonly facts: ProgramFacts;
  readonly artifactBytes: number;
}

/** A model with its weights, ready to run. */
export interface LoadedModel extends RegisteredModel {
  readonly constants: readonly Tensor[];
  readonly registration: Registration;
}

/**
 * Artifact of a program and its constants.
 * @throws what `validateArtifact` does.
 */
export function encodeArtifact(program: Program, constants: readonly Tensor[]): Uint8Array {
  validateArtifact(program, constants);
  const header = encodeMessage("aivm.artifact.v1.ArtifactHeader", {
    descriptors: program.ops.map(descriptorToBytes),
    meta: metaToBytes(program),
    constantRoots: constants.map(tensorRoot),
  });
  const head = padded(concatBytes(MAGIC, u32be(header.length), header));
  return concatBytes(head, ...constants.map((tensor) => padded(tensorToBytes(tensor))));
}

/** What a reader asks of an artifact beyond its being one. */
export interface Expected {
  /** Refuses any other model. */
  readonly modelId?: Uint8Array;
  /** Refuses models that cost more to run than this reader can afford, before their constants are read. */
  readonly atMost?: Partial<Pick<ProgramFacts, "gas" | "activationBytes">>;
  /** Computes what `tensorRoot` does, faster: hashing the constants is most of the work of loading. */
  readonly rootOf?: (tensor: Tensor) => Uint8Array;
}

/**
 * Model of an artifact's bytes: structure, constants, roots and accumulator bounds are all checked. Takes time linear in
 * the file, within LIMITS. Constants are views of `bytes` where the machine allows it: nobody may write to them afterwards.
 * @throws AIVM_ARTIFACT (format, length, padding), AIVM_DECODE, AIVM_LIMIT (also of `expected`), AIVM_HASH (constants or
 * model id), and what `validateArtifact` does.
 */
export function loadArtifact(bytes: Uint8Array, expected: Expected = {}): LoadedModel {
  const header = headerOf(bytes);
  assertWire(header, HEADER_RULE);
  const wire = decodeMessage("aivm.artifact.v1.ArtifactHeader", header);
  const program = programFromBytes(wire);
  const facts = validateStructure(program);
  assertAffordable(facts, expected.atMost ?? {});
  const constants = constantsOf(program, bytes, align(HEAD_BYTES + header.length));
  const constantRoots = constants.map(expected.rootOf ?? tensorRoot);
  checkRoots(wire.constantRoots, constantRoots);
  proveBounds(program, constants);
  const registration: Registration = {
    descriptors: wire.descriptors,
    constants: program.constants.map(({ dtype, shape }, i) => ({
      dtype,
      shape,
      root: constantRoots[i] ?? MAGIC,
    })),
    meta: wire.meta,
    artifactBytes: bytes.length,
  };
  const model = { ...modelOf(program, registration, facts), constants, registration };
  if (expected.modelId !== undefined && !equalBytes(expected.modelId, model.modelId)) {
    throw hashError("model id", expected.modelId, model.modelId);
  }
  return model;
}

/**
 * What a registration means, computed from it alone: its id, its program and the cost of a run.
 * @throws AIVM_DECODE, AIVM_META (constants that are not the metadata's), and what `validateStructure` does.
 */
export function registeredModel(registration: Registration): RegisteredModel {
  const program = programFromBytes(registration);
  const facts = validateStructure(program);
  checkConstants(program, registration.constants);
  return modelOf(program, registration, facts);
}

function modelOf(program: Program, registration: Registration, facts: ProgramFacts): RegisteredModel {
  const constantRoots = registration.constants.map((constant) => constant.root);
  const roots = {
    programRoot: treeRoot(registration.descriptors),
    weightsRoot: weightsTree(constantRoots).root,
    metaRoot: metaRoot(registration.meta),
  };
  const { artifactBytes } = registration;
  return {
    modelId: modelIdOfRoots(roots),
    program,
    vmGas: facts.gas,
    ...roots,
    constantRoots,
    facts,
    artifactBytes,
  };
}

function headerOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length < HEAD_BYTES || !equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) {
    throw artifactError("magic", "aivmart1", bytesToHex(bytes.subarray(0, MAGIC.length)) || "nothing");
  }
  const length = readU32be(bytes, MAGIC.length);
  if (length > LIMITS.headerBytes) {
    throw artifactError("header", `at most ${LIMITS.headerBytes} bytes`, `${length} bytes`);
  }
  if (align(HEAD_BYTES + length) > bytes.length) {
    throw artifactError("header", `${length} bytes of header`, `a file of ${bytes.length} bytes`);
  }
  return bytes.subarray(HEAD_BYTES, HEAD_BYTES + length);
}

function assertAffordable(facts: ProgramFacts, atMost: NonNullable<Expected["atMost"]>): void {
  for (const what of ["gas", "activationBytes"] as const) {
    const limit = atMost[what];
    if (limit === undefined || facts[what] <= limit) continue;
    throw new AivmError("AIVM_LIMIT", {
      what: `${what} of the model`,
      want: `at most ${limit} here`,
      got: `${facts[what]}`,
      remedy: "run it on a larger machine, or raise the limit",
    });
  }
}

function constantsOf(program: Program, bytes: Uint8Array, start: number): Tensor[] {
  const want = program.constants.reduce((sum, type) => sum + align(byteLength(type)), start);
  if (bytes.length !== want) throw artifactError("length", `${want} bytes`, `${bytes.length} bytes`);
  let at = start;
  const constants = program.constants.map((type) => {
    const length = byteLength(type);
    const tensor = tensorOverBytes(type, bytes.subarray(at, at + length));
    assertZero(bytes, at + length, at + align(length));
    at += align(length);
    return tensor;
  });
  assertZero(bytes, HEAD_BYTES + readU32be(bytes, MAGIC.length), start);
  return constants;
}

function assertZero(bytes: Uint8Array, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    if (bytes[i] !== 0) throw artifactError("padding", "zeros", `${bytes[i]} at byte ${i}`);
  }
}

function checkRoots(claimed: readonly Uint8Array[], actual: readonly Uint8Array[]): void {
  if (claimed.length !== actual.length) throw artifactError("roots", `${actual.length}`, `${claimed.length}`);
  for (const [index, root] of actual.entries()) {
    const claim = claimed[index];
    if (claim === undefined || !equalBytes(claim, root))
      throw hashError(`constant ${index}`, claim ?? MAGIC, root);
  }
}

function checkConstants(program: Program, constants: readonly RegisteredConstant[]): void {
  const text = (type: { readonly dtype: DType; readonly shape: readonly number[] }): string =>
    `${type.dtype}[${type.shape.join(",")}]`;
  const want = program.constants.map(text).join(" ");
  const got = constants.map(text).join(" ");
  if (want !== got || constants.some((constant) => constant.root.length !== 32)) {
    throw new AivmError("AIVM_META", {
      what: "constants",
      want: want.slice(0, 200),
      got: got.slice(0, 200),
      remedy: "register the constants of the artifact, each with a root of 32 bytes",
    });
  }
}

function padded(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(align(bytes.length));
  out.set(bytes);
  return out;
}

function byteLength(type: TensorType): number {
  return elementCount(type.shape) * DTYPE_BYTES[type.dtype];
}

function align(length: number): number {
  return Math.ceil(length / ALIGN) * ALIGN;
}

function artifactError(what: string, want: string, got: string): AivmError {
  const remedy = "fetch the artifact again, or compile it with this version";
  return new AivmError("AIVM_ARTIFACT", { what: `artifact ${what}`, want, got, remedy });
}

function hashError(what: string, want: Uint8Array, got: Uint8Array): AivmError {
  return new AivmError("AIVM_HASH", {
    what: `hash of ${what}`,
    want: bytesToHex(want),
    got: bytesToHex(got),
    remedy: "fetch the artifact from another source: these bytes are not the model that was asked for",
  });
}
