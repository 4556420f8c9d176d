/** The ends of a program as bytes: what a request carries in and a result carries out. */
import { concatBytes } from "../../common/bytes.ts";
import { AivmError } from "../../common/errors.ts";
import { elementCount } from "../tensor/shape.ts";
import {
  DTYPE_BYTES,
  type Tensor,
  type TensorType,
  tensorFromBytes,
  tensorToBytes,
} from "../tensor/tensor.ts";
import { outputTypes, type Program } from "./program.ts";

/** Bytes of a request's input: the input tensors' canonical bytes, in program order. */
export function inputLength(program: Program): number {
  return lengthOf(program.inputs.map((port) => port.type));
}

/** Bytes of a result's output: the output tensors' canonical bytes, in program order. */
export function outputLength(program: Program): number {
  return lengthOf(outputTypes(program));
}

/** Canonical bytes of several tensors, concatenated. */
export function tensorsToBytes(tensors: readonly Tensor[]): Uint8Array {
  return concatBytes(...tensors.map(tensorToBytes));
}

/**
 * Input tensors of a request's bytes.
 * @throws AIVM_INPUT_LENGTH when the length is not the program's; AIVM_RANGE for an element out of its range.
 */
export function inputsFromBytes(program: Program, bytes: Uint8Array): Tensor[] {
  return tensorsFromBytes(
    program.inputs.map((port) => port.type),
    { bytes, what: `input of ${program.name}` },
  );
}

/** Output tensors of a result's bytes. @throws AIVM_INPUT_LENGTH, AIVM_RANGE. */
export function outputsFromBytes(program: Program, bytes: Uint8Array): Tensor[] {
  return tensorsFromBytes(outputTypes(program), { bytes, what: `output of ${program.name}` });
}

function tensorsFromBytes(
  types: readonly TensorType[],
  source: { readonly bytes: Uint8Array; readonly what: string },
): Tensor[] {
  const want = lengthOf(types);
  if (source.bytes.length !== want) {
    throw new AivmError("AIVM_INPUT_LENGTH", {
      what: source.what,
      want: `${want} bytes: ${types.map((type) => `${type.dtype}[${type.shape.join(",")}]`).join(" ")}`,
      got: `${source.bytes.length} bytes`,
      remedy: "pass the tensors' canonical bytes, concatenated in program order",
    });
  }
  let at = 0;
  return types.map((type) => {
    const length = lengthOf([type]);
    at += length;
    return tensorFromBytes(type, source.bytes.subarray(at - length, at));
  });
}

function lengthOf(types: readonly TensorType[]): number {
  return types.reduce((sum, type) => sum + elementCount(type.shape) * DTYPE_BYTES[type.dtype], 0);
}
