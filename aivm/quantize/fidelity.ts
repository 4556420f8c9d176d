/** How far the integer program is from the float model, output by output, on samples that both have run. */

import { AivmError } from "../../common/errors.ts";
import type { Engine } from "../engine/engine.ts";
import type { OnnxTensor } from "../import/onnx/graph.ts";
import type { InputPort, Program } from "../program/program.ts";
import { createTensor, type Tensor } from "../tensor/tensor.ts";
import type { KeptSample } from "./calibrate.ts";
import { quantizeInputValue } from "./scheme.ts";

/** One output of the program beside the float model's. */
export interface Fidelity {
  readonly name: string;
  /** True for integer and bool outputs, which must be equal. */
  readonly integer: boolean;
  readonly scale: number;
  /** Largest |y| of the float model. */
  readonly largest: number;
  /** Largest |difference|. */
  readonly worst: number;
  /** Signal to noise in dB over all elements; Infinity when equal. */
  readonly sqnrDb: number;
}

/**
 * Canonical input tensor of real (or integer) values, quantised as the port says.
 * @throws AIVM_RANGE for NaN, and for an integer that the port's type can not hold; other floats saturate.
 */
export function quantizeInput(port: InputPort, values: ArrayLike<number | bigint>, isFloat: boolean): Tensor {
  const tensor = createTensor(port.type.dtype, port.type.shape);
  const q = { ...port.type, scale: port.scale, zero: port.zero };
  for (let i = 0; i < tensor.data.length; i++) {
    const value = Number(values[i] ?? 0);
    if (Number.isNaN(value)) throw notANumber(port, i);
    if (!isFloat && (value < port.type.lo || value > port.type.hi)) throw outOfRange(port, value, i);
    tensor.data[i] = isFloat ? quantizeInputValue(value, q) : value;
  }
  return tensor;
}

function notANumber(port: InputPort, index: number): AivmError {
  return new AivmError("AIVM_RANGE", {
    what: `element ${index}`,
    item: `input ${port.name}`,
    want: "a number",
    got: "NaN",
    remedy: "replace what is missing in the data before it is quantised: integers have no NaN",
  });
}

function outOfRange(port: InputPort, value: number, index: number): AivmError {
  return new AivmError("AIVM_RANGE", {
    what: `element ${index}`,
    item: `input ${port.name}`,
    want: `an integer in [${port.type.lo}, ${port.type.hi}]`,
    got: `${value}`,
    remedy: "the VM keeps integers in at most 32 bits: pass smaller ones",
  });
}

/** Runs the program on the kept samples and compares every output. */
export async function measureFidelity(
  engine: Engine,
  program: Program,
  samples: readonly KeptSample[],
): Promise<Fidelity[]> {
  const sums = program.outputs.map(() => ({ largest: 0, worst: 0, signal: 0, noise: 0, integer: false }));
  for (const { feeds, outputs } of samples) {
    const inputs = program.inputs.map((port, i) => inputOf(port, feeds[i]));
    const result = await engine.run({ inputs });
    for (const [i, port] of program.outputs.entries()) {
      const entry = sums[i];
      const got = result.outputs[i];
      const want = outputs.get(port.name);
      if (entry === undefined || got === undefined || want === undefined) continue;
      entry.integer = want.dtype !== "float32";
      for (let k = 0; k < got.data.length; k++) {
        const real = port.scale * ((got.data[k] ?? 0) - port.zero);
        const expected = Number(want.data[k] ?? 0);
        const difference = Math.abs(real - expected);
        entry.largest = Math.max(entry.largest, Math.abs(expected));
        // NaN compares false: a difference that is no number is the worst there is.
        entry.worst =
          difference <= entry.worst
            ? entry.worst
            : Number.isNaN(difference)
              ? Number.POSITIVE_INFINITY
              : difference;
        entry.signal += expected * expected;
        entry.noise += difference * difference;
      }
    }
  }
  return sums.map(({ largest, worst, signal, noise, integer }, i) => {
    const port = program.outputs[i];
    const sqnrDb = noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
    return { name: port?.name ?? "", integer, scale: port?.scale ?? 1, largest, worst, sqnrDb };
  });
}

function inputOf(port: InputPort, feed: OnnxTensor | undefined): Tensor {
  return quantizeInput(port, feed?.data ?? [], feed?.dtype === "float32");
}
