import { expect } from "chai";
import { instantiateKernels } from "../../../aivm/engine/wasm/kernels.ts";
import { createWasmEngine } from "../../../aivm/engine/wasm/wasmEngine.ts";
import {
  createReferenceEngine,
  type Engine,
  type LoadedModel,
  type Tensor,
  tensorType,
} from "../../../aivm/index.ts";
import { readKernels } from "../../../aivm/io/wasm.ts";
import { freshKernels, KERNELS_PATH } from "../../../scripts/buildWasm.ts";
import { rejectsCode, throwsCode } from "../support/errors.ts";
import { full, loaded, programOf } from "../support/models.ts";
import { literal } from "../support/nodes.ts";

const identity = { opcode: 8, output: full("i8", 3), attrs: [0, 1, 0, 0] };
const model = loaded(
  programOf({
    inputs: [tensorType("i8", [3], { lo: -9, hi: 9 })],
    ops: [
      { ...identity, operands: [{ kind: "input", index: 0 }] },
      { ...identity, operands: [{ kind: "op", index: 0 }], attrs: [0, 3, 0, 0] },
    ],
    outputs: [1, 0],
  }),
);
const inputs = [literal([3], [1, 2, -3])];

const ENGINES: Readonly<Record<string, (of: LoadedModel) => Promise<Engine>>> = {
  reference: async (of) => createReferenceEngine(of),
  wasm: async (of) => createWasmEngine({ model: of, wasm: await freshKernels() }),
};

for (const [name, create] of Object.entries(ENGINES)) {
  describe(`the ${name} engine`, () => {
    it("gives the outputs in program order, the gas that was predicted, and every op when asked", async () => {
      const engine = await create(model);
      const seen: [number, Tensor][] = [];
      const result = await engine.run({
        inputs,
        keepOps: true,
        onOp: (op, output) => seen.push([op, output]),
      });
      const [once, thrice] = [new Int8Array([1, 2, -3]), new Int8Array([3, 6, -9])];
      expect(result.outputs.map((tensor) => tensor.data)).to.deep.equal([thrice, once]);
      expect(result.ops?.map((tensor) => tensor.data)).to.deep.equal([once, thrice]);
      expect(seen.map(([op]) => op)).to.deep.equal([0, 1]);
      expect(result.gas).to.equal(model.vmGas);
      expect((await engine.run({ inputs })).ops).to.equal(undefined);
      expect(engine.name).to.equal(name);
    });

    it("gives the same again, whatever ran in between", async () => {
      const engine = await create(model);
      const first = await engine.run({ inputs });
      await engine.run({ inputs: [literal([3], [9, -9, 9])] });
      expect(await engine.run({ inputs })).to.deep.equal(first);
    });

    it("refuses inputs that are not the program's", async () => {
      const engine = await create(model);
      await rejectsCode("AIVM_INPUTS", engine.run({ inputs: [] }));
      await rejectsCode("AIVM_SHAPE", engine.run({ inputs: [literal([1, 3], [1, 2, 3])] }));
      await rejectsCode("AIVM_DTYPE", engine.run({ inputs: [literal([3], [1, 2, 3], "i16")] }));
      await rejectsCode("AIVM_RANGE", engine.run({ inputs: [literal([3], [1, 2, 10])] }));
    });
  });
}

describe("the wasm engine's self-test", () => {
  /** f64x2.nearest, and what rounds otherwise in as many bytes. */
  const NEAREST = [0xfd, 0x94, 0x01];
  const WRONG = { ceil: [0xfd, 0xf4, 0x00], floor: [0xfd, 0xf5, 0x00], trunc: [0xfd, 0xfa, 0x00] };

  for (const [rounding, code] of Object.entries(WRONG)) {
    it(`refuses kernels that round by ${rounding}`, async () => {
      const wasm = Uint8Array.from(await freshKernels());
      const at = wasm.findIndex((_, i) => NEAREST.every((byte, j) => wasm[i + j] === byte));
      expect(at).to.be.above(0);
      wasm.set(code, at);
      await rejectsCode("AIVM_SELF_TEST", createWasmEngine({ model, wasm }));
    });
  }

  it("says so when a model needs more memory than the kernels can address", async () => {
    const kernels = await instantiateKernels(await freshKernels());
    throwsCode("AIVM_WASM", () => kernels.allocate(2 ** 34));
  });

  it("refuses bytes that are no module, and names the remedy when there are none", async () => {
    await rejectsCode("AIVM_WASM", createWasmEngine({ model, wasm: new Uint8Array([1, 2, 3]) }));
    await rejectsCode("AIVM_WASM", readKernels(`${KERNELS_PATH}.missing`));
  });
});
