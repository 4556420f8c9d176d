/**
 * What every program must satisfy before anything runs it. `validateStructure` needs no weights: it is what the chain
 * does at registration. `validateArtifact` adds the constants: their types, and the proof that no accumulator can
 * leave its width. A program that passes is total: no run of it can fail.
 */
import { AivmError } from "../../common/errors.ts";
import { MAX_ACCUMULATOR, MAX_PRODUCT } from "../numeric/requant.ts";
import { type ConstantOperands, constantOperand, type Op, type OpNode } from "../ops/op.ts";
import { OPS, opOf } from "../ops/registry.ts";
import { elementCount, equalShapes, MAX_ELEMENTS, MAX_RANK, shapeText } from "../tensor/shape.ts";
import { assertTensor, DTYPE_BYTES, DTYPE_RANGE, type Tensor, type TensorType } from "../tensor/tensor.ts";
import { LIMITS } from "./limits.ts";
import { nodeOf, opGas } from "./node.ts";
import { type OpDescriptor, outputTypes, type Program, type Ref, SPEC_VERSION } from "./program.ts";
import { isPlainText } from "./text.ts";
import { MAX_OPERANDS, MAX_WITNESS_BYTES, operandsBound, witnessBytesBound } from "./witnessBound.ts";

/** What validation found out about a program. */
export interface ProgramFacts {
  /** vmGas of one run. */
  readonly gas: bigint;
  /** Bytes of all op outputs together. */
  readonly activationBytes: number;
  /** Bytes of all inputs together. */
  readonly inputBytes: number;
  readonly constantBytes: number;
  /** Bound of the largest element witness. */
  readonly witnessBytes: number;
  /** Bound of the operands of one element. */
  readonly operands: number;
}

/**
 * Structure of a program: sizes, names, types, references that point backward, shape and range rules, attributes,
 * witness, gas and memory bounds; every constant has a reader. Takes time linear in the program, allocates nothing of a
 * tensor's size.
 * @throws AIVM_LIMIT, AIVM_META, AIVM_REFERENCE, AIVM_OPCODE, AIVM_OPERANDS, AIVM_ATTRIBUTE, AIVM_DTYPE, AIVM_SHAPE,
 * AIVM_RANGE, AIVM_BOUND, AIVM_WITNESS_SIZE; `item` names the op or port.
 */
export function validateStructure(program: Program): ProgramFacts {
  checkSizes(program);
  for (const port of program.inputs) named(`input ${port.name}`, () => checkPort(port, port.type));
  for (const [index, type] of program.constants.entries()) named(`constant ${index}`, () => checkType(type));
  const facts: MutableFacts = {
    gas: 0n,
    activationBytes: 0,
    inputBytes: bytesOfAll(program.inputs.map((port) => port.type)),
    constantBytes: bytesOfAll(program.constants),
    witnessBytes: 0,
    operands: 0,
    boundSteps: 0,
  };
  atMost("bytes of inputs", facts.inputBytes, LIMITS.portBytes);
  atMost("bytes of constants", facts.constantBytes, LIMITS.constantBytes);
  for (const [index, descriptor] of program.ops.entries()) {
    named(opName(descriptor, index), () => checkOp(program, { descriptor, index }, facts));
  }
  for (const port of program.outputs) named(`output ${port.name}`, () => checkOutput(program, port));
  atMost("bytes of outputs", bytesOfAll(outputTypes(program)), LIMITS.portBytes);
  checkReaders(program);
  return facts;
}

/**
 * A program together with its constants.
 * @throws what `validateStructure` does, and AIVM_SHAPE, AIVM_DTYPE, AIVM_RANGE for a constant that breaks its type,
 * AIVM_BOUND for an accumulator that could leave its width.
 */
export function validateArtifact(program: Program, constants: readonly Tensor[]): ProgramFacts {
  const facts = validateStructure(program);
  if (constants.length !== program.constants.length) {
    throw limitError("constants", `${program.constants.length}`, `${constants.length}`);
  }
  for (const [index, type] of program.constants.entries()) {
    const tensor = constants[index];
    if (tensor !== undefined) assertTensor(tensor, type, `constant ${index}`);
  }
  proveBounds(program, constants);
  return facts;
}

/**
 * Proves from the constants' values that no accumulator can leave its width. The program has passed
 * `validateStructure`, the constants their types. Takes one pass over each constant that is a weight, however many ops
 * read it, and a step per output channel of each op.
 * @throws AIVM_BOUND; `item` names the op.
 */
export function proveBounds(program: Program, constants: readonly Tensor[]): void {
  const operands = constants.map(constantOperand);
  for (const [index, descriptor] of program.ops.entries()) {
    const values = descriptor.operands.map((ref) => (ref.kind === "const" ? operands[ref.index] : undefined));
    named(opName(descriptor, index), () => checkBound(nodeOf(program, descriptor), values));
  }
}

function checkSizes(program: Program): void {
  if (program.specVersion !== SPEC_VERSION) {
    throw metaError("spec version", `${SPEC_VERSION}`, `${program.specVersion}`);
  }
  const { inputs, outputs, ops, constants } = program;
  for (const [what, count] of [["inputs", inputs.length] as const, ["outputs", outputs.length] as const]) {
    if (count < 1) throw limitError(what, "at least one", "none");
    atMost(what, count, LIMITS.ports);
  }
  if (ops.length < 1) throw limitError("ops", "at least one", "none");
  atMost("ops", ops.length, LIMITS.ops);
  atMost("constants", constants.length, LIMITS.constants);
  for (const ports of [inputs, outputs]) {
    if (new Set(ports.map((port) => port.name)).size < ports.length)
      throw metaError("port names", "each once", "a name twice");
  }
  for (const text of [program.name, program.precision, ...[...inputs, ...outputs].map((port) => port.name)]) {
    if (text.length < 1) throw metaError("name", "a name", "nothing");
    atMost("characters of a name", text.length, LIMITS.nameLength);
    if (!isPlainText(text)) throw metaError("name", "visible text", "control or formatting characters");
  }
  atMost("characters of the card", program.card.length, LIMITS.cardLength);
  if (!isPlainText(program.card.replace(/[\n\t]/g, "")))
    throw metaError("card", "text", "control or formatting characters");
}

/** A constant that nothing reads would be carried, hashed and paid for by everyone. */
function checkReaders(program: Program): void {
  const unread = new Set(program.constants.keys());
  for (const { operands } of program.ops) {
    for (const ref of operands) if (ref.kind === "const") unread.delete(ref.index);
  }
  const [first] = unread;
  if (first !== undefined) throw metaError(`constant ${first}`, "an op that reads it", "none");
}

/** No subnormal numbers, which some hosts flush to 0, and a finite product with any i32. */
const SMALLEST_SCALE = 1e-300;
const LARGEST_SCALE = 1e290;

function checkPort(port: { readonly scale: number; readonly zero: number }, type: TensorType): void {
  checkType(type);
  if (!(port.scale >= SMALLEST_SCALE && port.scale <= LARGEST_SCALE)) {
    throw metaError("scale", `a number in [${SMALLEST_SCALE}, ${LARGEST_SCALE}]`, `${port.scale}`);
  }
  const range = DTYPE_RANGE[type.dtype];
  if (!Number.isInteger(port.zero) || port.zero < range.lo || port.zero > range.hi) {
    throw metaError("zero point", `an ${type.dtype}`, `${port.zero}`);
  }
}

function checkOutput(
  program: Program,
  port: { readonly source: Ref; readonly scale: number; readonly zero: number },
): void {
  const type = port.source.kind === "op" ? program.ops[port.source.index]?.output : undefined;
  if (type === undefined) throw referenceError(port.source, "an op of the program");
  checkPort(port, type);
}

function checkType(type: TensorType): void {
  const { shape, lo, hi } = type;
  atMost("dimensions", shape.length, MAX_RANK);
  if (shape.some((size) => !Number.isInteger(size) || size < 1)) {
    throw new AivmError("AIVM_SHAPE", {
      what: "shape",
      want: "sizes of at least 1",
      got: shapeText(shape),
      remedy: "correct the shape",
    });
  }
  atMost("elements of a tensor", elementCount(shape), MAX_ELEMENTS);
  const range = DTYPE_RANGE[type.dtype];
  if (!Number.isInteger(lo) || !Number.isInteger(hi) || lo > hi || lo < range.lo || hi > range.hi) {
    throw rangeError(`lo <= hi inside ${type.dtype}`, `[${lo}, ${hi}]`);
  }
}

type MutableFacts = { -readonly [K in keyof ProgramFacts]: ProgramFacts[K] } & { boundSteps: number };

function checkOp(
  program: Program,
  at: { readonly descriptor: OpDescriptor; readonly index: number },
  facts: MutableFacts,
): void {
  const { descriptor, index } = at;
  const op = opOf(descriptor.opcode);
  checkCounts(op, descriptor);
  for (const ref of descriptor.operands) checkRef(program, ref, index);
  checkType(descriptor.output);
  const node = nodeOf(program, descriptor);
  checkTyping(op, node);
  const operands = operandsBound(node);
  const witnessBytes = witnessBytesBound(program, node);
  checkWitness(operands, witnessBytes);
  facts.boundSteps += op.boundSteps?.(node) ?? 1;
  atMost("output channels of all ops", facts.boundSteps, LIMITS.boundSteps);
  if (descriptor.operands.every((ref) => ref.kind !== "const")) checkBound(node, []);
  facts.gas += opGas(node);
  facts.activationBytes += bytesOf(descriptor.output);
  facts.witnessBytes = Math.max(facts.witnessBytes, witnessBytes);
  facts.operands = Math.max(facts.operands, operands);
  atMost("bytes of activations", facts.activationBytes, LIMITS.activationBytes);
  if (facts.gas > LIMITS.gas) throw limitError("vmGas", `at most ${LIMITS.gas}`, `${facts.gas}`);
}

function checkCounts(op: Op, descriptor: OpDescriptor): void {
  const { operands, attrs } = descriptor;
  atMost("operands", operands.length, LIMITS.operands);
  atMost("attributes", attrs.length, LIMITS.attrs);
  const open = op.operands.at(-1)?.endsWith("...") === true;
  if (open ? operands.length < op.operands.length : operands.length !== op.operands.length) {
    throw new AivmError("AIVM_OPERANDS", {
      what: "operands",
      want: op.operands.join(", "),
      got: `${operands.length}`,
      remedy: "give the op its operands, in order",
    });
  }
  const openAttrs = op.attributes.at(-1)?.endsWith("...") === true;
  if ((!openAttrs && attrs.length !== op.attributes.length) || attrs.some((value) => (value | 0) !== value)) {
    throw new AivmError("AIVM_ATTRIBUTE", {
      what: "attributes",
      want: `int32 ${op.attributes.join(", ") || "none"}`,
      got: `[${attrs.join(",")}]`,
      remedy: "give the op its attributes, in order",
    });
  }
}

function checkRef(program: Program, ref: Ref, opIndex: number): void {
  const counts = { input: program.inputs.length, op: opIndex, const: program.constants.length };
  const inside = Number.isInteger(ref.index) && ref.index >= 0 && ref.index < counts[ref.kind];
  if (!inside) throw referenceError(ref, `an index below ${counts[ref.kind]}`);
}

function checkTyping(op: Op, node: OpNode): void {
  const { output } = node.descriptor;
  const want = op.infer(node);
  if (!equalShapes(want, output.shape)) {
    throw new AivmError("AIVM_SHAPE", {
      what: "output shape",
      want: shapeText(want),
      got: shapeText(output.shape),
      remedy: "declare the shape that the op has",
    });
  }
  const passed = op.passedRange?.(node);
  if (passed !== undefined && (passed.lo < output.lo || passed.hi > output.hi)) {
    throw rangeError(
      `an output range that contains [${passed.lo}, ${passed.hi}]`,
      `[${output.lo}, ${output.hi}]`,
    );
  }
}

function checkWitness(operands: number, witnessBytes: number): void {
  if (operands <= MAX_OPERANDS && witnessBytes <= MAX_WITNESS_BYTES) return;
  throw new AivmError("AIVM_WITNESS_SIZE", {
    what: "witness of one element",
    want: `at most ${MAX_OPERANDS} operands and ${MAX_WITNESS_BYTES} bytes`,
    got: `${operands} operands and up to ${witnessBytes} bytes`,
    remedy: "split the reduction into partial sums, or transpose first so that operands are contiguous",
  });
}

function checkBound(node: OpNode, constants: ConstantOperands): void {
  const bound = opOf(node.descriptor.opcode).bound?.(node, constants);
  if (bound === undefined) return;
  if (bound.accumulator < MAX_ACCUMULATOR && bound.product <= MAX_PRODUCT) return;
  throw new AivmError("AIVM_BOUND", {
    what: "accumulator",
    want: `|acc| < 2^42 and |acc x multiplier| <= 2^53`,
    got: `up to ${bound.accumulator} and ${bound.product}`,
    remedy: "lower the multiplier and the shift together, tighten the operand ranges, or split the reduction",
  });
}

function bytesOf(type: TensorType): number {
  return elementCount(type.shape) * DTYPE_BYTES[type.dtype];
}

function bytesOfAll(types: readonly TensorType[]): number {
  return types.reduce((sum, type) => sum + bytesOf(type), 0);
}

function opName(descriptor: OpDescriptor, index: number): string {
  const name = OPS.find((op) => op.opcode === descriptor.opcode)?.name ?? `opcode ${descriptor.opcode}`;
  return `op ${index} (${name})`;
}

/** Runs `check` and names the item in what it throws. */
function named(item: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof AivmError) || error.facts.item !== undefined) throw error;
    throw new AivmError(error.code, { ...error.facts, item }, { cause: error });
  }
}

function atMost(what: string, got: number, limit: number): void {
  if (!(got <= limit)) throw limitError(what, `at most ${limit}`, `${got}`);
}

function limitError(what: string, want: string, got: string): AivmError {
  return new AivmError("AIVM_LIMIT", { what, want, got, remedy: "split the model or correct the program" });
}

function metaError(what: string, want: string, got: string): AivmError {
  return new AivmError("AIVM_META", { what, want, got, remedy: "compile the model again" });
}

function rangeError(want: string, got: string): AivmError {
  return new AivmError("AIVM_RANGE", {
    what: "value range",
    want,
    got,
    remedy: "declare the range that the op gives",
  });
}

function referenceError(ref: Ref, want: string): AivmError {
  return new AivmError("AIVM_REFERENCE", {
    what: `reference to ${ref.kind}`,
    want,
    got: `${ref.index}`,
    remedy: "ops may read inputs, constants and earlier ops only",
  });
}
