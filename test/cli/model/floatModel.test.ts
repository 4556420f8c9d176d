/** The float model of a command: one file of one of three kinds. */
import { join, relative } from "node:path";
import { expect } from "chai";
import type { Card } from "../../../aivm/quantize/card.ts";
import { compileCommand } from "../../../cli/model/compile.ts";
import { evaluateCommand } from "../../../cli/model/evaluate.ts";
import { verifyCommand } from "../../../cli/model/verify.ts";
import { freshKernels } from "../../../scripts/buildWasm.ts";
import { requireOrt } from "../../aivm/support/floatReference.ts";
import { createScratch, runAivm, type Scratch } from "../support.ts";

const BOOSTED = join(import.meta.dirname, "../../../models/boosted");
const XGBOOST = ["--xgboost", join(BOOSTED, "breast-cancer-xgboost.json")];
const LIGHTGBM = ["--lightgbm", join(BOOSTED, "breast-cancer-lightgbm.json")];
const DATA = ["--data", join(BOOSTED, "split.json")];

describe("the float model that a command is given", () => {
  const run = (words: readonly string[]) =>
    runAivm([compileCommand, evaluateCommand, verifyCommand], ["model", ...words]);
  let scratch: Scratch;
  before(() => {
    freshKernels();
    scratch = createScratch();
  });
  after(() => scratch.remove());

  it("may be XGBoost's: compiled, evaluated and its card measured again", async function () {
    await requireOrt(this);
    const out = scratch.path("trees.aivm");
    const compiled = await run(["compile", ...XGBOOST, ...DATA, "--out", out, "--evaluate", "--json"]);
    expect(compiled.code, compiled.err).to.equal(0);
    const { card, thresholds } = compiled.json() as { readonly card: Card; readonly thresholds: object };
    expect(thresholds).to.deep.equal({ total: 163, exact: 163 });
    // 135 of 143 by the card of models/boosted, and not one answer changed.
    expect(card).to.include({ floatBps: 9441, fixedBps: 9441, agreementBps: 10_000 });
    const again = await run(["verify", out, ...XGBOOST, ...DATA]);
    expect(again.code, again.err).to.equal(0);
    expect(again.out).to.contain("measured again over 143 samples: the same figures");
    const other = await run(["evaluate", out, ...LIGHTGBM, ...DATA, "--json"]);
    expect((other.json() as { readonly card: Card }).card.floatBps).to.equal(9720);
  });

  it("is said to be inexact where features of all sizes share one input", async function () {
    await requireOrt(this);
    const folder = join(BOOSTED, "../breast-cancer");
    const data = scratch.write(
      "one.json",
      JSON.stringify({
        inputs: [
          {
            name: "all",
            test: join(relative(scratch.path("."), folder), "test-features.npy"),
            calibration: join(relative(scratch.path("."), folder), "calibration-features.npy"),
          },
        ],
      }),
    );
    const out = scratch.path("one.aivm");
    const compiled = await run(["compile", ...XGBOOST, "--data", data, "--out", out]);
    expect(compiled.code, compiled.err).to.equal(0);
    expect(compiled.out).to.contain("a feature that is equal may go either way");
  });

  it("is one file: none and two are refused", async () => {
    const out = ["--out", scratch.path("none.aivm")];
    for (const given of [[], [...XGBOOST, ...LIGHTGBM], [...XGBOOST, "--onnx", "a.onnx"]]) {
      const { code, err } = await run(["compile", ...given, ...DATA, ...out]);
      expect(code).to.equal(2);
      expect(err).to.contain("one of --onnx, --xgboost, --lightgbm");
    }
  });

  it("must be of the kind that the flag says", async () => {
    const out = ["--out", scratch.path("none.aivm")];
    const json = join(BOOSTED, "breast-cancer-lightgbm.json");
    const { code, err } = await run(["compile", "--xgboost", json, ...DATA, ...out]);
    expect(code).to.equal(1);
    expect(err).to.contain("AIVM_TREES_INVALID");
  });
});
