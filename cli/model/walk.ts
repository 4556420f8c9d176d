/** One element's dispute, step by step: which op, which operands, which hashes, and what the referee computes. */
import {
  CHUNK_ELEMENTS,
  chunkBytes,
  chunkCount,
  chunkToData,
  decodeWitness,
  elementCount,
  elementFunction,
  encodeWitness,
  type LoadedModel,
  MAX_WITNESS_BYTES,
  nodeOf,
  type OpDescriptor,
  opOf,
  type Program,
  shapeText,
  type TensorType,
  type Trace,
  traceHeight,
  traceSlots,
  witnessElement,
} from "../../aivm/index.ts";
import { bytesToHex, treeHeight } from "../../common/index.ts";
import { createReferee } from "../../opml-dispute/index.ts";
import { usageError } from "../command.ts";
import { textTable } from "../table.ts";

/** Values of an operand that are printed. */
const SHOWN = 8;

/** One operand as the referee sees it: only what the witness opens. */
interface OpenedOperand {
  readonly name: string;
  readonly source: string;
  readonly type: string;
  readonly chunks: readonly number[];
  /** Elements in the order in which the op reads them. */
  readonly reads: readonly { readonly index: number; readonly value: number }[];
  /** Root that commits to it. */
  readonly under: string;
}

/** The whole walk. */
export interface Walk {
  readonly op: number;
  readonly name: string;
  readonly element: number;
  /** The same as an index per axis. */
  readonly place: readonly number[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, number>>;
  readonly operands: readonly OpenedOperand[];
  readonly witnessBytes: number;
  readonly slot: number;
  readonly traceRoot: string;
  /** Value in the run, and the referee's. */
  readonly claimed: number;
  readonly recomputed: number;
}

/**
 * Takes the witness of one element out of a run, hands its bytes to the referee, and tells what it did.
 * @throws CLI_USAGE when the program has no such op or element; RangeError when the referee refuses an honest witness
 */
export function walkElement(options: {
  readonly model: LoadedModel;
  readonly trace: Trace;
  readonly op: number;
  readonly element: number;
}): Walk {
  const { model, trace, op, element } = options;
  const { program } = model;
  const descriptor = program.ops[op];
  if (descriptor === undefined) throw usageError("--op", `0 to ${program.ops.length - 1}`, `${op}`);
  const count = elementCount(descriptor.output.shape);
  if (element >= count) throw usageError("--element", `0 to ${count - 1}`, `${element}`);
  const bytes = encodeWitness(witnessElement({ trace, model, at: { op, element } }).witness);
  const inputRoot = trace.slotRoots[0] ?? new Uint8Array(32);
  const referee = createReferee({ program, weightsRoot: model.weightsRoot, inputRoot });
  const verdict = referee.judge({ slot: op + 1, element, traceRoot: trace.root, witness: bytes });
  if (!verdict.ok) throw new RangeError(`the referee refuses the witness: ${verdict.code} at ${verdict.at}`);
  const { name } = opOf(descriptor.opcode);
  return {
    op,
    name,
    element,
    place: placeOf(element, descriptor.output.shape),
    output: typeText(descriptor.output),
    attributes: attributesOf(descriptor),
    operands: openedOperands(program, { descriptor, element, bytes }),
    witnessBytes: bytes.length,
    slot: op + 1,
    traceRoot: bytesToHex(trace.root),
    claimed: trace.execution.opOutputs[op]?.data[element] ?? Number.NaN,
    recomputed: verdict.value,
  };
}

/** The walk for people. */
export function walkText(model: LoadedModel, walk: Walk): string {
  const { program } = model;
  const output = program.ops[walk.op]?.output;
  const chunks = chunkCount(output?.shape ?? []);
  const attributes = Object.entries(walk.attributes).map(([name, value]) => `${name} ${value}`);
  const rows = walk.operands.map(({ name, source, type, chunks: opened, reads, under }) => [
    name,
    source,
    type,
    opened.length === 0 ? "not read" : `${reads.length} in chunk ${opened.join(" ")}`,
    opened.length === 0 ? "-" : under,
  ]);
  const values = walk.operands
    .filter(({ reads }) => reads.length > 0)
    .map(({ name, reads }) => {
      const shown = reads.slice(0, SHOWN).map(({ index, value }) => `[${index}] ${value}`);
      return `  ${name}: ${shown.join(", ")}${reads.length > SHOWN ? `, ... ${reads.length} in all` : ""}`;
    });
  const agree = walk.recomputed === walk.claimed;
  return [
    `op ${walk.op} ${walk.name}, element ${walk.element} = [${walk.place.join(",")}] of ${walk.output}`,
    attributes.length === 0 ? "attributes: none" : `attributes: ${attributes.join(", ")}`,
    "",
    `1. The trace has ${traceSlots(program)} slots, a tree of height ${traceHeight(program)}. Two parties that differ are led to the first slot that differs: ${walk.slot}.`,
    `2. Its tensor has ${chunks} chunk${chunks === 1 ? "" : "s"} of ${CHUNK_ELEMENTS} elements, a tree of height ${treeHeight(chunks)}: on to chunk ${Math.floor(walk.element / CHUNK_ELEMENTS)}, and in it to element ${walk.element}.`,
    `3. Anyone brings the witness: ${walk.witnessBytes} bytes (at most ${MAX_WITNESS_BYTES} allowed), with these operands:`,
    "",
    textTable(["operand", "from", "type", "elements read", "proven under"], rows),
    "",
    "4. The referee checks every path and computes the element from these values alone:",
    "",
    ...values,
    "",
    `referee ${walk.recomputed}, this run ${walk.claimed}: ${agree ? "a party that claims anything else loses its bond" : "THEY DIFFER"}`,
  ].join("\n");
}

/** Operands as the witness's bytes show them: what is read here is what the referee reads. */
function openedOperands(
  program: Program,
  at: { readonly descriptor: OpDescriptor; readonly element: number; readonly bytes: Uint8Array },
): OpenedOperand[] {
  const { descriptor, element, bytes } = at;
  const decoded = decodeWitness(bytes);
  if (!decoded.ok) throw new RangeError(`the witness does not decode: ${decoded.code} at ${decoded.at}`);
  const openings = decoded.witness.operands;
  const node = nodeOf(program, descriptor);
  const opened = node.operands.map(({ dtype }, i) => {
    const { chunks = [], data = new Uint8Array(0) } = openings[i] ?? {};
    const size = chunkBytes(dtype);
    return new Map(
      chunks.map((chunk, k) => [chunk, chunkToData(dtype, data.subarray(k * size, (k + 1) * size))]),
    );
  });
  const reads = node.operands.map((): { index: number; value: number }[] => []);
  elementFunction(node)(element, (operand, index) => {
    const value = opened[operand]?.get(Math.floor(index / CHUNK_ELEMENTS))?.[index % CHUNK_ELEMENTS] ?? 0;
    reads[operand]?.push({ index, value });
    return value;
  });
  return descriptor.operands.map((ref, i) => ({
    name: operandName(descriptor, i),
    source:
      ref.kind === "input" ? `input ${program.inputs[ref.index]?.name ?? ""}` : `${ref.kind} ${ref.index}`,
    type: typeText(node.operands[i] ?? descriptor.output),
    chunks: [...(opened[i]?.keys() ?? [])],
    reads: reads[i] ?? [],
    under: { op: "trace root", input: "input root", const: "weights root" }[ref.kind],
  }));
}

function operandName(descriptor: OpDescriptor, index: number): string {
  const { operands } = opOf(descriptor.opcode);
  const name = operands[Math.min(index, operands.length - 1)] ?? "";
  const open = name.endsWith("...");
  return open ? `${name.slice(0, -3)}${index - operands.length + 1}` : name;
}

function attributesOf(descriptor: OpDescriptor): Readonly<Record<string, number>> {
  const { attributes } = opOf(descriptor.opcode);
  return Object.fromEntries(
    descriptor.attrs.map((value, i) => {
      const name = attributes[i] ?? attributes.at(-1) ?? "";
      return [
        name.endsWith("...") || i >= attributes.length ? `${name.replace("...", "")}[${i}]` : name,
        value,
      ];
    }),
  );
}

function typeText(type: Pick<TensorType, "dtype" | "shape">): string {
  return `${type.dtype}${shapeText(type.shape)}`;
}

function placeOf(element: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  let rest = element;
  for (const size of [...shape].reverse()) {
    place.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return place;
}
