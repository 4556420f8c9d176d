/** The digit images of models/digits: raw pixels 0..16, and the float inputs that the model was trained on. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Pixels of one image. */
export const IMAGE_PIXELS = 64;

/** One labelled image. */
export interface Digit {
  readonly index: number;
  readonly label: number;
  readonly pixels: Uint8Array;
}

/** Folder of the digit model, found from source and from dist/ alike. */
export function digitsFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, "models", "digits");
    if (existsSync(join(candidate, "digits.onnx"))) return candidate;
    if (folder === dirname(folder)) throw new Error("models/digits not found");
  }
}

/** The whole test split. */
export function testDigits(): Digit[] {
  const labels = readFileSync(join(digitsFolder(), "test-labels.u8"));
  return imagesOf("test-images.u8").map((pixels, index) => ({ index, label: labels[index] ?? -1, pixels }));
}

/** Pixels as the model's float input [1,1,8,8]: pixel / 16. */
export function floatInput(pixels: Uint8Array): Float32Array {
  return Float32Array.from(pixels, (pixel) => pixel / 16);
}

/** The image as text, dark pixels dense. */
export function drawDigit(pixels: Uint8Array): string {
  const shades = " .:-=+*#%@";
  const rows = Array.from({ length: 8 }, (_, y) =>
    Array.from(pixels.subarray(8 * y, 8 * y + 8), (pixel) =>
      (shades[Math.min(9, Math.floor((pixel * 10) / 17))] ?? " ").repeat(2),
    ).join(""),
  );
  return rows.map((row) => `    ${row}`).join("\n");
}

function imagesOf(file: string): Uint8Array[] {
  const bytes = new Uint8Array(readFileSync(join(digitsFolder(), file)));
  return Array.from({ length: bytes.length / IMAGE_PIXELS }, (_, i) =>
    bytes.slice(i * IMAGE_PIXELS, (i + 1) * IMAGE_PIXELS),
  );
}
