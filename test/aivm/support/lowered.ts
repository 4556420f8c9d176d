/** A model calibrated and lowered once, with nothing chosen by measurement. */
import {
  type CalibratedModel,
  type CalibrateModelTask,
  calibrateModel,
  type LoweredModel,
  type LowerOptions,
  lowerModel,
} from "../../../aivm/import/onnx/lowerModel.ts";

/** What calibration saw and what became of it. */
export type LoweredOnce = CalibratedModel & LoweredModel;

/** Calibrates and lowers. @throws as `compileOnnx` does */
export async function lowerOnce(task: CalibrateModelTask & LowerOptions): Promise<LoweredOnce> {
  const calibrated = await calibrateModel(task);
  return { ...calibrated, ...lowerModel(calibrated, task) };
}
