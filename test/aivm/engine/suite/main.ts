/**
 * `make engines-conformance`: the whole suite on every engine of this machine; exit status 1 on any mismatch.
 * Options: --only TEXT (parts whose name contains it), --seed N, --programs N, --fuzz N, --engine TEXT (names that contain it),
 * --arm64-node-fuzz N (an ARM64 Node is slow: it runs fewer).
 */
import { parseArgs } from "node:util";
import { textTable } from "../../../../cli/table.ts";
import { opFiles } from "../../support/vectors.ts";
import { arm64Engines, arm64NodeReport, whyNoArm64Node } from "./arm64.ts";
import { enginesHere } from "./engines.ts";
import { fuzzCases } from "./fuzz.ts";
import { imageCases } from "./images.ts";
import { programCases } from "./programs.ts";
import { realModelCases } from "./realModels.ts";
import { generatedCases } from "./slice.ts";
import { type CreateEngine, type Mismatch, runSuite, type SuiteCase, type SuiteReport } from "./suite.ts";
import { sumCases } from "./sums.ts";
import { vectorCases } from "./vectorCases.ts";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    engine: { type: "string", default: "" },
    seed: { type: "string", default: "1" },
    programs: { type: "string", default: "1000" },
    fuzz: { type: "string", default: "100000" },
    "arm64-node-fuzz": { type: "string", default: "3000" },
  },
});

/** A part of the suite. */
interface Part {
  readonly name: string;
  readonly cases: () => Iterable<SuiteCase> | AsyncIterable<SuiteCase>;
}

const seed = Number(options.seed);
const PARTS: readonly Part[] = [
  { name: "vectors", cases: () => vectorCases(opFiles()) },
  { name: "programs", cases: () => programCases({ seed, programs: Number(options.programs), inputs: 3 }) },
  { name: "sums", cases: sumCases },
  { name: "images", cases: imageCases },
  { name: "fuzz", cases: () => fuzzCases({ seed, cases: Number(options.fuzz) }) },
  { name: "real models", cases: () => realModelCases(sayAbsent) },
];

const HEAD = ["part", "engine", "cases", "runs", "mismatches", "engine s", "digest"] as const;

/** One line that is written over, on a terminal. */
function say(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${line.slice(0, 100).padEnd(100)}\r`);
}

function sayAbsent(name: string): void {
  process.stderr.write(`${name}: left out, AIVM_TEST_DATA does not lead to it\n`);
}

/** Engines for a part: the reference engine gives what the others are compared with, so it runs the vectors only. */
function enginesFor(part: Part, all: Readonly<Record<string, CreateEngine>>): Record<string, CreateEngine> {
  const named = Object.entries(all).filter(([name]) => name.includes(options.engine));
  return Object.fromEntries(named.filter(([name]) => name !== "reference" || part.name === "vectors"));
}

const sayWhyNot = (why: string): void => void process.stderr.write(`left out: ${why}\n`);
const arm64 = await arm64Engines(sayWhyNot);
const engines = { ...(await enginesHere(sayWhyNot)), ...arm64?.engines };
const rows: string[][] = [];
const mismatches: Mismatch[] = [];
for (const part of PARTS.filter(({ name }) => name.includes(options.only))) {
  const report = await runSuite({
    engines: enginesFor(part, engines),
    cases: part.cases(),
    now: () => performance.now(),
    say,
  });
  rows.push(...rowsOf(part.name, report));
  mismatches.push(...report.mismatches);
}
await arm64?.remote.close();
if ("arm64 node".includes(options.only)) await runArm64Node();
say("");
console.log(textTable(HEAD, rows));
for (const mismatch of mismatches) console.log(JSON.stringify(mismatch));
process.exitCode = mismatches.length === 0 ? 0 : 1;

/** Programs and single ops inside an ARM64 Node; its expected results must be those that this machine finds. */
async function runArm64Node(): Promise<void> {
  const reason = whyNoArm64Node();
  if (reason !== undefined) return sayWhyNot(reason);
  const which = { seed, programs: 60, fuzz: Number(options["arm64-node-fuzz"]) };
  const report = await arm64NodeReport(which);
  const { digest } = await runSuite({
    engines: {},
    cases: generatedCases(which),
    now: () => performance.now(),
  });
  rows.push(...rowsOf("ARM64 Node", report));
  mismatches.push(...report.mismatches);
  if (digest === report.digest) return;
  const what = `expected results have digest ${report.digest}, here ${digest}`;
  mismatches.push({ engine: "ARM64 reference", case: "all", input: 0, run: "kept", what });
}

function rowsOf(part: string, report: SuiteReport): string[][] {
  return report.engines.map(({ engine, cases, runs, mismatches: wrong, seconds }) => {
    const count = cases.vectors + cases.models + cases.fuzz;
    return [part, engine, count, runs, wrong, seconds.toFixed(1), report.digest.slice(0, 16)].map(String);
  });
}
