/** ONNX integer types as tensors of the VM, which has i8, i16 and i32. */
import { integerQuantization, type Quantization } from "../../../quantize/scheme.ts";
import type { DType } from "../../../tensor/tensor.ts";
import { precisionError } from "../errors.ts";
import type { OnnxDtype, OnnxTensor } from "../graph.ts";

/** Smallest VM type that holds an ONNX type; 64-bit and unsigned 32-bit values must fit i32, which inputs are checked for. */
const STORAGE: Readonly<Record<Exclude<OnnxDtype, "float32">, readonly [DType, number, number]>> = {
  bool: ["i8", 0, 1],
  int2: ["i8", -2, 1],
  uint2: ["i8", 0, 3],
  int4: ["i8", -8, 7],
  uint4: ["i8", 0, 15],
  int8: ["i8", -128, 127],
  uint8: ["i16", 0, 255],
  int16: ["i16", -32768, 32767],
  uint16: ["i32", 0, 65535],
  int32: ["i32", -2147483648, 2147483647],
  uint32: ["i32", 0, 2147483647],
  int64: ["i32", -2147483648, 2147483647],
  uint64: ["i32", 0, 2147483647],
};

/** Quantisation (scale 1) of a tensor of an ONNX integer type. */
export function integerStorage(dtype: Exclude<OnnxDtype, "float32">): Quantization {
  const [storage, lo, hi] = STORAGE[dtype];
  return integerQuantization(storage, { lo, hi });
}

/** Bits and signedness of the ONNX types whose overflow the importer can wrap; undefined for wider ones. */
export function wrapRule(
  dtype: OnnxDtype,
): { readonly lo: number; readonly hi: number; readonly modulus: number } | undefined {
  const bits = { int2: 2, uint2: 2, int4: 4, uint4: 4, int8: 8, uint8: 8, int16: 16, uint16: 16 }[
    dtype as string
  ];
  if (bits === undefined || dtype === "float32") return undefined;
  const [, lo, hi] = STORAGE[dtype];
  return { lo, hi, modulus: 2 ** bits };
}

/**
 * Elements of an integer constant as numbers.
 * @throws AIVM_ONNX_PRECISION when one does not fit i32.
 */
export function integerValues(tensor: OnnxTensor): number[] {
  const values = Array.from(tensor.data as ArrayLike<number | bigint>, Number);
  const bad = values.findIndex((v) => v < -2147483648 || v > 2147483647);
  if (bad < 0) return values;
  throw precisionError(`constant ${tensor.name}`, "integers that fit 32 bits", `${values[bad]} at ${bad}`);
}
