/** NumPy's .npy files, format versions 1 to 3 (numpy.lib.format): C order, little-endian, the element types met here. */

/** An array: its shape and its elements, row-major. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;
}

/** @throws RangeError for anything but a .npy file of a known form. */
export function readNpy(file: Uint8Array): NpyArray {
  const magic = String.fromCharCode(...file.subarray(1, 6));
  if (file[0] !== 0x93 || magic !== "NUMPY") throw new RangeError("not a .npy file");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const wide = (file[6] ?? 0) > 1;
  const start = wide ? 12 : 10;
  const end = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = new TextDecoder().decode(file.subarray(start, end));
  const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? "none";
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? "";
  if (!/'fortran_order':\s*False/.test(header)) throw new RangeError("a .npy file in Fortran order");
  const sizes = shape
    .split(",")
    .map((size) => size.trim())
    .filter((size) => size !== "")
    .map(Number);
  return { shape: sizes, data: elementsOf(descr, Uint8Array.from(file.subarray(end)).buffer) };
}

function elementsOf(descr: string, bytes: ArrayBuffer): NpyArray["data"] {
  switch (descr) {
    case "<f4":
      return new Float32Array(bytes);
    case "<f8":
      return new Float64Array(bytes);
    case "<i4":
      return new Int32Array(bytes);
    case "<i8":
      return new BigInt64Array(bytes);
    case "|i1":
      return new Int8Array(bytes);
    case "|u1":
    case "|b1":
      return new Uint8Array(bytes);
    default:
      throw new RangeError(`a .npy file of ${descr}`);
  }
}

/** Row `index` along the first axis. */
export function rowOf(array: NpyArray, index: number): NpyArray {
  const shape = array.shape.slice(1);
  const length = shape.reduce((a, b) => a * b, 1);
  return { shape, data: array.data.slice(index * length, (index + 1) * length) };
}
