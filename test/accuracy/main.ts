/**
 * Accuracy on real models, one table. Every model and precision runs in a process of its own, so that the peak memory
 * is its own. Options: --only TEXT (names that contain it), --precision a8|a16, --weights i8|i16|auto, --target DB, --json,
 * --write FILE (the table as Markdown, with machine and commit).
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { markdownTable, textTable } from "../../cli/table.ts";
import { commitName, machineName } from "../bench/rows.ts";
import { testData } from "../support/testData.ts";
import { type AccuracyCase, CASES } from "./cases.ts";
import { type CaseResult, runCase } from "./runCase.ts";

const WEIGHTS = ["i8", "i16", "auto"] as const;
const PRECISIONS = ["a8", "a16"] as const;

const HEAD = [
  "model",
  "bits",
  "samples",
  "metric",
  "float",
  "fixed",
  "difference",
  "SQNR dB",
  "bytes",
  "wide",
  "compile s",
  "cpu s",
  "peak MiB",
  "bar",
] as const;

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    precision: { type: "string" },
    weights: { type: "string" },
    target: { type: "string" },
    json: { type: "boolean", default: false },
    write: { type: "string" },
    child: { type: "string" },
  },
});
if (options.child === undefined) await runAll();
else await runChild(options.child);

/** Runs one case here and prints its result as JSON: what the parent reads. */
async function runChild(name: string): Promise<void> {
  const found = CASES.find((entry) => entry.name === name);
  const precision = PRECISIONS.find((entry) => entry === options.precision);
  if (found === undefined || precision === undefined) throw new RangeError(`no case ${name}`);
  const weights = WEIGHTS.find((entry) => entry === options.weights);
  const result = await runCase(found, {
    folder: folderOf(found) ?? "",
    precision,
    ...(weights === undefined ? {} : { weights }),
    ...(options.target === undefined ? {} : { targetDb: Number(options.target) }),
  });
  process.stdout.write(JSON.stringify(result));
}

async function runAll(): Promise<void> {
  // Here and not above: the compiler of the kernels takes more memory than any case, and children do not need it.
  const { freshKernels } = await import("../../scripts/buildWasm.ts");
  await freshKernels();
  const wanted = CASES.filter((entry) => entry.name.includes(options.only));
  const here = wanted.filter((entry) => entry.folder === undefined || folderOf(entry) !== undefined);
  if (here.length < wanted.length) {
    const absent = wanted.filter((entry) => !here.includes(entry)).map((entry) => entry.name);
    process.stderr.write(`AIVM_TEST_DATA does not lead to ${absent.join(", ")}: left out\n`);
  }
  const results: CaseResult[] = [];
  for (const entry of here) {
    for (const precision of PRECISIONS) {
      if (options.precision !== undefined && options.precision !== precision) continue;
      const result = inChild(entry, precision);
      results.push(result);
      // A whole table takes minutes: say what is done, on the other stream.
      process.stderr.write(`${rowOf(result).join("  ")}\n`);
    }
  }
  process.stdout.write(`${options.json ? JSON.stringify(results, undefined, 2) : tableOf(results)}\n`);
  if (options.write !== undefined) writeFileSync(options.write, documentOf(results));
  process.exitCode = results.every((result) => result.passed) ? 0 : 1;
}

/** The table for the documents: figures name machine, commit and day. */
function documentOf(results: readonly CaseResult[]): string {
  const where = `Measured on ${machineName()}, commit ${commitName()}, ${new Date().toISOString().slice(0, 10)}, by \`make accuracy\`.`;
  const what =
    "Integer artifacts beside their float models. Models that are not in this repository are read from outside test data; " +
    "bars that fail make the command fail. `bits` are those of the activations, `wide` counts layers with 16-bit weights, " +
    "`SQNR` is that of the logits, memory that of the whole process.";
  return `# Accuracy on real models\n\n${where}\n\n${what}\n\n${markdownTable(HEAD, results.map(rowOf))}\n`;
}

function inChild(entry: AccuracyCase, precision: "a8" | "a16"): CaseResult {
  const file = fileURLToPath(import.meta.url);
  const args = [...process.execArgv, file, "--child", entry.name, "--precision", precision];
  if (options.weights !== undefined) args.push("--weights", options.weights);
  if (options.target !== undefined) args.push("--target", options.target);
  const { stdout, status } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`${entry.name} ${precision} ended with status ${status}`);
  return JSON.parse(stdout) as CaseResult;
}

function folderOf(entry: AccuracyCase): string | undefined {
  return entry.folder === undefined ? undefined : testData("models", entry.folder);
}

function tableOf(results: readonly CaseResult[]): string {
  return textTable(HEAD, results.map(rowOf));
}

function rowOf(r: CaseResult): string[] {
  const figure = (text: string): string => (r.metric === "none" ? "" : text);
  const bar = r.barred ? (r.passed ? "pass" : "FAIL") : "no bar";
  return [
    r.model,
    r.precision,
    `${r.samples}`,
    r.metric,
    figure(r.float.toFixed(3)),
    figure(r.fixed.toFixed(3)),
    figure(`${r.difference.toFixed(3)} ${r.unit}`),
    r.sqnrDb === null ? "equal" : r.sqnrDb.toFixed(1),
    `${r.artifactBytes}`,
    `${r.wideLayers}`,
    r.compileSeconds.toFixed(1),
    r.compileCpuSeconds.toFixed(1),
    r.peakMib.toFixed(0),
    `${bar}${r.sqnrBar === undefined ? "" : ` (${r.sqnrBar} dB)`}`,
  ];
}
