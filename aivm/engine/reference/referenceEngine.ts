/** The spec, run: every element of every op through the op's own element function. Slow and obvious. */
import { elementFunction } from "../../ops/registry.ts";
import { nodeOf, opGas } from "../../program/node.ts";
import type { Program, Ref } from "../../program/program.ts";
import { elementCount } from "../../tensor/shape.ts";
import { createTensor, DTYPE_BYTES, type Tensor, type TensorType, tensorRoot } from "../../tensor/tensor.ts";
import {
  assertInputs,
  type Engine,
  type EngineMemory,
  type RunnableModel,
  type RunOptions,
  type RunResult,
} from "../engine.ts";

/** Hooks into the reference engine. */
export interface ReferenceOptions {
  /** Replaces the output of an op before later ops read it: how a test actor computes onward from a lie. */
  readonly afterOp?: (opIndex: number, output: Tensor) => Tensor;
}

/** The reference engine for a model. Needs no time to start. */
export function createReferenceEngine(model: RunnableModel, options: ReferenceOptions = {}): Engine {
  return {
    name: "reference",
    memory: memoryOf(model.program),
    run: async (run) => runReference(model, { ...options, ...run }),
    close: async () => undefined,
  };
}

/** Every op's output is kept, and the constants are the model's own. */
function memoryOf(program: Program): EngineMemory {
  const bytesOf = (types: readonly TensorType[]): number =>
    types.reduce((sum, { dtype, shape }) => sum + elementCount(shape) * DTYPE_BYTES[dtype], 0);
  const arenaBytes = bytesOf(program.ops.map(({ output }) => output));
  const constantBytes = bytesOf(program.constants);
  return { constantBytes, arenaBytes, scratchBytes: 0, totalBytes: constantBytes + arenaBytes };
}

function runReference(model: RunnableModel, options: ReferenceOptions & RunOptions): RunResult {
  const { program, constants } = model;
  assertInputs(program, options.inputs);
  const done: Tensor[] = [];
  const tensors = { input: options.inputs, op: done, const: constants };
  const tensorAt = (ref: Ref): Tensor => existing(tensors[ref.kind][ref.index], ref);
  let gas = 0n;
  for (const [index, descriptor] of program.ops.entries()) {
    const node = nodeOf(program, descriptor);
    const computed = evaluateOp(node, descriptor.operands.map(tensorAt));
    gas += opGas(node);
    const output = options.afterOp?.(index, computed) ?? computed;
    done.push(output);
    options.onOp?.(index, output);
  }
  const outputs = program.outputs.map((port) => tensorAt(port.source));
  return {
    outputs,
    gas,
    ...(options.keepOps === true ? { ops: done } : {}),
    ...(options.hashOps === true ? { opRoots: done.map(tensorRoot) } : {}),
  };
}

/** Whole output tensor of a validated node. */
export function evaluateOp(node: Parameters<typeof elementFunction>[0], operands: readonly Tensor[]): Tensor {
  const element = elementFunction(node);
  const { dtype, shape } = node.descriptor.output;
  const output = createTensor(dtype, shape);
  const data = operands.map((operand) => operand.data);
  const read = (operand: number, index: number): number => data[operand]?.[index] ?? 0;
  for (let i = 0; i < output.data.length; i++) output.data[i] = element(i, read);
  return output;
}

function existing(tensor: Tensor | undefined, ref: Ref): Tensor {
  if (tensor !== undefined) return tensor;
  throw new RangeError(`no ${ref.kind} ${ref.index}: the model was not validated`);
}
