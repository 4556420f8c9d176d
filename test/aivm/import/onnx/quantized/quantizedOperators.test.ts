/** Operators of quantised graphs beside their definitions, element by element: integer results must be equal. */
import { expect } from "chai";
import fc from "fast-check";
import { loadWasmEngine } from "../../../../../aivm/io/wasm.ts";
import { clamp } from "../../../../../aivm/numeric/clamp.ts";
import { encodeArtifact, loadArtifact } from "../../../../../aivm/program/artifact.ts";
import { quantizeInput } from "../../../../../aivm/quantize/fidelity.ts";
import type { FloatReference } from "../../../../../aivm/quantize/reference.ts";
import { roundHalfEven } from "../../../../../aivm/quantize/scheme.ts";
import { AivmError } from "../../../../../common/errors.ts";
import { compareQuantized } from "../../../support/exactQuantized.ts";
import { requireOrt } from "../../../support/floatReference.ts";
import { type LoweredOnce, lowerOnce } from "../../../support/lowered.ts";
import { onnxModel, type TestGraph } from "../../../support/onnxBuilder.ts";
import { type GridSpec, type QuantizedBuilder, quantizedBuilder } from "../../../support/quantizedGraph.ts";
import { createRandom } from "../../../support/random.ts";

const CONTRIB = "com.microsoft";
const IN = { dtype: "uint8", scale: 0.021, zero: 120 } as const satisfies GridSpec;
const OUT = { dtype: "uint8", scale: 0.047, zero: 101 } as const satisfies GridSpec;

describe("operators of quantised graphs", () => {
  let reference: FloatReference;
  before(async function () {
    reference = await requireOrt(this);
  });

  function lower(graph: TestGraph, calibration: readonly Float32Array[]): Promise<LoweredOnce> {
    return lowerOnce({
      onnx: onnxModel(graph),
      name: "t",
      calibration: calibration.map((sample) => [sample]),
      precision: "a16",
      weights: "i16",
      reference,
    });
  }

  async function run(lowered: LoweredOnce, x: Float32Array) {
    const model = loadArtifact(encodeArtifact(lowered.program, lowered.constants));
    const inputs = model.program.inputs.map((port) => quantizeInput(port, x, true));
    const { outputs, ops = [] } = await (await loadWasmEngine(model)).run({ inputs, keepOps: true });
    const reals = model.program.outputs.map(({ scale, zero }, i) =>
      Array.from(outputs[i]?.data ?? [], (v) => scale * (v - zero)),
    );
    return { inputs, ops, outputs: reals };
  }

  /** Every QuantizeLinear of the rewritten graph beside its formula. */
  async function expectExact(graph: TestGraph, x: Float32Array): Promise<number> {
    const lowered = await lower(graph, [x]);
    const { inputs, ops } = await run(lowered, x);
    const rows = compareQuantized({ lowered, inputs, ops });
    const off = rows.reduce((sum, row) => sum + row.offByOne + row.offByMore, 0);
    expect(off, rows.map((row) => row.op).join(", ")).to.equal(0);
    return rows.length;
  }

  it("QuantizeLinear with a scale per axis is exact for inputs on the grid, ties included", async () => {
    const config = fc.record({
      scales: fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 3, maxLength: 3 }),
      zeros: fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 3, maxLength: 3 }),
      steps: fc.array(fc.integer({ min: -400, max: 400 }), { minLength: 12, maxLength: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(config, async (given) => {
        // Half steps of each scale: every other value is a tie.
        const scales = given.scales.map((s) => s / 256);
        const x = Float32Array.from(given.steps, (n, i) => (n * (scales[Math.floor(i / 4)] ?? 1)) / 2);
        const build = quantizedBuilder();
        build.quantize("x", { dtype: "int8", scale: scales, zero: given.zeros, axis: 0 });
        const { outputs } = await run(await lower(build.graph({ x: [3, 4] }), []), x);
        const want = given.steps.map((n, i) =>
          clampTo8(roundHalfEven(n / 2) + (given.zeros[Math.floor(i / 4)] ?? 0)),
        );
        expect(outputs[0]).to.deep.equal(want);
      }),
      { seed: 5, numRuns: 12 },
    );
  });

  it("DynamicQuantizeLinear is that of float32, on ties and beside them", async () => {
    const config = fc.record({
      range: fc.double({ min: 0.5, max: 2, noNaN: true }),
      ties: fc.array(fc.integer({ min: 64, max: 126 }), { minLength: 24, maxLength: 24 }),
    });
    await fc.assert(
      fc.asyncProperty(config, async ({ range: anywhere, ties }) => {
        // A range in the last 255th below a power of two has a scale of one binary place more.
        const range = (ties[0] ?? 0) % 3 === 0 ? 1 - 2 ** -10 - anywhere * 2 ** -11 : anywhere;
        const half = Math.fround(range);
        const scale = Math.fround(Math.fround(2 * half) / 255);
        const beside = ties.map(
          (tie, i) => Math.fround((tie + 0.5) * scale) * (1 + ((i % 3) - 1) * 2 ** -24),
        );
        const x = Float32Array.from([-half, half, 0, ...beside.map((v, i) => (i % 2 === 0 ? v : -v))]);
        await expectDynamic(x);
      }),
      { seed: 7, numRuns: 8 },
    );
    // 51 x: every multiple of 1/2 that is odd is a tie in exact arithmetic, and float32 says otherwise.
    for (const low of [-3, 0, -5])
      await expectDynamic(Float32Array.from({ length: 11 }, (_, i) => low + i / 2));
  });

  async function expectDynamic(x: Float32Array): Promise<void> {
    const outputs = ["y", "s", "z"];
    const nodes = [{ op: "DynamicQuantizeLinear", inputs: ["x"], outputs }];
    const got = (await run(await lower({ nodes, inputs: { x: [x.length] }, outputs }, [x]), x)).outputs;
    const want = dynamic(x);
    expect(got[0]).to.deep.equal(want.y);
    expect(got[2]).to.deep.equal([want.zero]);
    expect(got[1]?.[0]).to.be.closeTo(want.scale, want.scale * 2 ** -20);
  }

  const pairs: readonly (readonly [string, (build: QuantizedBuilder, x: string) => void])[] = [
    ["QLinearConv", (build, x) => convolution(build, x)],
    [
      "QLinearMatMul",
      (build, x) => {
        const b = build.integers("int8", [8, 3], randomBytes(24, 3));
        const grids = [...build.grid(IN), b, ...build.grid({ dtype: "int8", scale: 0.02, zero: 5 })];
        build.node("QLinearMatMul", [x, ...grids, ...build.grid(OUT)]);
      },
    ],
    ...["QLinearAdd", "QLinearMul"].map((op) => binary(op)),
    ...["QLinearSigmoid", "QLinearLeakyRelu"].map((op) => unary(op, {})),
    unary("QLinearSoftmax", { axis: -1, opset: 13 }),
    unary("QLinearGlobalAveragePool", { channels_last: 0 }),
    unary("QLinearAveragePool", { kernel_shape: [2, 2], strides: [2, 2] }),
    [
      "QLinearConcat",
      (build, x) => {
        const b = build.integers("uint8", [1, 2, 4, 8], randomBytes(64, 9));
        const other: GridSpec = { dtype: "uint8", scale: 0.031, zero: 90 };
        const parts = [x, ...build.grid(IN), b, ...build.grid(other)];
        build.node("QLinearConcat", [...build.grid(OUT), ...parts], {
          domain: CONTRIB,
          attributes: { axis: 1 },
        });
      },
    ],
    [
      "QGemm",
      (build, x) => {
        const flat = build.node("Reshape", [x, build.shape([8, 8])]);
        const b = build.integers("int8", [8, 8], randomBytes(64, 11));
        const bias = build.integers("int32", [8], randomBytes(8, 13));
        const grids = [...build.grid(IN), b, ...build.grid({ dtype: "int8", scale: 0.05, zero: 0 }), bias];
        build.node("QGemm", [flat, ...grids, ...build.grid(OUT)], {
          domain: CONTRIB,
          attributes: { transB: 1 },
        });
      },
    ],
  ];
  for (const [name, node] of pairs) {
    it(`${name} is its definition on the integers`, async () => {
      const build = quantizedBuilder();
      const x = build.quantize("x", IN);
      node(build, x);
      const random = createRandom(name.length);
      const values = Float32Array.from({ length: 64 }, () => random.int(-3000, 3000) / 1000);
      expect(await expectExact(build.graph({ x: [1, 2, 4, 8] }), values)).to.equal(1);
    });
  }

  it("MatMulNBits multiplies with the unpacked weights", async () => {
    const build = quantizedBuilder();
    // Two rows of 32 weights in blocks of 16: four bits each, the first in the low half of a byte.
    const fields = Array.from({ length: 64 }, (_, i) => (i * 7) % 16);
    const packed = Array.from({ length: 32 }, (_, i) => (fields[2 * i] ?? 0) + 16 * (fields[2 * i + 1] ?? 0));
    const scales = [0.5, 0.25, 1, 0.125];
    const inputs = ["x", build.integers("uint8", [2, 2, 8], packed), build.floats([4], scales)];
    const attributes = { K: 32, N: 2, bits: 4, block_size: 16 };
    build.node("MatMulNBits", inputs, { domain: CONTRIB, attributes });
    const x = Float32Array.from({ length: 32 }, (_, i) => Math.sin(i));
    const { outputs } = await run(await lower(build.graph({ x: [1, 32] }), [x]), x);
    for (const n of [0, 1]) {
      const want = x.reduce(
        (sum, v, k) => sum + v * (scales[n * 2 + Math.floor(k / 16)] ?? 0) * ((fields[n * 32 + k] ?? 0) - 8),
        0,
      );
      expect(outputs[0]?.[n]).to.be.closeTo(want, 0.01);
    }
  });

  it("a scale is stated for what is quantised, not for what a function of it is computed from", async () => {
    const build = quantizedBuilder();
    const x = build.dequantize(build.quantize("x", IN), IN);
    build.quantize(build.node("Tanh", [build.node("Add", [x, x])]), { dtype: "int8", scale: 1 / 128 });
    const values = Float32Array.from({ length: 200 }, (_, i) => (i - 100) / 40);
    const lowered = await lower(build.graph({ x: [200] }), [values]);
    const [got = []] = (await run(lowered, values)).outputs;
    // The formula as it is written: what x holds once it was quantised, twice, its tanh in steps of 1/128.
    const want = Array.from(values, (v) => {
      const held = IN.scale * clamp(roundHalfEven(Math.fround(v / IN.scale)), -IN.zero, 255 - IN.zero);
      return clamp(roundHalfEven(Math.tanh(2 * held) * 128), -128, 127);
    });
    const steps = want.map((v, i) => Math.abs(v - (got[i] ?? Number.NaN)));
    expect(Math.max(...steps)).to.be.at.most(1);
    expect(steps.filter((step) => step !== 0).length).to.be.at.most(2);
  });

  const unsampled: readonly (readonly [string, (build: QuantizedBuilder, x: string) => string])[] = [
    ["a tensor of no stated scale", (build, x) => build.node("Tanh", [build.node("Mul", [x, x])])],
    [
      "a norm between stated scales",
      (build, x) =>
        build.quantize(build.node("LayerNormalization", [x, build.floats([4], [1, 1, 1, 1])]), IN),
    ],
  ];
  for (const [what, node] of unsampled) {
    it(`${what} asks for samples by name`, async () => {
      const build = quantizedBuilder();
      node(build, build.dequantize(build.quantize("x", IN), IN));
      const error = await lower(build.graph({ x: [1, 4] }), []).catch((e: unknown) => e);
      expect(error instanceof AivmError && error.code).to.equal("AIVM_CALIBRATION_EMPTY");
      expect(String(error)).to.match(/range of tensor '[a-z]+/);
    });
  }

  it("a program input is divided by its scale in float32, as QuantizeLinear says", async () => {
    const scale = Math.fround(0.1);
    // The exact quotient is just below 2.5 and rounds to it in float32, which then goes to the even 2 either way;
    // just below 3.5 goes to 3 exactly and to 4 in float32.
    const x = Float32Array.of(nearTie(scale));
    const build = quantizedBuilder();
    build.quantize("x", { dtype: "int8", scale });
    const { outputs } = await run(await lower(build.graph({ x: [1] }), []), x);
    expect(outputs[0]).to.deep.equal([roundHalfEven(Math.fround((x[0] ?? 0) / scale))]);
    expect(outputs[0]).to.not.deep.equal([roundHalfEven((x[0] ?? 0) / scale)]);
  });
});

function clampTo8(v: number): number {
  return Math.min(127, Math.max(-128, v));
}

function randomBytes(count: number, seed: number): number[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => random.int(-127, 127));
}

function convolution(build: QuantizedBuilder, x: string): void {
  const w = build.integers("uint8", [4, 2, 3, 3], randomBytes(72, 21));
  const weights: GridSpec = { dtype: "uint8", scale: [0.01, 0.02, 0.015, 0.03], zero: [110, 130, 0, 255] };
  const bias = build.integers("int32", [4], [100, -2000, 30, 7]);
  const inputs = [x, ...build.grid(IN), w, ...build.grid(weights), ...build.grid(OUT), bias];
  build.node("QLinearConv", inputs, { attributes: { pads: [1, 1, 1, 1] } });
}

function binary(op: string): readonly [string, (build: QuantizedBuilder, x: string) => void] {
  return [
    op,
    (build, x) => {
      const b = build.integers("uint8", [1, 2, 1, 8], randomBytes(16, 5));
      const grids = [...build.grid(IN), b, ...build.grid({ dtype: "uint8", scale: 0.013, zero: 77 })];
      build.node(op, [x, ...grids, ...build.grid(OUT)], { domain: CONTRIB });
    },
  ];
}

function unary(
  op: string,
  attributes: Readonly<Record<string, number | readonly number[]>>,
): readonly [string, (build: QuantizedBuilder, x: string) => void] {
  const out: GridSpec = op === "QLinearSoftmax" ? { dtype: "uint8", scale: 1 / 256, zero: 0 } : OUT;
  return [
    op,
    (build, x) =>
      void build.node(op, [x, ...build.grid(IN), ...build.grid(out)], { domain: CONTRIB, attributes }),
  ];
}

/** DynamicQuantizeLinear in float32, operation by operation. */
function dynamic(x: Float32Array): { readonly y: number[]; readonly scale: number; readonly zero: number } {
  const [low, high] = [Math.min(0, ...x), Math.max(0, ...x)];
  const scale = Math.fround(Math.fround(high - low) / 255);
  const byte = (v: number): number => Math.min(255, Math.max(0, v));
  const zero = roundHalfEven(byte(Math.fround(-low / scale)));
  const y = Array.from(x, (v) => byte(roundHalfEven(Math.fround(v / scale)) + zero));
  return { y, scale, zero };
}

/** A float32 whose quotient by `scale` is below a tie that rounds up, and on it in float32. */
function nearTie(scale: number): number {
  for (let tie = 3.5; tie < 100; tie += 2) {
    const x = Math.fround(tie * scale);
    if (x / scale < tie && Math.fround(x / scale) === tie) return x;
  }
  throw new RangeError("no such number");
}
