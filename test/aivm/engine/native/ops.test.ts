import { expect } from "chai";
import type { NativeBinding } from "../../../../aivm/engine/native/binding.ts";
import { createReferenceEngine, OPS, opNamed, programGas } from "../../../../aivm/index.ts";
import { modelAround } from "../../support/models.ts";
import { randomNode } from "../../support/nodes.ts";
import { createRandom } from "../../support/random.ts";
import { bindingOrSkip, enginesOf } from "./support.ts";

const CASES = 25;

describe("the native engine, at every level and with 1, 2 and 3 threads", () => {
  let binding: NativeBinding;
  before(async function () {
    binding = await bindingOrSkip(this);
  });

  for (const { name } of OPS) {
    it(`gives the reference's bits for ${name}, on extreme values and random shapes`, async () => {
      for (let seed = 1; seed <= CASES; seed++) {
        const node = randomNode(name, createRandom(seed * 1000 + opNamed(name).opcode));
        const { model, inputs } = modelAround(node);
        const want = await createReferenceEngine(model).run({ inputs, keepOps: true });
        for (const { name: variant, engine } of await enginesOf(binding, model)) {
          const got = await engine.run({ inputs });
          expect(got.outputs, `${variant}, seed ${seed}`).to.deep.equal(want.outputs);
          expect(got.gas, `${variant} gas`).to.equal(programGas(model.program));
          const kept = await engine.run({ inputs, keepOps: true });
          expect(kept.ops, `${variant} ops, seed ${seed}`).to.deep.equal(want.ops);
          expect(kept.outputs, `${variant} kept, seed ${seed}`).to.deep.equal(want.outputs);
          await engine.close();
        }
      }
    });
  }
});
