/** Real models as cases: this repository's own, and those of the outside test data where it is there. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeArtifact, type LoadedModel, loadArtifact } from "../../../../aivm/index.ts";
import { openOrtReference } from "../../../../aivm/io/ortReference.ts";
import { quantizeInput } from "../../../../aivm/quantize/fidelity.ts";
import type { Precision } from "../../../../aivm/quantize/scheme.ts";
import { type AccuracyCase, CASES, type LoadedCase } from "../../../accuracy/cases.ts";
import { testData } from "../../../support/testData.ts";
import { lowerOnce } from "../../support/lowered.ts";
import type { SuiteCase } from "./suite.ts";

/** Compiled artifacts that are kept for the next run; `make clean` removes them. */
const CACHE = join(import.meta.dirname, "../../../../build/conformance");

/** Samples that a model is calibrated on: these programs need not be accurate, only real. */
const CALIBRATION = 8;

/** Inputs of each model: few where the reference engine takes seconds for one. */
const INPUTS: Readonly<Record<string, number>> = { "imagenet-mobilenet-v2": 2, "ultraface-rfb320": 2 };
const MOST_INPUTS = 10;

/** Models whose data is here, in both precisions. Calls `absent` for each that is not. */
export async function* realModelCases(absent: (name: string) => void): AsyncGenerator<SuiteCase> {
  for (const entry of CASES) {
    const folder = entry.folder === undefined ? "" : testData("models", entry.folder);
    if (folder === undefined) {
      absent(entry.name);
      continue;
    }
    const loaded = entry.load(folder);
    for (const precision of ["a8", "a16"] as const) {
      yield caseOf(entry, loaded, { precision, model: await compiled(entry, loaded, precision) });
    }
  }
}

function caseOf(
  entry: AccuracyCase,
  { samples }: LoadedCase,
  of: { readonly precision: Precision; readonly model: LoadedModel },
): SuiteCase {
  const { precision, model } = of;
  const inputs = samples
    .slice(0, INPUTS[entry.name] ?? MOST_INPUTS)
    .map((sample) => model.program.inputs.map((port, k) => quantizeInput(port, sample[k] ?? [], true)));
  return { name: `${entry.name} ${precision}`, kind: "models", count: inputs.length, model, inputs };
}

async function compiled(entry: AccuracyCase, loaded: LoadedCase, precision: Precision): Promise<LoadedModel> {
  const file = join(CACHE, `${entry.name}.${precision}.aivm`);
  if (existsSync(file)) return loadArtifact(new Uint8Array(readFileSync(file)));
  const lowered = await lowerOnce({
    onnx: loaded.onnx,
    name: entry.name,
    calibration: loaded.calibration.slice(0, CALIBRATION),
    precision,
    weights: "i8",
    reference: await openOrtReference(),
  });
  const artifact = encodeArtifact(lowered.program, lowered.constants);
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(`${file}.${process.pid}`, artifact);
  renameSync(`${file}.${process.pid}`, file);
  return loadArtifact(artifact);
}
