/** aivm model evaluate */
import { encodeArtifact, type LoadedModel, loadArtifact } from "../../aivm/index.ts";
import { readArtifact, writeArtifact } from "../../aivm/io/files.ts";
import { openIsolatedReference } from "../../aivm/io/isolatedReference.ts";
import { loadWasmEngine } from "../../aivm/io/wasm.ts";
import { type EvaluationSet, evaluateAccuracy } from "../../aivm/quantize/accuracy.ts";
import { type Card, type CardSet, cardText, createCard } from "../../aivm/quantize/card.ts";
import { evaluateRegression, type RegressionReport } from "../../aivm/quantize/regression.ts";
import { bytesToHex } from "../../common/index.ts";
import {
  type Command,
  type Invocation,
  onlyWord,
  optionalFlag,
  requiredFlag,
  usageError,
} from "../command.ts";
import { progressLine } from "../progress.ts";
import { textTable } from "../table.ts";
import { cardFacts, cardTable } from "./card.ts";
import { type Dataset, readDataset, samplesFor } from "./dataset.ts";
import { FLOAT_MODEL_FLAGS, readFloatModel, requiredFloatModel } from "./floatModel.ts";

/** The command. */
export const evaluateCommand: Command = {
  name: "model evaluate",
  about: "measure an artifact beside its float model over a test split, and print the card",
  usage: "<artifact>",
  flags: {
    ...FLOAT_MODEL_FLAGS,
    data: { type: "string", placeholder: "FILE", about: "data set with a test split" },
    card: { type: "string", placeholder: "FILE", about: "write the artifact with the card inside to FILE" },
  },
  examples: [
    "aivm model evaluate digits.aivm --onnx models/digits/digits.onnx --data models/digits/split.json",
    "aivm model evaluate digits.aivm --onnx digits.onnx --data split.json --card digits-measured.aivm",
  ],
  run: async (invocation) => {
    const model = await readArtifact(onlyWord(invocation, "artifact"));
    const dataset = readDataset(requiredFlag(invocation, "data"));
    const names = model.program.inputs.map(({ name }) => name);
    if (dataset.metric === "mse") return evaluateNumbers(invocation, model, dataset);
    const split: EvaluationSet = {
      samples: samplesFor(dataset, { part: "test", names }),
      ...(dataset.test.labels.length === 0 ? {} : { labels: dataset.test.labels }),
    };
    const onnx = readFloatModel(requiredFloatModel(invocation), dataset);
    const card = await measuredCard(invocation, { model, split, onnx });
    const out = optionalFlag(invocation, "card");
    const measured = out === undefined ? model : await writeMeasured(out, model, card);
    const modelId = bytesToHex(measured.modelId);
    const note = out === undefined ? "" : `\n\n${out}: the same model with this card, model id ${modelId}`;
    invocation.result({ modelId, card }, `${cardTable(card)}${note}`);
  },
};

/** Regressions: squared errors, and no card. */
async function evaluateNumbers(invocation: Invocation, model: LoadedModel, dataset: Dataset): Promise<void> {
  const { program } = model;
  if (optionalFlag(invocation, "card") !== undefined)
    throw usageError("--card", "a data set with metric top1", dataset.metric);
  const onnx = readFloatModel(requiredFloatModel(invocation), dataset);
  const float = await (await openIsolatedReference()).load(onnx);
  try {
    const names = program.inputs.map(({ name }) => name);
    const report = await evaluateRegression({
      program,
      engine: await loadWasmEngine(model),
      float,
      split: { samples: samplesFor(dataset, { part: "test", names }), labels: dataset.test.labels },
      onProgress: progressLine("evaluating"),
    });
    invocation.result(
      { modelId: bytesToHex(model.modelId), metric: "mse", ...report },
      regressionText(report),
    );
  } finally {
    await float.close();
  }
}

function regressionText(report: RegressionReport): string {
  const number = (value: number): string => `${Number(value.toPrecision(5))}`;
  return textTable(
    ["measure", "value"],
    [
      ["samples", `${report.count}`],
      ["float mean squared error", number(report.floatMse)],
      ["fixed-point mean squared error", number(report.fixedMse)],
      ["largest difference", number(report.worstDivergence)],
      ["SQNR of the float outputs", `${report.sqnrDb.toFixed(1)} dB`],
    ],
  );
}

async function measuredCard(
  invocation: Invocation,
  of: { readonly model: LoadedModel; readonly split: EvaluationSet; readonly onnx: Uint8Array },
): Promise<Card> {
  const { model, split, onnx } = of;
  const reference = await openIsolatedReference();
  const float = await reference.load(onnx);
  try {
    const report = await evaluateAccuracy({
      program: model.program,
      engine: await loadWasmEngine(model),
      float,
      split,
      onProgress: progressLine("evaluating"),
    });
    return createCard(report, {
      onnx,
      evaluation: split,
      calibration: calibrationOf(model.program.card),
      reference: reference.name,
      ...cardFacts(evaluateCommand, invocation),
    });
  } finally {
    await float.close();
  }
}

/** What the artifact's own card says of its calibration: an artifact without a card does not say. */
function calibrationOf(text: string): CardSet | undefined {
  try {
    const { calibration } = JSON.parse(text) as Partial<Card>;
    return typeof calibration?.sha256 === "string" ? calibration : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the artifact with another card: the same program and weights under another model id. */
async function writeMeasured(path: string, model: LoadedModel, card: Card): Promise<LoadedModel> {
  const bytes = encodeArtifact({ ...model.program, card: cardText(card) }, model.constants);
  await writeArtifact(path, bytes);
  return loadArtifact(bytes);
}
