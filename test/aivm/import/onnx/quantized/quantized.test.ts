/**
 * Already quantised graphs. Each operator is judged on its own integers: the graph's formula in doubles says what comes
 * next, and only the 21-bit multiplier may round otherwise, by one and rarely.
 */
import { expect } from "chai";
import { loadWasmEngine } from "../../../../../aivm/io/wasm.ts";
import { encodeArtifact, type LoadedModel, loadArtifact } from "../../../../../aivm/program/artifact.ts";
import { quantizeInput } from "../../../../../aivm/quantize/fidelity.ts";
import type { FloatReference } from "../../../../../aivm/quantize/reference.ts";
import { requireTestData } from "../../../../support/testData.ts";
import { compareQuantized, type QuantizedRow, summedRows } from "../../../support/exactQuantized.ts";
import { requireOrt } from "../../../support/floatReference.ts";
import { type LoweredOnce, lowerOnce } from "../../../support/lowered.ts";
import { onnxModel, type TestGraph } from "../../../support/onnxBuilder.ts";
import { type GridSpec, type QuantizedType, quantizedBuilder } from "../../../support/quantizedGraph.ts";
import { measureQuantizedModel, QUANTIZED_MODELS } from "../../../support/quantizedModels.ts";
import { createRandom } from "../../../support/random.ts";

/** Share of the elements that may be off by one. */
const OFF_BY_ONE = 1e-3;

interface Compiled {
  readonly lowered: LoweredOnce;
  readonly model: LoadedModel;
}

describe("already quantised graphs", () => {
  let reference: FloatReference;
  before(async function () {
    reference = await requireOrt(this);
  });

  async function compile(graph: TestGraph): Promise<Compiled> {
    const lowered = await lowerOnce({
      onnx: onnxModel(graph),
      name: "t",
      calibration: [],
      precision: "a16",
      weights: "i8",
      reference,
    });
    return { lowered, model: loadArtifact(encodeArtifact(lowered.program, lowered.constants)) };
  }

  async function run({ model }: Compiled, values: readonly ArrayLike<number>[]) {
    const inputs = model.program.inputs.map((port, i) => quantizeInput(port, values[i] ?? [], true));
    const { outputs, ops = [] } = await (await loadWasmEngine(model)).run({ inputs, keepOps: true });
    return { inputs, outputs, ops };
  }

  async function rowsOf(graph: TestGraph, samples: readonly ArrayLike<number>[]): Promise<QuantizedRow[]> {
    const compiled = await compile(graph);
    const rows: QuantizedRow[] = [];
    for (const sample of samples) {
      const { inputs, ops } = await run(compiled, [sample]);
      rows.push(...compareQuantized({ lowered: compiled.lowered, inputs, ops }));
    }
    return summedRows(rows);
  }

  for (const dtype of ["int8", "uint8"] as const) {
    it(`works on the file's own integers (${dtype})`, async () => {
      const rows: QuantizedRow[] = [];
      for (let seed = 1; seed <= 2; seed++) {
        const { graph, samples } = network(dtype, seed);
        rows.push(...(await rowsOf(graph, samples)));
      }
      const sums = summedRows(rows);
      expect(sums.map(({ op }) => op)).to.include.members(["Conv Relu", "Conv Clip", "MaxPool", "Softmax"]);
      expectClose(sums);
    });
  }

  for (const { model, limit } of QUANTIZED_MODELS.slice(0, 2).map((m) => ({ model: m, limit: 3 }))) {
    it(`works on the integers of ${model.name}`, async function () {
      const models = requireTestData(this, "models");
      const report = await measureQuantizedModel(model, { models, reference, limit });
      expect(report.sameTop).to.equal(report.inputs);
      expect(report.rows.length).to.be.above(1);
      expectClose(report.rows);
    });
  }

  it("keeps weights, biases and zero points as they are in the file", async () => {
    const build = quantizedBuilder();
    const x = build.dequantize(build.quantize("x", { dtype: "uint8", scale: 0.5, zero: 100 }), {
      dtype: "uint8",
      scale: 0.5,
      zero: 100,
    });
    const w = build.dequantize(build.integers("int8", [2, 3], [1, -2, 3, 127, -128, 5]), {
      dtype: "int8",
      scale: [0.25, 0.125],
      axis: 0,
    });
    const b = build.dequantize(build.integers("int32", [2], [1000, -77]), {
      dtype: "int32",
      scale: [0.125, 0.0625],
      axis: 0,
    });
    const y = build.node("Gemm", [x, w, b], { attributes: { transB: 1 } });
    build.dequantize(build.quantize(y, { dtype: "int8", scale: 8, zero: -3 }), {
      dtype: "int8",
      scale: 8,
      zero: -3,
    });
    const { lowered } = await compile(build.graph({ x: [1, 3] }));
    const { program, constants } = lowered;
    expect(program.ops).to.have.length(1);
    expect(Array.from(constants[0]?.data ?? [])).to.deep.equal([1, -2, 3, 127, -128, 5]);
    // Stored is x - 128, its zero point -28: the bias takes -(-28) x (sum of weights).
    expect(Array.from(constants[1]?.data ?? [])).to.deep.equal([1000 + 28 * 2, -77 + 28 * 4]);
    expect(program.inputs[0]).to.deep.include({ scale: 0.5, zero: -28 });
    expect(program.outputs[0]).to.deep.include({ scale: 8, zero: -3 });
  });

  it("keeps a bias of more bits than a float32 has", async () => {
    const build = quantizedBuilder();
    const grid: GridSpec = { dtype: "int8", scale: 0.1 };
    const x = build.dequantize(build.quantize("x", grid), grid);
    const w = build.dequantize(build.integers("int8", [1, 1], [1]), { dtype: "int8", scale: 0.3 });
    const b = build.dequantize(build.integers("int32", [1], [2 ** 30 - 3]), {
      dtype: "int32",
      scale: Math.fround(Math.fround(0.1) * Math.fround(0.3)),
    });
    build.quantize(build.node("Gemm", [x, w, b]), { dtype: "int8", scale: 5000 });
    const { lowered } = await compile(build.graph({ x: [1, 1] }));
    expect(lowered.constants[1]?.data[0]).to.equal(2 ** 30 - 3);
  });

  it("brings a bias of another scale to the sum's", async () => {
    const build = quantizedBuilder();
    const grid: GridSpec = { dtype: "int8", scale: 0.5 };
    const x = build.dequantize(build.quantize("x", grid), grid);
    const w = build.dequantize(build.integers("int8", [1, 1], [1]), grid);
    const b = build.dequantize(build.integers("int32", [1], [30]), { dtype: "int32", scale: 0.125 });
    build.quantize(build.node("Gemm", [x, w, b]), { dtype: "int8", scale: 1 });
    const { lowered } = await compile(build.graph({ x: [1, 1] }));
    expect(lowered.constants[1]?.data[0]).to.equal(15);
  });
});

function expectClose(rows: readonly QuantizedRow[]): void {
  for (const { op, elements, offByOne, offByMore } of rows) {
    expect(offByMore, op).to.equal(0);
    expect(offByOne, op).to.be.at.most(OFF_BY_ONE * elements);
  }
}

/** A network with the operators of quantised vision models, and inputs for it. */
function network(
  dtype: QuantizedType,
  seed: number,
): { readonly graph: TestGraph; readonly samples: readonly Float32Array[] } {
  const random = createRandom(seed);
  const real = (lo: number, hi: number): number => lo + (hi - lo) * (random.int(0, 1 << 20) / 2 ** 20);
  const [low, high] = dtype === "int8" ? [-128, 127] : [0, 255];
  const build = quantizedBuilder();
  /** Between a QuantizeLinear and a DequantizeLinear of one random grid. */
  const scales = new Map<string, number>();
  const through = (x: string, range: readonly [number, number]): string => {
    const scale = Math.fround(((range[1] - range[0]) / 255) * real(0.8, 1.2));
    const zero = Math.min(high, Math.max(low, Math.round(low - range[0] / scale)));
    const grid = { dtype, scale, zero };
    const y = build.dequantize(build.quantize(x, grid), grid);
    scales.set(y, scale);
    return y;
  };
  /** Weights of 8 bits per channel and the bias that belongs to the input's scale. */
  const layer = (x: string, shape: readonly number[]): readonly string[] => {
    const [channels = 1] = shape;
    const count = shape.reduce((p, q) => p * q, 1);
    const scale = Array.from({ length: channels }, () =>
      Math.fround(real(0.5, 1.5) / (32 * Math.sqrt(count / channels))),
    );
    const values = Array.from({ length: count }, () => random.int(-127, 127));
    const bias = Array.from({ length: channels }, () => random.int(-2000, 2000));
    const biasScale = scale.map((s) => Math.fround(s * (scales.get(x) ?? 1)));
    return [
      build.dequantize(build.integers("int8", shape, values), { dtype: "int8", scale, axis: 0 }),
      build.dequantize(build.integers("int32", [channels], bias), {
        dtype: "int32",
        scale: biasScale,
        axis: 0,
      }),
    ];
  };
  const convolution = (x: string, shape: readonly number[], more = {}): string =>
    build.node("Conv", [x, ...layer(x, shape)], { attributes: { pads: [1, 1, 1, 1], ...more } });
  const x = through("x", [-1, 1]);
  const a = through(build.node("Relu", [convolution(x, [4, 2, 3, 3])]), [0, 2]);
  const bounds = [build.floats([], [0]), build.floats([], [6])];
  const b = through(build.node("Clip", [convolution(a, [4, 1, 3, 3], { group: 4 }), ...bounds]), [0, 4]);
  const c = through(build.node("Add", [a, b]), [0, 5]);
  const d = through(build.node("Concat", [a, c], { attributes: { axis: 1 } }), [0, 5]);
  const e = through(
    build.node("MaxPool", [d], { attributes: { kernel_shape: [2, 2], strides: [2, 2] } }),
    [0, 4],
  );
  const f = through(build.node("Sigmoid", [e]), [0, 1]);
  const g = through(build.node("Mul", [e, f]), [0, 4]);
  const h = through(build.node("AveragePool", [g], { attributes: { kernel_shape: [2, 2] } }), [0, 3]);
  const padded = { kernel_shape: [2, 2], pads: [1, 0, 0, 1] };
  const k = through(build.node("AveragePool", [h], { attributes: padded }), [0, 3]);
  const factors = build.floats([4], [1, 1, 2, 2]);
  const larger = build.node("Resize", [k, "", factors], { attributes: { mode: "linear" } });
  const r = through(build.node("Transpose", [larger], { attributes: { perm: [0, 1, 3, 2] } }), [0, 3]);
  const i = through(build.node("GlobalAveragePool", [r]), [0, 3]);
  const flat = build.node("Reshape", [i, build.shape([1, 8])]);
  const logits = through(
    build.node("Gemm", [flat, ...layer(i, [10, 8])], { attributes: { transB: 1 } }),
    [-4, 4],
  );
  through(build.node("Softmax", [logits], { attributes: { axis: -1 } }), [0, 1]);
  const samples = Array.from({ length: 4 }, () =>
    Float32Array.from({ length: 2 * 64 }, () => real(-1.1, 1.1)),
  );
  return { graph: build.graph({ x: [1, 2, 8, 8] }), samples };
}
