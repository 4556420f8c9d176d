/** The float model that a command is given: an ONNX file, or boosted trees that become one. */

import { lightgbmToOnnx } from "../../aivm/import/trees/lightgbm.ts";
import type { FeatureInput } from "../../aivm/import/trees/toOnnx.ts";
import { xgboostToOnnx } from "../../aivm/import/trees/xgboost.ts";
import { type Flag, type Invocation, optionalFlag, usageError } from "../command.ts";
import type { Dataset } from "./dataset.ts";
import { readBytes } from "./files.ts";

type Kind = "onnx" | "xgboost" | "lightgbm";

/** Flags that name a float model; a command takes one of them. */
export const FLOAT_MODEL_FLAGS: Readonly<Record<Kind, Flag>> = {
  onnx: { type: "string", placeholder: "FILE", about: "the float model" },
  xgboost: { type: "string", placeholder: "FILE", about: "or: XGBoost's save_model, .json" },
  lightgbm: { type: "string", placeholder: "FILE", about: "or: LightGBM's dump_model() as JSON" },
};

/** A file of a float model. */
export interface FloatModelFile {
  readonly kind: Kind;
  readonly path: string;
}

const KINDS = Object.keys(FLOAT_MODEL_FLAGS) as readonly Kind[];

/** The file that a command is given, if any. @throws CLI_USAGE for several */
export function optionalFloatModel(invocation: Invocation): FloatModelFile | undefined {
  const given = KINDS.flatMap((kind) => {
    const path = optionalFlag(invocation, kind);
    return path === undefined ? [] : [{ kind, path }];
  });
  if (given.length > 1)
    throw usageError("float model", oneOf(), given.map(({ kind }) => `--${kind}`).join(" and "));
  return given[0];
}

/** The file that a command must be given. @throws CLI_USAGE for none or several */
export function requiredFloatModel(invocation: Invocation): FloatModelFile {
  const file = optionalFloatModel(invocation);
  if (file === undefined) throw usageError("float model", oneOf(), "none of them");
  return file;
}

function oneOf(): string {
  return `one of ${KINDS.map((kind) => `--${kind}`).join(", ")}`;
}

/**
 * ONNX bytes of a float model. Trees have the inputs of the data set that is used with them.
 * @throws CLI_FILE, AIVM_TREES_INVALID, AIVM_TREES_UNSUPPORTED
 */
export function readFloatModel({ kind, path }: FloatModelFile, dataset: Dataset): Uint8Array {
  if (kind === "onnx") return readBytes(path, "ONNX file");
  const json = new TextDecoder().decode(
    readBytes(path, kind === "xgboost" ? "XGBoost file" : "LightGBM file"),
  );
  const toOnnx = kind === "xgboost" ? xgboostToOnnx : lightgbmToOnnx;
  return toOnnx(json, inputsOf(dataset));
}

/** Names of the file's inputs with the elements that a sample has of each; all features are one input otherwise. */
function inputsOf({ names, calibration, test }: Dataset): readonly FeatureInput[] | undefined {
  const sample = calibration.samples[0] ?? test.samples[0];
  if (sample === undefined) return undefined;
  return names.map((name, i) => ({ name: name ?? "features", width: sample[i]?.length ?? 0 }));
}
