/**
 * Compiling without calibration samples: a graph whose every scale the file states needs the float runtime only for
 * shapes and constants, and one sample of zeros gives those. Whatever asks for a range then is refused.
 */
import type { Calibration, CalibrationSample } from "../../quantize/calibrate.ts";
import { calibrationShape, emptyCalibration } from "../../quantize/errors.ts";
import { elementCount, type OnnxGraph, type OnnxNode } from "./graph.ts";

/** A sample of zeros for a graph whose inputs have stated scales. @throws AIVM_CALIBRATION_EMPTY, AIVM_CALIBRATION_SHAPE. */
export function zeroSample(
  graph: OnnxGraph,
  given: {
    readonly bound?: ReadonlyMap<string, unknown>;
    readonly shapes?: ReadonlyMap<string, readonly number[]>;
  },
): CalibrationSample {
  const inputs = graph.inputs.filter((value) => given.bound?.has(value.name) !== true);
  for (const { name, dtype } of inputs) {
    const readers = graph.nodes.filter((node) => node.inputs.includes(name));
    if (dtype === "float32" && !readers.every((node) => quantizes(node, name))) throw emptyCalibration(name);
  }
  if (!graph.nodes.some((node) => isQuantized(node))) throw emptyCalibration();
  return inputs.map(({ name, shape = [] }) => {
    const fixed = given.shapes?.get(name) ?? shape;
    const sizes = fixed.map((size) => {
      if (typeof size === "number") return size;
      throw calibrationShape({
        item: name,
        want: "a static shape where there is no sample",
        got: `[${fixed.map((s) => s ?? "?").join(",")}]`,
      });
    });
    return new Array<number>(elementCount(sizes)).fill(0);
  });
}

function quantizes(node: OnnxNode, name: string): boolean {
  return node.opType === "QuantizeLinear" && node.domain === "" && node.inputs[0] === name;
}

function isQuantized(node: OnnxNode): boolean {
  return /^(De)?QuantizeLinear$|^QLinear|^QGemm$|Integer$/.test(node.opType);
}

/** What calibration on zeros is good for: types and constants. Ranges and statistics throw AIVM_CALIBRATION_EMPTY. */
export function withoutRanges(calibration: Calibration): Calibration {
  return { ...calibration, sampleCount: 0, kept: [], stats: unseen(), probed: unseen() };
}

function unseen<V>(): ReadonlyMap<string, V> {
  return Object.assign(new Map<string, V>(), {
    get(name: string): never {
      throw emptyCalibration(name);
    },
  });
}
