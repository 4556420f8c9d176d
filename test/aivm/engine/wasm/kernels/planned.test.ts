import { expect } from "chai";
import { KERNEL, type StepProgram } from "../../../../../aivm/engine/plan/format.ts";
import { planProgram } from "../../../../../aivm/engine/plan/plan.ts";
import {
  createReferenceEngine,
  OPS,
  opNamed,
  type Tensor,
  type TensorData,
} from "../../../../../aivm/index.ts";
import { modelAround } from "../../../support/models.ts";
import { randomNode } from "../../../support/nodes.ts";
import { createRandom } from "../../../support/random.ts";
import { createKernelModule, type KernelModule } from "./kernelModule.ts";

/** Ops whose kernels are elsewhere. */
const PRODUCTS = ["conv2d", "linear", "matmul", "matmulDiv"];
const CASES = 40;

describe("wasm kernels under the planner", () => {
  let module: KernelModule;

  before(async () => {
    module = await createKernelModule();
  });

  for (const { name } of OPS.filter((op) => !PRODUCTS.includes(op.name))) {
    it(`give the reference's bits for ${name}`, async () => {
      for (let seed = 1; seed <= CASES; seed++) {
        const random = createRandom(seed * 1_003 + opNamed(name).opcode);
        const { model, inputs } = modelAround(randomNode(name, random));
        const want = await createReferenceEngine(model).run({ inputs });
        const got = runPlan(module, planProgram(model), { inputs, threads: random.int(1, 3) });
        const bytes = want.outputs.map(({ data }) => bytesOf(data));
        expect(got, `seed ${seed}`).to.deep.equal(bytes);
      }
    });
  }
});

/** Bytes of a plan's outputs after a run of all of its steps. */
function runPlan(
  module: KernelModule,
  plan: StepProgram,
  run: { readonly inputs: readonly Tensor[]; readonly threads: number },
): number[][] {
  module.reset();
  const put = (bytes: readonly number[], at: number): void =>
    new Uint8Array(module.memory.buffer).set(bytes, at);
  const arena = module.allocate(plan.arenaBytes);
  const constants = plan.constants.map(({ data }) => {
    const at = module.allocate(data.byteLength);
    put(bytesOf(data), at);
    return at;
  });
  const table = module.allocate(4 * constants.length);
  put(bytesOf(Int32Array.from(constants)), table);
  for (const [i, slot] of plan.inputs.entries()) {
    put(bytesOf(run.inputs[i]?.data ?? new Int8Array(0)), arena + slot.offset);
  }
  const steps = module.allocate(plan.words.byteLength);
  put(bytesOf(plan.words), steps);
  for (let at = 0; at < plan.words.length; at += plan.words[at + 1] ?? plan.words.length) {
    const step = steps + 4 * at;
    module.call("setPlaces", arena, table, module.allocate(module.call("scratchBytes", step)));
    for (let thread = run.threads - 1; thread >= 0; thread--) {
      module.call(kernelName(plan.words[at]), step, thread, run.threads);
    }
  }
  return plan.outputs.map(({ offset, bytes }) => [
    ...new Uint8Array(module.memory.buffer.slice(arena + offset, arena + offset + bytes)),
  ]);
}

function kernelName(number: number | undefined): string {
  return Object.entries(KERNEL).find(([, value]) => value === number)?.[0] ?? "none";
}

function bytesOf(data: TensorData): number[] {
  return Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}
