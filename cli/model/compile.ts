/** aivm model compile */

import { type CompiledModel, type CompileReport, compileOnnx } from "../../aivm/import/onnx/compile.ts";
import { decodeOnnx } from "../../aivm/import/onnx/format/decode.ts";
import { type ThresholdGrid, thresholdGrid } from "../../aivm/import/onnx/operators/trees/grid.ts";
import { MAX_OPERANDS, MAX_WITNESS_BYTES } from "../../aivm/index.ts";
import { writeArtifact } from "../../aivm/io/files.ts";
import { openIsolatedReference } from "../../aivm/io/isolatedReference.ts";
import { loadWasmEngine } from "../../aivm/io/wasm.ts";
import type { EvaluationSet } from "../../aivm/quantize/accuracy.ts";
import { measureSaturation, type SaturationReport } from "../../aivm/quantize/saturation.ts";
import { bytesToHex } from "../../common/index.ts";
import {
  allFlags,
  type Command,
  type Invocation,
  optionalFlag,
  requiredFlag,
  usageError,
} from "../command.ts";
import { progressLine, progressNote } from "../progress.ts";
import { textTable } from "../table.ts";
import { cardFacts, cardTable } from "./card.ts";
import { type Dataset, readDataset, samplesFor } from "./dataset.ts";
import { FLOAT_MODEL_FLAGS, readFloatModel, requiredFloatModel } from "./floatModel.ts";

/** Saturation is measured on this many samples of the test split, or of the calibration split without one. */
const SATURATION_SAMPLES = 64;
/** Convolutions and products are listed from this share of elements at an end of their type. */
const LISTED_SHARE = 0.01;
const PRODUCTS = /^op \d+ (conv2d|linear|matmul)$/;

/** The command. */
export const compileCommand: Command = {
  name: "model compile",
  about: "turn a float model into an integer artifact",
  flags: {
    ...FLOAT_MODEL_FLAGS,
    data: { type: "string", placeholder: "FILE", about: "data set; its calibration split sets the scales" },
    out: { type: "string", placeholder: "FILE", about: "artifact to write" },
    name: { type: "string", placeholder: "TEXT", about: "name in the metadata (default: the file's)" },
    precision: { type: "string", placeholder: "a8|a16", about: "bits of the activations", default: "a8" },
    weights: { type: "string", placeholder: "i8|i16|auto", about: "bits of the weights", default: "auto" },
    shape: {
      type: "string",
      placeholder: "NAME=SIZES",
      about: "static shape of an input whose dimensions the file leaves free",
      multiple: true,
    },
    "max-operands": {
      type: "string",
      placeholder: "N",
      about: "most operands of one element; 4096 for disputes judged by an EVM",
      default: "16384",
    },
    evaluate: {
      type: "boolean",
      about: "measure it on the test split and put the card inside",
      default: false,
    },
  },
  examples: [
    "aivm model compile --onnx models/digits/digits.onnx --data models/digits/split.json --out digits.aivm",
    "aivm model compile --onnx dense.onnx --data split.json --out dense.aivm --precision a16 --evaluate",
    "aivm model compile --xgboost model.json --data split.json --out trees.aivm",
    "aivm model compile --onnx net.onnx --data split.json --out net.aivm --shape image=1x3x224x224",
  ],
  run: async (invocation) => {
    const file = requiredFloatModel(invocation);
    const out = requiredFlag(invocation, "out");
    const dataset = readDataset(requiredFlag(invocation, "data"));
    const onnx = readFloatModel(file, dataset);
    const graph = decodeOnnx(onnx);
    const names = graph.inputs.map(({ name }) => name);
    const compiled = await compileOnnx({
      onnx,
      name: optionalFlag(invocation, "name") ?? file.path.replace(/^.*\//, "").replace(/\.(onnx|json)$/, ""),
      calibration: samplesFor(dataset, { part: "calibration", names }),
      precision: choiceFlag(invocation, { name: "precision", choices: ["a8", "a16"] }),
      weights: choiceFlag(invocation, { name: "weights", choices: ["i8", "i16", "auto"] }),
      shapes: shapesOf(invocation, names),
      maxOperands: maxOperandsOf(invocation),
      reference: await openIsolatedReference(),
      engine: loadWasmEngine,
      onProgress: progressLine("calibrating"),
      onTrial: ({ what, sqnrDb, kept }) =>
        progressNote(`tried ${what}: ${sqnrDb.toFixed(1)} dB${kept ? "" : ", not kept"}`),
      ...(invocation.flags.evaluate === true
        ? {
            evaluate: evaluationSet(dataset, names),
            card: cardFacts(compileCommand, invocation),
          }
        : {}),
    });
    await writeArtifact(out, compiled.artifact);
    const part = dataset.test.samples.length > 0 ? "test" : "calibration";
    const saturation = await measureSaturation({
      program: compiled.program,
      engine: await loadWasmEngine(compiled.model),
      samples: samplesFor(dataset, { part, names }).slice(0, SATURATION_SAMPLES),
    });
    const modelId = bytesToHex(compiled.modelId);
    const { card } = compiled.report;
    const { inputs } = compiled.program;
    const thresholds = thresholdGrid(graph, (input) => inputs.find(({ name }) => name === input)?.scale);
    invocation.result(
      {
        modelId,
        file: out,
        ...compiled.report,
        saturation: { part, ...saturation },
        ...(thresholds && { thresholds }),
      },
      `${out}: model ${modelId}\n\n${summary(compiled, { saturation: { part, ...saturation }, thresholds })}${card === undefined ? "" : `\n\n${cardTable(card)}`}`,
    );
  },
};

function summary(
  { report }: CompiledModel,
  measured: {
    readonly saturation: SaturationReport & { readonly part: "test" | "calibration" };
    readonly thresholds: ThresholdGrid | undefined;
  },
): string {
  const { saturation, thresholds } = measured;
  const { nodes, constant, merged } = report.folding;
  const mergedCount = Object.values(merged).reduce((sum, count) => sum + count, 0);
  const mergedText = Object.entries(merged).map(([name, count]) => `${count} ${name}`);
  const rows = [
    ["graph", `${nodes} nodes: ${constant} constant or unused, ${mergedCount} merged into the op before`],
    ...(mergedText.length > 0 ? [["merged", mergedText.join(", ")]] : []),
    ["program", `${report.ops} ops, ${report.vmGas} vmGas a run`],
    ["file", `${report.artifactBytes} bytes`],
    ["largest witness", `${report.witnessBytes} bytes of ${MAX_WITNESS_BYTES} allowed`],
    ["scheme", schemeText(report)],
    ["calibrated on", `${report.calibrationSamples} samples, with ${report.reference}`],
    ["saturation", saturationText(saturation)],
    ...(thresholds === undefined ? [] : [["thresholds", thresholdText(thresholds)]]),
    ...report.warnings.map((warning) => ["WARNING", warning]),
  ];
  const width = Math.max(...rows.map(([label = ""]) => label.length));
  const facts = rows.map(([label = "", value = ""]) => `${label.padEnd(width)}  ${value}`);
  const fidelity = report.fidelity.map(({ name, integer, largest, worst, sqnrDb }) => [
    name,
    integer ? "integer" : "float",
    numberText(largest),
    numberText(worst),
    integer ? "-" : Number.isFinite(sqnrDb) ? `${sqnrDb.toFixed(1)} dB` : "exact",
  ]);
  const header = ["output", "kind", "largest value", "worst difference", "signal to noise"];
  return `${facts.join("\n")}\n\nbeside the float model, on calibration samples:\n\n${textTable(header, fidelity)}`;
}

function schemeText({ precision, weights, wideLayers, trials }: CompileReport): string {
  const wide = `${wideLayers.length} layers with 16-bit weights`;
  return `${precision} activations, ${weights} weights${weights === "auto" ? ` (${wide}, ${trials.length} trials)` : ""}`;
}

function thresholdText({ total, exact }: ThresholdGrid): string {
  const all = `${exact} of ${total} are whole units of their features`;
  if (exact === total) return all;
  return `${all}; at the others a feature that is equal may go either way: give features of other sizes inputs of their own`;
}

function saturationText(report: SaturationReport & { readonly part: string }): string {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  const inputs =
    report.inputs === 0 ? "no input value clamped" : `inputs clamped at ${percent(report.inputs)}`;
  const products = report.tensors
    .filter(({ tensor, share }) => share >= LISTED_SHARE && PRODUCTS.test(tensor))
    .sort((x, y) => y.share - x.share)
    .slice(0, 3)
    .map(({ tensor, share }) => `${tensor} ${percent(share)}`);
  const tops = products.length === 0 ? "no product has 1 % at an end" : `at an end: ${products.join(", ")}`;
  return `${inputs}; ${tops} (${report.samples} ${report.part} samples)`;
}

/** Labels and samples of the test split. @throws CLI_USAGE when the labels are no classes */
function evaluationSet(dataset: Dataset, names: readonly string[]): EvaluationSet {
  if (dataset.metric !== "top1")
    throw usageError("--evaluate", "a data set with metric top1", dataset.metric);
  const { labels } = dataset.test;
  const samples = samplesFor(dataset, { part: "test", names });
  return { samples, ...(labels.length === 0 ? {} : { labels }) };
}

function numberText(value: number): string {
  return `${Number(value.toPrecision(4))}`;
}

function choiceFlag<T extends string>(
  invocation: Invocation,
  rule: { readonly name: string; readonly choices: readonly T[] },
): T {
  const text = requiredFlag(invocation, rule.name);
  const found = rule.choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw usageError(`--${rule.name}`, rule.choices.join(" or "), text);
}

function shapesOf(invocation: Invocation, names: readonly string[]): ReadonlyMap<string, readonly number[]> {
  return new Map(
    allFlags(invocation, "shape").map((text) => {
      const at = text.lastIndexOf("=");
      const name = text.slice(0, at);
      const sizes = text.slice(at + 1);
      if (at < 1 || !/^[1-9]\d{0,9}(x[1-9]\d{0,9})*$/.test(sizes))
        throw usageError("--shape", "NAME=SIZES, for example image=1x3x224x224", text);
      if (!names.includes(name)) throw usageError("--shape", `an input: ${names.join(", ")}`, name);
      return [name, sizes.split("x").map(Number)] as const;
    }),
  );
}

function maxOperandsOf(invocation: Invocation): number {
  const given = requiredFlag(invocation, "max-operands");
  const count = Number(given);
  if (Number.isInteger(count) && count >= 2 && count <= MAX_OPERANDS) return count;
  throw usageError("--max-operands", `a whole number from 2 to ${MAX_OPERANDS}`, given);
}
