/**
 * Image data sets of a model's folder: raw bytes a pixel, described by a small JSON file (models/digits/split.json
 * is one). Float inputs are pixel / maxPixel.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { AivmError } from "../../common/index.ts";

/** One split as samples of the model's only input. */
export interface Samples {
  /** Raw pixels of each image. */
  readonly pixels: readonly Uint8Array[];
  /** The same as float input values. */
  readonly inputs: readonly Float32Array[];
}

/** A data set. */
export interface Dataset {
  readonly test: Samples & { readonly labels: Uint8Array };
  readonly calibration: Samples;
}

interface Description {
  readonly width: number;
  readonly height: number;
  readonly maxPixel: number;
  readonly test: { readonly images: string; readonly labels: string; readonly count: number };
  readonly calibration: { readonly images: string; readonly count: number };
}

/** Reads the data set that `path` describes. @throws CLI_DATASET when files are missing or do not fit */
export function readDataset(path: string): Dataset {
  const about = readDescription(path);
  const folder = dirname(path);
  const labels = readFile(path, join(folder, about.test.labels));
  if (labels.length !== about.test.count)
    throw datasetError(path, `${about.test.count} labels`, `${labels.length}`);
  return {
    test: { ...readImages(path, about, about.test), labels },
    calibration: readImages(path, about, about.calibration),
  };
}

function readDescription(path: string): Description {
  try {
    const value = JSON.parse(new TextDecoder().decode(readFile(path, path))) as Partial<Description>;
    const { width, height, maxPixel, test, calibration } = value;
    if (width && height && maxPixel && test?.images && test.labels && calibration?.images)
      return value as Description;
  } catch (error) {
    if (error instanceof AivmError) throw error;
  }
  throw datasetError(path, "JSON with width, height, maxPixel, test and calibration", "something else");
}

function readImages(
  path: string,
  about: Description,
  split: { readonly images: string; readonly count: number },
): Samples {
  const bytes = readFile(path, join(dirname(path), split.images));
  const size = about.width * about.height;
  if (bytes.length !== size * split.count)
    throw datasetError(path, `${size * split.count} bytes in ${split.images}`, `${bytes.length}`);
  const pixels = Array.from({ length: split.count }, (_, i) => bytes.slice(i * size, (i + 1) * size));
  return {
    pixels,
    inputs: pixels.map((image) => Float32Array.from(image, (pixel) => pixel / about.maxPixel)),
  };
}

function readFile(path: string, file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw datasetError(
      path,
      `to read ${file}`,
      error instanceof Error && "code" in error ? String(error.code) : "an error",
    );
  }
}

function datasetError(item: string, want: string, got: string): AivmError {
  return new AivmError("CLI_DATASET", {
    what: "data set",
    item,
    want,
    got,
    remedy: "See models/digits/split.json for the form.",
  });
}
