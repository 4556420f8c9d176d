/** The engine for Node and browsers: SIMD kernels for dense products, plain loops of its own for the rest. */
import { nodeOf, opGas } from "../../program/node.ts";
import type { Ref } from "../../program/program.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { assertInputs, type Engine, type RunnableModel, type RunOptions, type RunResult } from "../engine.ts";
import { instantiateKernels } from "./kernels.ts";
import type { Loop } from "./loops/loop.ts";
import { type PlannedOp, planLoops } from "./plan.ts";
import { selfTest } from "./selfTest.ts";

/**
 * Engine for one model. Packs its weights into the kernels' memory once.
 * @param options.wasm the compiled kernels (build/wasm/kernels.wasm)
 * @throws AIVM_WASM when they can not be loaded; AIVM_SELF_TEST when one bit differs from the reference.
 */
export async function createWasmEngine(options: {
  readonly model: RunnableModel;
  readonly wasm: Uint8Array;
}): Promise<Engine> {
  const { model, wasm } = options;
  selfTest(await instantiateKernels(wasm));
  const kernels = await instantiateKernels(wasm);
  const ops = model.program.ops.map((descriptor) => ({
    node: nodeOf(model.program, descriptor),
    constants: descriptor.operands.map((ref) =>
      ref.kind === "const" ? model.constants[ref.index] : undefined,
    ),
  }));
  const loops = planLoops(kernels, ops);
  const memory = { constantBytes: 0, arenaBytes: 0, scratchBytes: 0, totalBytes: 0 };
  return {
    name: "wasm",
    memory,
    close: async () => undefined,
    run: async (run) => runLoops({ model, ops, loops }, run),
  };
}

function runLoops(
  plan: {
    readonly model: RunnableModel;
    readonly ops: readonly PlannedOp[];
    readonly loops: readonly Loop[];
  },
  options: RunOptions,
): RunResult {
  const { program, constants } = plan.model;
  assertInputs(program, options.inputs);
  const done: Tensor[] = [];
  const tensors = { input: options.inputs, op: done, const: constants };
  let gas = 0n;
  for (const [index, { node }] of plan.ops.entries()) {
    const operands = node.descriptor.operands.map((ref) => existing(tensors[ref.kind][ref.index], ref));
    const loop = plan.loops[index];
    if (loop === undefined) throw new RangeError(`op ${index} was not planned`);
    const { dtype, shape } = node.descriptor.output;
    const output = { dtype, shape, data: loop(node, operands) };
    gas += opGas(node);
    done.push(output);
    options.onOp?.(index, output);
  }
  const outputs = program.outputs.map(({ source }) => existing(tensors[source.kind][source.index], source));
  return options.keepOps === true ? { outputs, gas, ops: done } : { outputs, gas };
}

function existing(tensor: Tensor | undefined, ref: Ref): Tensor {
  if (tensor !== undefined) return tensor;
  throw new RangeError(`no ${ref.kind} ${ref.index}: the model was not validated`);
}
