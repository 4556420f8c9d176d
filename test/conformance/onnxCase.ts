/** Computing one case: compile with the case's inputs as calibration, quantise them, run. Expectations are unknown here. */
import { readFileSync } from "node:fs";
import { compileOnnx } from "../../aivm/import/onnx/compile.ts";
import { isOnnxRefusal } from "../../aivm/import/onnx/errors.ts";
import { decodeOnnx } from "../../aivm/import/onnx/format/decode.ts";
import { elementCount, type OnnxGraph, type OnnxTensor } from "../../aivm/import/onnx/graph.ts";
import { loadWasmEngine } from "../../aivm/io/wasm.ts";
import { quantizeInput } from "../../aivm/quantize/fidelity.ts";
import type { FloatReference } from "../../aivm/quantize/reference.ts";
import type { Tensor } from "../../aivm/tensor/tensor.ts";
import { AivmError } from "../../common/errors.ts";
import { type DataSet, type ManifestRow, readTensor } from "./onnxFiles.ts";
import { fixingInputs } from "./parameterInputs.ts";

/** One computed output. real = scale x (q - zero); scale 1 and zero 0 for integers. */
export interface CaseOutput {
  readonly name: string;
  readonly tensor: Tensor;
  readonly scale: number;
  readonly zero: number;
}

/** Share of the largest output that a float output may be off by on its own calibration set; beyond it, the compiler refuses. */
const FLOAT_ERROR_LIMIT = 0.008;

/** Outputs of a case. @throws what the compiler throws. */
export async function computeCase(
  row: ManifestRow,
  given: { readonly model: string; readonly set: DataSet; readonly reference: FloatReference },
): Promise<CaseOutput[]> {
  const onnx = readFileSync(given.model);
  const graph = decodeOnnx(onnx);
  const feeds = feedsOf(graph, given.set);
  const fixing = new Set(fixingInputs(graph));
  const bound = new Map(
    feeds.filter((tensor) => fixing.has(tensor.name)).map((tensor) => [tensor.name, tensor]),
  );
  const free = feeds.filter((tensor) => !fixing.has(tensor.name));
  const { model, program } = await compileOnnx({
    onnx,
    name: row.case,
    calibration: [free.map((tensor) => tensor.data)],
    precision: "a16",
    weights: "i16",
    reference: given.reference,
    bound,
    engine: loadWasmEngine,
    shapes: new Map(free.map((tensor) => [tensor.name, tensor.shape])),
    ...(row.kind === "float" ? { errorLimit: FLOAT_ERROR_LIMIT } : {}),
  });
  const inputs = program.inputs.map((port, i) =>
    quantizeInput(port, free[i]?.data ?? [], free[i]?.dtype === "float32"),
  );
  const { outputs } = await (await loadWasmEngine(model)).run({ inputs });
  return program.outputs.flatMap(({ name, scale, zero }, i) => {
    const tensor = outputs[i];
    return tensor === undefined ? [] : [{ name, tensor, scale, zero }];
  });
}

/** The case's inputs in graph order, named as the graph names them. */
function feedsOf(graph: OnnxGraph, set: DataSet): OnnxTensor[] {
  return graph.inputs.map((value, i) => {
    const file = set.inputs?.[i];
    if (file !== undefined) return { ...readTensor(file), name: value.name };
    const shape = (value.shape ?? []).map((size) => (typeof size === "number" ? size : 1));
    const count = elementCount(shape);
    return {
      name: value.name,
      dtype: "float32",
      shape,
      data: Float32Array.from({ length: count }, (_, k) => k / count),
    };
  });
}

/** Codes, besides the importer's own, that say "not supported" of a well-formed model. */
const OTHER_REFUSALS: readonly string[] = [
  "AIVM_CALIBRATION_NOT_FINITE",
  "AIVM_REFERENCE_LOAD",
  "AIVM_REFERENCE_RUN",
  "AIVM_LIMIT",
  "AIVM_WITNESS_SIZE",
  "AIVM_BOUND",
];

/** True when the compiler said clearly what it does not support. */
export function isRefusal(error: unknown): boolean {
  return isOnnxRefusal(error) || (error instanceof AivmError && OTHER_REFUSALS.includes(error.code));
}

/** One line for an error. */
export function reasonOf(error: unknown): string {
  const text =
    error instanceof AivmError
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  return text.replaceAll("\n", " ").slice(0, 600);
}
