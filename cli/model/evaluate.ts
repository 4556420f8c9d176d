/** aivm model evaluate */
import { readArtifact } from "../../aivm/io/files.ts";
import { openOrtReference } from "../../aivm/io/ortReference.ts";
import { loadWasmEngine } from "../../aivm/io/wasm.ts";
import { evaluateAccuracy } from "../../aivm/quantize/accuracy.ts";
import { bytesToHex } from "../../common/index.ts";
import { type Command, onlyWord, requiredFlag } from "../command.ts";
import { progressLine } from "../progress.ts";
import { textTable } from "../table.ts";
import { readOnnx } from "./compile.ts";
import { readDataset, samplesFor } from "./dataset.ts";

/** The command. */
export const evaluateCommand: Command = {
  name: "model evaluate",
  about: "measure an artifact beside its float model over a labelled test split",
  usage: "<artifact>",
  flags: {
    onnx: { type: "string", placeholder: "FILE", about: "the float model" },
    data: { type: "string", placeholder: "FILE", about: "data set with a labelled test split" },
  },
  examples: [
    "aivm model evaluate digits.aivm --onnx models/digits/digits.onnx --data models/digits/split.json",
  ],
  run: async (invocation) => {
    const model = await readArtifact(onlyWord(invocation, "artifact"));
    const dataset = readDataset(requiredFlag(invocation, "data"));
    const names = model.program.inputs.map(({ name }) => name);
    const float = await (await openOrtReference()).load(readOnnx(requiredFlag(invocation, "onnx")));
    const report = await evaluateAccuracy({
      program: model.program,
      engine: await loadWasmEngine(model),
      float,
      split: { samples: samplesFor(dataset, { part: "test", names }), labels: dataset.test.labels },
      onProgress: progressLine("evaluating"),
    });
    await float.close();
    const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
    const rows = [
      ["samples", `${report.count}`],
      ["float top-1", percent(report.floatTop1)],
      ["fixed-point top-1", percent(report.fixedTop1)],
      ["difference", `${(100 * report.delta).toFixed(2)} points`],
      ["same answer", percent(report.agreement)],
      ["input saturation", percent(report.saturation)],
      ["SQNR of the float outputs", `${report.sqnrDb.toFixed(1)} dB`],
    ];
    invocation.result(
      { modelId: bytesToHex(model.modelId), ...report },
      textTable(["measure", "value"], rows),
    );
  },
};
