import { expect } from "chai";
import { planProgram } from "../../../../aivm/engine/plan/plan.ts";
import {
  createReferenceEngine,
  type LoadedModel,
  OPS,
  opNamed,
  type Tensor,
  type TensorData,
} from "../../../../aivm/index.ts";
import { modelAround } from "../../support/models.ts";
import { randomNode } from "../../support/nodes.ts";
import { createRandom } from "../../support/random.ts";
import { interpret } from "./interpreter.ts";

function bytesOf(data: TensorData): number[] {
  return Array.from(new Int8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** Runs a model's plans, with and without kept ops, and compares with the reference engine. */
async function expectPlansAgree(model: LoadedModel, inputs: readonly Tensor[], what: string): Promise<void> {
  const want = await createReferenceEngine(model).run({ inputs, keepOps: true });
  const fast = interpret(planProgram(model), inputs);
  expect(fast.outputs.map(bytesOf), what).to.deep.equal(want.outputs.map(({ data }) => bytesOf(data)));
  const kept = interpret(planProgram(model, { keepOps: true }), inputs);
  expect(kept.outputs.map(bytesOf), `${what}, kept`).to.deep.equal(
    want.outputs.map(({ data }) => bytesOf(data)),
  );
  expect(kept.ops.map(bytesOf), `${what}, ops`).to.deep.equal(
    (want.ops ?? []).map(({ data }) => bytesOf(data)),
  );
}

describe("the planner", () => {
  for (const { name } of OPS) {
    it(`keeps the meaning of ${name}`, async () => {
      for (let seed = 1; seed <= 40; seed++) {
        const { model, inputs } = modelAround(
          randomNode(name, createRandom(seed * 977 + opNamed(name).opcode)),
        );
        await expectPlansAgree(model, inputs, `${name}, seed ${seed}`);
      }
    });
  }
});
