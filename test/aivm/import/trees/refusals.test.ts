/** Files that are refused: what is not lowered by name, what contradicts itself by place; nothing else is thrown. */
import { expect } from "chai";
import fc from "fast-check";
import { lightgbmToOnnx } from "../../../../aivm/import/trees/lightgbm.ts";
import { xgboostToOnnx } from "../../../../aivm/import/trees/xgboost.ts";
import { AivmError } from "../../../../common/errors.ts";
import { lightgbmModel, type Tree, xgboostModel } from "./support.ts";

const TREE: Tree = {
  feature: 0,
  threshold: 0.5,
  left: { feature: 1, threshold: 2, left: { leaf: 1 }, right: { leaf: 2 } },
  right: { leaf: -1 },
};

const xgboost = () => xgboostModel({ trees: [TREE, TREE], features: 2, objective: "binary:logistic" });
const lightgbm = () => lightgbmModel({ trees: [TREE, TREE], features: 2, objective: "binary sigmoid:1" });

type Path = readonly (string | number)[];
const LEARNER = ["learner"];
const MODEL = ["learner", "gradient_booster", "model"];
const ROOT = ["tree_info", 0, "tree_structure"];

/** The value with another one at a path. */
function put(value: unknown, path: Path, replacement: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return replacement;
  const copy: unknown = Array.isArray(value) ? [...value] : { ...(value as object) };
  const slots = copy as Record<string | number, unknown>;
  slots[key] = put(slots[key], rest, replacement);
  return copy;
}

function refusal(convert: (json: string) => unknown, json: string): AivmError {
  try {
    convert(json);
  } catch (error) {
    if (error instanceof AivmError) return error;
    throw error;
  }
  throw new Error("it was converted");
}

interface Case {
  readonly name: string;
  readonly path: Path;
  readonly value: unknown;
  readonly code: "AIVM_TREES_UNSUPPORTED" | "AIVM_TREES_INVALID";
  readonly says: string;
}

const no = (name: string, path: Path, [value, says]: readonly [unknown, string]): Case => {
  return { name, path, value, code: "AIVM_TREES_UNSUPPORTED", says };
};
const bad = (name: string, path: Path, [value, says]: readonly [unknown, string]): Case => {
  return { name, path, value, code: "AIVM_TREES_INVALID", says };
};

const XGBOOST: readonly Case[] = [
  no("dart", [...LEARNER, "gradient_booster", "name"], ["dart", "dart"]),
  no("gblinear", [...LEARNER, "gradient_booster", "name"], ["gblinear", "gblinear"]),
  no("another objective", [...LEARNER, "objective", "name"], ["count:poisson", "count:poisson"]),
  no("several targets", [...LEARNER, "learner_model_param", "num_target"], ["2", "2"]),
  no("categorical splits", [...MODEL, "trees", 0, "split_type", 0], [1, "categorical"]),
  no("leaves of vectors", [...MODEL, "trees", 0, "tree_param", "size_leaf_vector"], ["3", "multi-output"]),
  no("a model stopped early", [...LEARNER, "attributes", "best_iteration"], ["0", "number 1"]),
  bad("a cycle", [...MODEL, "trees", 0, "left_children", 1], [1, "reached twice"]),
  bad("a child that two nodes share", [...MODEL, "trees", 0, "left_children", 0], [4, "reached twice"]),
  bad("a root as a child", [...MODEL, "trees", 0, "left_children", 0], [0, "0"]),
  bad("a child out of range", [...MODEL, "trees", 0, "right_children", 0], [5, "5"]),
  bad("one child only", [...MODEL, "trees", 0, "right_children", 0], [-1, "-1"]),
  bad("a feature out of range", [...MODEL, "trees", 0, "split_indices", 0], [2, "2"]),
  bad("a threshold that is no number", [...MODEL, "trees", 0, "split_conditions", 0], ["0.5", "0.5"]),
  bad("a leaf beyond float32", [...MODEL, "trees", 0, "split_conditions", 4], [1e300, "Infinity"]),
  bad("lists of several lengths", [...MODEL, "trees", 0, "split_indices"], [[0], "other numbers"]),
  bad("a class out of range", [...MODEL, "tree_info", 1], [1, "1"]),
  bad("a tree without a class", [...MODEL, "tree_info"], [[0], "1 for 2"]),
  bad("a base score that is no number", [...LEARNER, "learner_model_param", "base_score"], ["nan", "nan"]),
  bad(
    "a base score that is no probability",
    [...LEARNER, "learner_model_param", "base_score"],
    ["[1E0]", "1"],
  ),
  bad("too many base scores", [...LEARNER, "learner_model_param", "base_score"], ["[1E-1,2E-1]", "2"]),
  bad("no features", [...LEARNER, "learner_model_param", "num_feature"], ["0", "0"]),
  bad("features without end", [...LEARNER, "learner_model_param", "num_feature"], ["999999999", "999999999"]),
  bad("no model", LEARNER, [[], "a list"]),
];

const LIGHTGBM: readonly Case[] = [
  no("another objective", ["objective"], ["poisson", "poisson"]),
  no("an objective of one's own", ["objective"], [undefined, "custom"]),
  no("reg_sqrt", ["objective"], ["regression sqrt", "sqrt"]),
  no("a random forest", ["average_output"], [true, "boosting=rf"]),
  no("categorical splits", [...ROOT, "decision_type"], ["==", "categorical"]),
  no("zero_as_missing", [...ROOT, "missing_type"], ["Zero", "Zero"]),
  no("linear leaves", [...ROOT, "right_child", "leaf_coeff"], [[1], "linear"]),
  bad("a class count that is not its trees'", ["objective"], ["multiclass num_class:3", "1"]),
  bad("a sigmoid of 0", ["objective"], ["binary sigmoid:0", "0"]),
  bad("rounds that are cut", ["tree_info"], [[], "0 trees"]),
  bad("a feature out of range", [...ROOT, "split_feature"], [2, "2"]),
  bad("a feature that is no whole number", [...ROOT, "split_feature"], [0.5, "0.5"]),
  bad("a threshold that is no number", [...ROOT, "threshold"], ["1||2", "1||2"]),
  bad("a missing child", [...ROOT, "left_child"], [undefined, "nothing"]),
  bad("a child that is a number", [...ROOT, "left_child"], [3, "3"]),
  bad("a leaf beyond float32", [...ROOT, "right_child", "leaf_value"], [1e300, "Infinity"]),
];

describe("a file of boosted trees is refused", () => {
  for (const [library, convert, model, cases] of [
    ["XGBoost", xgboostToOnnx, xgboost, XGBOOST],
    ["LightGBM", lightgbmToOnnx, lightgbm, LIGHTGBM],
  ] as const) {
    it(`${library}: the sound model is not`, () => {
      expect(convert(JSON.stringify(model())).length).to.be.greaterThan(0);
    });

    for (const { name, path, value, code, says } of cases) {
      it(`${library}: ${name}`, () => {
        const error = refusal(convert, JSON.stringify(put(model(), path, value)));
        expect(error.code, error.message).to.equal(code);
        expect(error.facts.got).to.contain(says);
      });
    }

    it(`${library}: text that is no JSON, or no object`, () => {
      for (const json of ["", "{", "null", "[]", "3", '{"learner": NaN}', "\u0000"]) {
        expect(refusal(convert, json).code).to.equal("AIVM_TREES_INVALID");
      }
    });

    it(`${library}: inputs that are not the features`, () => {
      const error = refusal((json) => convert(json, [{ name: "x", width: 3 }]), JSON.stringify(model()));
      expect(error.facts).to.include({ want: "2 features in all", got: "3" });
    });

    it(`${library}: anything in the place of anything converts or is refused`, () => {
      const sound = model();
      const paths = pathsOf(sound);
      const junk = fc.oneof(
        fc.jsonValue({ maxDepth: 2 }),
        fc.constantFrom(-1, 0, 1, 2, 1e9, 2 ** 31, "-1", "1E400", "[]", null),
      );
      fc.assert(
        fc.property(fc.nat(paths.length - 1), junk, (at, value) => {
          try {
            convert(JSON.stringify(put(sound, paths[at] ?? [], value)));
          } catch (error) {
            if (!(error instanceof AivmError)) throw error;
          }
        }),
        { seed: 5, numRuns: 1_000 },
      );
    });
  }

  it("but not a model stopped early that was cut to its best rounds", () => {
    const cut = put(xgboost(), [...LEARNER, "attributes", "best_iteration"], "1");
    expect(xgboostToOnnx(JSON.stringify(cut)).length).to.be.greaterThan(0);
  });

  it("a tree of more tests than the importer of ONNX takes", () => {
    let deep: Tree = { leaf: 0 };
    for (let i = 0; i < 65; i++) deep = { feature: 0, threshold: i, left: deep, right: { leaf: i } };
    const xgb = xgboostModel({ trees: [deep], features: 1, objective: "reg:squarederror" });
    const lgb = lightgbmModel({ trees: [deep], features: 1, objective: "regression" });
    for (const error of [
      refusal(xgboostToOnnx, JSON.stringify(xgb)),
      refusal(lightgbmToOnnx, JSON.stringify(lgb)),
    ]) {
      expect(error.code).to.equal("AIVM_TREES_UNSUPPORTED");
      expect(error.facts.got).to.equal("more tests");
    }
  });

  it("a text nested a hundred thousand deep, without running out of stack", () => {
    const open =
      '{"split_feature":0,"threshold":1,"decision_type":"<=","missing_type":"None","right_child":{"leaf_value":0},"left_child":';
    const depth = 100_000;
    const root = `${open.repeat(depth)}0${"}".repeat(depth)}`;
    const error = refusal(
      lightgbmToOnnx,
      JSON.stringify(lightgbm()).replace(/"tree_structure":/, `"tree_structure":${root},"other":`),
    );
    expect(error.facts.got).to.equal("more tests");
  });
});

/** Every path of a JSON value. */
function pathsOf(value: unknown): Path[] {
  if (typeof value !== "object" || value === null) return [[]];
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? value.map((item: unknown, i) => [i, item])
    : Object.entries(value);
  return [[], ...entries.flatMap(([key, item]) => pathsOf(item).map((path) => [key, ...path]))];
}
