import { expect } from "chai";
import type { NativeBinding } from "../../../../aivm/engine/native/binding.ts";
import { createNativeEngine } from "../../../../aivm/engine/native/nativeEngine.ts";
import { createReferenceEngine, type Tensor, tensorRoot, tensorType } from "../../../../aivm/index.ts";
import { rejectsCode } from "../../support/errors.ts";
import { full, loaded, programOf } from "../../support/models.ts";
import { literal } from "../../support/nodes.ts";
import { createRandom, randomTensor } from "../../support/random.ts";
import { bindingOrSkip } from "./support.ts";

const identity = { opcode: 8, output: full("i8", 3), attrs: [0, 1, 0, 0] };
const small = loaded(
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

/** A convolution with a residual sum and a view of it, on which threads share the work. */
function wideModel(): { readonly model: typeof small; readonly x: () => Tensor } {
  const [image, weights] = [full("i8", 1, 24, 24, 32), full("i8", 32, 3, 3, 32)];
  const channel = { bias: full("i32", 32), multiplier: tensorType("i32", [32], { lo: 0, hi: 4095 }) };
  const shift = tensorType("i8", [32], { lo: 0, hi: 30 });
  const random = createRandom(7);
  const constants = [weights, channel.bias, channel.multiplier, shift].map((type) =>
    randomTensor(random, type),
  );
  const program = programOf({
    inputs: [image],
    constants: [weights, channel.bias, channel.multiplier, shift],
    ops: [
      {
        opcode: 1,
        operands: [
          { kind: "input", index: 0 },
          ...[0, 1, 2, 3].map((index) => ({ kind: "const" as const, index })),
        ],
        output: image,
        attrs: [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0],
      },
      {
        opcode: 6,
        operands: [
          { kind: "op", index: 0 },
          { kind: "input", index: 0 },
        ],
        output: image,
        attrs: [1, 1, 0, 1, 0],
      },
      { opcode: 10, operands: [{ kind: "op", index: 1 }], output: full("i8", 24 * 24, 32), attrs: [] },
    ],
  });
  return { model: loaded(program, constants), x: () => randomTensor(random, image) };
}

describe("the native engine", () => {
  let binding: NativeBinding;
  before(async function () {
    binding = await bindingOrSkip(this);
  });

  it("gives the outputs in program order, the gas that was predicted, and every op when asked", async () => {
    const engine = await createNativeEngine({ model: small, binding });
    const seen: [number, Tensor][] = [];
    const result = await engine.run({ inputs, keepOps: true, onOp: (op, output) => seen.push([op, output]) });
    const [once, thrice] = [new Int8Array([1, 2, -3]), new Int8Array([3, 6, -9])];
    expect(result.outputs.map((tensor) => tensor.data)).to.deep.equal([thrice, once]);
    expect(result.ops?.map((tensor) => tensor.data)).to.deep.equal([once, thrice]);
    expect(seen.map(([op]) => op)).to.deep.equal([0, 1]);
    expect(result.gas).to.equal(small.vmGas);
    expect((await engine.run({ inputs })).ops).to.equal(undefined);
    expect(engine.name).to.equal("native");
    await engine.close();
  });

  for (const requests of [1, 2]) {
    it(`refuses inputs that are not the program's, ${requests} in flight`, async () => {
      const engine = await createNativeEngine({ model: small, binding, requests });
      await rejectsCode("AIVM_INPUTS", engine.run({ inputs: [] }));
      await rejectsCode("AIVM_SHAPE", engine.run({ inputs: [literal([1, 3], [1, 2, 3])] }));
      await rejectsCode("AIVM_DTYPE", engine.run({ inputs: [literal([3], [1, 2, 3], "i16")] }));
      await rejectsCode("AIVM_RANGE", engine.run({ inputs: [literal([3], [1, 2, 10])] }));
      await rejectsCode("AIVM_RANGE", engine.run({ inputs: [literal([3], [-10, 2, 1])] }));
      expect((await engine.run({ inputs })).outputs.length).to.equal(2);
      await engine.close();
    });
  }

  it("keeps requests in flight apart, whatever the event loop does meanwhile", async () => {
    const { model, x } = wideModel();
    const engine = await createNativeEngine({ model, binding, requests: 3, threads: 2 });
    const runs = Array.from({ length: 20 }, () => [x()]);
    let ticks = 0;
    const ticking = setImmediate(function tick() {
      ticks++;
      Object.assign(ticking, setImmediate(tick));
    });
    const got = await Promise.all(
      runs.map((given, i) => engine.run({ inputs: given, keepOps: i % 2 === 0 })),
    );
    clearImmediate(ticking);
    expect(ticks).to.be.above(0);
    const reference = createReferenceEngine(model);
    for (const [i, given] of runs.entries()) {
      const want = await reference.run({ inputs: given, keepOps: true });
      expect(got[i]?.outputs).to.deep.equal(want.outputs);
      if (i % 2 === 0) expect(got[i]?.ops).to.deep.equal(want.ops);
    }
    await engine.close();
  });

  for (const requests of [1, 2]) {
    it(`hashes ops while it runs, as tensorRoot does, ${requests} in flight`, async () => {
      const { model, x } = wideModel();
      const engine = await createNativeEngine({ model, binding, threads: 2, requests });
      for (let i = 0; i < 5; i++) {
        const { ops, opRoots } = await engine.run({ inputs: [x()], keepOps: true, hashOps: true });
        expect(ops?.length).to.equal(3);
        expect(opRoots).to.deep.equal(ops?.map(tensorRoot));
      }
      const { ops } = await engine.run({ inputs: [x()], hashOps: true });
      expect(ops).to.equal(undefined);
      await engine.close();
    });
  }

  it("refuses more requests than it was made for, and any after it was closed", async () => {
    const engine = await createNativeEngine({ model: small, binding, requests: 2 });
    const running = Array.from({ length: 2 + 128 }, () => engine.run({ inputs }));
    await rejectsCode("AIVM_BUSY", engine.run({ inputs }));
    expect((await Promise.all(running)).length).to.equal(130);
    await engine.close();
    await rejectsCode("AIVM_CLOSED", engine.run({ inputs }));
    const other = await createNativeEngine({ model: small, binding });
    await other.close();
    await rejectsCode("AIVM_CLOSED", other.run({ inputs }));
  });

  it("refuses levels and numbers of threads that there are not", async () => {
    await rejectsCode(
      "AIVM_NATIVE_LEVEL",
      createNativeEngine({ model: small, binding, level: "sse9" as "avx2" }),
    );
    await rejectsCode("AIVM_NATIVE", createNativeEngine({ model: small, binding, threads: 0 }));
    await rejectsCode("AIVM_NATIVE", createNativeEngine({ model: small, binding, requests: 1.5 }));
  });
});
