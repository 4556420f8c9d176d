/** The check that this engine makes of a module before it runs anything: its whole way of running against the reference, on extremes. */
import { equalBytes } from "../../../common/bytes.ts";
import { AivmError } from "../../../common/errors.ts";
import { opOf } from "../../ops/registry.ts";
import { type Tensor, tensorRoot } from "../../tensor/tensor.ts";
import type { RunResult } from "../engine.ts";
import { createReferenceEngine } from "../reference/referenceEngine.ts";
import { openEngine } from "./open.ts";
import { type SelfTestModel, selfTestModel } from "./selfTestModel.ts";

const tested = new WeakMap<Uint8Array, Promise<void>>();

/**
 * Runs a model of extremes through the interpreter, with steps fused and with every output kept and hashed, and compares
 * with the reference. Once for the same array.
 * @throws AIVM_SELF_TEST when one element differs; AIVM_WASM when the module can not be loaded.
 */
export function assertKernels(wasm: Uint8Array): Promise<void> {
  let test = tested.get(wasm);
  if (test === undefined) {
    test = testKernels(wasm);
    tested.set(wasm, test);
  }
  return test;
}

/** The model, and what the reference makes of it: the same for every module of the process. */
let expected: Promise<{ readonly of: SelfTestModel; readonly want: RunResult }> | undefined;

async function testKernels(wasm: Uint8Array): Promise<void> {
  expected ??= expect();
  const { of, want } = await expected;
  const { program } = of.model;
  const engine = await openEngine({ model: of.model, wasm });
  const { inputs } = of;
  const fused = await caught(() => engine.run({ inputs }));
  for (const [i, { source }] of program.outputs.entries()) {
    compare(opName(of, source.index), fused.outputs[i], want.outputs[i]);
  }
  const kept = await caught(() => engine.run({ inputs, keepOps: true, hashOps: true }));
  for (const op of program.ops.keys()) {
    compare(`${opName(of, op)}, kept`, kept.ops?.[op], want.ops?.[op]);
    const [got, root] = [kept.opRoots?.[op], want.ops?.[op]];
    if (got === undefined || root === undefined || !equalBytes(got, tensorRoot(root))) {
      throw selfTestError("its root", "another one", `${opName(of, op)}, hashed`);
    }
  }
}

async function expect(): Promise<{ readonly of: SelfTestModel; readonly want: RunResult }> {
  const of = selfTestModel();
  const want = await createReferenceEngine(of.model).run({ inputs: of.inputs, keepOps: true });
  return { of, want };
}

/** What damaged code does is as bad as a wrong bit: it traps. */
async function caught(run: () => Promise<RunResult>): Promise<RunResult> {
  try {
    return await run();
  } catch (cause) {
    throw selfTestError("a result", cause instanceof Error ? cause.message : String(cause), "the whole");
  }
}

function compare(item: string, got: Tensor | undefined, want: Tensor | undefined): void {
  const wrong = want?.data.findIndex((value, i) => got?.data[i] !== value) ?? -1;
  if (wrong < 0) return;
  throw selfTestError(`${want?.data[wrong]} at element ${wrong}`, `${got?.data[wrong]}`, item);
}

function opName({ model }: SelfTestModel, op: number): string {
  return `op ${op}, ${opOf(model.program.ops[op]?.opcode ?? 0).name}`;
}

function selfTestError(want: string, got: string, item: string): AivmError {
  return new AivmError("AIVM_SELF_TEST", {
    what: "self-test of the wasm engine",
    want,
    got,
    remedy: "use the reference engine on this machine, and report the machine",
    item,
  });
}
