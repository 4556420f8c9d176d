import { expect } from "chai";
import { openOrtReference } from "../../aivm/io/ortReference.ts";
import { requireOrt } from "../aivm/support/floatReference.ts";
import { fuzzOnnx } from "./onnx/fuzz.ts";
import { craftedFiles, decodeHostile, hostileFile } from "./onnx/hostile.ts";

describe("random ONNX graphs", () => {
  it("compile to programs that agree with onnxruntime on inputs that they were not calibrated on, or are refused", async function () {
    await requireOrt(this);
    const { outcomes, failures } = await fuzzOnnx({
      seed: 1,
      cases: 60,
      reference: await openOrtReference(),
      onProgress: () => {},
    });
    expect(failures).to.deep.equal([]);
    // Most graphs are compared, not refused and not invalid.
    expect(outcomes.agrees).to.be.above(40);
  });
});

describe("hostile ONNX files", () => {
  it("are refused with a typed error, or are graphs", () => {
    const verdicts = Array.from({ length: 1000 }, (_, seed) => decodeHostile(hostileFile(seed)));
    expect(verdicts).to.include.members([
      "decoded",
      "AIVM_ONNX_TRUNCATED",
      "AIVM_ONNX_NOT_A_MODEL",
      "AIVM_ONNX_INVALID_GRAPH",
    ]);
  });

  const graphs: readonly string[] = [
    "300,000 packed integers",
    "300,000 packed floats",
    "a circle",
    "names of control characters",
  ];
  for (const file of craftedFiles()) {
    it(`${file.how}: ${graphs.includes(file.how) ? "a graph" : "refused"}`, () => {
      expect(decodeHostile(file) === "decoded").to.equal(graphs.includes(file.how));
    });
  }
});
