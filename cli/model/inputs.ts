/** A program's input tensors from the files that a person names. */
import { type InputPort, type Program, shapeText, type Tensor, tensorFromBytes } from "../../aivm/index.ts";
import { holdsIntegers } from "../../aivm/quantize/accuracy.ts";
import { quantizeInput } from "../../aivm/quantize/fidelity.ts";
import { AivmError } from "../../common/index.ts";
import { allFlags, type Flag, type Invocation, numberFlag, optionalFlag, usageError } from "../command.ts";
import { readDataset, samplesFor } from "./dataset.ts";
import { readBytes, readJson } from "./files.ts";
import { isNpy, readNpy } from "./npy.ts";

/** Flags of every command that runs one input. */
export const INPUT_FLAGS: Readonly<Record<"input" | "data" | "index", Flag>> = {
  input: {
    type: "string",
    placeholder: "NAME=FILE",
    about:
      ".npy or .json with real values, or any other file with the canonical integer bytes; NAME= may be left out when there is one input",
    multiple: true,
  },
  data: { type: "string", placeholder: "FILE", about: "instead of --input: a data set" },
  index: { type: "string", placeholder: "N", about: "number of a test sample of --data (default 0)" },
};

/** Input tensors, and the right answer where a data set tells one. */
export interface GivenInputs {
  readonly tensors: readonly Tensor[];
  readonly label?: number;
}

/**
 * Input tensors as --input or --data and --index say; undefined when none of them was given.
 * @throws CLI_USAGE, CLI_INPUT (values that do not fit the port), CLI_FILE, CLI_NPY, CLI_DATASET
 */
export function givenInputs(invocation: Invocation, program: Program): GivenInputs | undefined {
  const texts = allFlags(invocation, "input");
  const data = optionalFlag(invocation, "data");
  if (data !== undefined && texts.length > 0) throw usageError("--input and --data", "one of them", "both");
  if (data !== undefined)
    return sampleInputs(program, { path: data, index: numberFlag(invocation, "index") ?? 0 });
  return texts.length === 0 ? undefined : { tensors: fileInputs(program, texts) };
}

/** Input tensors of real (or integer) values, one array per input. @throws CLI_INPUT */
export function quantizeSample(
  program: Program,
  sample: { readonly values: readonly ArrayLike<number | bigint>[]; readonly item: string },
): Tensor[] {
  return program.inputs.map((port, i) =>
    portTensor(port, { values: sample.values[i] ?? [], item: `${sample.item}, input ${port.name}` }),
  );
}

function sampleInputs(
  program: Program,
  from: { readonly path: string; readonly index: number },
): GivenInputs {
  const dataset = readDataset(from.path);
  const samples = samplesFor(dataset, { part: "test", names: program.inputs.map(({ name }) => name) });
  const values = samples[from.index];
  if (values === undefined) throw usageError("--index", `0 to ${samples.length - 1}`, `${from.index}`);
  const tensors = quantizeSample(program, { values, item: `${from.path}, sample ${from.index}` });
  const label = dataset.metric === "top1" ? dataset.test.labels[from.index] : undefined;
  return label === undefined ? { tensors } : { tensors, label };
}

function fileInputs(program: Program, texts: readonly string[]): Tensor[] {
  const names = program.inputs.map(({ name }) => name);
  const files = new Map<string, string>();
  for (const text of texts) {
    const name =
      names.find((item) => text.startsWith(`${item}=`)) ?? (names.length === 1 ? names[0] : undefined);
    if (name === undefined) throw usageError("--input", `NAME=FILE with a name of ${names.join(", ")}`, text);
    if (files.has(name)) throw usageError("--input", "one file per input", `two for ${name}`);
    files.set(name, text.startsWith(`${name}=`) ? text.slice(name.length + 1) : text);
  }
  return program.inputs.map((port) => {
    const path = files.get(port.name);
    if (path === undefined) throw usageError("--input", `a file for ${port.name}`, "none");
    return fileTensor(port, path);
  });
}

function fileTensor(port: InputPort, path: string): Tensor {
  if (path.endsWith(".json"))
    return portTensor(port, { values: flatNumbers(readJson(path, "input file"), path), item: path });
  const bytes = readBytes(path, "input file");
  if (!isNpy(bytes)) return tensorFromBytes(port.type, bytes);
  const array = readNpy(bytes, path);
  const sizes = (shape: readonly number[]): string => shapeText(shape.filter((size) => size !== 1));
  if (sizes(array.shape) !== sizes(port.type.shape))
    throw inputError(path, `shape ${shapeText(port.type.shape)}, sizes of 1 aside`, shapeText(array.shape));
  return portTensor(port, { values: array.data, item: path });
}

function portTensor(
  port: InputPort,
  from: { readonly values: ArrayLike<number | bigint>; readonly item: string },
): Tensor {
  const { values, item } = from;
  const want = port.type.shape.reduce((a, b) => a * b, 1);
  if (values.length !== want)
    throw inputError(item, `${want} values, shape ${shapeText(port.type.shape)}`, `${values.length}`);
  const integers = holdsIntegers(port);
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    if (integers ? Number.isInteger(value) : Number.isFinite(value)) continue;
    throw inputError(item, integers ? "integers" : "finite numbers", `${values[i]} at ${i}`);
  }
  return quantizeInput(port, values, !integers);
}

function flatNumbers(value: unknown, path: string): number[] {
  const flat: unknown[] = Array.isArray(value) ? value.flat(8) : [value];
  if (flat.every((item) => typeof item === "number")) return flat;
  throw inputError(path, "numbers, in lists of any depth up to 8", "something else");
}

function inputError(item: string, want: string, got: string): AivmError {
  return new AivmError("CLI_INPUT", {
    what: "input",
    item,
    want,
    got,
    remedy: "See aivm model inspect for the inputs of an artifact.",
  });
}
