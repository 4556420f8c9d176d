/** A plan with its lanes: inputs in, outputs out. */
import { AivmError } from "../../../common/errors.ts";
import { outputTypes, type Program } from "../../program/program.ts";
import { elementCount, equalShapes } from "../../tensor/shape.ts";
import {
  DTYPE_BYTES,
  type DType,
  type Tensor,
  type TensorData,
  type TensorType,
} from "../../tensor/tensor.ts";
import { assertInputs, type RunnableModel } from "../engine.ts";
import { type ArenaSlot, DTYPE_CODE, type StepProgram } from "../plan/format.ts";
import { type NativeBinding, type NativeLanes, type NativeLevel, nativeCall, RUN_DONE } from "./binding.ts";
import type { Packs, PreparedPlan } from "./packs.ts";
import { unpackedConstants } from "./refs.ts";

/** Views of one lane's arena. */
interface LaneViews {
  readonly inputs: readonly TensorData[];
  readonly outputs: readonly Tensor[];
  readonly ops: readonly Tensor[];
  readonly roots: ArrayBuffer;
}

/** Runs one plan on its lanes. */
export interface Executor {
  readonly scratchBytes: number;
  /** Puts inputs into a lane. @throws what `assertInputs` does, the range of elements aside. */
  put(lane: number, inputs: readonly Tensor[]): void;
  /** Runs in the calling thread. @throws AIVM_RANGE. */
  run(lane: number, inputs: readonly Tensor[], hash: boolean): void;
  /** Runs on the lane's own thread. @throws AIVM_RANGE. */
  start(lane: number, inputs: readonly Tensor[], hash: boolean): Promise<void>;
  /** Copies of what a run left in a lane. */
  outputs(lane: number): Tensor[];
  ops(lane: number): Tensor[];
  roots(lane: number): Uint8Array[];
  close(): void;
}

/** How an engine's plans are made. */
export interface ExecutorOptions {
  readonly binding: NativeBinding;
  readonly level: NativeLevel;
  readonly threads: number;
  readonly requests: number;
}

/**
 * The step program of a model, checked by the add-on.
 * @throws AIVM_NATIVE_PLAN when its words do not keep to its memory; AIVM_NATIVE_LEVEL.
 */
export function preparePlan(
  options: Pick<ExecutorOptions, "binding" | "level">,
  of: { readonly program: Program; readonly steps: StepProgram },
): PreparedPlan {
  const { program, steps } = of;
  const inputs = slotsOf(
    program.inputs.map(({ type }) => type),
    steps.inputs,
    "inputs",
  );
  const outputs = slotsOf(outputTypes(program), steps.outputs, "outputs");
  const kept = steps.ops === undefined ? [] : program.ops.map(({ output }) => output);
  const ops = slotsOf(kept, steps.ops ?? [], "ops");
  const owned = { ...steps, constants: withOwnSmall(options.binding, steps) };
  const constants = owned.constants.map(({ data }) => data);
  const plan = nativeCall("step program", () =>
    options.binding.createPlan(options.level, steps.words, constants, steps.arenaBytes, inputs, outputs, ops),
  );
  return { program: owned, plan };
}

/** Constants up to this size that steps read as they are get memory of their own. */
const SMALL_BYTES = 65_536;

/**
 * The constants, those that steps read as they are copied where they are small: in a mapped file each of them would keep
 * its whole neighbourhood in memory, 16 pages at a time.
 */
function withOwnSmall(binding: NativeBinding, { words, constants }: StepProgram): readonly Tensor[] {
  const read = unpackedConstants(words);
  return constants.map((tensor, index) => {
    if (!read.has(index) || tensor.data.byteLength > SMALL_BYTES) return tensor;
    const data = tensor.data.slice();
    binding.release(tensor.data);
    return { ...tensor, data };
  });
}

/** Executor of a prepared plan of a model. */
export function createExecutor(
  options: ExecutorOptions,
  of: { readonly model: RunnableModel; readonly packs: Packs; readonly prepared: PreparedPlan },
): Executor {
  const { binding } = options;
  const { program } = of.model;
  const { prepared } = of;
  const waiting = new Map<number, (status: number) => void>();
  const onDone = (lane: number, status: number): void => waiting.get(lane)?.(status);
  const packed = of.packs.of(prepared);
  const lanes = nativeCall("arena of a run", () =>
    binding.createLanes(
      prepared.plan,
      packed,
      options.threads,
      options.requests,
      options.requests > 1 ? onDone : undefined,
    ),
  );
  const views = lanes.arenas.map((arena, lane) =>
    viewsOf({ program, steps: prepared.program, lanes }, { arena, lane }),
  );
  const viewOf = (lane: number): LaneViews => views[lane] ?? missing();
  const assertDone = (status: number, inputs: readonly Tensor[]): void => {
    if (status === RUN_DONE) return;
    assertInputs(program, inputs);
    throw new RangeError(`input ${status} is out of range for the add-on only`);
  };
  return {
    scratchBytes: lanes.scratchBytes,
    put: (lane, inputs) => putInputs(program, viewOf(lane).inputs, inputs),
    run: (lane, inputs, hash) => {
      assertDone(
        nativeCall("run", () => lanes.run(lane, hash ? 1 : 0)),
        inputs,
      );
    },
    start: async (lane, inputs, hash) => {
      const status = await new Promise<number>((resolve) => {
        waiting.set(lane, resolve);
        lanes.start(lane, hash ? 1 : 0);
      });
      assertDone(status, inputs);
    },
    outputs: (lane) => viewOf(lane).outputs.map(copyOf),
    ops: (lane) => viewOf(lane).ops.map(copyOf),
    roots: (lane) => viewOf(lane).ops.map((_, op) => new Uint8Array(viewOf(lane).roots, 32 * op, 32).slice()),
    close: () => {
      lanes.close();
      for (const buffer of [...lanes.arenas, ...lanes.roots]) binding.detach(buffer);
      views.length = 0;
    },
  };
}

/** Fills the inputs' views. What does not fit at a glance is left to the port's own check, which says why. */
function putInputs(program: Program, views: readonly TensorData[], inputs: readonly Tensor[]): void {
  if (inputs.length !== views.length) assertInputs(program, inputs);
  for (let i = 0; i < views.length; i++) {
    const tensor = inputs[i] ?? missing();
    const view = views[i] ?? missing();
    const type = program.inputs[i]?.type ?? missing();
    const fits =
      tensor.dtype === type.dtype &&
      tensor.data.length === view.length &&
      tensor.data.BYTES_PER_ELEMENT === view.BYTES_PER_ELEMENT &&
      equalShapes(tensor.shape, type.shape);
    if (!fits) assertInputs(program, inputs);
    view.set(tensor.data);
  }
}

function viewsOf(
  of: { readonly program: Program; readonly steps: StepProgram; readonly lanes: NativeLanes },
  at: { readonly arena: ArrayBuffer; readonly lane: number },
): LaneViews {
  const { program, steps, lanes } = of;
  const tensors = (types: readonly TensorType[], slots: readonly ArenaSlot[]): Tensor[] =>
    types.map(({ dtype, shape }, i) => {
      return { dtype, shape, data: viewAt(at.arena, { dtype, slot: slots[i] ?? missing() }) };
    });
  const { ops } = steps;
  return {
    inputs: tensors(
      program.inputs.map(({ type }) => type),
      steps.inputs,
    ).map(({ data }) => data),
    outputs: tensors(outputTypes(program), steps.outputs),
    ops:
      ops === undefined
        ? []
        : tensors(
            program.ops.map(({ output }) => output),
            ops,
          ),
    roots: lanes.roots[at.lane] ?? missing(),
  };
}

function viewAt(arena: ArrayBuffer, of: { readonly dtype: DType; readonly slot: ArenaSlot }): TensorData {
  const { offset, bytes } = of.slot;
  if (of.dtype === "i8") return new Int8Array(arena, offset, bytes);
  return of.dtype === "i16"
    ? new Int16Array(arena, offset, bytes / 2)
    : new Int32Array(arena, offset, bytes / 4);
}

function copyOf({ dtype, shape, data }: Tensor): Tensor {
  return { dtype, shape, data: data.slice() };
}

/** Rows for the add-on: offset, bytes, dtype, lo, hi. @throws AIVM_NATIVE_PLAN when a slot has not its tensor's length. */
function slotsOf(types: readonly TensorType[], slots: readonly ArenaSlot[], what: string): BigInt64Array {
  const rows = types.flatMap(({ dtype, shape, lo, hi }, i) => {
    const { offset, bytes } = slots[i] ?? { offset: 0, bytes: -1 };
    if (bytes !== elementCount(shape) * DTYPE_BYTES[dtype]) throw slotError(what, i);
    return [offset, bytes, DTYPE_CODE[dtype], lo, hi];
  });
  if (slots.length !== types.length) throw slotError(what, types.length);
  return BigInt64Array.from(rows.map(BigInt));
}

function slotError(what: string, index: number): AivmError {
  return new AivmError("AIVM_NATIVE_PLAN", {
    what: `step program's ${what}`,
    want: "a slot of the tensor's length for each",
    got: `another at ${index}`,
    remedy: "plan the model with this version",
  });
}

function missing(): never {
  throw new RangeError("the engine was closed, or the model was not validated");
}
