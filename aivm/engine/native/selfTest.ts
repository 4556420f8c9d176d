/** The check that this engine makes of itself before it runs anything: every family of kernels against the reference. */
import { AivmError } from "../../../common/errors.ts";
import { nodeOf } from "../../program/node.ts";
import type { Ref } from "../../program/program.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { planProgram } from "../plan/plan.ts";
import { evaluateOp } from "../reference/referenceEngine.ts";
import type { NativeBinding, NativeLevel } from "./binding.ts";
import { createExecutor, preparePlan } from "./executor.ts";
import { createPacks } from "./packs.ts";
import { type SelfTestCase, selfTestCases } from "./selfTestCases.ts";

/** Levels that have passed, by the add-on that they are of. */
const passed = new WeakMap<NativeBinding, Set<NativeLevel>>();

/**
 * Runs small programs on extreme operands, ties of the rounding and both clamps on one level, and compares with the
 * reference; once for each level of an add-on.
 * @throws AIVM_SELF_TEST when one element differs; AIVM_NATIVE_LEVEL.
 */
export function selfTest(binding: NativeBinding, level: NativeLevel): void {
  const done = passed.get(binding) ?? new Set();
  if (done.has(level)) return;
  for (const given of selfTestCases()) compare({ binding, level }, given);
  passed.set(binding, done.add(level));
}

function compare(
  of: { readonly binding: NativeBinding; readonly level: NativeLevel },
  given: SelfTestCase,
): void {
  const [got] = runNative(of, given);
  const want = reference(given).data;
  const wrong = want.findIndex((value, i) => got?.data[i] !== value);
  if (wrong < 0) return;
  throw new AivmError("AIVM_SELF_TEST", {
    what: "self-test of the native engine",
    want: `${want[wrong]} at element ${wrong}`,
    got: `${got?.data[wrong]}`,
    remedy: "use the wasm engine on this machine, and report the machine",
    item: `${given.program.name}, ${of.level}`,
  });
}

function runNative(
  of: { readonly binding: NativeBinding; readonly level: NativeLevel },
  given: SelfTestCase,
): readonly Tensor[] {
  const { program } = given;
  const packs = createPacks(of.binding, given.constants.length);
  const prepared = preparePlan(of, { program, steps: planProgram(given) });
  const executor = createExecutor({ ...of, threads: 1, requests: 1 }, { model: given, packs, prepared });
  try {
    executor.put(0, given.inputs);
    executor.run(0, given.inputs, false);
    return executor.outputs(0);
  } finally {
    executor.close();
    packs.close();
  }
}

/** Output of the last op. */
function reference({ program, constants, inputs }: SelfTestCase): Tensor {
  const done: Tensor[] = [];
  const tensors = { input: inputs, op: done, const: constants };
  const tensorAt = ({ kind, index }: Ref): Tensor => {
    const tensor = tensors[kind][index];
    if (tensor === undefined) throw new RangeError(`no ${kind} ${index}`);
    return tensor;
  };
  for (const descriptor of program.ops) {
    done.push(evaluateOp(nodeOf(program, descriptor), descriptor.operands.map(tensorAt)));
  }
  return tensorAt({ kind: "op", index: done.length - 1 });
}
