/** Models as the libraries write them beside the rules of those libraries, on rows that lie on thresholds and beside them. */
import { expect } from "chai";
import { createWasmEngine } from "../../../../aivm/engine/wasm/wasmEngine.ts";
import { compileOnnx } from "../../../../aivm/import/onnx/compile.ts";
import { decodeOnnx } from "../../../../aivm/import/onnx/format/decode.ts";
import type { OnnxAttribute } from "../../../../aivm/import/onnx/graph.ts";
import { lightgbmToOnnx } from "../../../../aivm/import/trees/lightgbm.ts";
import { float32AtMost } from "../../../../aivm/import/trees/threshold.ts";
import { xgboostToOnnx } from "../../../../aivm/import/trees/xgboost.ts";
import { quantizeInput } from "../../../../aivm/quantize/fidelity.ts";
import type { FloatReference } from "../../../../aivm/quantize/reference.ts";
import { freshKernels } from "../../../../scripts/buildWasm.ts";
import { requireOrt } from "../../support/floatReference.ts";
import { createRandom } from "../../support/random.ts";
import { leafOf, lightgbmModel, randomTree, type Tree, thresholdsOf, xgboostModel } from "./support.ts";

const FEATURES = 4;
const ROWS = 200;
const INPUTS = [
  { name: "a", width: 1 },
  { name: "b", width: FEATURES - 1 },
];

interface Case {
  readonly name: string;
  readonly library: "xgboost" | "lightgbm";
  readonly objective: string;
  /** Trees of a round. */
  readonly outputs: number;
  readonly baseScore?: string;
  /** Sums before the trees. */
  readonly base: readonly number[];
  /** The library's link, from sums to what it predicts. */
  readonly link: (sums: readonly number[]) => readonly number[];
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const bothOf = (p: number): number[] => [1 - p, p];
const softmax = (sums: readonly number[]): number[] => {
  const powers = sums.map((s) => Math.exp(s - Math.max(...sums)));
  return powers.map((p) => p / powers.reduce((a, b) => a + b, 0));
};
const first = (sums: readonly number[]): number => sums[0] ?? 0;
const identity = (sums: readonly number[]): readonly number[] => sums;

const CASES: readonly Case[] = [
  ...(
    [
      // The margins are those that XGBoost 1.7.6, 2.1.4, 3.0.5 and 3.2.0 start from for these texts.
      ["3E-1", -0.8472978],
      ["2.8090036E-1", -0.94],
      ["2.65E-1", -1.0201406],
      ["[6.274165E-1]", 0.5211496],
    ] as const
  ).map(
    ([baseScore, margin]): Case => ({
      name: `binary:logistic with base_score ${baseScore}`,
      library: "xgboost",
      objective: "binary:logistic",
      outputs: 1,
      baseScore,
      base: [margin],
      link: (sums) => bothOf(sigmoid(first(sums))),
    }),
  ),
  ...(["5E-1", "[-2E-1,3E-1,1E-1]"] as const).map(
    (baseScore): Case => ({
      name: `multi:softprob with base_score ${baseScore}`,
      library: "xgboost",
      objective: "multi:softprob",
      outputs: 3,
      baseScore,
      base: baseScore === "5E-1" ? [0.5, 0.5, 0.5] : [-0.2, 0.3, 0.1],
      link: softmax,
    }),
  ),
  {
    name: "multi:softmax of two classes",
    library: "xgboost",
    objective: "multi:softmax",
    outputs: 2,
    baseScore: "[2E-1,-1E-1]",
    base: [0.2, -0.1],
    link: softmax,
  },
  {
    name: "reg:squarederror",
    library: "xgboost",
    objective: "reg:squarederror",
    outputs: 1,
    baseScore: "6.98689E0",
    base: [6.98689],
    link: identity,
  },
  {
    name: "binary with a sigmoid of its own",
    library: "lightgbm",
    objective: "binary sigmoid:2.5",
    outputs: 1,
    base: [0],
    link: (sums) => bothOf(sigmoid(2.5 * first(sums))),
  },
  {
    name: "multiclass",
    library: "lightgbm",
    objective: "multiclass num_class:3",
    outputs: 3,
    base: [0, 0, 0],
    link: softmax,
  },
  {
    name: "multiclass of two classes",
    library: "lightgbm",
    objective: "multiclass num_class:2",
    outputs: 2,
    base: [0, 0],
    link: softmax,
  },
  {
    name: "multiclassova",
    library: "lightgbm",
    objective: "multiclassova num_class:3 sigmoid:1",
    outputs: 3,
    base: [0, 0, 0],
    link: (sums) => sums.map(sigmoid),
  },
  {
    name: "regression",
    library: "lightgbm",
    objective: "regression",
    outputs: 1,
    base: [0],
    link: identity,
  },
];

describe("a boosted model in integers answers as its library's rules say", () => {
  let reference: FloatReference;
  before(async function () {
    reference = await requireOrt(this);
  });

  for (const [seed, of] of CASES.entries()) {
    it(`${of.library} ${of.name}`, async () => {
      const trees = treesOf(seed, of);
      const rows = rowsOf(seed, trees);
      const wasm = await freshKernels();
      const { model, program } = await compileOnnx({
        onnx: onnxOf(of, trees),
        name: of.name,
        calibration: rows.slice(0, 40).map((row) => [row.slice(0, 1), row.slice(1)]),
        precision: "a16",
        reference,
        engine: (loaded) => createWasmEngine({ model: loaded, wasm }),
      });
      const engine = await createWasmEngine({ model, wasm });
      const test = of.library === "xgboost" ? "<" : "<=";
      let near = 0;
      for (const row of rows) {
        const inputs = program.inputs.map((port, k) =>
          quantizeInput(port, k === 0 ? row.slice(0, 1) : row.slice(1), true),
        );
        const { outputs } = await engine.run({ inputs });
        const sums = of.base.map((base, k) =>
          trees.reduce((sum, tree, i) => (i % of.outputs === k ? sum + leafOf(tree, row, test) : sum), base),
        );
        const want = of.link(sums);
        const scores = outputs.at(-1);
        const port = program.outputs.at(-1);
        if (scores === undefined || port === undefined) throw new Error("no scores");
        for (const [k, value] of want.entries()) {
          const got = port.scale * ((scores.data[k] ?? 0) - port.zero);
          expect(got, `${row}`).to.be.closeTo(value, 3e-4);
        }
        if (outputs.length === 1) continue;
        const [best = 0, second = 0] = [...want].sort((a, b) => b - a);
        // Sums that tie but for rounding decide nothing.
        if (best - second < 1e-6) near++;
        else expect(outputs[0]?.data[0], `${row}`).to.equal(want.indexOf(best));
      }
      expect(near).to.be.lessThan(ROWS / 20);
    });
  }

  function treesOf(seed: number, of: Case): Tree[] {
    const random = createRandom(seed + 100);
    // XGBoost's numbers are float32, LightGBM's float64: most thresholds lie between float32 numbers.
    const round = of.library === "xgboost" ? Math.fround : (value: number) => value;
    return Array.from({ length: 6 * of.outputs }, () =>
      randomTree(random, { features: FEATURES, depth: 4, round }),
    );
  }

  /** Every second value is a threshold as a float32, or the one before or behind it that LightGBM tells apart. */
  function rowsOf(seed: number, trees: readonly Tree[]): Float32Array[] {
    const random = createRandom(seed + 200);
    const thresholds = trees.flatMap(thresholdsOf);
    return Array.from({ length: ROWS }, () =>
      Float32Array.from({ length: FEATURES }, () => {
        if (random.int(0, 1) === 0) return random.int(-4000, 4000) / 1000;
        const threshold = random.pick(thresholds);
        return random.int(0, 1) === 0 ? float32AtMost(threshold) : Math.fround(threshold);
      }),
    );
  }

  function onnxOf(of: Case, trees: readonly Tree[]): Uint8Array {
    const { objective, outputs, baseScore } = of;
    if (of.library === "lightgbm") {
      return lightgbmToOnnx(
        JSON.stringify(lightgbmModel({ trees, features: FEATURES, objective, perRound: outputs })),
        INPUTS,
      );
    }
    const classes = outputs > 1 ? { classes: outputs } : {};
    const model = xgboostModel({
      trees,
      features: FEATURES,
      objective,
      ...classes,
      baseScore: baseScore ?? "5E-1",
    });
    return xgboostToOnnx(JSON.stringify(model), INPUTS);
  }
});

describe("features of sizes far apart, an input each", () => {
  it("are told apart at their own thresholds, float32 by float32", async function () {
    const reference = await requireOrt(this);
    const [small, large] = [Math.fround(0.00123), Math.fround(1_234_567.8)];
    const stump = (feature: number, [threshold, step]: readonly [number, number]): Tree => {
      return { feature, threshold, left: { leaf: 0 }, right: { leaf: step } };
    };
    const trees = [stump(0, [small, 1]), stump(1, [large, 2])];
    const json = JSON.stringify(
      xgboostModel({ trees, features: 2, objective: "reg:squarederror", baseScore: "0E0" }),
    );
    const rows = [-1, 0, 1].flatMap((i) =>
      [-1, 0, 1].map((k) => [small + i * 2 ** -33, large + k * 2 ** -3].map(Math.fround)),
    );
    const wasm = await freshKernels();
    const { model, program } = await compileOnnx({
      onnx: xgboostToOnnx(
        json,
        ["small", "large"].map((name) => ({ name, width: 1 })),
      ),
      name: "apart",
      calibration: rows.map(([a = 0, b = 0]) => [Float32Array.of(a), Float32Array.of(b)]),
      precision: "a16",
      reference,
      engine: (loaded) => createWasmEngine({ model: loaded, wasm }),
    });
    const engine = await createWasmEngine({ model, wasm });
    for (const row of rows) {
      const inputs = program.inputs.map((port, k) => quantizeInput(port, [row[k] ?? 0], true));
      const [y] = (await engine.run({ inputs })).outputs;
      const want = trees.reduce((sum, tree) => sum + leafOf(tree, row, "<"), 0);
      expect((program.outputs[0]?.scale ?? 0) * (y?.data[0] ?? 0), `${row}`).to.be.closeTo(want, 1e-6);
    }
  });
});

describe("the ONNX model of boosted trees", () => {
  const stump = (threshold: number): Tree => ({
    feature: 0,
    threshold,
    left: { leaf: 1 },
    right: { leaf: -1 },
  });
  const attribute = (onnx: Uint8Array, name: string): OnnxAttribute["value"] | undefined =>
    decodeOnnx(onnx).nodes.at(-1)?.attributes.get(name)?.value;

  it("has one input of all features unless it is told others", () => {
    const json = JSON.stringify(lightgbmModel({ trees: [stump(0)], features: 7, objective: "regression" }));
    expect(decodeOnnx(lightgbmToOnnx(json)).inputs).to.deep.equal([
      { name: "features", dtype: "float32", shape: [1, 7] },
    ]);
  });

  it("leaves out tests that every float32 passes or fails", () => {
    for (const [threshold, leaf] of [
      [1e300, 1],
      [-1e300, -1],
    ] as const) {
      const json = JSON.stringify(
        lightgbmModel({ trees: [stump(threshold)], features: 1, objective: "regression" }),
      );
      expect(attribute(lightgbmToOnnx(json), "nodes_modes")).to.deep.equal(["LEAF"]);
      expect(attribute(lightgbmToOnnx(json), "target_weights")).to.deep.equal([leaf]);
    }
  });
});
