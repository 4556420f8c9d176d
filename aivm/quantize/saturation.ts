/** Where a program's numbers run into the ends of their types, over some samples: was calibration too narrow? */
import type { Engine } from "../engine/engine.ts";
import type { Program } from "../program/program.ts";
import { holdsIntegers } from "./accuracy.ts";
import type { CalibrationSample } from "./calibrate.ts";
import { type ClampedTensor, createClampCounter } from "./clamped.ts";
import { quantizeInput } from "./fidelity.ts";

/** Shares over some samples, each in [0, 1]. */
export interface SaturationReport {
  readonly samples: number;
  /** Of the inputs' elements, those beyond their range. */
  readonly inputs: number;
  /** Of the elements of the ops that count, those at an end of their type. */
  readonly ops: number;
  readonly tensors: readonly ClampedTensor[];
}

/**
 * Runs the program on samples and counts.
 * @throws what `Engine.run` and `quantizeInput` do for samples that are not the program's
 */
export async function measureSaturation(task: {
  readonly program: Program;
  readonly engine: Engine;
  readonly samples: readonly CalibrationSample[];
}): Promise<SaturationReport> {
  const { program, engine, samples } = task;
  const counter = createClampCounter(program);
  for (const sample of samples) {
    const inputs = program.inputs.map((port, i) => {
      const values = sample[i] ?? [];
      if (!holdsIntegers(port)) counter.addInput(i, values);
      return quantizeInput(port, values, !holdsIntegers(port));
    });
    await engine.run({ inputs, onOp: (index, output) => counter.addOp(index, output.data) });
  }
  return { samples: samples.length, ...counter.report() };
}
