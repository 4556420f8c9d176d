import { OPS, opNamed } from "../../../../aivm/index.ts";
import { modelAround } from "../../support/models.ts";
import { randomNode } from "../../support/nodes.ts";
import { createRandom } from "../../support/random.ts";
import { expectPlansAgree } from "./agree.ts";

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
