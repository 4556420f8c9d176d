/** The digit model and its splits, as tests need them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "../../../models/digits");

/** digits.onnx. */
export function digitsOnnx(): Uint8Array {
  return new Uint8Array(readFileSync(join(FOLDER, "digits.onnx")));
}

/** Images of a split as samples of the model's only input: pixel / 16. */
export function digitSamples(split: "calibration" | "test"): Float32Array[][] {
  const bytes = readFileSync(join(FOLDER, `${split}-images.u8`));
  return Array.from({ length: bytes.length / 64 }, (_, i) => [
    Float32Array.from(bytes.subarray(64 * i, 64 * i + 64), (pixel) => pixel / 16),
  ]);
}

/** Labels of the test split. */
export function digitLabels(): Uint8Array {
  return new Uint8Array(readFileSync(join(FOLDER, "test-labels.u8")));
}
