import { expect } from "chai";
import { compileOnnx } from "../../../../../aivm/import/onnx/compile.ts";
import { loadWasmEngine } from "../../../../../aivm/io/wasm.ts";
import { uniform } from "../../../../../aivm/quantize/augment.ts";
import { quantizeInput } from "../../../../../aivm/quantize/fidelity.ts";
import { freshKernels } from "../../../../../scripts/buildWasm.ts";
import { requireOrt } from "../../../support/floatReference.ts";
import { onnxModel } from "../../../support/onnxBuilder.ts";

/** Numbers in [-1, 1) from a seed. */
function noise(seed: number, length: number): Float32Array {
  const random = uniform(seed);
  return Float32Array.from({ length }, () => 2 * random() - 1);
}

/** A weight of 9 in each row makes the steps of the others coarse: what rounding adds shows. */
function coarse(seed: number, shape: { readonly rows: number; readonly length: number }): Float32Array {
  return noise(seed, shape.rows * shape.length).map((v, i) => (i % shape.length === 0 ? 9 : v / 4));
}

const models = {
  Gemm: onnxModel({
    nodes: [{ op: "Gemm", inputs: ["x", "w"], outputs: ["y"], attributes: { transB: 1 } }],
    inputs: { x: [1, 64] },
    outputs: ["y"],
    weights: { w: { shape: [8, 64], data: coarse(1, { rows: 8, length: 64 }) } },
  }),
  Conv: onnxModel({
    nodes: [{ op: "Conv", inputs: ["x", "w"], outputs: ["y"], attributes: { pads: [1, 1, 1, 1] } }],
    inputs: { x: [1, 4, 4, 4] },
    outputs: ["y"],
    weights: { w: { shape: [8, 4, 3, 3], data: coarse(2, { rows: 8, length: 36 }) } },
  }),
};

describe("bias correction", () => {
  before(() => freshKernels());

  for (const [name, onnx] of Object.entries(models)) {
    it(`leaves no shift in the outputs of a ${name} with 8-bit weights, on average over calibration`, async function () {
      const reference = await requireOrt(this);
      const calibration = Array.from({ length: 12 }, (_, i) => [noise(50 + i, 64).map((v) => 1 + v / 4)]);
      const { model, program } = await compileOnnx({
        onnx,
        name: "t",
        calibration,
        precision: "a16",
        weights: "i8",
        reference,
        engine: loadWasmEngine,
      });
      const engine = await loadWasmEngine(model);
      const float = await reference.load(onnx);
      const [input, output] = [program.inputs[0], program.outputs[0]];
      if (input === undefined || output === undefined) throw new RangeError("no ports");
      const shifts = new Float64Array(8);
      let squares = 0;
      let count = 0;
      for (const [values] of calibration) {
        const data = values ?? new Float32Array(0);
        const want = await float.run([{ name: "x", dtype: "float32", shape: input.type.shape, data }]);
        const got = (await engine.run({ inputs: [quantizeInput(input, data, true)] })).outputs[0]?.data ?? [];
        const perChannel = got.length / 8;
        for (const [i, q] of got.entries()) {
          const error = output.scale * (q - output.zero) - Number(want.get("y")?.data[i]);
          const channel = Math.floor(i / perChannel);
          shifts[channel] = (shifts[channel] ?? 0) + error / (calibration.length * perChannel);
          squares += error ** 2;
          count++;
        }
      }
      await float.close();
      // Rounding itself remains: it is far larger than the shift that is left.
      const rounding = Math.sqrt(squares / count);
      expect(rounding).to.be.greaterThan(5 * output.scale);
      for (const shift of shifts) expect(Math.abs(shift)).to.be.lessThan(output.scale);
    });
  }
});
