/** Decoding of onnx.TensorProto (onnx.proto, message TensorProto): raw_data and the typed fields, all in one place. */
import { AivmError } from "../../../../common/errors.ts";
import { invalidGraph, unsupportedDtype } from "../errors.ts";
import { elementCount, type OnnxData, type OnnxDtype, type OnnxTensor } from "../graph.ts";
import { readVarint, toSigned, toText, type WireField, wireFields } from "./wire.ts";

/** TensorProto.DataType numbers that the importer knows. */
const DTYPES: ReadonlyMap<number, OnnxDtype> = new Map([
  [1, "float32"],
  [2, "uint8"],
  [3, "int8"],
  [4, "uint16"],
  [5, "int16"],
  [6, "int32"],
  [7, "int64"],
  [9, "bool"],
  [12, "uint32"],
  [13, "uint64"],
  [21, "uint4"],
  [22, "int4"],
  [25, "uint2"],
  [26, "int2"],
]);

/** Dimensions of a tensor; an operator that is supported has no use for as many. */
const MAX_RANK = 64;

const OTHER_NAMES: ReadonlyMap<number, string> = new Map([
  [0, "undefined"],
  [8, "string"],
  [10, "float16"],
  [11, "float64"],
  [14, "complex64"],
  [15, "complex128"],
  [16, "bfloat16"],
]);

/** Element type of a TensorProto.DataType number, or undefined when the importer does not read it. */
export function dtypeFromCode(code: number): OnnxDtype | undefined {
  return DTYPES.get(code);
}

/** TensorProto.DataType number of an element type, also of ones that the importer does not read; 0 when it is unknown. */
export function dtypeCode(name: string): number {
  for (const table of [DTYPES, OTHER_NAMES]) {
    for (const [code, known] of table) if (known === name) return code;
  }
  return 0;
}

/** Name of a TensorProto.DataType number, for messages. */
export function dtypeName(code: number): string {
  return DTYPES.get(code) ?? OTHER_NAMES.get(code) ?? `type ${code}`;
}

interface RawTensor {
  name: string;
  code: number;
  dims: number[];
  raw: Uint8Array | undefined;
  floats: number[];
  ints: bigint[];
  external: boolean;
}

/**
 * The tensor that `bytes` (a serialised TensorProto) holds.
 * @throws AIVM_ONNX_EXTERNAL_DATA, AIVM_ONNX_UNSUPPORTED_DTYPE, AIVM_ONNX_INVALID_GRAPH when the data does not fill the shape.
 */
export function decodeTensor(bytes: Uint8Array): OnnxTensor {
  const raw: RawTensor = {
    name: "",
    code: 0,
    dims: [],
    raw: undefined,
    floats: [],
    ints: [],
    external: false,
  };
  for (const field of wireFields(bytes)) readField(raw, field);
  if (raw.external) throw externalData(raw.name);
  const dtype = DTYPES.get(raw.code);
  if (dtype === undefined) throw unsupportedDtype(raw.name, dtypeName(raw.code));
  const badSize = raw.dims.find((size) => size < 0);
  if (badSize !== undefined || raw.dims.length > MAX_RANK)
    throw invalidGraph({
      item: `shape of tensor ${raw.name}`,
      want: `at most ${MAX_RANK} sizes of at least 0`,
      got: badSize === undefined ? `${raw.dims.length} sizes` : `${badSize}`,
    });
  const count = elementCount(raw.dims);
  const data = raw.raw === undefined ? fromTyped(dtype, raw, count) : fromRaw(dtype, raw.raw, count);
  if (data === undefined || data.length !== count) {
    throw invalidGraph({
      item: `tensor ${raw.name}`,
      want: `${count} elements of ${dtype} for shape [${raw.dims.join(",")}]`,
      got:
        raw.raw === undefined
          ? `${raw.floats.length + raw.ints.length} values`
          : `${raw.raw.length} raw bytes`,
    });
  }
  return { name: raw.name, dtype, shape: raw.dims, data };
}

function readField(out: RawTensor, field: WireField): void {
  switch (field.number) {
    case 1:
      for (const value of varints(field)) out.dims.push(Number(toSigned(value)));
      break;
    case 2:
      out.code = Number(field.varint);
      break;
    case 4:
      for (const value of floats(field)) out.floats.push(value);
      break;
    case 5:
    case 7:
    case 11:
      for (const value of varints(field)) out.ints.push(value);
      break;
    case 8:
      out.name = toText(field.bytes);
      break;
    case 9:
      out.raw = field.bytes;
      break;
    case 13:
      out.external = true;
      break;
    case 14:
      out.external ||= field.varint === 1n;
      break;
    default:
  }
}

/** The integers of a repeated varint field, packed or not. */
export function varints(field: WireField): bigint[] {
  if (field.wireType === 0) return [field.varint];
  const out: bigint[] = [];
  let at = 0;
  while (at < field.bytes.length) {
    const { value, next } = readVarint(field.bytes, at);
    out.push(value);
    at = next;
  }
  return out;
}

/** The floats of a repeated fixed32 field, packed or not. */
export function floats(field: WireField): number[] {
  const view = new DataView(field.bytes.buffer, field.bytes.byteOffset, field.bytes.byteLength);
  return Array.from({ length: field.bytes.length >>> 2 }, (_, i) => view.getFloat32(4 * i, true));
}

function fromTyped(dtype: OnnxDtype, raw: RawTensor, count: number): OnnxData | undefined {
  if (dtype === "float32") return Float32Array.from(raw.floats);
  if (dtype === "int64") return BigInt64Array.from(raw.ints);
  if (dtype === "uint64") return BigUint64Array.from(raw.ints);
  const bits = subByteBits(dtype);
  const values = raw.ints.map((v) => Number(toSigned(v)));
  if (bits !== undefined && raw.ints.length !== Math.ceil((count * bits) / 8)) return undefined;
  if (bits !== undefined)
    return unpack(Uint8Array.from(values), { bits, count, signed: dtype.startsWith("i") });
  return arrayOf(dtype, values);
}

function fromRaw(dtype: OnnxDtype, raw: Uint8Array, count: number): OnnxData | undefined {
  const bits = subByteBits(dtype);
  if (bits !== undefined) {
    if (raw.length !== Math.ceil((count * bits) / 8)) return undefined;
    return unpack(raw, { bits, count, signed: dtype.startsWith("i") });
  }
  const width = byteWidth(dtype);
  if (raw.length !== count * width) return undefined;
  const copy = new Uint8Array(raw).buffer; // aligned, independent of the file; a Node Buffer's slice() would be a view
  switch (dtype) {
    case "float32":
      return new Float32Array(copy);
    case "int8":
      return new Int8Array(copy);
    case "int16":
      return new Int16Array(copy);
    case "uint16":
      return new Uint16Array(copy);
    case "int32":
      return new Int32Array(copy);
    case "uint32":
      return new Uint32Array(copy);
    case "int64":
      return new BigInt64Array(copy);
    case "uint64":
      return new BigUint64Array(copy);
    default:
      return new Uint8Array(copy);
  }
}

/** An array of the storage type of `dtype` (not float32, not 64-bit) with `values`, wrapped to its width. */
function arrayOf(dtype: OnnxDtype, values: readonly number[]): OnnxData {
  switch (dtype) {
    case "int8":
      return Int8Array.from(values);
    case "int16":
      return Int16Array.from(values);
    case "uint16":
      return Uint16Array.from(values);
    case "int32":
      return Int32Array.from(values);
    case "uint32":
      return Uint32Array.from(values);
    default:
      return Uint8Array.from(values);
  }
}

/** Bits of an element type narrower than a byte, else undefined. */
export function subByteBits(dtype: string): 2 | 4 | undefined {
  if (dtype === "int4" || dtype === "uint4") return 4;
  return dtype === "int2" || dtype === "uint2" ? 2 : undefined;
}

function byteWidth(dtype: OnnxDtype): number {
  if (dtype === "int64" || dtype === "uint64") return 8;
  if (dtype === "float32" || dtype === "int32" || dtype === "uint32") return 4;
  return dtype === "int16" || dtype === "uint16" ? 2 : 1;
}

/** Sub-byte elements, low bits first (onnx.proto, TensorProto.int32_data). */
function unpack(
  packed: Uint8Array,
  form: { readonly bits: 2 | 4; readonly count: number; readonly signed: boolean },
): OnnxData {
  const perByte = 8 / form.bits;
  const mask = 2 ** form.bits - 1;
  const half = 2 ** (form.bits - 1);
  const out = form.signed ? new Int8Array(form.count) : new Uint8Array(form.count);
  for (let i = 0; i < form.count; i++) {
    const value = ((packed[Math.floor(i / perByte)] ?? 0) >>> (form.bits * (i % perByte))) & mask;
    out[i] = form.signed && value >= half ? value - 2 * half : value;
  }
  return out;
}

function externalData(item: string): AivmError {
  return new AivmError("AIVM_ONNX_EXTERNAL_DATA", {
    what: "ONNX tensor",
    item,
    want: "weights inside the file",
    got: "a reference to another file",
    remedy: "save the model with its data inside: onnx.save_model(model, path, save_as_external_data=False)",
  });
}
