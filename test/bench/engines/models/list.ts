/** The models of the benchmark: real ones from the outside test data, and generated ones of well-known shapes. */
import { join } from "node:path";
import { uniform } from "../../../../aivm/quantize/augment.ts";
import type { CalibrationSample } from "../../../../aivm/quantize/calibrate.ts";
import { CASES } from "../../../accuracy/cases.ts";
import { testData } from "../../../support/testData.ts";
import { BERT_BASE, bertOnnx } from "./bert.ts";
import { RESNET_50, resnetOnnx } from "./resnet.ts";

/** A model with what it takes to compile and to run it. */
export interface BenchModel {
  readonly name: string;
  readonly onnx: Uint8Array;
  readonly calibration: readonly CalibrationSample[];
  /** One array per input. */
  readonly sample: readonly Float32Array[];
  /** 8-bit weights whatever the trials would say: for models without a task. */
  readonly plainWeights: boolean;
  /** Path of the quantised form that its authors give, where they do. */
  readonly qdq?: string;
}

/** A model by name. */
export interface ModelSource {
  readonly name: string;
  /** Part of --quick. */
  readonly quick: boolean;
  readonly load: () => BenchModel;
}

/** Real models: the accuracy case that says how they are calibrated, and the quantised file beside them. */
const REAL = [
  { name: "mnist-cnn", quick: true },
  { name: "cifar10-resnet8", quick: true, qdq: "model_int8_qdq.onnx" },
  { name: "imagenet-mobilenet-v2", quick: true, qdq: "model_uint8_qdq.onnx" },
  { name: "ultraface-rfb320", quick: false },
  { name: "toycar-autoencoder", quick: false, qdq: "model_int8_qdq.onnx" },
] as const;

/** Random models: one file for all who build it with the same seed. */
const GENERATED = [
  { name: "resnet50-shape", inputs: [3 * RESNET_50.size ** 2], build: () => resnetOnnx(RESNET_50) },
  {
    name: "bert-base-shape",
    inputs: [BERT_BASE.sequence * BERT_BASE.hidden],
    build: () => bertOnnx(BERT_BASE),
  },
] as const;

/** Samples that generated models are calibrated on. */
const RANDOM_SAMPLES = 2;

/** Every model that can be had here, small ones first, and the names of those that can not. */
export function modelSources(): {
  readonly sources: readonly ModelSource[];
  readonly absent: readonly string[];
} {
  const real = REAL.map((entry) => realSource(entry));
  return {
    sources: [...real.filter((source) => source !== undefined), ...GENERATED.map(generatedSource)],
    absent: REAL.filter((_, i) => real[i] === undefined).map(({ name }) => name),
  };
}

function realSource(entry: (typeof REAL)[number]): ModelSource | undefined {
  const { name, quick } = entry;
  const found = CASES.find((item) => item.name === name);
  const folder = found?.folder === undefined ? undefined : testData("models", found.folder);
  if (found === undefined || folder === undefined) return undefined;
  const load = (): BenchModel => {
    const { onnx, calibration, samples } = found.load(folder);
    const qdq = "qdq" in entry ? { qdq: join(folder, entry.qdq) } : {};
    return { name, onnx, calibration, sample: samples[0] ?? [], plainWeights: false, ...qdq };
  };
  return { name, quick, load };
}

function generatedSource({ name, inputs, build }: (typeof GENERATED)[number]): ModelSource {
  return { name, quick: false, load: () => generatedModel({ name, onnx: build(), inputs }) };
}

/** A model without data: calibrated on uniform noise of variance 1, 8-bit weights. */
export function generatedModel(of: {
  readonly name: string;
  readonly onnx: Uint8Array;
  /** Elements of each input. */
  readonly inputs: readonly number[];
}): BenchModel {
  const next = uniform(1);
  const draw = (): number => Math.sqrt(3) * (2 * next() - 1);
  const calibration = Array.from({ length: RANDOM_SAMPLES }, () =>
    of.inputs.map((length) => Float32Array.from({ length }, draw)),
  );
  const { name, onnx } = of;
  return { name, onnx, calibration, sample: calibration[0] ?? [], plainWeights: true };
}
