/** Integer divisions that would end the process inside the float runtime. */
import { compileOnnx } from "../../../../aivm/import/onnx/compile.ts";
import { rejectsCode } from "../../support/errors.ts";
import { scriptedReference } from "../../support/floatReference.ts";
import { onnxModel, rawTensor } from "../../support/onnxBuilder.ts";

/** No runtime: these graphs must not reach one. */
const unreached = scriptedReference(() => {
  throw new RangeError("the runtime was reached");
});

const INT32 = 6;

describe("integer divisions that trap", () => {
  for (const op of ["Div", "Mod"]) {
    for (const divisor of [0, -1]) {
      const node = { op, inputs: ["x", "d"], outputs: ["y"] };
      const task = { name: "t", precision: "a16", reference: unreached } as const;

      it(`${op} by a constant ${divisor} is refused before anything runs`, async () => {
        const raw = new Uint8Array(Int32Array.of(3, divisor).buffer);
        const onnx = onnxModel({
          nodes: [node],
          inputs: { x: [2] },
          types: { x: INT32 },
          outputs: ["y"],
          rawInitializers: [rawTensor({ name: "d", code: INT32, shape: [2], raw })],
        });
        const calibration = [[[-(2 ** 31), -(2 ** 31)]]];
        await rejectsCode("AIVM_ONNX_UNSUPPORTED_FORM", compileOnnx({ ...task, onnx, calibration }));
      });

      it(`${op} by an input that a sample sets to ${divisor} too`, async () => {
        const onnx = onnxModel({
          nodes: [node],
          inputs: { x: [1], d: [1] },
          types: { x: INT32, d: INT32 },
          outputs: ["y"],
        });
        const calibration = [
          [[7], [1]],
          [[7], [divisor]],
        ];
        await rejectsCode("AIVM_ONNX_UNSUPPORTED_FORM", compileOnnx({ ...task, onnx, calibration }));
      });
    }
  }
});
