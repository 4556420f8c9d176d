/** Plain arrays of numbers as ONNX storage, element type by element type. */
import { AivmError } from "../../common/errors.ts";
import type { OnnxData, OnnxDtype } from "../import/onnx/graph.ts";

/**
 * `values` in the storage of `dtype`; a typed array of that storage is returned as it is. Numbers out of range wrap.
 * @throws AIVM_RANGE for a number that is no integer where 64-bit integers are wanted.
 */
export function arrayFor(dtype: OnnxDtype, values: ArrayLike<number | bigint>): OnnxData {
  const numbers = (): number[] => Array.from(values, Number);
  switch (dtype) {
    case "float32":
      return values instanceof Float32Array ? values : Float32Array.from(numbers());
    case "int64":
      return values instanceof BigInt64Array ? values : BigInt64Array.from(Array.from(values, toBigInt));
    case "uint64":
      return values instanceof BigUint64Array ? values : BigUint64Array.from(Array.from(values, toBigInt));
    case "int32":
      return values instanceof Int32Array ? values : Int32Array.from(numbers());
    case "uint32":
      return values instanceof Uint32Array ? values : Uint32Array.from(numbers());
    case "int16":
      return values instanceof Int16Array ? values : Int16Array.from(numbers());
    case "uint16":
      return values instanceof Uint16Array ? values : Uint16Array.from(numbers());
    case "int8":
    case "int4":
    case "int2":
      return values instanceof Int8Array ? values : Int8Array.from(numbers());
    default:
      return values instanceof Uint8Array ? values : Uint8Array.from(numbers());
  }
}

function toBigInt(value: number | bigint, index: number): bigint {
  if (typeof value === "bigint" || Number.isInteger(value)) return BigInt(value);
  throw new AivmError("AIVM_RANGE", {
    what: `element ${index} of a sample`,
    want: "an integer: the model's input has an integer type",
    got: `${value}`,
    remedy: "check the data set",
  });
}
