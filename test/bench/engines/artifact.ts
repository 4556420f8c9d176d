/** Artifacts of the benchmark's models: compiled once, at 8-bit activations, and kept in the cache. */
import { existsSync } from "node:fs";
import { compileOnnx } from "../../../aivm/import/onnx/compile.ts";
import { openOrtReference } from "../../../aivm/io/ortReference.ts";
import { loadWasmEngine } from "../../../aivm/io/wasm.ts";
import type { CalibrationSample } from "../../../aivm/quantize/calibrate.ts";
import { type CacheEntry, cachedBytes, cachePath, compilerVersion, digestOf } from "./cache.ts";
import type { BenchModel } from "./models/list.ts";

/** Precision of every artifact; docs/accuracy.md has its accuracy. */
export const PRECISION = "a8";

/** The artifact of a model. @throws what the compiler throws, AIVM_REFERENCE_ABSENT without onnxruntime-node. */
export async function artifactOf(model: BenchModel, say: (line: string) => void): Promise<Uint8Array> {
  const entry = artifactEntry(model);
  if (!existsSync(cachePath(entry))) say(`${model.name}: compiling once to ${cachePath(entry)}`);
  return cachedBytes(entry, () => compile(model));
}

function artifactEntry(model: BenchModel): CacheEntry {
  const options = JSON.stringify({ precision: PRECISION, plainWeights: model.plainWeights });
  const samples = model.calibration.flatMap((sample) => sample.map(bytesOf));
  return {
    name: model.name,
    extension: "aivm",
    of: [model.onnx, options, digestOf(samples), compilerVersion()],
  };
}

async function compile(model: BenchModel): Promise<Uint8Array> {
  const { artifact } = await compileOnnx({
    onnx: model.onnx,
    name: model.name,
    calibration: model.calibration,
    precision: PRECISION,
    ...(model.plainWeights ? { weights: "i8" } : {}),
    reference: await openOrtReference(),
    engine: loadWasmEngine,
  });
  return artifact;
}

/** Calibration values as bytes, whatever they are stored in. */
function bytesOf(values: CalibrationSample[number]): Uint8Array {
  return new Uint8Array(Float64Array.from(values, Number).buffer);
}
