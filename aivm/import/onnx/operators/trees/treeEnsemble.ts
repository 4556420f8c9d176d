/** Operators that are tree ensembles. */
import type { Family, Lowerer } from "../../lowering/lowering.ts";
import { lowerClassifier } from "./classifier.ts";
import { lowerRegressor } from "./regressor.ts";

/** Lowerers of tree ensembles. */
export const TREE_FAMILY: Family = new Map<string, Lowerer>([
  ["ai.onnx.ml.TreeEnsembleClassifier", lowerClassifier],
  ["ai.onnx.ml.TreeEnsembleRegressor", lowerRegressor],
  ["ai.onnx.ml.TreeEnsemble", lowerRegressor],
]);
