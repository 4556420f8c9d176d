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
import {
  createLowering,
  getValue,
  isFloat,
  type LayerNote,
  type Lowering,
  type LoweringOptions,
  quantizationOf,
  setValue,
} from "./lowering.ts";
import { normProbes } from "./norm.ts";
import { observedTensors } from "./observe.ts";

/** A file and samples. `calibration` holds the samples. */
export interface CalibrateModelTask
  extends Pick<CalibrationTask, "onnx" | "reference" | "bound" | "shapes" | "onProgress"> {
  readonly calibration: CalibrationTask["samples"];
}

/** A graph with what calibration saw of it: what can be lowered, in one way or another. */
export interface CalibratedModel {
  readonly graph: OnnxGraph;
  readonly nodes: readonly OnnxNode[];
  readonly calibration: Calibration;
}

/** Where the program keeps a tensor of the graph: axis i of the value is axis perm[i] of the tensor; no perm = the same. */
export interface PlacedTensor {
  readonly value: Value;
  readonly perm: readonly number[] | undefined;
}

/** A program without a card, its constants, and what is known of it. */
export interface LoweredModel {
  readonly program: Program;
  readonly constants: readonly Tensor[];
  readonly layers: readonly LayerNote[];
  readonly tensors: ReadonlyMap<string, PlacedTensor>;
}

/** Decodes and calibrates. An operator that is not supported is refused before anything is run. @throws as compileOnnx does. */
export async function calibrateModel(task: CalibrateModelTask): Promise<CalibratedModel> {
  const graph = decodeOnnx(task.onnx);
  const fixed = new Set([...graph.initializers.keys(), ...(task.bound?.keys() ?? [])]);
  const known = namesOfConstants(graph, fixed);
  const nodes = neededNodes(graph, (name) => known.has(name));
  const calibration = await calibrate({
    ...task,
    graph,
    samples: task.calibration,
    watched: observedTensors(graph),
    probes: normProbes(nodes),
  });
  assertLowerable(graph, calibration);
  return { graph, nodes, calibration };
}

/** Lowers a calibrated model. @throws as compileOnnx does. */
export function lowerModel(
  model: CalibratedModel,
  options: LoweringOptions & { readonly name: string },
): LoweredModel {
  const { graph } = model;
  const ctx = createLowering(graph, model.calibration, options);
  const inputs = defineInputs(ctx);
  lowerNodes(ctx, model.nodes);
  const outputs = graph.outputs.map((value) => outputPort(ctx, value.name));
  const program: Program = {
    specVersion: SPEC_VERSION,
    name: options.name,
    inputs,
    constants: ctx.e.constantTypes,
    ops: ctx.e.ops,
    outputs,
    precision: options.precision,
    card: "",
  };
  const tensors = new Map<string, PlacedTensor>();
  for (const [name, [first]] of ctx.placed) if (first !== undefined) tensors.set(name, first);
  return { program, constants: ctx.e.constants, layers: ctx.layers, tensors };
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
  const fine = isFloat(ctx, name) ? refined(ctx, name, getValue(ctx, name)) : getValue(ctx, name);
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
