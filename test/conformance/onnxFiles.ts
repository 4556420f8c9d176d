/** Where a case's model, inputs and expected outputs lie. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeTensor } from "../../aivm/import/onnx/format/tensorProto.ts";
import type { OnnxTensor } from "../../aivm/import/onnx/graph.ts";

/** A row of manifest.json. */
export interface ManifestRow {
  readonly suite: string;
  readonly case: string;
  readonly kind: "float" | "quant" | "integer";
}

/** One data set: its inputs as files, or none where the suite's rule makes them. */
export interface DataSet {
  readonly name: string;
  /** Files in graph input order; undefined = the input is arange(n) / n. */
  readonly inputs: readonly string[] | undefined;
  readonly outputs: readonly string[];
}

/** The files of one case. */
export interface CaseFiles {
  readonly model: string;
  readonly sets: readonly DataSet[];
}

/** Files of a case, by the suite's layout. */
export function filesOf(folder: string, row: ManifestRow): CaseFiles {
  const base = join(folder, row.suite, row.case);
  const single = join(base, `${row.case}.onnx`);
  if (existsSync(single)) {
    return {
      model: single,
      sets: [
        { name: "test_data_set_0", inputs: undefined, outputs: [join(base, `${row.case}_output_0.pb`)] },
      ],
    };
  }
  const names = readdirSync(base)
    .filter((name) => name.startsWith("test_data_set_"))
    .sort();
  return {
    model: join(base, "model.onnx"),
    sets: names.map((name) => ({ name, ...numbered(join(base, name)) })),
  };
}

function numbered(folder: string): {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
} {
  const files = readdirSync(folder);
  const ordered = (kind: string): string[] =>
    files
      .filter((name) => name.startsWith(`${kind}_`))
      .sort((a, b) => Number(/\d+/.exec(a)?.[0]) - Number(/\d+/.exec(b)?.[0]))
      .map((name) => join(folder, name));
  return { inputs: ordered("input"), outputs: ordered("output") };
}

/** A tensor file. */
export function readTensor(path: string): OnnxTensor {
  return decodeTensor(readFileSync(path));
}

/** The expected outputs of a data set, in graph order. */
export function expectedOutputs(set: DataSet): OnnxTensor[] {
  return set.outputs.map(readTensor);
}
