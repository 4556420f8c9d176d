/** Tensors of the VM: i8, i16 or i32, row-major, static shape; their canonical bytes and Merkle roots. */
import { concatBytes, u32be, utf8 } from "../../common/bytes.ts";
import { AivmError } from "../../common/errors.ts";
import { buildTree, type MerkleTree, treeRoot } from "../../common/merkle.ts";
import { elementCount, equalShapes, shapeText } from "./shape.ts";

/** Element type. i64 exists only inside an op. */
export type DType = "i8" | "i16" | "i32";

/** What values a tensor holds: every element is in [lo, hi], enforced by the op that produced it. */
export interface TensorType {
  readonly dtype: DType;
  /** At most six sizes, each at least 1; [] is one element. */
  readonly shape: readonly number[];
  readonly lo: number;
  readonly hi: number;
}

/** Elements of a tensor. */
export type TensorData = Int8Array | Int16Array | Int32Array;

/** A tensor's values, row-major. `data.length` is the product of `shape`. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** Elements in one leaf of a tensor's tree. */
export const CHUNK_ELEMENTS = 256;

/** Bytes of one element. */
export const DTYPE_BYTES: Readonly<Record<DType, number>> = { i8: 1, i16: 2, i32: 4 };

/** Whether this machine keeps elements in memory as their canonical bytes. */
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Whole range of an element type, inclusive. */
export const DTYPE_RANGE: Readonly<Record<DType, { readonly lo: number; readonly hi: number }>> = {
  i8: { lo: -128, hi: 127 },
  i16: { lo: -32768, hi: 32767 },
  i32: { lo: -2147483648, hi: 2147483647 },
};

/** Type with the whole range of `dtype`, or with the range given. */
export function tensorType(
  dtype: DType,
  shape: readonly number[],
  range: { readonly lo: number; readonly hi: number } = DTYPE_RANGE[dtype],
): TensorType {
  return { dtype, shape, lo: range.lo, hi: range.hi };
}

/** Zeroed storage of `count` elements. */
export function createData(dtype: DType, count: number): TensorData {
  if (dtype === "i8") return new Int8Array(count);
  return dtype === "i16" ? new Int16Array(count) : new Int32Array(count);
}

/** Zeroed tensor. */
export function createTensor(dtype: DType, shape: readonly number[]): Tensor {
  return { dtype, shape, data: createData(dtype, elementCount(shape)) };
}

/**
 * Tensor of `values`.
 * @throws AIVM_SHAPE when their number is not the product of `shape`; AIVM_RANGE when one does not fit `dtype`.
 */
export function tensorOf(dtype: DType, shape: readonly number[], values: ArrayLike<number>): Tensor {
  const tensor = createTensor(dtype, shape);
  if (values.length !== tensor.data.length) {
    throw new AivmError("AIVM_SHAPE", {
      what: "tensor values",
      want: `${tensor.data.length} values for shape ${shapeText(shape)}`,
      got: `${values.length} values`,
      remedy: "pass one value per element, row-major",
    });
  }
  for (let i = 0; i < values.length; i++) tensor.data[i] = values[i] ?? 0;
  for (let i = 0; i < values.length; i++) {
    if (tensor.data[i] !== values[i])
      throw rangeError(DTYPE_RANGE[dtype], { index: i, value: values[i] ?? 0 });
  }
  return tensor;
}

/** Number of chunks of a tensor of this shape. */
export function chunkCount(shape: readonly number[]): number {
  return Math.ceil(elementCount(shape) / CHUNK_ELEMENTS);
}

/** Bytes of one chunk of this type, padding included. */
export function chunkBytes(dtype: DType): number {
  return CHUNK_ELEMENTS * DTYPE_BYTES[dtype];
}

/** Canonical bytes: little-endian two's complement, row-major. */
export function tensorToBytes(tensor: Tensor): Uint8Array {
  return dataToBytes(tensor.dtype, tensor.data);
}

/**
 * Tensor of canonical bytes, with every element checked against the type's range.
 * @throws AIVM_INPUT_LENGTH on a wrong number of bytes; AIVM_RANGE on an element outside [lo, hi].
 */
export function tensorFromBytes(type: TensorType, bytes: Uint8Array): Tensor {
  return checkedTensor(type, bytes, bytesToData);
}

/**
 * The same without a copy where the machine allows one: the tensor is a view of `bytes`, so nobody may write to either.
 * @throws AIVM_INPUT_LENGTH, AIVM_RANGE.
 */
export function tensorOverBytes(type: TensorType, bytes: Uint8Array): Tensor {
  return checkedTensor(type, bytes, viewOfBytes);
}

function checkedTensor(
  type: TensorType,
  bytes: Uint8Array,
  toData: (dtype: DType, bytes: Uint8Array) => TensorData,
): Tensor {
  const want = elementCount(type.shape) * DTYPE_BYTES[type.dtype];
  if (bytes.length !== want) {
    throw new AivmError("AIVM_INPUT_LENGTH", {
      what: "tensor bytes",
      want: `${want} bytes for ${type.dtype}${shapeText(type.shape)}`,
      got: `${bytes.length} bytes`,
      remedy: "pass the canonical bytes: little-endian, row-major, no padding",
    });
  }
  const tensor = { dtype: type.dtype, shape: type.shape, data: toData(type.dtype, bytes) };
  assertInRange(tensor, type);
  return tensor;
}

/**
 * Checks a tensor against a type: dtype, shape and every element's range.
 * @throws AIVM_DTYPE, AIVM_SHAPE or AIVM_RANGE; `item` names the tensor in the message.
 */
export function assertTensor(tensor: Tensor, type: TensorType, item?: string): void {
  const named = item === undefined ? {} : { item };
  if (tensor.dtype !== type.dtype) {
    const facts = { what: "element type", want: type.dtype, got: tensor.dtype, remedy: "convert the tensor" };
    throw new AivmError("AIVM_DTYPE", { ...facts, ...named });
  }
  if (!equalShapes(tensor.shape, type.shape) || tensor.data.length !== elementCount(type.shape)) {
    throw new AivmError("AIVM_SHAPE", {
      what: "tensor shape",
      want: shapeText(type.shape),
      got: `${shapeText(tensor.shape)} with ${tensor.data.length} elements`,
      remedy: "pass a tensor of the declared shape",
      ...named,
    });
  }
  assertInRange(tensor, type, item);
}

/** Chunks of a tensor, in order: 256 elements each as canonical bytes, the last one zero-padded. */
export function tensorChunks(tensor: Tensor): Uint8Array[] {
  return chunksOf(tensor, tensorToBytes(tensor));
}

function chunksOf(tensor: Tensor, bytes: Uint8Array): Uint8Array[] {
  const size = chunkBytes(tensor.dtype);
  return Array.from({ length: chunkCount(tensor.shape) }, (_, i) => {
    const part = bytes.subarray(i * size, (i + 1) * size);
    if (part.length === size) return part;
    const padded = new Uint8Array(size);
    padded.set(part);
    return padded;
  });
}

/** Elements of one chunk (256 of them). @throws AIVM_INPUT_LENGTH when the bytes are not one chunk. */
export function chunkToData(dtype: DType, chunk: Uint8Array): TensorData {
  if (chunk.length !== chunkBytes(dtype)) {
    throw new AivmError("AIVM_INPUT_LENGTH", {
      what: `chunk of ${dtype}`,
      want: `${chunkBytes(dtype)} bytes`,
      got: `${chunk.length} bytes`,
      remedy: "pass 256 elements, zero-padded at the end of the tensor",
    });
  }
  return bytesToData(dtype, chunk);
}

/** Merkle tree over a tensor's chunks. */
export function tensorTree(tensor: Tensor): MerkleTree {
  return buildTree(tensorChunks(tensor));
}

/** Root of a tensor's chunks; 32 bytes. */
export function tensorRoot(tensor: Tensor): Uint8Array {
  // What is only hashed need not be copied.
  const { dtype, data } = tensor;
  const canonical = LITTLE_ENDIAN && data.BYTES_PER_ELEMENT === DTYPE_BYTES[dtype];
  return treeRoot(chunksOf(tensor, canonical ? viewOfData(data) : tensorToBytes(tensor)));
}

/** The parameters of a request that the input root binds. */
export interface RequestParams {
  /** 32 bytes. */
  readonly seed: Uint8Array;
  /** u32; 0 for programs that are no loops. */
  readonly maxTokens: number;
}

/** Leaves of the input tree: `u32be(i) || root_i` for each input, then `"params" || seed || u32be(maxTokens)`. */
export function inputItems(tensorRoots: readonly Uint8Array[], params: RequestParams): Uint8Array[] {
  if (params.seed.length !== 32) {
    throw new AivmError("AIVM_INPUT_LENGTH", {
      what: "seed",
      want: "32 bytes",
      got: `${params.seed.length} bytes`,
      remedy: "pass 32 bytes; all zero asks the chain for one",
    });
  }
  return [...indexedRoots(tensorRoots), concatBytes(utf8("params"), params.seed, u32be(params.maxTokens))];
}

/** Root of a request's input: its tensors in program order, its seed and its token limit; 32 bytes. */
export function inputRoot(request: RequestParams & { readonly tensors: readonly Tensor[] }): Uint8Array {
  return treeRoot(inputItems(request.tensors.map(tensorRoot), request));
}

/** Root of a result's output tensors in program order; 32 bytes. */
export function outputRoot(tensors: readonly Tensor[]): Uint8Array {
  return treeRoot(indexedRoots(tensors.map(tensorRoot)));
}

/** `u32be(i) || root_i` for each root: the leaves of the output, weights and trace trees. */
export function indexedRoots(roots: readonly Uint8Array[]): Uint8Array[] {
  return roots.map((root, i) => concatBytes(u32be(i), root));
}

function dataToBytes(dtype: DType, data: TensorData): Uint8Array {
  if (dtype === "i8") return new Uint8Array(data);
  const width = DTYPE_BYTES[dtype];
  const bytes = new Uint8Array(data.length * width);
  for (let i = 0; i < data.length; i++) {
    const value = data[i] ?? 0;
    for (let b = 0; b < width; b++) bytes[i * width + b] = value >> (8 * b);
  }
  return bytes;
}

function viewOfData({ buffer, byteOffset, byteLength }: TensorData): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Elements where they lie, when they lie as this machine reads them; else a copy. */
function viewOfBytes(dtype: DType, bytes: Uint8Array): TensorData {
  const { buffer, byteOffset, length } = bytes;
  if (dtype === "i8") return new Int8Array(buffer, byteOffset, length);
  if (!LITTLE_ENDIAN || byteOffset % DTYPE_BYTES[dtype] !== 0) return bytesToData(dtype, bytes);
  return dtype === "i16"
    ? new Int16Array(buffer, byteOffset, length / 2)
    : new Int32Array(buffer, byteOffset, length / 4);
}

function bytesToData(dtype: DType, bytes: Uint8Array): TensorData {
  if (dtype === "i8") return new Int8Array(bytes); // each byte modulo 256
  const width = DTYPE_BYTES[dtype];
  const data = createData(dtype, bytes.length / width);
  for (let i = 0; i < data.length; i++) {
    let value = 0;
    for (let b = 0; b < width; b++) value |= (bytes[i * width + b] ?? 0) << (8 * b);
    data[i] = value;
  }
  return data;
}

function assertInRange(
  tensor: Tensor,
  range: { readonly lo: number; readonly hi: number },
  item?: string,
): void {
  const whole = DTYPE_RANGE[tensor.dtype];
  const stored = tensor.data.BYTES_PER_ELEMENT === DTYPE_BYTES[tensor.dtype];
  if (stored && range.lo <= whole.lo && range.hi >= whole.hi) return;
  for (let i = 0; i < tensor.data.length; i++) {
    const value = tensor.data[i] ?? 0;
    if (value < range.lo || value > range.hi) throw rangeError(range, { index: i, value }, item);
  }
}

function rangeError(
  range: { readonly lo: number; readonly hi: number },
  found: { readonly index: number; readonly value: number },
  item?: string,
): AivmError {
  return new AivmError("AIVM_RANGE", {
    what: `element ${found.index}`,
    want: `an integer in [${range.lo}, ${range.hi}]`,
    got: `${found.value}`,
    remedy: "clamp when quantising, with the scale and zero of the program's metadata",
    ...(item === undefined ? {} : { item }),
  });
}
