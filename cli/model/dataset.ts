/**
 * Data sets of a model's folder: a small JSON file that names data files beside it. Two forms, one meaning:
 * - one image input: width, height, maxPixel, and images and labels of each split as raw bytes (models/digits/split.json);
 * - any inputs: a list of {name, test, calibration, ...}, each a .npy file or raw pixels (models/breast-cancer/split.json).
 */
import { dirname, join } from "node:path";
import { AivmError } from "../../common/index.ts";
import { readBytes, readJson } from "./files.ts";
import { isNpy, readNpy } from "./npy.ts";
import { type InputForm, readSamples, type SampleValues } from "./samples.ts";

/** One sample: the values of every input, in the data set's order. */
export type Sample = readonly SampleValues[];

/** How answers are compared with labels: the index of the largest output, or the mean squared error. */
export type Metric = "top1" | "mse";

/** A data set. */
export interface Dataset {
  /** Where it was read from. */
  readonly path: string;
  /** Names of the inputs, in the order of each sample; [undefined] when the file names none. */
  readonly names: readonly (string | undefined)[];
  readonly metric: Metric;
  readonly test: { readonly samples: readonly Sample[]; readonly labels: ArrayLike<number> };
  readonly calibration: { readonly samples: readonly Sample[] };
}

interface InputEntry {
  readonly name: string | undefined;
  readonly form: InputForm;
  readonly test: string | undefined;
  readonly calibration: string | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/** Reads the data set that `path` describes. @throws CLI_DATASET, CLI_FILE, CLI_NPY when files are missing or do not fit */
export function readDataset(path: string): Dataset {
  const about = readJson(path, "data set");
  if (!isJson(about)) throw datasetError(path, "a JSON object", "something else");
  return about.inputs === undefined ? imageDataset(path, about) : arrayDataset(path, about);
}

/**
 * Samples of a split in the order of a model's inputs.
 * @param names the model's input names
 * @throws CLI_DATASET when the data set has other inputs
 */
export function samplesFor(
  dataset: Dataset,
  split: { readonly part: "test" | "calibration"; readonly names: readonly string[] },
): readonly Sample[] {
  const { samples } = dataset[split.part];
  if (dataset.names.length === 1 && dataset.names[0] === undefined && split.names.length === 1)
    return samples;
  const order = split.names.map((name) => dataset.names.indexOf(name));
  if (order.includes(-1) || order.length !== dataset.names.length) {
    const got = dataset.names.map((name) => name ?? "one input without a name").join(", ");
    throw datasetError(dataset.path, `the model's inputs: ${split.names.join(", ")}`, got);
  }
  return samples.map((sample) => order.map((i) => sample[i] ?? []));
}

// ---- one image input ----------------------------------------------------------------------------------------------

function imageDataset(path: string, about: Json): Dataset {
  const { test, calibration } = about;
  const sizes = [about.width, about.height, about.maxPixel];
  if (!sizes.every(isSize) || !isJson(test) || !isJson(calibration) || typeof test.labels !== "string") {
    const want = "inputs, or width, height, maxPixel, test (images, labels) and calibration (images)";
    throw datasetError(path, want, `keys ${Object.keys(about).join(", ").slice(0, 100) || "none"}`);
  }
  const entry = inputEntry(path, { ...about, test: test.images, calibration: calibration.images });
  const dataset = assembled(path, { entries: [{ ...entry, name: undefined }], labels: test.labels });
  for (const [split, of] of [["test", test] as const, ["calibration", calibration] as const]) {
    const got = dataset[split].samples.length;
    if (of.count !== undefined && of.count !== got)
      throw datasetError(path, `${String(of.count)} ${split} images`, `${got}`);
  }
  return dataset;
}

// ---- any inputs ---------------------------------------------------------------------------------------------------

function arrayDataset(path: string, about: Json): Dataset {
  const list = about.inputs;
  if (!Array.isArray(list) || list.length === 0 || !list.every(isJson))
    throw datasetError(path, "inputs: a list of objects, one per input of the model", typeof list);
  const { metric, labels } = about;
  if (metric !== undefined && metric !== "top1" && metric !== "mse")
    throw datasetError(path, "metric top1 or mse", String(metric));
  return assembled(path, { entries: list.map((item) => inputEntry(path, item)), labels, metric });
}

function assembled(
  path: string,
  parts: {
    readonly entries: readonly InputEntry[];
    readonly labels: unknown;
    readonly metric?: Metric | undefined;
  },
): Dataset {
  const { entries, metric = "top1" } = parts;
  const test = readSplit(path, entries, "test");
  const labels = readLabels(path, parts.labels);
  const fits = metric === "top1" ? labels.length === test.length : labels.length % test.length === 0;
  if (parts.labels !== undefined && !(fits && labels.length > 0))
    throw datasetError(path, `labels for ${test.length} test samples`, `${labels.length}`);
  return {
    path,
    names: entries.map(({ name }) => name),
    metric,
    test: { samples: test, labels },
    calibration: { samples: readSplit(path, entries, "calibration") },
  };
}

/** Samples of all inputs, one row per sample. */
function readSplit(path: string, entries: readonly InputEntry[], part: "test" | "calibration"): Sample[] {
  const columns = entries.map((entry) => {
    const file = entry[part];
    if (file === undefined) return [];
    const fail = (want: string, got: string): never => {
      throw datasetError(path, `${file}: ${want}`, got);
    };
    return readSamples(join(dirname(path), file), { form: entry.form, fail });
  });
  const count = columns[0]?.length ?? 0;
  if (columns.some((column) => column.length !== count)) {
    const got = columns.map((column) => column.length).join(", ");
    throw datasetError(path, `as many ${part} samples for every input`, got);
  }
  return Array.from({ length: count }, (_, i) => columns.map((column) => column[i] ?? []));
}

/** Labels of the test split: raw bytes, or a .npy array. With mse there may be several numbers a sample. */
function readLabels(path: string, file: unknown): ArrayLike<number> {
  if (file === undefined) return [];
  if (typeof file !== "string") throw datasetError(path, "labels: the name of a file", typeof file);
  const full = join(dirname(path), file);
  const bytes = readBytes(full, "labels");
  return isNpy(bytes) ? Float64Array.from(readNpy(bytes, full).data, Number) : bytes;
}

function inputEntry(path: string, item: Json): InputEntry {
  const wrong = (key: string, want: string): never => {
    throw datasetError(path, `${key}: ${want}`, JSON.stringify(item[key])?.slice(0, 60) ?? "nothing");
  };
  const size = (key: string, fallback: number): number => {
    const value = item[key];
    if (value === undefined) return fallback;
    return isSize(value) && (key === "maxPixel" || Number.isInteger(value))
      ? value
      : wrong(key, "a whole number above 0");
  };
  const text = (key: string): string | undefined => {
    const value = item[key];
    return value === undefined || (typeof value === "string" && value !== "") ? value : wrong(key, "a text");
  };
  const given = <T>(
    key: string,
    rule: { readonly parse: (value: unknown) => T | undefined; readonly want: string },
  ): T | undefined => {
    if (item[key] === undefined) return undefined;
    return rule.parse(item[key]) ?? wrong(key, rule.want);
  };
  const layout = item.layout ?? "NCHW";
  if (layout !== "NCHW" && layout !== "NHWC") return wrong("layout", "NCHW or NHWC");
  return {
    name: text("name"),
    test: text("test"),
    calibration: text("calibration"),
    form: {
      width: size("width", 0),
      height: size("height", 0),
      channels: size("channels", 1),
      maxPixel: size("maxPixel", 255),
      layout,
      columns: given("columns", { parse: columnsOf, want: "[from, to] with 0 <= from < to" }),
      mean: given("mean", { parse: numbersOf, want: "a number or a list of numbers" }),
      scale: given("scale", { parse: numbersOf, want: "a number or a list of numbers" }),
    },
  };
}

function columnsOf(value: unknown): readonly [number, number] | undefined {
  const [from, to, ...more] = numbersOf(value) ?? [];
  if (from === undefined || to === undefined || more.length > 0) return undefined;
  return Number.isInteger(from) && Number.isInteger(to) && from >= 0 && to > from ? [from, to] : undefined;
}

function numbersOf(value: unknown): readonly number[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const fine = list.length > 0 && list.every((item) => typeof item === "number" && Number.isFinite(item));
  return fine ? (list as readonly number[]) : undefined;
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value > 0;
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function datasetError(item: string, want: string, got: string): AivmError {
  return new AivmError("CLI_DATASET", {
    what: "data set",
    item,
    want,
    got,
    remedy: "See models/digits/split.json and models/breast-cancer/split.json for the two forms.",
  });
}
