/** Float references for tests: the real runtime where it is installed, and one that returns what it is told. */
import type { OnnxTensor } from "../../../aivm/import/onnx/graph.ts";
import { openOrtReference } from "../../../aivm/io/ortReference.ts";
import type { FloatReference } from "../../../aivm/quantize/reference.ts";
import { isAivmError } from "../../../common/errors.ts";

/** onnxruntime, or a skip with the reason when the optional package is not installed. */
export async function requireOrt(test: Mocha.Context): Promise<FloatReference> {
  try {
    return await openOrtReference();
  } catch (error) {
    if (!isAivmError(error, "AIVM_REFERENCE_ABSENT")) throw error;
    process.stdout.write("\n    skipped: the optional package onnxruntime-node is not installed\n");
    test.skip();
  }
}

/** A reference whose model is the given function of its inputs. */
export function scriptedReference(
  model: (feeds: readonly OnnxTensor[]) => readonly OnnxTensor[],
): FloatReference {
  return {
    name: "scripted",
    load: async () => ({
      run: async (feeds) => new Map(model(feeds).map((tensor) => [tensor.name, tensor])),
      close: async () => {},
    }),
  };
}
