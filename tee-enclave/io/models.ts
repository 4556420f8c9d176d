/** Models of the VM as the enclave's worker takes them. */
import {
  inputRoot,
  inputsFromBytes,
  type LoadedModel,
  outputLength,
  outputRoot,
  tensorsToBytes,
} from "../../aivm/index.ts";
import { loadWasmEngine } from "../../aivm/io/wasm.ts";
import { isAivmError } from "../../common/index.ts";
import type { EnclaveModel } from "../worker.ts";

/** The model on the WASM engine. */
export async function enclaveModel(model: LoadedModel): Promise<EnclaveModel> {
  const engine = await loadWasmEngine(model);
  const { program, modelId, weightsRoot } = model;
  return {
    modelId,
    weightsRoot,
    maxOutputBytes: outputLength(program),
    inputRoot: ({ input, seed, maxUnits }) => {
      try {
        return inputRoot({ tensors: inputsFromBytes(program, input), seed, maxTokens: maxUnits });
      } catch (error) {
        if (isAivmError(error)) return undefined;
        throw error;
      }
    },
    run: async (input) => {
      const { outputs, gas } = await engine.run({ inputs: inputsFromBytes(program, input) });
      return { output: tensorsToBytes(outputs), outputRoot: outputRoot(outputs), gas };
    },
  };
}
