/** One element recomputed from opened chunks: the judge's half of the accessor that the engine runs over tensors. */
import type { Verdict } from "../../common/errors.ts";
import type { OpNode } from "../ops/op.ts";
import { elementFunction } from "../ops/registry.ts";
import { elementCount } from "../tensor/shape.ts";
import {
  CHUNK_ELEMENTS,
  chunkBytes,
  chunkToData,
  type TensorData,
  type TensorType,
} from "../tensor/tensor.ts";

/** Opened chunks of one operand, by chunk index. */
export type OpenedChunks = ReadonlyMap<number, TensorData>;

/**
 * Value of one output element of a validated node, from opened chunks. The chunks must be exactly those that the op
 * reads, so that an element has one witness only.
 * Codes: AIVM_WITNESS_ELEMENT (no such element), AIVM_WITNESS_INCOMPLETE, AIVM_WITNESS_SURPLUS.
 */
export function evaluateElement(options: {
  readonly node: OpNode;
  readonly element: number;
  /** One map per operand. */
  readonly chunks: readonly OpenedChunks[];
}): Verdict<{ readonly value: number }> {
  const { node, element, chunks } = options;
  const count = elementCount(node.descriptor.output.shape);
  if (!Number.isInteger(element) || element < 0 || element >= count) {
    return { ok: false, code: "AIVM_WITNESS_ELEMENT", at: `element ${element} of ${count}` };
  }
  const used = node.operands.map(() => new Set<number>());
  let missing: string | undefined;
  // A missing chunk reads as 0: the op is total, so it ends, and the verdict is about the chunk.
  const value = elementFunction(node)(element, (operand, index) => {
    const chunk = Math.floor(index / CHUNK_ELEMENTS);
    const data = chunks[operand]?.get(chunk);
    used[operand]?.add(chunk);
    if (data !== undefined) return data[index % CHUNK_ELEMENTS] ?? 0;
    missing ??= `operand ${operand}, chunk ${chunk}`;
    return 0;
  });
  if (missing !== undefined) return { ok: false, code: "AIVM_WITNESS_INCOMPLETE", at: missing };
  const surplus = chunks.findIndex((opened, operand) => opened.size !== (used[operand]?.size ?? 0));
  if (surplus >= 0) return { ok: false, code: "AIVM_WITNESS_SURPLUS", at: `operand ${surplus}` };
  return { ok: true, value };
}

/** Chunks of each operand that one output element reads, ascending, and its value. */
export function recordReads(options: {
  readonly node: OpNode;
  readonly operands: readonly { readonly data: TensorData }[];
  readonly element: number;
}): { readonly value: number; readonly chunks: readonly (readonly number[])[] } {
  const { node, operands, element } = options;
  const used = node.operands.map(() => new Set<number>());
  const value = elementFunction(node)(element, (operand, index) => {
    used[operand]?.add(Math.floor(index / CHUNK_ELEMENTS));
    return operands[operand]?.data[index] ?? 0;
  });
  return { value, chunks: used.map((set) => [...set].sort((a, b) => a - b)) };
}

/**
 * A chunk shown by a party, judged by itself: its length, and zeros beyond the tensor's shape.
 * Codes: AIVM_CHUNK_INDEX, AIVM_CHUNK_LENGTH, AIVM_CHUNK_PADDING.
 */
export function checkChunk(options: {
  readonly type: Pick<TensorType, "dtype" | "shape">;
  readonly index: number;
  readonly bytes: Uint8Array;
}): Verdict<{ readonly data: TensorData /** Elements of the tensor in it. */; readonly elements: number }> {
  const { type, index, bytes } = options;
  const elements = Math.min(CHUNK_ELEMENTS, elementCount(type.shape) - index * CHUNK_ELEMENTS);
  if (!Number.isInteger(index) || index < 0 || elements < 1) {
    return { ok: false, code: "AIVM_CHUNK_INDEX", at: `chunk ${index}` };
  }
  if (bytes.length !== chunkBytes(type.dtype)) {
    return {
      ok: false,
      code: "AIVM_CHUNK_LENGTH",
      at: `${bytes.length} bytes, want ${chunkBytes(type.dtype)}`,
    };
  }
  const data = chunkToData(type.dtype, bytes);
  const stray = data.findIndex((value, i) => i >= elements && value !== 0);
  if (stray >= 0) return { ok: false, code: "AIVM_CHUNK_PADDING", at: `element ${stray}` };
  return { ok: true, data, elements };
}
