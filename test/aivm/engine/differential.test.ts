import { expect } from "chai";
import { createWasmEngine } from "../../../aivm/engine/wasm/wasmEngine.ts";
import {
  createReferenceEngine,
  type Engine,
  type LoadedModel,
  OPS,
  opNamed,
  programGas,
} from "../../../aivm/index.ts";
import { freshKernels } from "../../../scripts/buildWasm.ts";
import { modelAround } from "../support/models.ts";
import { coveredOps, randomNode } from "../support/nodes.ts";
import { createRandom } from "../support/random.ts";

const CASES = 40;

const ENGINES: Readonly<Record<string, (model: LoadedModel) => Promise<Engine>>> = {
  reference: async (model) => createReferenceEngine(model),
  wasm: async (model) => createWasmEngine({ model, wasm: await freshKernels() }),
};

describe("every engine", () => {
  it("is tried on every op there is", () => {
    expect(coveredOps().sort()).to.deep.equal(OPS.map((op) => op.name).sort());
  });

  for (const { name } of OPS) {
    it(`gives the reference's bits for ${name}, on extreme values and random shapes`, async () => {
      for (let seed = 1; seed <= CASES; seed++) {
        const { model, inputs } = modelAround(
          randomNode(name, createRandom(seed * 1000 + opNamed(name).opcode)),
        );
        const want = await createReferenceEngine(model).run({ inputs });
        for (const [engineName, create] of Object.entries(ENGINES)) {
          const got = await (await create(model)).run({ inputs });
          expect(got.outputs[0]?.data, `${engineName}, seed ${seed}`).to.deep.equal(want.outputs[0]?.data);
          expect(got.gas, `${engineName} gas`).to.equal(programGas(model.program));
        }
      }
    });
  }
});
