import { expect } from "chai";
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
import { rejectsCode } from "../support/errors.ts";
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
  /** f64.min and f64.nearest, one behind the other; and what rounds otherwise. */
  const NEAREST = [0xa4, 0x9e];
  const WRONG = { ceil: [0xa4, 0x9b], floor: [0xa4, 0x9c], trunc: [0xa4, 0x9d] };
  /** The constant 1.5 x 2^52, whose addition rounds half to even, and 1.5 x 2^51, whose does not. */
  const MAGIC = [0, 0, 0, 0, 0, 0, 0x38, 0x43];
  const HALF_MAGIC = [0, 0, 0, 0, 0, 0, 0x28, 0x43];
  /** i32x4.dot_i16x8_s, and i32x4.mul. */
  const DOT = [0xfd, 0xba, 0x01];
  const NO_DOT = [0xfd, 0xb5, 0x01];

  /** The kernels with every `from` in them replaced. */
  async function damaged(from: readonly number[], to: readonly number[]): Promise<Uint8Array> {
    const wasm = Uint8Array.from(await freshKernels());
    let found = 0;
    for (let at = 0; at < wasm.length; at++) {
      if (!from.every((byte, j) => wasm[at + j] === byte)) continue;
      wasm.set(to, at);
      found++;
    }
    expect(found, "places to damage").to.be.above(0);
    return wasm;
  }

  for (const [rounding, code] of Object.entries(WRONG)) {
    it(`refuses kernels that round by ${rounding}`, async () => {
      await rejectsCode("AIVM_SELF_TEST", createWasmEngine({ model, wasm: await damaged(NEAREST, code) }));
    });
  }

  it("refuses kernels that round to halves, or add products otherwise", async () => {
    await rejectsCode("AIVM_SELF_TEST", createWasmEngine({ model, wasm: await damaged(MAGIC, HALF_MAGIC) }));
    await rejectsCode("AIVM_SELF_TEST", createWasmEngine({ model, wasm: await damaged(DOT, NO_DOT) }));
  });

  it("refuses the same module again", async () => {
    const wasm = await damaged(MAGIC, HALF_MAGIC);
    await rejectsCode("AIVM_SELF_TEST", createWasmEngine({ model, wasm }));
    await rejectsCode("AIVM_SELF_TEST", createWasmEngine({ model, wasm }));
  });

  it("says so when an op needs more memory than it may have", async () => {
    const wasm = await freshKernels();
    const large = loaded(
      programOf({
        inputs: [full("i8", 100_000)],
        ops: [{ ...identity, operands: [{ kind: "input", index: 0 }], output: full("i8", 100_000) }],
      }),
    );
    await rejectsCode("AIVM_WASM_MEMORY", createWasmEngine({ model: large, wasm, maxMemoryBytes: 65_536 }));
    await rejectsCode("AIVM_WASM_OPTIONS", createWasmEngine({ model, wasm, maxMemoryBytes: 2 ** 33 }));
  });

  it("refuses bytes that are no module, and names the remedy when there are none", async () => {
    await rejectsCode("AIVM_WASM", createWasmEngine({ model, wasm: new Uint8Array([1, 2, 3]) }));
    await rejectsCode("AIVM_WASM", readKernels(`${KERNELS_PATH}.missing`));
  });
});
