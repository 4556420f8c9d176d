import { expect } from "chai";
import { planProgram } from "../../../../aivm/engine/plan/plan.ts";
import { type DType, OPS, opNamed, type Tensor, tensorOf, tensorType } from "../../../../aivm/index.ts";
import { loaded, modelAround, programOf } from "../../support/models.ts";
import { randomNode } from "../../support/nodes.ts";
import { createRandom } from "../../support/random.ts";
import { expectPlansAgree } from "./agree.ts";

describe("the planner", () => {
  it("gives kernels multipliers and shifts in their ranges, as constants beyond them count", async () => {
    const of = (dtype: DType, values: readonly number[]): Tensor => tensorOf(dtype, [values.length], values);
    const constants = [
      tensorOf("i8", [3, 1], [1, 2, 3]),
      of("i32", [0, 0, 0]),
      of("i32", [-5, 2 ** 31 - 1, 3]),
      of("i8", [0, 20, -128]),
    ];
    const model = loaded(
      programOf({
        inputs: [tensorType("i8", [2, 1], { lo: -9, hi: 9 })],
        constants: constants.map(({ dtype, shape }) => tensorType(dtype, shape)),
        ops: [
          {
            opcode: opNamed("linear").opcode,
            operands: [
              { kind: "input", index: 0 },
              ...constants.map((_, index) => ({ kind: "const" as const, index })),
            ],
            output: tensorType("i16", [2, 3]),
            attrs: [0],
          },
        ],
      }),
      constants,
    );
    await expectPlansAgree(model, [tensorOf("i8", [2, 1], [9, -9])], "clamped constants");
    const plan = planProgram(model);
    const [multiplier, shift] = [13, 16].map((word) => plan.constants[plan.words[word + 1] ?? 0]);
    expect(Array.from(multiplier?.data ?? [])).to.deep.equal([0, 2 ** 21 - 1, 3]);
    expect(Array.from(shift?.data ?? [])).to.deep.equal([0, 20, 0]);
  });

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
