import { expect } from "chai";
import fc from "fast-check";
import { decodeOnnx } from "../../../../../aivm/import/onnx/format/decode.ts";
import { withExtraOutputs } from "../../../../../aivm/import/onnx/format/encode.ts";
import { decodeTensor } from "../../../../../aivm/import/onnx/format/tensorProto.ts";
import { readVarint, writeVarint } from "../../../../../aivm/import/onnx/format/wire.ts";
import { concatBytes, utf8 } from "../../../../../common/bytes.ts";
import { AivmError } from "../../../../../common/errors.ts";
import { digitsOnnx } from "../../../support/digits.ts";
import { intField, onnxModel, rawTensor, textField } from "../../../support/onnxBuilder.ts";

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof AivmError) return error.code;
    throw error;
  }
  return "none";
}

describe("decoding an ONNX file", () => {
  it("reads the digit model: nodes in order, weights, opset, static input", () => {
    const graph = decodeOnnx(digitsOnnx());
    expect(graph.nodes.map((node) => node.opType)).to.deep.equal([
      ...["Conv", "Relu", "Conv", "Relu", "MaxPool", "Conv", "Relu", "MaxPool", "Flatten", "Gemm", "ArgMax"],
    ]);
    expect(graph.opset).to.equal(17);
    expect(graph.inputs).to.deep.equal([{ name: "image", dtype: "float32", shape: [1, 1, 8, 8] }]);
    expect(graph.initializers.get("conv2.weight")?.shape).to.deep.equal([32, 16, 3, 3]);
    expect(graph.initializers.get("conv2.weight")?.data).to.have.length(32 * 16 * 9);
  });

  it("refuses what is no ONNX file, with a remedy", () => {
    for (const bytes of [
      new Uint8Array(0),
      utf8("PK\u0003\u0004 not a model"),
      utf8("hello, world"),
      new Uint8Array(64).fill(255),
    ]) {
      expect(codeOf(() => decodeOnnx(bytes))).to.equal("AIVM_ONNX_NOT_A_MODEL");
    }
    expect(() => decodeOnnx(utf8("hello"))).to.throw(
      /expected a serialised onnx.ModelProto.*pass the .onnx file/,
    );
  });

  it("says that a file is cut short", () => {
    const whole = digitsOnnx();
    expect(codeOf(() => decodeOnnx(whole.subarray(0, whole.length - 100)))).to.equal("AIVM_ONNX_TRUNCATED");
    expect(codeOf(() => decodeOnnx(whole.subarray(0, 5000)))).to.equal("AIVM_ONNX_TRUNCATED");
  });

  it("never throws anything but a typed error, wherever a file is cut or one byte is changed", () => {
    const whole = onnxModel({
      nodes: [
        { op: "Add", inputs: ["x", "w"], outputs: ["y"], attributes: { axis: -1, list: [1, -2], mode: "m" } },
      ],
      inputs: { x: [2, 2] },
      outputs: ["y"],
      weights: { w: { shape: [2], data: [1, 2] } },
    });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const changed = Uint8Array.from(whole);
        changed[at] = byte;
        // A changed name is still a model; whatever else happens has a code.
        codeOf(() => decodeOnnx(changed));
        expect(codeOf(() => decodeOnnx(whole.subarray(0, at)))).to.match(/^AIVM_ONNX_/);
      }),
      { seed: 7, numRuns: 2000 },
    );
  });

  it("refuses weights in another file, and element types that it does not read", () => {
    const external = concatBytes(intField(1, 2), intField(2, 1), textField(8, "w"), intField(14, 1));
    expect(codeOf(() => decodeTensor(external))).to.equal("AIVM_ONNX_EXTERNAL_DATA");
    const half = rawTensor({ name: "w", code: 10, shape: [2], raw: new Uint8Array(4) });
    expect(codeOf(() => decodeTensor(half))).to.equal("AIVM_ONNX_UNSUPPORTED_DTYPE");
    expect(() => decodeTensor(half)).to.throw(/\(w\).*got float16/);
  });

  it("refuses data that does not fill its shape", () => {
    const short = rawTensor({ name: "w", code: 1, shape: [3], raw: new Uint8Array(8) });
    expect(codeOf(() => decodeTensor(short))).to.equal("AIVM_ONNX_INVALID_GRAPH");
  });

  it("unpacks 4-bit and 2-bit integers, low bits first", () => {
    const int4 = decodeTensor(rawTensor({ name: "w", code: 22, shape: [3], raw: Uint8Array.of(0x8f, 0x07) }));
    expect([...int4.data]).to.deep.equal([-1, -8, 7]);
    const uint2 = decodeTensor(
      rawTensor({ name: "w", code: 25, shape: [4], raw: Uint8Array.of(0b11_10_01_00) }),
    );
    expect([...uint2.data]).to.deep.equal([0, 1, 2, 3]);
  });

  it("does not count weights that are listed as inputs among the inputs", () => {
    const bytes = onnxModel({
      nodes: [{ op: "Add", inputs: ["x", "w", ""], outputs: ["y"] }],
      inputs: { x: [2], w: [2] },
      outputs: ["y"],
      weights: { w: { shape: [2], data: [1, 2] } },
    });
    const graph = decodeOnnx(bytes);
    expect(graph.inputs.map((value) => value.name)).to.deep.equal(["x"]);
    expect(graph.nodes[0]?.inputs).to.deep.equal(["x", "w", ""]);
  });

  it("adds outputs without touching the rest", () => {
    const before = decodeOnnx(digitsOnnx());
    const after = decodeOnnx(withExtraOutputs(digitsOnnx(), ["h1", "pool2"]));
    expect(after.outputs.map((value) => value.name)).to.deep.equal(["class", "logits", "h1", "pool2"]);
    expect(after.nodes).to.deep.equal(before.nodes);
    expect(after.initializers).to.deep.equal(before.initializers);
  });

  it("reads back every varint that it writes", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        const bytes = writeVarint(value);
        expect(readVarint(bytes, 0)).to.deep.equal({ value, next: bytes.length });
      }),
      { seed: 3 },
    );
  });
});
