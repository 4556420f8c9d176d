/** The check that this engine makes of itself before it runs anything: every family of kernels against the reference. */
import { bytesToHex } from "../../../common/bytes.ts";
import { AivmError } from "../../../common/errors.ts";
import { sha256 } from "../../../common/sha256.ts";
import { nodeOf } from "../../program/node.ts";
import type { Ref } from "../../program/program.ts";
import { type Tensor, tensorToBytes } from "../../tensor/tensor.ts";
import { planProgram } from "../plan/plan.ts";
import { evaluateOp } from "../reference/referenceEngine.ts";
import type { NativeBinding, NativeLevel } from "./binding.ts";
import { createExecutor, preparePlan } from "./executor.ts";
import { createPacks } from "./packs.ts";
import { type SelfTestCase, selfTestCases } from "./selfTestCases.ts";

/** Levels that have passed, by the add-on that they are of. */
const passed = new WeakMap<NativeBinding, Set<NativeLevel>>();

/** SHA-256 of the outputs of all cases as the reference computes them: comparing with it costs no reference run. */
export const SELF_TEST_DIGEST: string = "e3ea729facc642aa2c71ce7ed15b8ebc392e6b5e44aed905e9e97d769a01db3d";

/**
 * Runs small programs on extreme operands, ties of the rounding and both clamps on one level, and compares with what the
 * reference gives; once for each level of an add-on.
 * @throws AIVM_SELF_TEST when one element differs; AIVM_NATIVE_LEVEL.
 */
export function selfTest(binding: NativeBinding, level: NativeLevel): void {
  const done = passed.get(binding) ?? new Set();
  if (done.has(level)) return;
  const cases = selfTestCases();
  const outputs = cases.map((given) => runNative({ binding, level }, given));
  if (digestOf(outputs) !== SELF_TEST_DIGEST) {
    for (const [i, given] of cases.entries()) compare(outputs[i], given, level);
    throw new RangeError("the digest of the self-test is not the reference's");
  }
  passed.set(binding, done.add(level));
}

/** Hash of outputs' bytes, in order. */
export function digestOf(outputs: readonly Tensor[]): string {
  return bytesToHex(sha256(...outputs.map(tensorToBytes)));
}

function compare(got: Tensor | undefined, given: SelfTestCase, level: NativeLevel): void {
  const want = referenceOutput(given).data;
  const wrong = want.findIndex((value, i) => got?.data[i] !== value);
  if (wrong < 0) return;
  throw new AivmError("AIVM_SELF_TEST", {
    what: "self-test of the native engine",
    want: `${want[wrong]} at element ${wrong}`,
    got: `${got?.data[wrong]}`,
    remedy: "use the wasm engine on this machine, and report the machine",
    item: `${given.program.name}, ${level}`,
  });
}

function runNative(
  of: { readonly binding: NativeBinding; readonly level: NativeLevel },
  given: SelfTestCase,
): Tensor {
  const { program } = given;
  const packs = createPacks(of.binding, given.constants.length);
  const prepared = preparePlan(of, { program, steps: planProgram(given) });
  const executor = createExecutor({ ...of, threads: 1, requests: 1 }, { model: given, packs, prepared });
  try {
    executor.put(0, given.inputs);
    executor.run(0, given.inputs, false);
    const [output] = executor.outputs(0);
    if (output === undefined) throw new RangeError("a case has one output");
    return output;
  } finally {
    executor.close();
    packs.close();
  }
}

/** Output of a case's last op, by the reference. */
export function referenceOutput({ program, constants, inputs }: SelfTestCase): Tensor {
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
