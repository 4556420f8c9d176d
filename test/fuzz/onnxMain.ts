/** `make fuzz-onnx`: CASES random graphs (default 2,000) and as many hostile files from SEED (default 1); exit status 1 on any failure. */
import { openIsolatedReference } from "../../aivm/io/isolatedReference.ts";
import { fuzzHostile, fuzzOnnx } from "./onnx/fuzz.ts";

const cases = Number(process.env.CASES ?? "2000");
const seed = Number(process.env.SEED ?? "1");
const reference = await openIsolatedReference();
const onProgress = (done: number): void => void process.stderr.write(`\r${done} of ${cases}`);
const graphs = await fuzzOnnx({ seed, cases, reference, onProgress });
const files = await fuzzHostile({ seed, cases, reference, onProgress });
process.stderr.write("\n");
const failures = [...graphs.failures, ...files.failures];
const { outcomes, refused } = graphs;
const report = { seed, cases, outcomes, refused, hostile: files.verdicts, failures: failures.length };
console.log(JSON.stringify(report, null, 2));
for (const failure of failures.slice(0, 20)) console.log(failure.slice(0, 3000));
process.exitCode = failures.length === 0 ? 0 : 1;
