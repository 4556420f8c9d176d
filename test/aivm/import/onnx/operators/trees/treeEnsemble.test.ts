/** Tree ensembles beside onnxruntime: the same class, and the same leaves, on random rows. */
import { expect } from "chai";
import fc from "fast-check";
import { createWasmEngine } from "../../../../../../aivm/engine/wasm/wasmEngine.ts";
import { type CompiledModel, compileOnnx } from "../../../../../../aivm/import/onnx/compile.ts";
import {
  featureQuantization,
  integerLimit,
} from "../../../../../../aivm/import/onnx/operators/trees/limits.ts";
import { quantizeInput } from "../../../../../../aivm/quantize/fidelity.ts";
import type { FloatReference } from "../../../../../../aivm/quantize/reference.ts";
import { AivmError } from "../../../../../../common/errors.ts";
import { freshKernels } from "../../../../../../scripts/buildWasm.ts";
import { requireOrt, scriptedReference } from "../../../../support/floatReference.ts";
import {
  onnxModel,
  rawTensor,
  type TestAttribute,
  type TestGraph,
  type TestNode,
} from "../../../../support/onnxBuilder.ts";
import { createRandom, type Random } from "../../../../support/random.ts";

const FEATURES = 5;
const ROWS = 1_000;
const ML = "ai.onnx.ml";

/** A random forest in the attributes of versions 1 to 4. */
interface Forest {
  readonly attributes: Record<string, TestAttribute>;
  readonly thresholds: readonly number[];
}

interface Shape {
  readonly kind: "class" | "target";
  readonly trees: number;
  readonly depth: number;
  readonly modes?: readonly string[];
  /** Weights of one leaf: which ids it has weights for, by its tree. */
  readonly ids: (tree: number) => readonly number[];
  readonly weight: (random: Random) => number;
}

function randomForest(seed: number, shape: Shape): Forest {
  const random = createRandom(seed);
  const nodes: {
    tree: number;
    id: number;
    feature: number;
    value: number;
    mode: string;
    yes: number;
    no: number;
  }[] = [];
  const leaves: { tree: number; node: number; id: number; weight: number }[] = [];
  const thresholds: number[] = [];
  for (let tree = 0; tree < shape.trees; tree++) {
    let next = 0;
    const grow = (depth: number): number => {
      const id = next++;
      const place = nodes.length;
      nodes.push({ tree, id, feature: 0, value: 0, mode: "LEAF", yes: 0, no: 0 });
      // Trees are uneven: a third of the inner nodes are leaves early, but no root is.
      if (depth === shape.depth || (depth > 0 && random.int(0, 2) === 0)) {
        for (const target of shape.ids(tree))
          leaves.push({ tree, node: id, id: target, weight: shape.weight(random) });
        return id;
      }
      // Some thresholds are steps that rows can have, others lie between them.
      const value =
        random.int(0, 1) === 0
          ? random.int(-3000, 3000) * 1000 * STEP
          : Math.fround(random.int(-3000, 3000) / 997);
      thresholds.push(value);
      const [yes, no] = [grow(depth + 1), grow(depth + 1)];
      nodes[place] = {
        tree,
        id,
        feature: random.int(0, FEATURES - 1),
        value,
        mode: random.pick(shape.modes ?? ["BRANCH_LEQ"]),
        yes,
        no,
      };
      return id;
    };
    grow(0);
  }
  const { kind } = shape;
  const attributes: Record<string, TestAttribute> = {
    nodes_treeids: nodes.map((n) => n.tree),
    nodes_nodeids: nodes.map((n) => n.id),
    nodes_featureids: nodes.map((n) => n.feature),
    nodes_values: { floats: nodes.map((n) => n.value) },
    nodes_modes: { strings: nodes.map((n) => n.mode) },
    nodes_truenodeids: nodes.map((n) => n.yes),
    nodes_falsenodeids: nodes.map((n) => n.no),
    [`${kind}_treeids`]: leaves.map((l) => l.tree),
    [`${kind}_nodeids`]: leaves.map((l) => l.node),
    [`${kind}_ids`]: leaves.map((l) => l.id),
    [`${kind}_weights`]: { floats: leaves.map((l) => l.weight) },
  };
  return { attributes, thresholds };
}

/** Values of rows are multiples of this: exact in float32 and in the features' integers. */
const STEP = 2 ** -20;

/** Rows of which every fifth value is a threshold as near as steps come, or the step before or behind it. */
function randomRows(seed: number, thresholds: readonly number[]): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: ROWS * FEATURES }, () => {
    if (random.int(0, 4) > 0) return random.int(-(2 ** 22), 2 ** 22) * STEP;
    return (Math.round(random.pick(thresholds) / STEP) + random.int(-1, 1)) * STEP;
  });
}

const weightAround0 = (random: Random): number => random.int(-10_000, 10_000) / 9_973;
const share = (random: Random): number => random.int(0, 10_000) / 100_003;

describe("tree ensembles in integers", () => {
  let reference: FloatReference;
  before(async function () {
    reference = await requireOrt(this);
  });

  function graphOf(node: Omit<TestNode, "inputs" | "domain">, mlOpset = 3): TestGraph {
    return {
      nodes: [{ ...node, inputs: ["x"], domain: ML }],
      inputs: { x: [ROWS, FEATURES] },
      outputs: node.outputs,
      mlOpset,
    };
  }

  async function compile(graph: TestGraph, rows: Float32Array): Promise<CompiledModel> {
    return compileOnnx({
      onnx: onnxModel(graph),
      name: "trees",
      calibration: [[rows]],
      precision: "a16",
      weights: "i16",
      reference,
      engine: async (model) => createWasmEngine({ model, wasm: await freshKernels() }),
    });
  }

  /** Compiles on one set of rows and compares both models on another: every label equal, scores within two steps or `looser`. */
  async function agrees(graph: TestGraph, forest: Forest, looser = 0): Promise<CompiledModel> {
    const compiled = await compile(graph, randomRows(1, forest.thresholds));
    const { model, program } = compiled;
    const rows = randomRows(2, forest.thresholds);
    const session = await reference.load(onnxModel(graph));
    const want = await session.run([{ name: "x", dtype: "float32", shape: [ROWS, FEATURES], data: rows }]);
    await session.close();
    const [port] = program.inputs;
    if (port === undefined) throw new Error("no input");
    const engine = await createWasmEngine({ model, wasm: await freshKernels() });
    const { outputs } = await engine.run({ inputs: [quantizeInput(port, rows, true)] });
    for (const [i, output] of program.outputs.entries()) {
      const expected = want.get(output.name);
      const got = outputs[i];
      if (expected === undefined || got === undefined) throw new Error(`no output ${output.name}`);
      // The float model rounds its sums to 24 bits, more than the integer one does.
      const largest = Math.max(...Array.from(expected.data as ArrayLike<number>, (v) => Math.abs(Number(v))));
      const allowed =
        expected.dtype === "float32" ? Math.max(looser, 2.5 * output.scale + 2 ** -19 * largest) : 0;
      let worst = 0;
      for (let k = 0; k < got.data.length; k++) {
        worst = Math.max(
          worst,
          Math.abs(output.scale * ((got.data[k] ?? 0) - output.zero) - Number(expected.data[k])),
        );
      }
      expect(worst, output.name).to.be.at.most(allowed);
    }
    return compiled;
  }

  const classifier = (
    forest: Forest,
    labels: readonly number[],
    more: Record<string, TestAttribute> = {},
  ): TestGraph =>
    graphOf({
      op: "TreeEnsembleClassifier",
      outputs: ["label", "scores"],
      attributes: { ...forest.attributes, classlabels_int64s: labels, ...more },
    });

  it("three classes, every leaf with a share of each, values on and beside thresholds", async () => {
    const forest = randomForest(5, {
      kind: "class",
      trees: 20,
      depth: 6,
      ids: () => [0, 1, 2],
      weight: share,
    });
    const { program } = await agrees(classifier(forest, [3, 5, 8]), forest);
    expect(program.inputs[0]?.type.dtype).to.equal("i32");
  });

  it("boosted trees of one class each, with base values and a softmax", async () => {
    const forest = randomForest(6, {
      kind: "class",
      trees: 12,
      depth: 4,
      ids: (tree) => [tree % 4],
      weight: weightAround0,
    });
    const more = { post_transform: "SOFTMAX", base_values: { floats: [0.5, -0.25, 0, 0.125] } };
    await agrees(classifier(forest, [0, 1, 2, 3], more), forest, 1e-3);
  });

  it("features that come as several inputs, joined: exact as one", async () => {
    const forest = randomForest(5, {
      kind: "class",
      trees: 8,
      depth: 5,
      ids: () => [0, 1, 2],
      weight: share,
    });
    const tree = classifier(forest, [0, 1, 2]).nodes[0];
    if (tree === undefined) throw new Error("no node");
    const graph: TestGraph = {
      nodes: [{ op: "Concat", inputs: ["a", "b"], outputs: ["x"], attributes: { axis: 1 } }, tree],
      inputs: { a: [ROWS, 2], b: [ROWS, FEATURES - 2] },
      outputs: ["label"],
      mlOpset: 3,
    };
    const rows = randomRows(1, forest.thresholds);
    const part = (from: number, to: number): Float32Array =>
      rows.filter((_, i) => i % FEATURES >= from && i % FEATURES < to);
    const { program, report } = await compileOnnx({
      onnx: onnxModel(graph),
      name: "trees",
      calibration: [[part(0, 2), part(2, FEATURES)]],
      precision: "a8",
      reference,
      engine: async (model) => createWasmEngine({ model, wasm: await freshKernels() }),
    });
    expect(program.inputs.map((port) => port.type.dtype)).to.deep.equal(["i32", "i32"]);
    expect(report.fidelity[0]?.worst).to.equal(0);
  });

  it("every kind of comparison", async () => {
    const modes = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"];
    const forest = randomForest(7, {
      kind: "class",
      trees: 15,
      depth: 5,
      modes,
      ids: () => [0, 1, 2],
      weight: share,
    });
    await agrees(classifier(forest, [0, 1, 2]), forest);
  });

  for (const [name, ids, weight, more] of [
    ["two classes by the share of one, against a half", [0], share, {}],
    [
      "two classes by one sum of either sign, logistic, with a base value",
      [0],
      weightAround0,
      { post_transform: "LOGISTIC", base_values: { floats: [-0.3] } },
    ],
    ["two classes by one sum of either sign, as it is", [0], weightAround0, {}],
    ["two classes by weights of the second", [1], weightAround0, {}],
    ["two classes with weights of both", [0, 1], weightAround0, {}],
  ] as const) {
    it(name, async () => {
      const forest = randomForest(8, { kind: "class", trees: 9, depth: 4, ids: () => ids, weight });
      await agrees(classifier(forest, [0, 1], more), forest);
    });
  }

  for (const aggregate_function of ["SUM", "AVERAGE", "MIN", "MAX"]) {
    it(`regression by ${aggregate_function} of several targets`, async () => {
      const forest = randomForest(9, {
        kind: "target",
        trees: 10,
        depth: 5,
        ids: () => [0, 1],
        weight: weightAround0,
      });
      const attributes = {
        ...forest.attributes,
        n_targets: 2,
        aggregate_function,
        base_values: { floats: [1, -2] },
      };
      await agrees(graphOf({ op: "TreeEnsembleRegressor", outputs: ["y"], attributes }), forest);
    });
  }

  for (const target of [2, -1]) {
    it(`refuses leaves of target ${target} where there are two, whatever the runtime makes of them`, async () => {
      const shape = {
        kind: "target",
        trees: 2,
        depth: 2,
        ids: () => [target],
        weight: weightAround0,
      } as const;
      const forest = randomForest(9, shape);
      const attributes = { ...forest.attributes, n_targets: 2 };
      const y = { name: "y", dtype: "float32", shape: [ROWS, 2], data: new Float32Array(2 * ROWS) } as const;
      try {
        await compileOnnx({
          onnx: onnxModel(graphOf({ op: "TreeEnsembleRegressor", outputs: ["y"], attributes })),
          name: "trees",
          calibration: [[randomRows(1, forest.thresholds)]],
          precision: "a16",
          reference: scriptedReference(() => [y]),
        });
        expect.fail("it compiled");
      } catch (error) {
        if (!(error instanceof AivmError)) throw error;
        expect(error.code).to.equal("AIVM_ONNX_INVALID_GRAPH");
        expect(error.facts.want).to.equal("leaves of target or class 0 to 1");
        expect(error.facts.got).to.equal(`${target}`);
      }
    });
  }

  it("version 5: splits and leaves in tensors", async () => {
    const floats = (values: readonly number[]): TestAttribute => ({
      tensor: rawTensor({
        name: "",
        code: 1,
        shape: [values.length],
        raw: new Uint8Array(Float32Array.from(values).buffer),
      }),
    });
    const bytes = (values: readonly number[]): TestAttribute => ({
      tensor: rawTensor({ name: "", code: 2, shape: [values.length], raw: Uint8Array.from(values) }),
    });
    // Tree 0: x0 <= 0.5 ? leaf 0 : (x1 > -1 ? leaf 1 : leaf 2). Tree 1: x2 < 0 ? leaf 3 : leaf 4.
    const attributes = {
      n_targets: 2,
      tree_roots: [0, 2],
      nodes_featureids: [0, 1, 2],
      nodes_splits: floats([0.5, -1, 0]),
      nodes_modes: bytes([0, 3, 1]),
      nodes_truenodeids: [0, 1, 3],
      nodes_trueleafs: [1, 1, 1],
      nodes_falsenodeids: [1, 2, 4],
      nodes_falseleafs: [0, 1, 1],
      leaf_targetids: [0, 1, 0, 1, 0],
      leaf_weights: floats([1.5, -2, 0.25, 0.75, 3]),
      aggregate_function: 1,
      post_transform: 0,
    };
    await agrees(graphOf({ op: "TreeEnsemble", outputs: ["y"], attributes }, 5), {
      attributes,
      thresholds: [0.5, -1, 0],
    });
  });

  it("a linear classifier behind a scaler, its probabilities normalised, labels not in order", async () => {
    const random = createRandom(3);
    const floats = (count: number) => ({
      floats: Array.from({ length: count }, () => random.int(-1000, 1000) / 700),
    });
    const node = (
      op: string,
      [from, to]: readonly [string, readonly string[]],
      attributes: Record<string, TestAttribute>,
    ): TestNode => ({
      op,
      domain: ML,
      inputs: [from],
      outputs: to,
      attributes,
    });
    const shares = {
      classlabels_ints: [4, 2, 9],
      post_transform: "LOGISTIC",
      coefficients: floats(15),
      intercepts: floats(3),
    };
    const graph: TestGraph = {
      nodes: [
        node("Scaler", ["x", ["s"]], { offset: floats(FEATURES), scale: { floats: [0.5, 1, 2, 0.25, 1] } }),
        node("LinearClassifier", ["s", ["label", "p"]], shares),
        node("Normalizer", ["p", ["scores"]], { norm: "L1" }),
        node("LinearRegressor", ["s", ["y"]], {
          coefficients: floats(10),
          intercepts: floats(2),
          targets: 2,
        }),
      ],
      inputs: { x: [ROWS, FEATURES] },
      outputs: ["label", "scores", "y"],
      mlOpset: 3,
    };
    const rows = randomRows(1, [0]);
    const { report } = await compile(graph, rows);
    const [label, scores, y] = report.fidelity;
    // Neighbouring scores of 16 bits may change places: a label in a thousand, by at most the distance of two labels.
    expect(label?.sqnrDb).to.be.greaterThan(25);
    expect(scores?.worst).to.be.lessThan(2e-3);
    expect(y?.sqnrDb).to.be.greaterThan(55);
  });

  it("ignores a ZipMap at the end: its input is the output", async () => {
    const forest = randomForest(5, {
      kind: "class",
      trees: 3,
      depth: 3,
      ids: () => [0, 1, 2],
      weight: share,
    });
    const graph = classifier(forest, [0, 1, 2]);
    const zip: TestNode = {
      op: "ZipMap",
      domain: ML,
      inputs: ["scores"],
      outputs: ["maps"],
      attributes: { classlabels_int64s: [0, 1, 2] },
    };
    const { program } = await compile(
      { ...graph, nodes: [...graph.nodes, zip], outputs: ["label", "maps"] },
      randomRows(1, forest.thresholds),
    );
    expect(program.outputs.map(({ name }) => name)).to.deep.equal(["label", "scores"]);
  });

  it("refuses what it does not do, by name", async () => {
    const forest = randomForest(5, {
      kind: "class",
      trees: 2,
      depth: 2,
      ids: () => [0, 1, 2],
      weight: share,
    });
    const refusal = async (graph: TestGraph): Promise<AivmError> => {
      const error = await compile(graph, randomRows(1, forest.thresholds)).catch((e: unknown) => e);
      if (error instanceof AivmError) return error;
      throw error instanceof Error ? error : new Error("it compiled");
    };
    const probit = await refusal(classifier(forest, [0, 1, 2], { post_transform: "PROBIT" }));
    expect(probit.facts.got).to.equal("PROBIT");
  });
});

describe("a threshold in integers", () => {
  it("decides as the real one for every integer of a feature, and as float32 does", () => {
    const real = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });
    fc.assert(
      fc.property(
        real,
        fc.double({ min: 1e-3, max: 1e7, noNaN: true }),
        fc.integer({ min: -3, max: 3 }),
        (value, largest, step) => {
          const q = featureQuantization(largest);
          const near = Math.round(value / q.scale) + step;
          for (const kind of ["<=", "<"] as const) {
            const limit = integerLimit({ value, kind }, q);
            const x = Math.min(Math.max(near, q.lo), q.hi);
            const decides = (feature: number): boolean =>
              kind === "<=" ? feature <= value : feature < value;
            const beyond = Math.abs(value / q.scale) > 2 ** 31 - 2;
            if (!beyond) expect(x <= limit).to.equal(decides(q.scale * x));
            // Features that float32 can hold are where the two models meet.
            const held = Math.fround(q.scale * x);
            if (!beyond && held === q.scale * x) expect(x <= limit).to.equal(decides(held));
          }
        },
      ),
      { seed: 11, numRuns: 5_000 },
    );
  });

  it("keeps every float32 feature on its side of a threshold that is a step away or further", () => {
    const real = fc.float({ noNaN: true, noDefaultInfinity: true, min: -100, max: 100 });
    fc.assert(
      fc.property(real, real, (value, feature) => {
        const q = featureQuantization(100);
        if (Math.abs(feature - value) < q.scale) return;
        const x = Math.round(feature / q.scale);
        expect(x <= integerLimit({ value, kind: "<=" }, q)).to.equal(feature <= value);
      }),
      { seed: 12, numRuns: 5_000 },
    );
  });
});
