/**
 * The suite as one script without imports, for a Node of another processor: programs and single ops on the reference and
 * the wasm engine. Arguments: path of the compiled kernels, seed, programs, fuzz cases. Prints the report as JSON.
 */
import { readFileSync } from "node:fs";
import { createWasmEngine } from "../../../../aivm/engine/wasm/wasmEngine.ts";
import { createReferenceEngine } from "../../../../aivm/index.ts";
import { fuzzCases } from "./fuzz.ts";
import { programCases } from "./programs.ts";
import { runSuite, type SuiteCase } from "./suite.ts";

const [kernels = "", seed = "1", programs = "60", fuzz = "3000"] = process.argv.slice(2);
const wasm = new Uint8Array(readFileSync(kernels));

function* cases(): Generator<SuiteCase> {
  yield* programCases({ seed: Number(seed), programs: Number(programs), inputs: 2 });
  yield* fuzzCases({ seed: Number(seed), cases: Number(fuzz) });
}

runSuite({
  engines: {
    reference: async (model) => createReferenceEngine(model),
    "wasm, 1 thread": (model) => createWasmEngine({ model, wasm }),
  },
  cases: cases(),
  now: () => performance.now(),
}).then((report) => {
  console.log(JSON.stringify({ ...report, arch: process.arch }));
});
