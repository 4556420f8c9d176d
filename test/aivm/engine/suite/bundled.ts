/**
 * The suite as one script without imports, for a Node of another processor: programs and single ops on the reference and
 * the wasm engine. Arguments: path of the compiled kernels, seed, programs, fuzz cases. Prints the report as JSON.
 */
import { readFileSync } from "node:fs";
import { createWasmEngine } from "../../../../aivm/engine/wasm/wasmEngine.ts";
import { createReferenceEngine } from "../../../../aivm/index.ts";
import { generatedCases } from "./slice.ts";
import { runSuite } from "./suite.ts";

const [kernels = "", seed = "1", programs = "60", fuzz = "3000"] = process.argv.slice(2);
const wasm = new Uint8Array(readFileSync(kernels));

runSuite({
  engines: {
    reference: async (model) => createReferenceEngine(model),
    "wasm, 1 thread": (model) => createWasmEngine({ model, wasm }),
  },
  cases: generatedCases({ seed: Number(seed), programs: Number(programs), fuzz: Number(fuzz) }),
  now: () => performance.now(),
}).then((report) => {
  console.log(JSON.stringify({ ...report, arch: process.arch }));
});
