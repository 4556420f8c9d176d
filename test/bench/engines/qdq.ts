/** The quantised form of a model that onnxruntime runs: its authors' file, or what onnxruntime's quantiser makes of it. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CacheEntry, cachedBytes, cachePath } from "./cache.ts";
import type { BenchModel } from "./models/list.ts";

const ROOT = join(import.meta.dirname, "../../..");
const SCRIPT = join(ROOT, "scripts/bench/quantizeQdq.py");
/** Calibration samples that the quantiser sees. */
const SAMPLES = 8;

/** Either the file, or why there is none. */
export type QdqModel = { readonly onnx: Uint8Array } | { readonly missing: string };

/** The quantised ONNX file, made once and cached. */
export async function qdqOf(model: BenchModel): Promise<QdqModel> {
  if (model.qdq !== undefined && existsSync(model.qdq)) {
    return { onnx: new Uint8Array(readFileSync(model.qdq)) };
  }
  const samples = floatsOf(model);
  const entry: CacheEntry = {
    name: `${model.name}-qdq`,
    extension: "onnx",
    of: [model.onnx, samples, readFileSync(SCRIPT)],
  };
  if (existsSync(cachePath(entry))) return { onnx: new Uint8Array(readFileSync(cachePath(entry))) };
  const python = pythonWithOrt();
  if (python === undefined) {
    return {
      missing: `no Python with onnxruntime and onnx: scripts/bench/quantizeQdq.py says how to make one`,
    };
  }
  try {
    return { onnx: await cachedBytes(entry, async () => quantize(python, { onnx: model.onnx, samples })) };
  } catch (cause) {
    return { missing: `onnxruntime's quantiser failed: ${lastLine(cause)}` };
  }
}

/** Runs the script in a folder of its own. */
function quantize(
  python: string,
  given: { readonly onnx: Uint8Array; readonly samples: Uint8Array },
): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "aivm-qdq-"));
  const [source, samples, target] = ["model.onnx", "samples.f32", "qdq.onnx"].map((file) =>
    join(folder, file),
  ) as [string, string, string];
  try {
    writeFileSync(source, given.onnx);
    writeFileSync(samples, given.samples);
    execFileSync(python, [SCRIPT, source, samples, target], { stdio: ["ignore", "ignore", "pipe"] });
    return new Uint8Array(readFileSync(target));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A Python that has the packages. */
function pythonWithOrt(): string | undefined {
  const named = process.env.AIVM_ORT_PYTHON;
  const candidates = named === undefined ? [join(ROOT, "build/ort-venv/bin/python"), "python3"] : [named];
  return candidates.find(
    (python) => spawnSync(python, ["-c", "import numpy, onnx, onnxruntime.quantization"]).status === 0,
  );
}

/** Samples one behind the other, each its inputs in order, as float32. */
function floatsOf(model: BenchModel): Uint8Array {
  const values = model.calibration
    .slice(0, SAMPLES)
    .flat()
    .map((input) => Float32Array.from(input, Number));
  return new Uint8Array(Buffer.concat(values.map((input) => Buffer.from(input.buffer))));
}

function lastLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message.trim() : String(cause);
  return text.split("\n").at(-1) ?? "";
}
