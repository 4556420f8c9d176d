/**
 * NumPy's .npy files, as its format description (NEP 1, versions 1.0 to 3.0) says: magic, version, length, a Python
 * literal that tells type, order and shape, then the elements. Only what can be read without Python: plain numbers in
 * C order, little-endian.
 */
import { AivmError } from "../../common/index.ts";

/** An array as stored: row-major. */
export interface NpyArray {
  readonly dtype: NpyType;
  /** [] is one element. */
  readonly shape: readonly number[];
  readonly data:
    | Float32Array
    | Float64Array
    | Int32Array
    | BigInt64Array
    | Uint8Array
    | Int8Array
    | Int16Array
    | Uint16Array;
}

/** Element types that are read. */
export type NpyType =
  | "float32"
  | "float64"
  | "int64"
  | "int32"
  | "int16"
  | "uint16"
  | "int8"
  | "uint8"
  | "bool";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** A header says little; more than this is no array of ours. */
const MAX_HEADER_BYTES = 65_536;
const MAX_RANK = 32;
/** Elements that one file may hold: 1 GiB of float32. */
const MAX_ELEMENTS = 2 ** 28;

const TYPES: ReadonlyMap<string, { readonly dtype: NpyType; readonly bytes: number }> = new Map([
  ["<f4", { dtype: "float32", bytes: 4 }],
  ["<f8", { dtype: "float64", bytes: 8 }],
  ["<i8", { dtype: "int64", bytes: 8 }],
  ["<i4", { dtype: "int32", bytes: 4 }],
  ["<i2", { dtype: "int16", bytes: 2 }],
  ["<u2", { dtype: "uint16", bytes: 2 }],
  ["|i1", { dtype: "int8", bytes: 1 }],
  ["|u1", { dtype: "uint8", bytes: 1 }],
  ["|b1", { dtype: "bool", bytes: 1 }],
]);

/** True when the bytes begin as a .npy file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}

/**
 * Array of a .npy file's bytes.
 * @param item name of the file, for errors
 * @throws CLI_NPY on another format, version, order or element type, on too much, and on a length that is not the shape's
 */
export function readNpy(bytes: Uint8Array, item: string): NpyArray {
  if (!isNpy(bytes)) throw npyError(item, "a file that begins with \\x93NUMPY", "other bytes");
  const { text, end } = headerText(bytes, item);
  const { descr, fortran, shape } = parseHeader(text, item);
  const type = TYPES.get(descr);
  if (type === undefined) {
    throw npyError(item, `elements of type ${[...TYPES.keys()].join(" ")}`, descr);
  }
  if (fortran) throw npyError(item, "C order", "Fortran order");
  const count = shape.reduce((product, size) => product * size, 1);
  if (shape.length > MAX_RANK || !(count <= MAX_ELEMENTS)) {
    throw npyError(
      item,
      `at most ${MAX_RANK} dimensions and ${MAX_ELEMENTS} elements`,
      `[${shape.join(",")}]`,
    );
  }
  const want = count * type.bytes;
  if (bytes.length - end !== want) throw npyError(item, `${want} bytes of elements`, `${bytes.length - end}`);
  return { dtype: type.dtype, shape, data: elements(type.dtype, new Uint8Array(bytes.subarray(end))) };
}

/** A .npy file, version 1.0, of float32 values; for outputs. */
export function writeNpy(shape: readonly number[], values: ArrayLike<number>): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const start = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  const unpadded = MAGIC.length + 4 + start.length + 1;
  const header = `${start}${" ".repeat(Math.ceil(unpadded / 64) * 64 - unpadded)}\n`;
  const out = new Uint8Array(MAGIC.length + 4 + header.length + 4 * values.length);
  out.set([...MAGIC, 1, 0, header.length & 255, header.length >> 8]);
  out.set(new TextEncoder().encode(header), MAGIC.length + 4);
  const view = new DataView(out.buffer);
  for (let i = 0; i < values.length; i++)
    view.setFloat32(MAGIC.length + 4 + header.length + 4 * i, values[i] ?? 0, true);
  return out;
}

function headerText(bytes: Uint8Array, item: string): { readonly text: string; readonly end: number } {
  const major = bytes[6] ?? 0;
  if (major < 1 || major > 3 || bytes[7] !== 0)
    throw npyError(item, "version 1.0, 2.0 or 3.0", `${major}.${bytes[7] ?? "?"}`);
  const wide = major > 1;
  const start = wide ? 12 : 10;
  if (bytes.length < start) throw npyError(item, "a header", `${bytes.length} bytes in all`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (length > MAX_HEADER_BYTES)
    throw npyError(item, `a header of at most ${MAX_HEADER_BYTES} bytes`, `${length}`);
  const end = start + length;
  if (end > bytes.length) throw npyError(item, `${length} bytes of header`, `${bytes.length - start}`);
  return { text: new TextDecoder().decode(bytes.subarray(start, end)), end };
}

/** The three keys of the header's dictionary; each must be there once, and nothing else. */
function parseHeader(
  text: string,
  item: string,
): { readonly descr: string; readonly fortran: boolean; readonly shape: readonly number[] } {
  const body = /^\{(.*?),?\s*\}\s*$/s.exec(text)?.[1] ?? "";
  const descr = /'descr':\s*'([^']*)'/.exec(body);
  const order = /'fortran_order':\s*(True|False)/.exec(body);
  const tuple = /'shape':\s*\(([\d\s,]*)\)/.exec(body);
  const rest = [descr, order, tuple].reduce((left, found) => left.replace(found?.[0] ?? "", ""), body);
  if (descr === null || order === null || tuple === null || !/^[\s,]*$/.test(rest)) {
    const want = "a header of descr, fortran_order and shape (plain elements, no records)";
    throw npyError(item, want, text.trim().slice(0, 80));
  }
  const sizes = (tuple[1] ?? "").split(",").map((size) => size.trim());
  return {
    descr: descr[1] ?? "",
    fortran: order[1] === "True",
    shape: sizes.filter((size) => size !== "").map(Number),
  };
}

/** Elements of a copy of their bytes: its buffer starts at 0, so every type is aligned. */
function elements(dtype: NpyType, bytes: Uint8Array): NpyArray["data"] {
  const { buffer } = bytes;
  switch (dtype) {
    case "float32":
      return new Float32Array(buffer);
    case "float64":
      return new Float64Array(buffer);
    case "int64":
      return new BigInt64Array(buffer);
    case "int32":
      return new Int32Array(buffer);
    case "int16":
      return new Int16Array(buffer);
    case "uint16":
      return new Uint16Array(buffer);
    case "int8":
      return new Int8Array(buffer);
    default:
      return bytes;
  }
}

function npyError(item: string, want: string, got: string): AivmError {
  return new AivmError("CLI_NPY", {
    what: ".npy file",
    item,
    want,
    got,
    remedy:
      "Write it with numpy.save(file, numpy.ascontiguousarray(array)), of one of the types that are read.",
  });
}
