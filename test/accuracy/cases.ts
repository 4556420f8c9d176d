/** The real models: where their files lie, what they are calibrated on, what is measured and the bar it has to pass. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeOnnx } from "../../aivm/import/onnx/format/decode.ts";
import { augment, uniform } from "../../aivm/quantize/augment.ts";
import type { CalibrationSample } from "../../aivm/quantize/calibrate.ts";
import { readDataset, samplesFor } from "../../cli/model/dataset.ts";
import { type NpyArray, readNpy } from "../../cli/model/npy.ts";
import { type Metric, reconstruction, sameAnswer, sameBoxes, signalOnly, top1 } from "./metrics.ts";
import { rowOf } from "./support/rowOf.ts";

/** A model with data, ready to be compiled and measured. */
export interface LoadedCase {
  readonly onnx: Uint8Array;
  readonly calibration: readonly CalibrationSample[];
  readonly samples: readonly (readonly Float32Array[])[];
  readonly metric: Metric;
  /** Tensor whose signal-to-noise ratio is reported; not necessarily an output of the graph. */
  readonly logits: string;
  /** Precisions that the metric's bar holds for; the others are reported. Default: both. */
  readonly barAt?: readonly ("a8" | "a16")[];
  /** Least ratio in dB, by precision. */
  readonly sqnrBar?: { readonly a8?: number; readonly a16?: number };
}

/** A case by name. `folder` lies below models/ of the outside test data; a case without one needs none. */
export interface AccuracyCase {
  readonly name: string;
  readonly folder?: string;
  readonly load: (folder: string) => LoadedCase;
}

/** The models of this repository. */
const OWN_MODELS = [
  { name: "digits", model: "digits/digits.onnx", data: "digits/split.json", output: "logits" },
  {
    name: "digit-rows",
    model: "digit-rows/digit-rows.onnx",
    data: "digit-rows/split.json",
    output: "logits",
  },
  {
    name: "breast-cancer-dense",
    model: "breast-cancer/dense.onnx",
    data: "breast-cancer/split.json",
    output: "logits",
  },
  {
    name: "breast-cancer-trees",
    model: "breast-cancer/trees.onnx",
    data: "breast-cancer/split.json",
    output: "scores",
  },
] as const;

/** Every case, small ones first. */
export const CASES: readonly AccuracyCase[] = [
  ...OWN_MODELS.map((own) => ({ name: own.name, load: () => loadOwn(own) })),
  { name: "mnist-cnn", folder: "mnist-cnn", load: loadMnist },
  { name: "cifar10-resnet8", folder: "cifar10-resnet8", load: loadResnet },
  { name: "toycar-autoencoder", folder: "toycar-autoencoder-mlp", load: loadToycar },
  ...["1_1", "3_3"].map((net) => ({
    name: `acasxu-${net}`,
    folder: "acasxu-mlp",
    load: (folder: string) => loadAcasxu(folder, net),
  })),
  ...["4l_relu_conv_fc", "idolmodel", "multihead_attention"].map((name) => ({
    name: `ezkl-${name}`,
    folder: `ezkl-${name}`,
    load: loadEzkl,
  })),
  { name: "ultraface-rfb320", folder: "ultraface-rfb320", load: loadUltraface },
  { name: "imagenet-mobilenet-v2", folder: "imagenet-mobilenet-v2", load: loadMobilenet },
];

/** A model of models/: its data set says what it is calibrated and measured on. At most one point of top-1 may go. */
function loadOwn({ model, data, output }: (typeof OWN_MODELS)[number]): LoadedCase {
  const folder = join(import.meta.dirname, "../../models");
  const onnx = read(folder, model);
  const dataset = readDataset(join(folder, data));
  const names = decodeOnnx(onnx).inputs.map((input) => input.name);
  const samples = samplesFor(dataset, { part: "test", names });
  return {
    onnx,
    calibration: samplesFor(dataset, { part: "calibration", names }),
    samples: samples.map((sample) => sample.map((values) => Float32Array.from(values, Number))),
    metric: top1(output, {
      labels: Array.from(dataset.test.labels, (label) => [label]),
      lost: Math.floor(samples.length / 100),
    }),
    logits: output,
  };
}

/** 1,000 digits; calibrated on shifted copies of 16 of them. */
function loadMnist(folder: string): LoadedCase {
  const images = readFileSync(join(folder, "mnist_t10k_0_1000.images.idx3-ubyte")).subarray(16);
  const labels = readFileSync(join(folder, "mnist_t10k_0_1000.labels.idx1-ubyte")).subarray(8);
  const digits = Array.from(labels, (_, i) => Float32Array.from(images.subarray(784 * i, 784 * (i + 1))));
  const variations = augment(digits.slice(0, 16), { shape: [1, 28, 28], count: 64, seed: 1, shift: 3 });
  const output = "Plus214_Output_0";
  return {
    onnx: read(folder, "model.onnx"),
    calibration: variations.map((digit) => [digit]),
    samples: digits.map((digit) => [digit]),
    metric: top1(output, { labels: Array.from(labels, (label) => [label]), lost: 1 }),
    logits: output,
  };
}

/** 50 pictures; calibrated on variations of 10 of them. */
function loadResnet(folder: string): LoadedCase {
  const pixels = array(folder, "cifar10_x_uint8_nhwc.npy");
  const labels = numbersOf(array(folder, "cifar10_y.npy").data).map((label) => [label]);
  const pictures = labels.map((_, i) => planes(rowOf(pixels, i).data, { channels: 3, real: (v) => v }));
  const variations = augment(pictures.slice(0, 10), {
    shape: [3, 32, 32],
    count: 80,
    seed: 1,
    shift: 3,
    flip: true,
    brightness: 0.2,
  });
  return {
    onnx: read(folder, "model_float.onnx"),
    calibration: variations.map((picture) => [picture]),
    samples: pictures.map((picture) => [picture]),
    metric: top1("output", { labels, lost: 1 }),
    logits: "gemm_43",
    sqnrBar: { a16: 38 },
  };
}

/** 40 log-mel windows of one recording; calibrated on every second one. */
function loadToycar(folder: string): LoadedCase {
  const windows = array(folder, "normal_id_01_00000000_hist.float32.npy");
  const rows = Array.from({ length: windows.shape[0] ?? 0 }, (_, i) => [
    Float32Array.from(rowOf(windows, i).data as Float32Array),
  ]);
  return {
    onnx: read(folder, "model_float.onnx"),
    calibration: rows.filter((_, i) => i % 2 === 0),
    samples: rows,
    metric: reconstruction("output", 2),
    logits: "output",
  };
}

/**
 * The reference vectors and 2,000 uniform samples; calibrated on 256 others. The five outputs are so close to each other
 * that 8-bit activations can not tell them apart: the bar is for 16.
 */
function loadAcasxu(folder: string, net: string): LoadedCase {
  const name = `ACASXU_run2a_${net}_batch_2000`;
  const draw = (seed: number, count: number): Float32Array[][] => {
    const random = uniform(seed);
    return Array.from({ length: count }, () => [Float32Array.from({ length: 5 }, () => random() - 0.5)]);
  };
  return {
    onnx: read(folder, `${name}.onnx`),
    calibration: draw(1, 256),
    samples: [...referenceInputs(join(folder, "io", name)), ...draw(2, 2000)],
    metric: sameAnswer("y_out", { smallest: true, atLeast: 99.5 }),
    barAt: ["a16"],
    logits: "y_out",
  };
}

/** The one reference vector, calibrated on it and scaled copies: random weights have no task to be measured on. */
function loadEzkl(folder: string): LoadedCase {
  const samples = referenceInputs(join(folder, "io", "network"));
  const random = uniform(1);
  const calibration = Array.from({ length: 32 }, (_, i) =>
    (samples[0] ?? []).map((input) => (i === 0 ? input : input.map((v) => v * (1 + 0.1 * (random() - 0.5))))),
  );
  return {
    onnx: read(folder, "network.onnx"),
    calibration,
    samples,
    metric: signalOnly(),
    logits: folder.endsWith("idolmodel") ? "10" : "output",
  };
}

/** Two photographs with a face each; calibrated on variations of both. */
function loadUltraface(folder: string): LoadedCase {
  const samples = referenceInputs(join(folder, "io", "model"));
  const variations = augment(
    samples.map(([picture]) => picture ?? []),
    {
      shape: [3, 240, 320],
      count: 24,
      seed: 1,
      shift: 12,
      flip: true,
      brightness: 0.2,
      black: -127 / 128,
      crop: 0.2,
    },
  );
  return {
    onnx: read(folder, "model.onnx"),
    calibration: variations.map((picture) => [picture]),
    samples,
    metric: sameBoxes({ scores: "scores", boxes: "boxes", threshold: 0.7, iou: 0.9 }),
    logits: "scores",
  };
}

/** Ten photographs; calibrated on variations of the first five. */
function loadMobilenet(folder: string): LoadedCase {
  const images = join(folder, "images");
  const labels = JSON.parse(readFileSync(join(images, "labels.json"), "utf8")) as Record<string, number[]>;
  const names = Object.keys(labels).sort();
  const photographs = names.map((name) =>
    planes(array(images, `${name}.uint8_hwc.npy`).data, {
      channels: 3,
      real: (v) => (v - 128) / 128,
    }),
  );
  const variations = augment(
    photographs.filter((_, i) => i % 2 === 0),
    {
      shape: [3, 224, 224],
      count: 32,
      seed: 1,
      shift: 16,
      flip: true,
      brightness: 0.2,
      black: -1,
      crop: 0.3,
    },
  );
  return {
    onnx: read(folder, "model_float.onnx"),
    calibration: variations.map((picture) => [picture]),
    samples: photographs.map((picture) => [picture]),
    metric: top1("output", { labels: names.map((name) => labels[name] ?? []), lost: 0 }),
    logits: "conv_275",
    sqnrBar: { a16: 25 },
  };
}

/** Inputs of io/<model>/<k>/, in order of k. */
function referenceInputs(folder: string): Float32Array[][] {
  const indices = readdirSync(folder)
    .map(Number)
    .sort((a, b) => a - b);
  return indices.map((k) => {
    const inputs: Float32Array[] = [];
    for (let i = 0; existsSync(join(folder, `${k}/input_${i}.npy`)); i++) {
      inputs.push(Float32Array.from(array(folder, `${k}/input_${i}.npy`).data as Float32Array));
    }
    return inputs;
  });
}

/** Interleaved pixels as planes (HWC to CHW), each value as the model wants it. */
function planes(
  pixels: ArrayLike<number | bigint>,
  form: { readonly channels: number; readonly real: (value: number) => number },
): Float32Array {
  const plane = pixels.length / form.channels;
  return Float32Array.from({ length: pixels.length }, (_, i) =>
    form.real(Number(pixels[(i % plane) * form.channels + Math.floor(i / plane)] ?? 0)),
  );
}

function numbersOf(data: ArrayLike<number | bigint>): number[] {
  return Array.from(data, Number);
}

function read(folder: string, file: string): Uint8Array {
  return new Uint8Array(readFileSync(join(folder, file)));
}

function array(folder: string, file: string): NpyArray {
  return readNpy(read(folder, file), file);
}
