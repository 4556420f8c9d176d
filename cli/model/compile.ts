/** aivm model compile */
import { readFileSync } from "node:fs";
import { compileOnnx } from "../../aivm/import/onnx/compile.ts";
import { writeArtifact } from "../../aivm/io/files.ts";
import { openOrtReference } from "../../aivm/io/ortReference.ts";
import { loadWasmEngine } from "../../aivm/io/wasm.ts";
import { AivmError, bytesToHex } from "../../common/index.ts";
import { type Command, type Invocation, optionalFlag, requiredFlag, usageError } from "../command.ts";
import { progressLine } from "../progress.ts";
import { cardFacts, cardTable } from "./card.ts";
import { readDataset } from "./dataset.ts";

/** The command. */
export const compileCommand: Command = {
  name: "model compile",
  about: "turn an ONNX model into an integer artifact",
  flags: {
    onnx: { type: "string", placeholder: "FILE", about: "the float model" },
    data: { type: "string", placeholder: "FILE", about: "data set; its calibration split sets the scales" },
    out: { type: "string", placeholder: "FILE", about: "artifact to write" },
    name: { type: "string", placeholder: "TEXT", about: "name in the metadata (default: the file's)" },
    precision: { type: "string", placeholder: "a8|a16", about: "bits of the activations", default: "a8" },
    evaluate: {
      type: "boolean",
      about: "measure it on the test split and put the card inside",
      default: false,
    },
  },
  examples: [
    "aivm model compile --onnx models/digits/digits.onnx --data models/digits/split.json --out digits.aivm",
  ],
  run: async (invocation) => {
    const onnx = requiredFlag(invocation, "onnx");
    const out = requiredFlag(invocation, "out");
    const dataset = readDataset(requiredFlag(invocation, "data"));
    const compiled = await compileOnnx({
      onnx: readOnnx(onnx),
      name: optionalFlag(invocation, "name") ?? onnx.replace(/^.*\//, "").replace(/\.onnx$/, ""),
      calibration: dataset.calibration.inputs.map((input) => [input]),
      precision: precisionOf(invocation),
      reference: await openOrtReference(),
      engine: loadWasmEngine,
      onProgress: progressLine("calibrating"),
      ...(invocation.flags.evaluate === true
        ? {
            evaluate: { samples: dataset.test.inputs.map((input) => [input]), labels: dataset.test.labels },
            card: cardFacts(compileCommand, invocation),
          }
        : {}),
    });
    await writeArtifact(out, compiled.artifact);
    const modelId = bytesToHex(compiled.modelId);
    const { report } = compiled;
    invocation.result(
      { modelId, file: out, ...report },
      `${out}: ${report.artifactBytes} bytes, ${report.ops} ops, ${report.vmGas} vmGas, ${report.precision}\nmodel id ${modelId}${report.card === undefined ? "" : `\n\n${cardTable(report.card)}`}`,
    );
  },
};

/** Bytes of an ONNX file. @throws CLI_FILE */
export function readOnnx(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    const got = error instanceof Error && "code" in error ? String(error.code) : "an error";
    throw new AivmError("CLI_FILE", {
      what: "ONNX file",
      item: path,
      want: "a file",
      got,
      remedy: "Check the path.",
    });
  }
}

function precisionOf(invocation: Invocation): "a8" | "a16" {
  const precision = requiredFlag(invocation, "precision");
  if (precision === "a8" || precision === "a16") return precision;
  throw usageError("--precision", "a8 or a16", precision);
}
