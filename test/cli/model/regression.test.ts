import { expect } from "chai";
import { createReferenceEngine, tensorType } from "../../../aivm/index.ts";
import { evaluateRegression } from "../../../aivm/quantize/regression.ts";
import { compileCommand } from "../../../cli/model/compile.ts";
import { evaluateCommand } from "../../../cli/model/evaluate.ts";
import { writeNpy } from "../../../cli/model/npy.ts";
import { freshKernels } from "../../../scripts/buildWasm.ts";
import { rejectsCode } from "../../aivm/support/errors.ts";
import { requireOrt, scriptedReference } from "../../aivm/support/floatReference.ts";
import { loaded, programOf } from "../../aivm/support/models.ts";
import { onnxModel } from "../../aivm/support/onnxBuilder.ts";
import { createScratch, runAivm } from "../support.ts";

describe("evaluation of a regression", () => {
  /** An identity: input 0.5 q, output 0.25 q, so the artifact answers half of what it is given. */
  const model = loaded(
    programOf({
      inputs: [tensorType("i8", [1, 2])],
      ops: [
        {
          opcode: 8,
          operands: [{ kind: "input", index: 0 }],
          output: tensorType("i8", [1, 2]),
          attrs: [0, 1, 0, 0],
        },
      ],
    }),
  );
  const identity = scriptedReference((feeds) => feeds.map((feed) => ({ ...feed, name: "y0" })));
  const task = async (labels: readonly number[]) => ({
    program: model.program,
    engine: createReferenceEngine(model),
    float: await identity.load(new Uint8Array()),
    split: {
      samples: [[[2, 4]], [[6, 8]]],
      labels,
    },
  });

  it("gives both mean squared errors and their difference, by hand", async () => {
    // Float answers 2 4 6 8, the artifact 1 2 3 4; the labels are 2 4 6 7.
    expect(await evaluateRegression(await task([2, 4, 6, 7]))).to.deep.equal({
      count: 2,
      floatMse: 1 / 4,
      fixedMse: (1 + 4 + 9 + 9) / 4,
      worstDivergence: 4,
      sqnrDb: 10 * Math.log10((4 + 16 + 36 + 64) / (1 + 4 + 9 + 16)),
    });
  });

  it("refuses another number of labels than the output has elements", async () => {
    await rejectsCode("AIVM_ACCURACY_SPLIT", evaluateRegression(await task([2, 4])));
    await rejectsCode(
      "AIVM_ACCURACY_SPLIT",
      evaluateRegression({ ...(await task([])), split: { samples: [], labels: [] } }),
    );
  });

  it("is what aivm model evaluate does for a data set with metric mse", async function () {
    await requireOrt(this);
    freshKernels();
    const scratch = createScratch();
    try {
      const weights = { w: { shape: [2, 1], data: [0.5, -0.25] } };
      const nodes = [{ op: "MatMul", inputs: ["x", "w"], outputs: ["y"] }];
      const onnx = scratch.write(
        "line.onnx",
        onnxModel({ nodes, inputs: { x: [1, 2] }, outputs: ["y"], weights }),
      );
      const xs = Array.from({ length: 64 }, (_, i) => Math.sin(i) * 2);
      scratch.write("x.npy", writeNpy([32, 2], xs));
      scratch.write(
        "y.npy",
        writeNpy(
          [32, 1],
          xs.flatMap((x, i) => (i % 2 === 0 ? [0.5 * x - 0.25 * (xs[i + 1] ?? 0)] : [])),
        ),
      );
      const inputs = [{ name: "x", test: "x.npy", calibration: "x.npy" }];
      const data = scratch.write("split.json", JSON.stringify({ inputs, labels: "y.npy", metric: "mse" }));
      const artifact = scratch.path("line.aivm");
      const commands = [compileCommand, evaluateCommand];
      const files = ["--onnx", onnx, "--data", data];
      const compiled = await runAivm(commands, [
        "model",
        "compile",
        ...files,
        "--out",
        artifact,
        "--precision",
        "a16",
      ]);
      expect(compiled.code, compiled.err).to.equal(0);
      const evaluated = await runAivm(commands, ["model", "evaluate", artifact, ...files, "--json"]);
      const report = evaluated.json() as { metric: string; floatMse: number; fixedMse: number };
      expect(report.metric).to.equal("mse");
      expect(report.floatMse).to.be.lessThan(1e-12);
      expect(report.fixedMse).to.be.within(1e-12, 1e-4);
      const card = await runAivm(commands, ["model", "compile", ...files, "--out", artifact, "--evaluate"]);
      expect([card.code, card.err.includes("CLI_USAGE")]).to.deep.equal([2, true]);
    } finally {
      scratch.remove();
    }
  });
});
