import { join } from "node:path";
import { expect } from "chai";
import type { Card } from "../../../aivm/quantize/card.ts";
import { compileCommand } from "../../../cli/model/compile.ts";
import { evaluateCommand } from "../../../cli/model/evaluate.ts";
import { freshKernels } from "../../../scripts/buildWasm.ts";
import { requireOrt } from "../../aivm/support/floatReference.ts";
import { createScratch, runAivm, type Scratch } from "../support.ts";

const MODELS = join(import.meta.dirname, "../../../models");

/** What the cards of models/ say of the float models, and what an integer artifact may lose: a point of top-1. */
const CASES = [
  {
    model: "digit-rows/digit-rows.onnx",
    data: "digit-rows/split.json",
    precision: "a16",
    count: 450,
    right: 442,
  },
  {
    model: "breast-cancer/dense.onnx",
    data: "breast-cancer/split.json",
    precision: "a8",
    count: 143,
    right: 139,
  },
  {
    model: "breast-cancer/dense.onnx",
    data: "breast-cancer/split.json",
    precision: "a16",
    count: 143,
    right: 139,
  },
  {
    model: "breast-cancer/trees.onnx",
    data: "breast-cancer/split.json",
    precision: "a16",
    count: 143,
    right: 136,
  },
] as const;

interface Evaluation {
  readonly card: Pick<Card, "floatBps" | "deltaBps" | "agreementBps" | "evaluation" | "reasons">;
}

describe("the models of this repository", () => {
  let scratch: Scratch;
  before(() => {
    freshKernels();
    scratch = createScratch();
  });
  after(() => scratch.remove());

  for (const { model, data, precision, count, right } of CASES) {
    it(`${model} as ${precision}: float as its card says, at most one point lost`, async function () {
      await requireOrt(this);
      const out = scratch.path("model.aivm");
      const files = ["--onnx", join(MODELS, model), "--data", join(MODELS, data)];
      const commands = [compileCommand, evaluateCommand];
      const compiled = await runAivm(commands, [
        "model",
        "compile",
        ...files,
        "--out",
        out,
        "--precision",
        precision,
      ]);
      expect(compiled.code, compiled.err).to.equal(0);
      const evaluated = await runAivm(commands, ["model", "evaluate", out, ...files, "--json"]);
      expect(evaluated.code, evaluated.err).to.equal(0);
      const { card } = evaluated.json() as Evaluation;
      expect(card.evaluation.samples).to.equal(count);
      expect(card.floatBps).to.equal(Math.round((10_000 * right) / count));
      expect(card.deltaBps).to.be.at.least(-100);
      expect(card.agreementBps).to.be.at.least(9850);
      expect(card.reasons).to.deep.equal([]);
    });
  }
});
