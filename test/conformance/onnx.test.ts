import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { freshKernels } from "../../scripts/buildWasm.ts";
import { requireOrt } from "../aivm/support/floatReference.ts";
import { sketchGraph } from "../aivm/support/onnxGraphs.ts";
import { requireTestData } from "../support/testData.ts";
import { runOnnxSuite } from "./onnx.ts";
import { judgeOutput } from "./onnxJudge.ts";
import { fixingInputs } from "./parameterInputs.ts";

describe("the ONNX conformance suite", () => {
  it("passes or refuses every convolution, and emits what it computed", async function () {
    const folder = requireTestData(this, "conformance", "onnx");
    await requireOrt(this);
    await freshKernels();
    const emit = mkdtempSync(join(tmpdir(), "aivm-conformance-"));
    try {
      const lines: string[] = [];
      const totals = await runOnnxSuite({
        folder,
        emit,
        only: "_conv_",
        verbose: false,
        print: (line) => lines.push(line),
      });
      expect(lines).to.deep.equal([]);
      expect(totals.failed).to.equal(0);
      expect(totals.passed).to.be.at.least(2);
      const path = join(emit, "node/test_conv_with_strides_padding/test_data_set_0/output_0.json");
      const { dtype, shape, scale, zero, data } = JSON.parse(readFileSync(path, "utf8"));
      expect({ dtype, shape, zero }).to.deep.equal({ dtype: "i16", shape: [1, 1, 4, 3], zero: 0 });
      const bytes = Buffer.from(data, "base64");
      expect(bytes.length).to.equal(2 * 12);
      // 0 + 1 + 5 + 6: the first window of arange(35), a kernel of ones and a padding of one.
      expect(scale * bytes.readInt16LE(0)).to.be.closeTo(12, 2 * scale);
      expect(existsSync(join(emit, "refused.json"))).to.equal(true);
    } finally {
      rmSync(emit, { recursive: true });
    }
  });

  it("judges floats by tolerance, scale and shape, and integers exactly", () => {
    const want = { name: "y", dtype: "float32", shape: [2], data: Float32Array.of(1, -2) } as const;
    const scale = 2 / 32767;
    const got = (data: readonly number[], shape = [2]) =>
      ({ name: "y", scale, zero: 0, tensor: { dtype: "i16", shape, data: Int16Array.from(data) } }) as const;
    const near = [Math.round(1 / scale), -32767];
    expect(judgeOutput("float", got(near), want).ok).to.equal(true);
    expect(judgeOutput("float", got([near[0] ?? 0, -32000]), want).ok).to.equal(false);
    expect(judgeOutput("float", got(near, [2, 1]), want).ok).to.equal(false);
    expect(judgeOutput("float", { ...got([10, -20]), scale: 0.1 }, want).ok).to.equal(false);
    const integers = { name: "y", dtype: "int64", shape: [2], data: BigInt64Array.of(1n, -2n) } as const;
    expect(judgeOutput("integer", { ...got([1, -2]), scale: 1 }, integers).ok).to.equal(true);
    expect(judgeOutput("integer", { ...got([1, -1]), scale: 1 }, integers).ok).to.equal(false);
    expect(judgeOutput("integer", got([1, -2]), integers).ok).to.equal(false);
  });
});

describe("inputs that a case binds", () => {
  it("are those that fix shapes, those without elements, scales and zero points; no factors and no data", () => {
    const { graph } = sketchGraph({
      opset: 21,
      nodes: ["Resize(x, , f) -> r", "QuantizeLinear(r, s, z) -> q", "Reshape(q, n) -> y"],
      inputs: {
        x: [1, 1, 2, 2],
        f: [4],
        s: [],
        z: [],
        n: { dtype: "int64", shape: [1], values: [4] },
        unused: [0],
      },
      outputs: ["y"],
    });
    expect(fixingInputs(graph)).to.deep.equal(["n", "unused", "s", "z"]);
  });
});
