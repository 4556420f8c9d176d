import { expect } from "chai";
import { decodeOnnx } from "../../../../../aivm/import/onnx/format/decode.ts";
import { logitsOf } from "../../../../../aivm/import/onnx/lowering/logits.ts";
import { scaleGroups } from "../../../../../aivm/import/onnx/lowering/scaleGroups.ts";
import { onnxModel, type TestNode } from "../../../support/onnxBuilder.ts";

/** Names that count as logits in a graph of x and the constants w, b, s. */
function logits(nodes: readonly TestNode[], outputs: readonly string[]): string[] {
  const data = Float32Array.of(1);
  const constants = new Set(["w", "b", "s"]);
  const graph = decodeOnnx(
    onnxModel({
      nodes,
      inputs: { x: [1, 1] },
      outputs,
      weights: { w: { shape: [1, 1], data }, b: { shape: [1], data }, s: { shape: [1], data } },
    }),
  );
  const isConstant = (name: string): boolean => constants.has(name);
  const { groupOf } = scaleGroups(graph, { range: () => ({ min: -1, max: 1 }), isConstant });
  return [...logitsOf(graph, { groupOf, isConstant })].filter((name) => !isConstant(name)).sort();
}

const layer = { op: "MatMul", inputs: ["x", "w"], outputs: ["y"] };
const bias = { op: "Add", inputs: ["y", "b"], outputs: ["z"] };

describe("logits", () => {
  it("are what a last layer gives, or a choice reads", () => {
    expect(logits([layer], ["y"])).to.deep.equal(["y"]);
    expect(logits([layer, { op: "Softmax", inputs: ["y"], outputs: ["p"] }], ["p"])).to.deep.equal(["y"]);
  });

  it("are found behind a bias and through data movement", () => {
    expect(logits([layer, bias], ["z"])).to.deep.equal(["z"]);
    const moved = { op: "Reshape", inputs: ["z", "s"], outputs: ["r"] };
    const choice = { op: "ArgMax", inputs: ["r"], outputs: ["c"] };
    expect(logits([layer, bias, moved, choice], ["c"])).to.deep.equal(["r", "z"]);
  });

  it("are nothing that arithmetic reads, even beside a choice", () => {
    const arithmetic = { op: "Mul", inputs: ["y", "y"], outputs: ["m"] };
    expect(logits([layer, arithmetic], ["m"])).to.deep.equal([]);
    const moved = { op: "Flatten", inputs: ["y"], outputs: ["f"] };
    const choice = { op: "Softmax", inputs: ["f"], outputs: ["p"] };
    expect(logits([layer, moved, choice, arithmetic], ["p", "m"])).to.deep.equal([]);
  });

  it("are no sum of two computed tensors, and no moved input", () => {
    expect(logits([layer, { op: "Add", inputs: ["y", "x"], outputs: ["z"] }], ["z"])).to.deep.equal([]);
    const joined = { op: "Concat", inputs: ["y", "x"], outputs: ["j"] };
    expect(logits([layer, joined], ["j"])).to.deep.equal([]);
  });
});
