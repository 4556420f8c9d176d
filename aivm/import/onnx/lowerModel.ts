/** From an ONNX file to a program and its constants: decode, calibrate, lower, define the ports. */
import { type InputPort, type OutputPort, type Program, SPEC_VERSION } from "../../program/program.ts";
import {
  type Calibration,
  type CalibrationTask,
  calibrate,
  namesOfConstants,
} from "../../quantize/calibrate.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { decodeOnnx } from "./decode.ts";
import { emit, rescale, typeOf, type Value } from "./emit.ts";
import { invalidGraph, unsupportedModel } from "./errors.ts";
import { lowerNodes, neededNodes } from "./families.ts";
import { elementCount, type OnnxGraph, type OnnxNode } from "./graph.ts";
import { isFromFile } from "./joined.ts";
import {
  createLowering,
  getValue,
  isFloat,
  type Lowering,
  type LoweringOptions,
  type Placed,
  quantizationOf,
  setValue,
} from "./lowering.ts";
import { normProbes } from "./norm.ts";
import { withoutRanges, zeroSample } from "./unsampled.ts";

/** A file, samples, and how to lower. `calibration` holds the samples. */
export interface LowerTask
  extends LoweringOptions,
    Pick<CalibrationTask, "onnx" | "reference" | "bound" | "shapes" | "onProgress"> {
  readonly name: string;
  readonly calibration: CalibrationTask["samples"];
}

/** What became of the graph's nodes on the way to ops. */
export interface Folding {
  /** Nodes in the file. */
  readonly nodes: number;
  /** Nodes that no input reaches, or no output needs: they became constants or nothing. */
  readonly constant: number;
  /** Nodes that became part of the op before them, by operator: batch normalisations, activations. */
  readonly merged: Readonly<Record<string, number>>;
}

/** A program without a card, its constants, and what calibration saw. */
export interface LoweredModel {
  readonly program: Program;
  readonly constants: readonly Tensor[];
  readonly calibration: Calibration;
  readonly graph: OnnxGraph;
  /** Where each tensor of the graph is in the program, as far as it is there. */
  readonly places: ReadonlyMap<string, Placed>;
  readonly folding: Folding;
}

/** Lowers a model. An operator that is not supported is refused before anything is run. @throws as compileOnnx does. */
export async function lowerModel(task: LowerTask): Promise<LoweredModel> {
  const graph = decodeOnnx(task.onnx);
  const fixed = new Set([...graph.initializers.keys(), ...(task.bound?.keys() ?? [])]);
  const known = namesOfConstants(graph, fixed);
  const nodes = neededNodes(graph, (name) => known.has(name));
  const unsampled = task.calibration.length === 0;
  const seen = await calibrate({
    ...task,
    graph,
    samples: unsampled ? [zeroSample(graph, task)] : task.calibration,
    probes: normProbes(nodes),
  });
  const calibration = unsampled ? withoutRanges(seen) : seen;
  assertLowerable(graph, calibration);
  const ctx = createLowering(graph, calibration, task);
  const inputs = defineInputs(ctx);
  const merged = lowerNodes(ctx, nodes);
  const outputs = graph.outputs.map((value) => outputPort(ctx, value.name));
  const program: Program = {
    specVersion: SPEC_VERSION,
    name: task.name,
    inputs,
    constants: ctx.e.constantTypes,
    ops: ctx.e.ops,
    outputs,
    precision: task.precision,
    card: "",
  };
  const first = [...ctx.placed].flatMap(([name, [placed]]) =>
    placed === undefined ? [] : [[name, placed] as const],
  );
  const places = new Map([...first, ...ctx.stored]);
  const folding = {
    nodes: graph.nodes.length,
    constant: graph.nodes.length - nodes.length,
    merged: countByOperator(merged),
  };
  return { program, constants: ctx.e.constants, calibration, graph, places, folding };
}

function countByOperator(nodes: readonly OnnxNode[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { opType } of nodes) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** A model needs an input and an output, and no tensor of size 0. */
function assertLowerable(graph: OnnxGraph, calibration: Calibration): void {
  if (calibration.inputs.length === 0)
    throw unsupportedModel("graph inputs", "at least one that is no constant", "none");
  if (graph.outputs.length === 0)
    throw invalidGraph({ item: "graph outputs", want: "at least one", got: "none" });
  for (const [name, { shape }] of calibration.types) {
    const internal = calibration.constants.has(name) && !graph.outputs.some((value) => value.name === name);
    if (!internal && elementCount(shape) === 0) {
      throw unsupportedModel(`tensor ${name}`, "sizes of at least 1", `[${shape.join(",")}]`);
    }
  }
}

function defineInputs(ctx: Lowering): InputPort[] {
  return ctx.calibration.inputs.map(({ name, shape }, index) => {
    const q = quantizationOf(ctx, name);
    const value: Value = { ref: { kind: "input", index }, shape, q };
    setValue(ctx, name, value);
    return { name, type: typeOf(value), scale: q.scale, zero: q.zero, ingest: "tensor" };
  });
}

/** An output must come from an op, in the ONNX axis order, and use its 16 bits. */
function outputPort(ctx: Lowering, name: string): OutputPort {
  const fine =
    isFloat(ctx, name) && !isFromFile(ctx, name)
      ? refined(ctx, name, getValue(ctx, name))
      : getValue(ctx, name);
  const value =
    fine.ref.kind === "op"
      ? fine
      : emit(ctx.e, "reshape", { operands: [fine], shape: fine.shape, q: fine.q });
  return { name, source: value.ref, scale: value.q.scale, zero: value.q.zero };
}

/** A 16-bit output has at least this many steps from 0 to its largest value. */
const COARSEST_OUTPUT = 16_000;

/**
 * A 16-bit output that shares a wider scale (data movement) and fills less than half of its range is shifted up by a
 * power of two: the same real values, with a scale that tells their size.
 */
function refined(ctx: Lowering, name: string, value: Value): Value {
  const stats = ctx.calibration.stats.get(name);
  const largest = stats === undefined ? 0 : Math.max(Math.abs(stats.min), Math.abs(stats.max));
  if (value.q.dtype !== "i16" || value.q.zero !== 0 || largest === 0) return value;
  const steps = Math.ceil(Math.log2((COARSEST_OUTPUT * value.q.scale) / largest) - 1e-9);
  if (steps < 1) return value;
  const scale = value.q.scale / 2 ** Math.min(steps, 20);
  return rescale(ctx.e, value, { dtype: "i16", scale, zero: 0, lo: -32767, hi: 32767 });
}
