import { expect } from "chai";
import type { NativeBinding } from "../../../../aivm/engine/native/binding.ts";
import { preparePlan } from "../../../../aivm/engine/native/executor.ts";
import type { StepProgram } from "../../../../aivm/engine/plan/format.ts";
import { planProgram } from "../../../../aivm/engine/plan/plan.ts";
import { OPS, opNamed } from "../../../../aivm/index.ts";
import { throwsCode } from "../../support/errors.ts";
import { modelAround } from "../../support/models.ts";
import { randomNode } from "../../support/nodes.ts";
import { createRandom } from "../../support/random.ts";
import { bindingOrSkip } from "./support.ts";

/** Words that lead astray wherever a size, a stride, an offset or a number is expected. */
const BAD = [-1, 2 ** 31 - 1, -(2 ** 31), 1_000_003];

describe("the native engine's check of step programs", () => {
  let binding: NativeBinding;
  before(async function () {
    binding = await bindingOrSkip(this);
  });

  const plansOf = (
    name: string,
  ): { program: Parameters<typeof preparePlan>[1]["program"]; steps: StepProgram }[] =>
    [1, 2, 3].map((seed) => {
      const { model } = modelAround(randomNode(name, createRandom(seed * 1000 + opNamed(name).opcode)));
      return { program: model.program, steps: planProgram(model) };
    });

  for (const { name } of OPS) {
    it(`survives every word of ${name} that could lead outside its memory: a typed error or a plan that keeps to it`, () => {
      for (const { program, steps } of plansOf(name)) {
        for (let at = 0; at < steps.words.length; at++) {
          for (const bad of BAD) {
            const words = steps.words.slice();
            words[at] = bad;
            // A large size with a stride of 0 keeps to its memory, but takes its time: it is only checked.
            expectTypedOrSafe(binding, { program, steps: { ...steps, words } }, bad < 0);
          }
        }
      }
    });
  }

  it("refuses an arena that is too small, constants that are too short, and slots of another length", () => {
    for (const { name } of OPS) {
      for (const { program, steps } of plansOf(name)) {
        const refused = (changed: Partial<StepProgram>): void => {
          throwsCode("AIVM_NATIVE_PLAN", () =>
            preparePlan({ binding, level: "scalar" }, { program, steps: { ...steps, ...changed } }),
          );
        };
        refused({ arenaBytes: 0 });
        refused({ words: steps.words.subarray(0, -1) });
        refused({ outputs: steps.outputs.map(({ offset, bytes }) => ({ offset, bytes: bytes + 1 })) });
        refused({ inputs: steps.inputs.map(({ bytes }) => ({ offset: steps.arenaBytes, bytes })) });
        if (steps.constants.length > 0) {
          refused({
            constants: steps.constants.map((tensor) => ({ ...tensor, data: tensor.data.subarray(1) })),
          });
          refused({ constants: [] });
        }
      }
    }
  });
});

/** Prepares a plan with a word changed, and runs it when it was let through: it may compute nonsense, in its own memory. */
function expectTypedOrSafe(
  binding: NativeBinding,
  of: Parameters<typeof preparePlan>[1],
  runs: boolean,
): void {
  try {
    const { plan } = preparePlan({ binding, level: "scalar" }, of);
    const packed = Array.from(binding.convSteps(plan), (_, conv) => {
      const target = new Uint8Array(binding.allocate(binding.packedBytes(plan, conv)));
      binding.pack(plan, conv, target);
      return target;
    });
    const lanes = binding.createLanes(plan, packed, 1, 1);
    if (runs) lanes.run();
    lanes.close();
  } catch (error) {
    const { code } = error as { readonly code?: string };
    expect(code, String(error)).to.be.oneOf(["AIVM_NATIVE_PLAN", "AIVM_NATIVE_MEMORY"]);
  }
}
