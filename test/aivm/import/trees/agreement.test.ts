/** The models of models/boosted beside what their libraries predicted for the held-out samples. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { createWasmEngine } from "../../../../aivm/engine/wasm/wasmEngine.ts";
import { compileOnnx } from "../../../../aivm/import/onnx/compile.ts";
import { decodeOnnx } from "../../../../aivm/import/onnx/format/decode.ts";
import { quantizeInput } from "../../../../aivm/quantize/fidelity.ts";
import type { Precision } from "../../../../aivm/quantize/scheme.ts";
import { readDataset, samplesFor } from "../../../../cli/model/dataset.ts";
import { readFloatModel } from "../../../../cli/model/floatModel.ts";
import { readNpy } from "../../../../cli/model/npy.ts";
import { freshKernels } from "../../../../scripts/buildWasm.ts";
import { requireOrt } from "../../support/floatReference.ts";

const MODELS = join(import.meta.dirname, "../../../../models");
/** Calibration sets the scale of the scores alone: the trees decide in integers that thresholds set too. */
const CALIBRATION = 64;

const CASES = [
  { task: "breast-cancer", data: "boosted/split.json", library: "xgboost", count: 143, classes: 2 },
  { task: "breast-cancer", data: "boosted/split.json", library: "lightgbm", count: 143, classes: 2 },
  { task: "digits", data: "digits/split.json", library: "xgboost", count: 450, classes: 10 },
  { task: "digits", data: "digits/split.json", library: "lightgbm", count: 450, classes: 10 },
] as const;

/** Largest difference of a probability, by precision: a step of the stored scores, and what the link loses. */
const TOLERANCE: Readonly<Record<Precision, number>> = { a8: 4e-3, a16: 2e-4 };

describe("boosted trees beside their libraries", () => {
  for (const { task, data, library, count, classes } of CASES) {
    // Labels come of sums that the precision does not touch.
    for (const precision of task === "breast-cancer" && library === "xgboost"
      ? (["a8", "a16"] as const)
      : (["a16"] as const)) {
      it(`${library} on ${task} as ${precision}: every label of ${count}, scores within ${TOLERANCE[precision]}`, async function () {
        const reference = await requireOrt(this);
        const path = join(MODELS, "boosted", `${task}-${library}`);
        const dataset = readDataset(join(MODELS, data));
        const onnx = readFloatModel({ kind: library, path: `${path}.json` }, dataset);
        const names = decodeOnnx(onnx).inputs.map(({ name }) => name);
        const wasm = await freshKernels();
        const { model, program } = await compileOnnx({
          onnx,
          name: task,
          calibration: samplesFor(dataset, { part: "calibration", names }).slice(0, CALIBRATION),
          precision,
          reference,
          engine: (loaded) => createWasmEngine({ model: loaded, wasm }),
        });
        const engine = await createWasmEngine({ model, wasm });
        const npy = `${path}-predictions.npy`;
        const predicted = Array.from(readNpy(new Uint8Array(readFileSync(npy)), npy).data, Number);
        const samples = samplesFor(dataset, { part: "test", names });
        expect(samples.length).to.equal(count);
        const [, port] = program.outputs;
        if (port === undefined) throw new Error("no scores");
        let worst = 0;
        for (const [i, sample] of samples.entries()) {
          const inputs = program.inputs.map((input, k) => quantizeInput(input, sample[k] ?? [], true));
          const [label, scores] = (await engine.run({ inputs })).outputs;
          const want =
            classes === 2
              ? [1 - (predicted[i] ?? 0), predicted[i] ?? 0]
              : predicted.slice(classes * i, classes * (i + 1));
          expect(label?.data[0], `sample ${i}`).to.equal(want.indexOf(Math.max(...want)));
          for (const [k, p] of want.entries()) {
            worst = Math.max(worst, Math.abs(port.scale * ((scores?.data[k] ?? 0) - port.zero) - p));
          }
        }
        expect(worst).to.be.at.most(TOLERANCE[precision]);
      });
    }
  }
});
