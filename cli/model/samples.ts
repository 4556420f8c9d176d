/**
 * The samples of one model input, from a file: a .npy array whose first axis counts the samples, or raw bytes, one a
 * pixel. Values are what the float model is fed.
 */
import { readBytes } from "./files.ts";
import { isNpy, readNpy } from "./npy.ts";

/** One sample of one input, row-major. */
export type SampleValues = ArrayLike<number> | BigInt64Array;

/** How a file becomes the samples of an input: value = (x - mean) x scale, x = pixel / maxPixel where there are pixels. */
export interface InputForm {
  /** Raw pixels only: sizes of one image, and the pixel that means 1. */
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly maxPixel: number;
  /** Axes of an image in the file; the samples are always NCHW. */
  readonly layout: "NCHW" | "NHWC";
  /** Elements [from, to) of every sample in the file; undefined: all. */
  readonly columns: readonly [number, number] | undefined;
  /** One number, or one per channel (the first axis of a sample). Undefined: the values as they are. */
  readonly mean: readonly number[] | undefined;
  readonly scale: readonly number[] | undefined;
}

/** Sizes and elements of all samples in a file. */
interface Stored {
  readonly count: number;
  /** Shape of one sample. */
  readonly shape: readonly number[];
  readonly sample: (index: number) => SampleValues;
}

/**
 * All samples of an input's file.
 * @param fail throws the error of the data set that names the file
 * @throws CLI_FILE, CLI_NPY, and what `fail` throws when sizes do not fit
 */
export function readSamples(
  path: string,
  options: { readonly form: InputForm; readonly fail: (want: string, got: string) => never },
): SampleValues[] {
  const { form, fail } = options;
  const bytes = readBytes(path, "data file");
  const stored = isNpy(bytes) ? storedArray(bytes, { path, fail }) : storedPixels(bytes, { form, fail });
  return Array.from({ length: stored.count }, (_, i) =>
    converted(picked(ordered(stored.sample(i), stored.shape, options), options), options),
  );
}

function storedArray(
  bytes: Uint8Array,
  options: { readonly path: string; readonly fail: (want: string, got: string) => never },
): Stored {
  const array = readNpy(bytes, options.path);
  const [count, ...shape] = array.shape;
  if (count === undefined) return options.fail("an array whose first axis counts the samples", "a scalar");
  const size = shape.reduce((a, b) => a * b, 1);
  return { count, shape, sample: (i) => array.data.subarray(i * size, (i + 1) * size) };
}

function storedPixels(
  bytes: Uint8Array,
  options: { readonly form: InputForm; readonly fail: (want: string, got: string) => never },
): Stored {
  const { width, height, channels, layout, maxPixel } = options.form;
  const size = width * height * channels;
  if (size === 0)
    return options.fail("a .npy file, or width and height of raw pixels", "raw bytes without a size");
  if (bytes.length % size !== 0 || bytes.length === 0)
    return options.fail(`a multiple of ${size} bytes (${width}x${height}x${channels})`, `${bytes.length}`);
  return {
    count: bytes.length / size,
    shape: layout === "NHWC" ? [height, width, channels] : [channels, height, width],
    sample: (i) => Float32Array.from(bytes.subarray(i * size, (i + 1) * size), (pixel) => pixel / maxPixel),
  };
}

/** A sample in NCHW order. */
function ordered(
  values: SampleValues,
  shape: readonly number[],
  options: { readonly form: InputForm; readonly fail: (want: string, got: string) => never },
): SampleValues {
  if (options.form.layout === "NCHW") return values;
  const [height, width, channels, ...more] = shape;
  if (height === undefined || width === undefined || channels === undefined || more.length > 0)
    return options.fail("samples [height, width, channels] for layout NHWC", `[${shape.join(",")}]`);
  const pixels = height * width;
  return Float32Array.from({ length: values.length }, (_, i) =>
    Number(values[(i % pixels) * channels + Math.floor(i / pixels)] ?? 0),
  );
}

function picked(
  values: SampleValues,
  options: { readonly form: InputForm; readonly fail: (want: string, got: string) => never },
): SampleValues {
  const { columns } = options.form;
  if (columns === undefined) return values;
  const [from, to] = columns;
  if (to > values.length)
    return options.fail(`columns inside a sample of ${values.length} values`, `${from} to ${to}`);
  return values instanceof BigInt64Array
    ? values.slice(from, to)
    : Float64Array.from({ length: to - from }, (_, i) => Number(values[from + i] ?? 0));
}

/** mean and scale applied; an input without them keeps its stored numbers, so that integers stay integers. */
function converted(
  values: SampleValues,
  options: { readonly form: InputForm; readonly fail: (want: string, got: string) => never },
): SampleValues {
  const { mean, scale } = options.form;
  if (mean === undefined && scale === undefined) return values;
  const at = (list: readonly number[], i: number): number => {
    if (values.length % list.length !== 0)
      return options.fail(`mean and scale of a length that divides ${values.length}`, `${list.length}`);
    return list[Math.floor(i / (values.length / list.length))] ?? 0;
  };
  return Float32Array.from(
    { length: values.length },
    (_, i) => (Number(values[i]) - at(mean ?? [0], i)) * at(scale ?? [1], i),
  );
}
