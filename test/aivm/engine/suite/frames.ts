/** Frames of aivm/engine/native/test/suite_main.cc: what the suite and the runner without JavaScript say to each other. */
import { type ArenaSlot, DTYPE_CODE, type StepProgram } from "../../../../aivm/engine/plan/format.ts";
import {
  createTensor,
  DTYPE_BYTES,
  elementCount,
  outputTypes,
  type Program,
  type Tensor,
  type TensorType,
  tensorFromBytes,
  tensorToBytes,
} from "../../../../aivm/index.ts";
import { concatBytes } from "../../../../common/bytes.ts";

/** Commands. */
export const COMMAND = { levels: 0, plan: 1, run: 2, drop: 3 } as const;

/** Little-endian u32s. */
export function u32s(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

function u64(value: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
}

/** The frame of a plan. */
export function planFrame(
  given: { readonly number: number; readonly level: number; readonly threads: number },
  steps: StepProgram,
  program: Program,
): Uint8Array {
  const { number, level, threads } = given;
  const types = {
    inputs: program.inputs.map(({ type }) => type),
    outputs: outputTypes(program),
    ops: program.ops.map(({ output }) => output),
  };
  return concatBytes(
    u32s(COMMAND.plan, number, level, threads, steps.words.length),
    new Uint8Array(steps.words.buffer, steps.words.byteOffset, steps.words.byteLength),
    u32s(steps.constants.length),
    ...steps.constants.flatMap((tensor) => [u64(tensor.data.byteLength), tensorToBytes(tensor)]),
    u64(steps.arenaBytes),
    slotsFrame(steps.inputs, types.inputs),
    slotsFrame(steps.outputs, types.outputs),
    slotsFrame(steps.ops ?? [], types.ops),
  );
}

function slotsFrame(slots: readonly ArenaSlot[], types: readonly TensorType[]): Uint8Array {
  const items = slots.flatMap(({ offset, bytes }, i) => {
    const { dtype, lo, hi } = types[i] ?? { dtype: "i8", lo: 0, hi: 0 };
    return [u64(offset), u64(bytes), new Uint8Array(Int32Array.of(DTYPE_CODE[dtype], lo, hi).buffer)];
  });
  return concatBytes(u32s(slots.length), ...items);
}

/** The frame of a run. */
export function runFrame(number: number, hash: boolean, inputs: readonly Tensor[]): Uint8Array {
  return concatBytes(u32s(COMMAND.run, number, hash ? 1 : 0), ...inputs.map(tensorToBytes));
}

/** Bytes of tensors of these types, one behind the other. */
export function bytesOf(types: readonly TensorType[]): number {
  return types.reduce((sum, { dtype, shape }) => sum + elementCount(shape) * DTYPE_BYTES[dtype], 0);
}

/** Tensors of these types from bytes one behind the other; values out of their declared range are kept as they are. */
export function tensorsFrom(types: readonly TensorType[], bytes: Uint8Array): Tensor[] {
  let at = 0;
  return types.map(({ dtype, shape }) => {
    const { lo, hi } = { lo: -(2 ** 31), hi: 2 ** 31 - 1 };
    const length = createTensor(dtype, shape).data.byteLength;
    at += length;
    return tensorFromBytes({ dtype, shape, lo, hi }, bytes.subarray(at - length, at));
  });
}
