/** The quantised models of the outside test data, with their own inputs, and what their programs make of them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadWasmEngine } from "../../../aivm/io/wasm.ts";
import { encodeArtifact, loadArtifact } from "../../../aivm/program/artifact.ts";
import { quantizeInput } from "../../../aivm/quantize/fidelity.ts";
import type { FloatReference } from "../../../aivm/quantize/reference.ts";
import { readNpy } from "../../../cli/model/npy.ts";
import { compareQuantized, type QuantizedRow, summedRows } from "./exactQuantized.ts";
import { lowerOnce } from "./lowered.ts";

/** One model: its file below the models folder, and its inputs. */
export interface QuantizedModel {
  readonly name: string;
  readonly file: string;
  /** Real inputs, in the file's own axis order, from the models folder. */
  readonly samples: (models: string) => Float32Array[];
}

/** The three models that carry integers of their own. */
export const QUANTIZED_MODELS: readonly QuantizedModel[] = [
  { name: "resnet8", file: "cifar10-resnet8/model_int8_qdq.onnx", samples: cifarImages },
  { name: "toycar", file: "toycar-autoencoder-mlp/model_int8_qdq.onnx", samples: toycarWindows },
  { name: "mobilenet-v2", file: "imagenet-mobilenet-v2/model_uint8_qdq.onnx", samples: photographs },
];

function arrayAt(path: string): { readonly shape: readonly number[]; readonly data: Float32Array } {
  const { shape, data } = readNpy(readFileSync(path), path);
  return { shape, data: Float32Array.from(data as ArrayLike<number | bigint>, Number) };
}

/** [height, width, 3] -> [3, height, width]. */
function channelsFirst(pixels: Float32Array): Float32Array {
  const plane = pixels.length / 3;
  return pixels.map((_, k) => pixels[(k % plane) * 3 + Math.floor(k / plane)] ?? 0);
}

function cifarImages(models: string): Float32Array[] {
  const { shape, data } = arrayAt(join(models, "cifar10-resnet8", "cifar10_x_uint8_nhwc.npy"));
  const each = data.length / (shape[0] ?? 1);
  return Array.from({ length: shape[0] ?? 0 }, (_, i) => channelsFirst(data.slice(i * each, (i + 1) * each)));
}

function toycarWindows(models: string): Float32Array[] {
  const { shape, data } = arrayAt(
    join(models, "toycar-autoencoder-mlp", "normal_id_01_00000000_hist.float32.npy"),
  );
  const each = shape[1] ?? 1;
  return Array.from({ length: shape[0] ?? 0 }, (_, i) => data.slice(i * each, (i + 1) * each));
}

function photographs(models: string): Float32Array[] {
  const folder = join(models, "imagenet-mobilenet-v2", "images");
  const files = readdirSync(folder).filter((file) => file.endsWith(".uint8_hwc.npy"));
  return files.map((file) => channelsFirst(arrayAt(join(folder, file)).data).map((v) => (v - 128) / 128));
}

/** How a model's program does on some inputs. */
export interface QuantizedModelReport {
  readonly inputs: number;
  /** Inputs on which program and float runtime have the same largest output. */
  readonly sameTop: number;
  /** Output elements by distance from the float runtime's, in steps of the output's scale. */
  readonly outputSteps: ReadonlyMap<number, number>;
  /** Each operator beside its own formula. */
  readonly rows: readonly QuantizedRow[];
}

/** Compiles a model without samples and runs it on its first `limit` inputs. */
export async function measureQuantizedModel(
  model: QuantizedModel,
  by: { readonly models: string; readonly reference: FloatReference; readonly limit: number },
): Promise<QuantizedModelReport> {
  const onnx = readFileSync(join(by.models, model.file));
  const { reference } = by;
  const task = {
    onnx,
    name: model.name,
    calibration: [],
    precision: "a8",
    weights: "i8",
    reference,
  } as const;
  const lowered = await lowerOnce(task);
  const loaded = loadArtifact(encodeArtifact(lowered.program, lowered.constants));
  const engine = await loadWasmEngine(loaded);
  const float = await reference.load(onnx);
  const samples = model.samples(by.models).slice(0, by.limit);
  const rows: QuantizedRow[] = [];
  const outputSteps = new Map<number, number>();
  let sameTop = 0;
  try {
    for (const data of samples) {
      const inputs = loaded.program.inputs.map((port) => quantizeInput(port, data, true));
      const { outputs, ops = [] } = await engine.run({ inputs, keepOps: true });
      rows.push(...compareQuantized({ lowered, inputs, ops }));
      const feeds = lowered.calibration.inputs.map((input) => ({ ...input, data }));
      const [expected = []] = [...(await float.run(feeds)).values()].map((t) => Array.from(t.data, Number));
      const [port] = loaded.program.outputs;
      const real = Array.from(outputs[0]?.data ?? [], (v) => (port?.scale ?? 1) * (v - (port?.zero ?? 0)));
      if (largestAt(real) === largestAt(expected)) sameTop++;
      for (const [i, v] of real.entries()) {
        const steps = Math.round(Math.abs(v - (expected[i] ?? 0)) / (port?.scale ?? 1));
        outputSteps.set(steps, (outputSteps.get(steps) ?? 0) + 1);
      }
    }
  } finally {
    await float.close();
  }
  return { inputs: samples.length, sameTop, outputSteps, rows: summedRows(rows) };
}

function largestAt(values: readonly number[]): number {
  return values.reduce((best, v, i) => (v > (values[best] ?? 0) ? i : best), 0);
}
