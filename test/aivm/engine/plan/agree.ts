/** What planner tests ask of a plan. */
import { expect } from "chai";
import { planProgram } from "../../../../aivm/engine/plan/plan.ts";
import {
  createReferenceEngine,
  type LoadedModel,
  type Tensor,
  type TensorData,
} from "../../../../aivm/index.ts";
import { interpret } from "./interpreter.ts";

/** Runs a model's plans, with and without kept ops, and compares every byte with the reference engine. */
export async function expectPlansAgree(
  model: LoadedModel,
  inputs: readonly Tensor[],
  what: string,
): Promise<void> {
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

function bytesOf(data: TensorData): number[] {
  return Array.from(new Int8Array(data.buffer, data.byteOffset, data.byteLength));
}
