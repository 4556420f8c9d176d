/** `make fuzz`: CASES mutated artifacts (default 100,000) from SEED (default 1); exit status 1 on any failure. */
import { freshKernels } from "../../scripts/buildWasm.ts";
import { fuzzArtifacts, fuzzSeeds } from "./artifacts.ts";

const cases = Number(process.env.CASES ?? "100000");
const seed = Number(process.env.SEED ?? "1");
const started = performance.now();
const report = await fuzzArtifacts({
  seed,
  cases,
  seeds: fuzzSeeds(3),
  wasm: await freshKernels(),
  now: () => performance.now(),
  onProgress: (done) => process.stderr.write(`\r${done} of ${cases}`),
});
process.stderr.write("\n");
const { failures, ...counts } = report;
const seconds = Math.round((performance.now() - started) / 1000);
const mebibytes = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(
  JSON.stringify({ seed, ...counts, seconds, peakMemoryMiB: mebibytes, failures: failures.length }, null, 2),
);
for (const failure of failures.slice(0, 20)) console.log(failure.slice(0, 3000));
process.exitCode = failures.length === 0 ? 0 : 1;
