/** The planner: a validated model becomes the step program that the wasm and the native engine run. */
import { add } from "../../ops/add.ts";
import { argmax } from "../../ops/argmax.ts";
import { avgPool2d } from "../../ops/avgPool2d.ts";
import { concat } from "../../ops/concat.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { expand } from "../../ops/expand.ts";
import { gather } from "../../ops/gather.ts";
import { linear } from "../../ops/linear.ts";
import { matmul } from "../../ops/matmul.ts";
import { matmulDiv } from "../../ops/matmulDiv.ts";
import { maxPool2d } from "../../ops/maxPool2d.ts";
import { maxReduce } from "../../ops/maxReduce.ts";
import type { OpNode } from "../../ops/op.ts";
import { pad } from "../../ops/pad.ts";
import { random } from "../../ops/random.ts";
import { rank } from "../../ops/rank.ts";
import { elementFunction, opOf } from "../../ops/registry.ts";
import { reshape } from "../../ops/reshape.ts";
import { scatter } from "../../ops/scatter.ts";
import { slice } from "../../ops/slice.ts";
import { sumReduce } from "../../ops/sumReduce.ts";
import { transpose } from "../../ops/transpose.ts";
import { nodeOf, opGas } from "../../program/node.ts";
import type { Program, Ref } from "../../program/program.ts";
import { createTensor, type Tensor } from "../../tensor/tensor.ts";
import type { RunnableModel } from "../engine.ts";
import {
  addMap,
  createDraft,
  DEFAULT_SPLITTING,
  type Draft,
  dense,
  finishDraft,
  keepAlive,
  newBuffer,
  newConstant,
  newDense,
  type Splitting,
} from "./draft.ts";
import { MAP, type StepProgram } from "./format.ts";
import { fusions, neededOps } from "./fuse.ts";
import { lowerMap, MAP_OPS } from "./maps.ts";
import { lowerConcat, lowerExpand, lowerPad, lowerReshape, lowerSlice, lowerTranspose } from "./moves.ts";
import { type Epilogue, lowerConv, lowerMatmul } from "./products.ts";
import { lowerGather, lowerPool, lowerRandom, lowerRank, lowerReduce, lowerScatter } from "./reductions.ts";
import { denseView, isDense, type View } from "./view.ts";

/** Ops of constants alone are computed while planning up to this cost; dearer ones become steps. */
const MAX_FOLDED_GAS = 4_000_000n;

interface Planning {
  readonly program: Program;
  readonly draft: Draft;
  readonly inputs: readonly View[];
  /** View of each op's output once it has one; none for an op that became part of another's step. */
  readonly values: (View | undefined)[];
  readonly fused: ReadonlyMap<number, number>;
}

/** How a program is planned. */
export interface PlanOptions {
  /** Every op's output stays in the arena, row-major, and no two ops share a step. */
  readonly keepOps?: boolean;
  /** What is worth splitting among threads; what suits the wasm engine unless said otherwise. */
  readonly splitting?: Splitting;
}

/** Step program of a validated model. */
export function planProgram(model: RunnableModel, options: PlanOptions = {}): StepProgram {
  const { program } = model;
  const kept = options.keepOps === true;
  const draft = createDraft(model.constants, { kept, splitting: options.splitting ?? DEFAULT_SPLITTING });
  const inputs = program.inputs.map(({ type }) => denseView(newBuffer(draft, type, -1), type));
  const needed = kept ? program.ops.map(() => true) : neededOps(program);
  const fused = kept ? new Map<number, number>() : fusions(program, needed);
  const planning: Planning = { program, draft, inputs, values: [], fused };
  const absorbed = new Set(fused.values());
  for (const index of program.ops.keys()) {
    draft.opIndex = index;
    planning.values.push(needed[index] && !absorbed.has(index) ? lowerOp(planning, index) : undefined);
  }
  const outputs = program.outputs.map(({ source }) => settled(draft, viewOf(planning, source)));
  for (const view of outputs) keepAlive(draft, view, draft.steps.length);
  const ops = kept ? planning.values.map((view) => view ?? missing()) : undefined;
  return finishDraft(draft, { inputs, outputs, ...(ops === undefined ? {} : { ops }) });
}

function lowerOp(planning: Planning, index: number): View {
  const { program, draft, fused } = planning;
  const descriptor = program.ops[index] ?? missing();
  const node = nodeOf(program, descriptor);
  const conv = fused.get(index);
  if (conv !== undefined) return lowerFused(planning, node, conv);
  const operands = descriptor.operands.map((ref) => viewOf(planning, ref));
  if (!draft.kept) return foldedOp(draft, node, operands) ?? lowerNode(planning, node, { operands, index });
  const view = settled(draft, lowerNode(planning, node, { operands, index }));
  // A view onto an earlier output is that output's bytes: they stay, so the op needs none of its own.
  return view;
}

function lowerNode(
  planning: Planning,
  node: OpNode,
  of: { readonly operands: readonly View[]; readonly index: number },
): View {
  const { draft } = planning;
  const { opcode } = node.descriptor;
  const { operands } = of;
  const x = operands[0] ?? missing();
  if (MAP_OPS.has(opcode)) return lowerMap(draft, node, operands);
  switch (opcode) {
    case conv2d.opcode:
    case linear.opcode:
      return lowerConv(draft, node, operands);
    case matmul.opcode:
    case matmulDiv.opcode:
      return lowerMatmul(draft, node, operands, productOrder(planning, node, of.index));
    case reshape.opcode:
      return lowerReshape(draft, node, x);
    case transpose.opcode:
      return lowerTranspose(node, x);
    case slice.opcode:
      return lowerSlice(node, x);
    case expand.opcode:
      return lowerExpand(node, x);
    case concat.opcode:
      return lowerConcat(draft, node, operands);
    case pad.opcode:
      return lowerPad(draft, node, x);
    case sumReduce.opcode:
    case maxReduce.opcode:
    case argmax.opcode:
      return lowerReduce(draft, node, x);
    case maxPool2d.opcode:
    case avgPool2d.opcode:
      return lowerPool(draft, node, x);
    case gather.opcode:
      return lowerGather(draft, node, operands);
    case scatter.opcode:
      return lowerScatter(draft, node, operands);
    case rank.opcode:
      return lowerRank(draft, node, x);
    case random.opcode:
      return lowerRandom(draft, node, x);
    default:
      throw new RangeError(`the planner does not know the op ${opOf(opcode).name}`);
  }
}

/** An add or a table together with the convolution that it alone reads. */
function lowerFused(planning: Planning, node: OpNode, conv: number): View {
  const { program, draft } = planning;
  const descriptor = program.ops[conv] ?? missing();
  const operands = descriptor.operands.map((ref) => viewOf(planning, ref));
  const after = epilogueOf(planning, node, conv);
  return lowerConv(draft, nodeOf(program, descriptor), operands, after);
}

function epilogueOf(planning: Planning, node: OpNode, conv: number): Epilogue {
  const { operands, attrs, output, opcode } = node.descriptor;
  if (opcode !== add.opcode) {
    return { kind: 2, operand: viewOf(planning, operands[1] ?? missing()), parameters: [], output };
  }
  const [multiplierA = 0, multiplierB = 0, offset = 0, shift = 0, zero = 0] = attrs;
  const own = operands.findIndex((ref) => ref.kind === "op" && ref.index === conv);
  const multipliers = own === 0 ? [multiplierA, multiplierB] : [multiplierB, multiplierA];
  const operand = viewOf(planning, operands[1 - own] ?? missing());
  return {
    kind: 1,
    operand,
    parameters: [...multipliers, offset, shift, zero, output.lo, output.hi],
    output,
  };
}

/** How a product lies in memory: as its only reader, a transpose that leaves the columns last, wants it. */
function productOrder(planning: Planning, node: OpNode, index: number): number[] {
  const { program, draft } = planning;
  const rowMajor = node.descriptor.output.shape.map((_, axis) => axis);
  if (draft.kept) return rowMajor;
  const readers = program.ops.filter(({ operands }) =>
    operands.some((ref) => ref.kind === "op" && ref.index === index),
  );
  const [reader] = readers;
  if (readers.length !== 1 || reader?.opcode !== transpose.opcode) return rowMajor;
  return reader.attrs.at(-1) === rowMajor.length - 1 ? [...reader.attrs] : rowMajor;
}

/** The value of an op whose operands are all constants, as a new constant. */
function foldedOp(draft: Draft, node: OpNode, operands: readonly View[]): View | undefined {
  const tensors = operands.map((view) => constantOf(draft, view));
  if (opGas(node) > MAX_FOLDED_GAS || tensors.some((tensor) => tensor === undefined)) return undefined;
  const { dtype, shape } = node.descriptor.output;
  const output = createTensor(dtype, shape);
  const element = elementFunction(node);
  const read = (operand: number, at: number): number => tensors[operand]?.data[at] ?? 0;
  for (let i = 0; i < output.data.length; i++) output.data[i] = element(i, read);
  return newConstant(draft, output);
}

function constantOf(draft: Draft, view: View): Tensor | undefined {
  if (view.place.kind !== "constant" || !isDense(view) || view.base !== 0) return undefined;
  const tensor = draft.constants[view.place.index];
  return tensor?.data.length === view.shape.reduce((a, b) => a * b, 1) ? tensor : undefined;
}

/** Row-major in the arena: the view itself, or a copy. */
function settled(draft: Draft, view: View): View {
  if (view.place.kind === "arena") return dense(draft, view);
  const copy = newDense(draft, view);
  addMap(draft, { kind: MAP.copy, y: copy, operands: [view] });
  return copy;
}

function viewOf(planning: Planning, ref: Ref): View {
  const { draft, inputs, values } = planning;
  if (ref.kind === "input") return inputs[ref.index] ?? missing();
  if (ref.kind === "op") return values[ref.index] ?? missing();
  const tensor = draft.constants[ref.index] ?? missing();
  return denseView({ kind: "constant", index: ref.index }, tensor);
}

function missing(): never {
  throw new RangeError("the model was not validated");
}
