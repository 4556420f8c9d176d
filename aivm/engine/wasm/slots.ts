/** One run in flight: views of where its inputs, boundary tensors and outputs lie, and the jobs that compute them. */
import type { Ref } from "../../program/program.ts";
import { typeOfRef } from "../../program/program.ts";
import { DTYPE_BYTES, type DType, type TensorData } from "../../tensor/tensor.ts";
import type { ArenaSlot } from "../plan/format.ts";
import type { Layout } from "./layout.ts";
import type { Job } from "./pool.ts";
import type { Shard, WasmPlan } from "./wasmPlan.ts";

/** A part of a run: its job, then what is copied to the parts behind it. */
interface Stage {
  readonly job: Job;
  readonly copies: readonly { readonly from: Uint8Array; readonly to: Uint8Array }[];
}

/** Where one run works. */
export interface Slot {
  readonly inputs: readonly { readonly input: number; readonly view: TensorData }[];
  readonly stages: readonly Stage[];
  readonly outputs: readonly {
    readonly dtype: DType;
    readonly shape: readonly number[];
    /** Its place, or none for an output that is an input or a constant of the program. */
    readonly view: TensorData | undefined;
    readonly source: Ref;
  }[];
}

/** Slot number `index` of the plan, in its memories as they are now. */
export function slotOf(plan: WasmPlan, memories: readonly WebAssembly.Memory[], index: number): Slot {
  const { program } = plan.model;
  const bytesAt = ({ layout }: Shard, shard: number, slot: ArenaSlot): Uint8Array =>
    new Uint8Array(bufferOf(memories, shard), (layout.arenas[index] ?? 0) + slot.offset, slot.bytes);
  const places = placesOfOutputs(plan, bytesAt);
  const inputs: { input: number; view: TensorData }[] = [];
  const copies = plan.shards.map((): { from: Uint8Array; to: Uint8Array }[] => []);
  for (const [number, shard] of plan.shards.entries()) {
    for (const [i, ref] of shard.part.inputs.entries()) {
      const to = bytesAt(shard, number, slotAt(shard.layout.plan.inputs, i));
      if (ref.kind === "input") inputs.push({ input: ref.index, view: typed(to, dtypeOf(plan, ref)) });
      else {
        const place = places.get(ref.index);
        if (place !== undefined) copies[place.shard]?.push({ from: place.bytes, to });
      }
    }
  }
  return {
    inputs,
    stages: plan.shards.map(({ layout }, shard) => ({
      job: jobOf(layout, {
        shard,
        arena: index,
        scratch: plan.requests > 0 ? index : 0,
        control: plan.threads > 1 ? layout.control : 0,
      }),
      copies: copies[shard] ?? [],
    })),
    outputs: program.outputs.map(({ source }) => {
      const type = typeOfRef(program, source) ?? { dtype: "i8" as const, shape: [] };
      const place = source.kind === "op" ? places.get(source.index) : undefined;
      return { dtype: type.dtype, shape: type.shape, source, view: place && typed(place.bytes, type.dtype) };
    }),
  };
}

/** Job that runs a whole layout. `arena` and `scratch` are numbers of them. */
export function jobOf(
  layout: Layout,
  of: { readonly shard: number; readonly arena: number; readonly scratch: number; readonly control: number },
): Job {
  const { first, end, table, scratchStride, parallel } = layout;
  return {
    shard: of.shard,
    first,
    end,
    control: of.control,
    arena: layout.arenas[of.arena] ?? 0,
    table,
    scratch: layout.scratch + of.scratch * scratchStride,
    scratchStride,
    parallel,
  };
}

/** Elements of `dtype` that `bytes` are. */
export function typed({ buffer, byteOffset, length }: Uint8Array, dtype: DType): TensorData {
  if (dtype === "i8") return new Int8Array(buffer, byteOffset, length);
  const count = length / DTYPE_BYTES[dtype];
  return dtype === "i16"
    ? new Int16Array(buffer, byteOffset, count)
    : new Int32Array(buffer, byteOffset, count);
}

/** Which shard leaves the output of an op that is read later, and where. */
function placesOfOutputs(
  plan: WasmPlan,
  bytesAt: (shard: Shard, number: number, slot: ArenaSlot) => Uint8Array,
): ReadonlyMap<number, { readonly shard: number; readonly bytes: Uint8Array }> {
  const places = new Map<number, { shard: number; bytes: Uint8Array }>();
  for (const [number, shard] of plan.shards.entries()) {
    for (const [i, op] of shard.part.outputs.entries()) {
      const slot = slotAt(shard.layout.plan.outputs, i);
      places.set(op, { shard: number, bytes: bytesAt(shard, number, slot) });
    }
  }
  return places;
}

function slotAt(slots: readonly ArenaSlot[], index: number): ArenaSlot {
  const slot = slots[index];
  if (slot === undefined) throw new RangeError(`no slot ${index} in a plan`);
  return slot;
}

function dtypeOf(plan: WasmPlan, ref: Ref): DType {
  return typeOfRef(plan.model.program, ref)?.dtype ?? "i8";
}

function bufferOf(memories: readonly WebAssembly.Memory[], shard: number): ArrayBufferLike {
  const memory = memories[shard];
  if (memory === undefined) throw new RangeError(`no memory of shard ${shard}`);
  return memory.buffer;
}
