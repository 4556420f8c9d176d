/** Many random graphs, and many hostile files that decode, through the compiler. */

import { compileOnnx } from "../../../aivm/import/onnx/compile.ts";
import { decodeOnnx } from "../../../aivm/import/onnx/format/decode.ts";
import type { FloatReference } from "../../../aivm/quantize/reference.ts";
import { isAivmError } from "../../../common/errors.ts";
import { compareGraph, graphText, type Outcome, randomGraph } from "./compare.ts";
import { decodeHostile, hostileFile } from "./hostile.ts";

/** What to run. */
export interface OnnxFuzz {
  readonly seed: number;
  readonly cases: number;
  readonly reference: FloatReference;
  readonly onProgress: (done: number) => void;
}

/** What came of it: graphs by outcome, refusals by code, and every failure in words. */
export interface OnnxFuzzReport {
  readonly outcomes: Readonly<Record<Outcome["kind"], number>>;
  readonly refused: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
}

/** Compares the random graphs of `cases` seeds from `seed` on. */
export async function fuzzOnnx(task: OnnxFuzz): Promise<OnnxFuzzReport> {
  const outcomes = { agrees: 0, invalid: 0, refused: 0, failed: 0 };
  const refused: Record<string, number> = {};
  const failures: string[] = [];
  for (let i = 0; i < task.cases; i++) {
    const seed = task.seed + i;
    const outcome = await compareGraph(seed, task.reference);
    outcomes[outcome.kind]++;
    if (outcome.kind === "refused") refused[outcome.code] = (refused[outcome.code] ?? 0) + 1;
    if (outcome.kind === "failed")
      failures.push(`seed ${seed}: ${outcome.why}\n${graphText(randomGraph(seed))}`);
    task.onProgress(i + 1);
  }
  return { outcomes, refused, failures };
}

/** Compiles the hostile files of `cases` seeds, those that decode; verdicts by code, untyped errors as failures. */
export async function fuzzHostile(
  task: OnnxFuzz,
): Promise<{ readonly verdicts: Readonly<Record<string, number>>; readonly failures: readonly string[] }> {
  const verdicts: Record<string, number> = {};
  const failures: string[] = [];
  for (let i = 0; i < task.cases; i++) {
    const file = hostileFile(task.seed + i);
    let verdict = "compiled";
    try {
      verdict = decodeHostile(file);
      if (verdict === "decoded") {
        await compileHostile(file.bytes, task.reference);
        verdict = "compiled";
      }
    } catch (error) {
      if (isAivmError(error)) verdict = error.code;
      else failures.push(`${file.how}: ${error instanceof Error ? error.stack : String(error)}`);
    }
    verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
    task.onProgress(i + 1);
  }
  return { verdicts, failures };
}

/** Elements of a sample that are made for a hostile file, at most. */
const MOST_ELEMENTS = 10_000;

async function compileHostile(onnx: Uint8Array, reference: FloatReference): Promise<void> {
  const sample = decodeOnnx(onnx).inputs.map(({ shape = [] }) => {
    const count = shape.reduce<number>((a, size) => a * (typeof size === "number" ? size : 1), 1);
    return new Array<number>(count >= 0 && count <= MOST_ELEMENTS ? count : 1).fill(1);
  });
  await compileOnnx({
    onnx,
    name: "hostile",
    calibration: [sample],
    precision: "a16",
    weights: "i16",
    reference,
  });
}
