/**
 * Integer divisions that end the process: the float runtime runs them on the processor's own division, which traps on a
 * divisor of 0, and on the least integer divided by -1. No error can be caught there, so they are refused before.
 */
import type { CalibrationSample } from "../../quantize/calibrate.ts";
import { unsupportedForm } from "./errors.ts";
import type { OnnxBody, OnnxNode, OnnxTensor } from "./graph.ts";

/** Types whose division by -1 is done in a type that is no wider. */
const WIDE: ReadonlySet<string> = new Set(["int32", "int64"]);

/**
 * Refuses Div and Mod of integers by a constant, or by a graph input in these samples, that holds 0, or -1 where the
 * quotient may not fit. Divisors that the graph computes are not known before it runs.
 * @param samples values of each input of the graph that is not bound, in its order
 * @throws AIVM_ONNX_UNSUPPORTED_FORM
 */
export function assertNoTraps(
  graph: OnnxBody,
  given: { readonly samples: readonly CalibrationSample[]; readonly bound: ReadonlyMap<string, OnnxTensor> },
): void {
  const inputs = graph.inputs.filter((value) => !given.bound.has(value.name));
  const constants = new Map([...graph.initializers, ...given.bound]);
  for (const node of graph.nodes) {
    const value = node.attributes.get("value");
    if (node.opType === "Constant" && value?.kind === "tensor")
      constants.set(node.outputs[0] ?? "", value.value);
  }
  for (const node of graph.nodes) {
    for (const attribute of node.attributes.values())
      if (attribute.kind === "graph") assertNoTraps(attribute.value, { samples: [], bound: constants });
    if (node.domain !== "" || (node.opType !== "Div" && node.opType !== "Mod")) continue;
    const name = node.inputs[1] ?? "";
    const constant = constants.get(name);
    if (constant !== undefined) assertDivisor(node, constant.dtype, constant.data);
    const at = inputs.findIndex((input) => input.name === name);
    for (const sample of at < 0 ? [] : given.samples)
      assertDivisor(node, inputs[at]?.dtype, sample[at] ?? []);
  }
}

function assertDivisor(node: OnnxNode, dtype: string | undefined, data: ArrayLike<number | bigint>): void {
  if (dtype === undefined || dtype === "float32") return;
  for (let i = 0; i < data.length; i++) {
    const divisor = Number(data[i]);
    if (divisor !== 0 && !(divisor === -1 && WIDE.has(dtype))) continue;
    throw unsupportedForm(node, {
      want: divisor === 0 ? "divisors other than 0" : "divisors other than -1 (Neg does the same)",
      got: `${divisor} at ${i}`,
    });
  }
}
