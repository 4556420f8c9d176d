/** The ends of an inference: from a user's values to input tensors, and from output tensors to real numbers. */
import {
  elementCount,
  type InputPort,
  type Program,
  type Tensor,
  tensorFromBytes,
  tensorOf,
  tensorToBytes,
} from "../aivm/index.ts";
import { dequantize, quantizeInputValue } from "../aivm/quantize/scheme.ts";
import { sdkError } from "./errors/errors.ts";

/**
 * Values of one input tensor, row-major: floats in real units (quantised here with the program's metadata), or a
 * tensor of the program's own integers.
 */
export type InputValues = { readonly floats: ArrayLike<number> } | { readonly tensor: Tensor };

/**
 * The input tensors of a program from a user's values, one entry per input in program order.
 * @throws SDK_ARGUMENT (number of inputs or of values), AIVM_SHAPE, AIVM_RANGE, AIVM_INPUT_LENGTH
 */
export function encodeInputs(program: Program, values: readonly InputValues[]): Tensor[] {
  if (values.length !== program.inputs.length) {
    throw sdkError("SDK_ARGUMENT", {
      what: "inputs",
      want: `${program.inputs.length}: ${program.inputs.map((port) => port.name).join(", ")}`,
      got: `${values.length}`,
      remedy: "Pass one entry for every input of the model, in its order.",
    });
  }
  return program.inputs.map((port, index) => encodeInput(port, values[index]));
}

function encodeInput(port: InputPort, value: InputValues | undefined): Tensor {
  if (value !== undefined && "tensor" in value)
    return tensorFromBytes(port.type, tensorToBytes(value.tensor));
  const { dtype, shape, lo, hi } = port.type;
  const want = elementCount(shape);
  if (value === undefined || value.floats.length !== want) {
    throw sdkError("SDK_ARGUMENT", {
      what: "values",
      item: `input ${port.name}`,
      want: `${want} for shape [${shape.join(", ")}]`,
      got: `${value?.floats.length ?? 0}`,
      remedy: "Pass one number per element, row-major.",
    });
  }
  const quantization = { dtype, scale: port.scale, zero: port.zero, lo, hi };
  return tensorOf(
    dtype,
    shape,
    Array.from(value.floats, (real) => quantizeInputValue(real, quantization)),
  );
}

/** Real values of the output tensors, row-major, by the scales of the program's metadata. */
export function outputReals(program: Program, outputs: readonly Tensor[]): Float64Array[] {
  return outputs.map((tensor, index) => {
    const port = program.outputs[index];
    return dequantize(tensor.data, { scale: port?.scale ?? 1, zero: port?.zero ?? 0 });
  });
}
