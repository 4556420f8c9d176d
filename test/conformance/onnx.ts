/**
 * The ONNX suite: every case is compiled with its own inputs as the calibration set, run, and only then compared. The
 * manifest's `kind` says how: float cases at 16-bit activations within a tolerance, integer and quant cases exactly.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openOrtReference } from "../../aivm/io/ortReference.ts";
import { type CaseOutput, computeCase, isRefusal, reasonOf } from "./onnxCase.ts";
import { type CaseFiles, expectedOutputs, filesOf, type ManifestRow } from "./onnxFiles.ts";
import { judgeOutput } from "./onnxJudge.ts";

/** How the suite is run. */
export interface SuiteOptions {
  readonly folder: string;
  /** Folder for what was computed. */
  readonly emit?: string;
  /** Only cases whose name contains this. */
  readonly only?: string;
  /** Print passing and refused cases as well. */
  readonly verbose: boolean;
  readonly print: (line: string) => void;
}

/** Cases by result. */
export interface SuiteTotals {
  readonly passed: number;
  readonly failed: number;
  readonly refused: number;
}

/** Runs every case of the manifest. @throws when the folder holds no manifest. */
export async function runOnnxSuite(options: SuiteOptions): Promise<SuiteTotals> {
  const manifest = JSON.parse(readFileSync(join(options.folder, "manifest.json"), "utf8")) as ManifestRow[];
  const rows = manifest.filter((row) => options.only === undefined || row.case.includes(options.only));
  const reference = await openOrtReference();
  const totals = { passed: 0, failed: 0, refused: 0 };
  const refused: { suite: string; case: string; reason: string }[] = [];
  for (const row of rows) {
    const label = `${row.suite}/${row.case}`;
    const result = await runCase(row, filesOf(options.folder, row), { reference, options });
    totals[result.kind] += 1;
    if (result.kind === "refused") refused.push({ suite: row.suite, case: row.case, reason: result.reason });
    if (result.kind === "failed") options.print(`FAIL ${label}: ${result.reason}`);
    else if (options.verbose) options.print(`${result.kind.toUpperCase()} ${label}: ${result.reason}`);
  }
  if (options.emit !== undefined) {
    mkdirSync(options.emit, { recursive: true });
    writeFileSync(join(options.emit, "refused.json"), `${JSON.stringify(refused, null, 2)}\n`);
  }
  return totals;
}

interface CaseResult {
  readonly kind: "passed" | "failed" | "refused";
  readonly reason: string;
}

/** One case: all of its data sets must pass. What is emitted is written before any expectation is opened. */
async function runCase(
  row: ManifestRow,
  files: CaseFiles,
  by: { readonly reference: Awaited<ReturnType<typeof openOrtReference>>; readonly options: SuiteOptions },
): Promise<CaseResult> {
  const notes: string[] = [];
  for (const set of files.sets) {
    let outputs: readonly CaseOutput[];
    try {
      outputs = await computeCase(row, { model: files.model, set, reference: by.reference });
    } catch (error) {
      return { kind: isRefusal(error) ? "refused" : "failed", reason: reasonOf(error) };
    }
    if (by.options.emit !== undefined)
      emitOutputs(join(by.options.emit, row.suite, row.case, set.name), outputs);
    const expected = expectedOutputs(set);
    if (expected.length !== outputs.length) {
      return {
        kind: "failed",
        reason: `${set.name}: ${outputs.length} outputs, expected ${expected.length}`,
      };
    }
    for (const [i, output] of outputs.entries()) {
      const want = expected[i];
      if (want === undefined) continue;
      const verdict = judgeOutput(row.kind, output, want);
      if (!verdict.ok)
        return { kind: "failed", reason: `${set.name}, output ${i} (${output.name}): ${verdict.reason}` };
      notes.push(verdict.note);
    }
  }
  return { kind: "passed", reason: notes.join("; ") };
}

/** `output_<i>.json`: the integers as computed, little-endian, base64, and what they mean. */
function emitOutputs(folder: string, outputs: readonly CaseOutput[]): void {
  for (const [i, { tensor, scale, zero }] of outputs.entries()) {
    const path = join(folder, `output_${i}.json`);
    mkdirSync(dirname(path), { recursive: true });
    const { data, dtype, shape } = tensor;
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    writeFileSync(path, `${JSON.stringify({ dtype, shape, scale, zero, data: bytes.toString("base64") })}\n`);
  }
}
