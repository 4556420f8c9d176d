import { expect } from "chai";
import { openEngine } from "../../../../aivm/engine/wasm/open.ts";
import { createWasmEngine, planWasm, wasmMemory } from "../../../../aivm/engine/wasm/wasmEngine.ts";
import { createReferenceEngine, type Tensor, tensorRoot } from "../../../../aivm/index.ts";
import { nodeWorkers } from "../../../../aivm/io/wasmWorkers.ts";
import { freshKernels } from "../../../../scripts/buildWasm.ts";
import { rejectsCode } from "../../support/errors.ts";
import { network } from "./network.ts";

const PAGE = 65_536;

/** Weights that are large beside the activations, so that shards differ in what they hold. */
const { model, inputs } = network({ size: 4, channels: 128, blocks: 6 });

function values(tensors: readonly Tensor[] = []): unknown[] {
  return tensors.map(({ dtype, shape, data }) => ({ dtype, shape, data: Array.from(data) }));
}

/** Bytes of the smallest memory in which every op fits: found by trying. */
function smallest(): number {
  for (let pages = 1; ; pages++) {
    try {
      planWasm(model, { maxMemoryBytes: pages * PAGE });
      return pages * PAGE;
    } catch {
      // One page more.
    }
  }
}

describe("a model larger than one memory", () => {
  const sizes = [smallest(), smallest() + 2 * PAGE];

  it("is cut into several shards, each within its memory", () => {
    for (const maxMemoryBytes of sizes) {
      const { shards } = planWasm(model, { maxMemoryBytes });
      expect(shards.length).to.be.above(2);
      expect(shards[0]?.part.first).to.equal(0);
      expect(shards.at(-1)?.part.end).to.equal(model.program.ops.length);
      for (const [i, { layout, part }] of shards.entries()) {
        expect(layout.bytes).to.be.at.most(maxMemoryBytes);
        expect(part.first).to.equal(i === 0 ? 0 : shards[i - 1]?.part.end);
      }
    }
  });

  const modes = {
    "in the calling thread": {},
    "with a team": { pool: nodeWorkers, threads: 2 },
    "in flight": { pool: nodeWorkers, requests: 2 },
  };
  for (const [mode, options] of Object.entries(modes)) {
    it(`gives the same bits ${mode}, kept and hashed too, piece by piece`, async () => {
      const wasm = await freshKernels();
      const reference = createReferenceEngine(model);
      for (const maxMemoryBytes of sizes) {
        // Room for a second arena and scratch.
        const room = "requests" in options ? maxMemoryBytes + 3 * PAGE : maxMemoryBytes;
        const engine = await createWasmEngine({ ...options, model, wasm, maxMemoryBytes: room });
        for (const seed of [1, 2]) {
          const want = await reference.run({ inputs: inputs(seed), keepOps: true });
          const [plain, again] = await Promise.all([1, 2].map(() => engine.run({ inputs: inputs(seed) })));
          expect(values(plain?.outputs)).to.deep.equal(values(want.outputs));
          expect(values(again?.outputs)).to.deep.equal(values(want.outputs));
          const kept = await engine.run({ inputs: inputs(seed), keepOps: true, hashOps: true });
          expect(values(kept.outputs)).to.deep.equal(values(want.outputs));
          expect(values(kept.ops)).to.deep.equal(values(want.ops));
          const { opRoots } = await engine.run({ inputs: inputs(seed), hashOps: true });
          expect(opRoots).to.deep.equal(want.ops?.map(tensorRoot));
        }
        await engine.close();
      }
    });
  }

  it("is refused with a typed error when one op does not fit", async () => {
    const maxMemoryBytes = smallest() - PAGE;
    const error = await rejectsCode(
      "AIVM_WASM_MEMORY",
      createWasmEngine({ model, wasm: await freshKernels(), maxMemoryBytes }),
    );
    expect(error.facts.item).to.match(/^op \d+, \w+$/);
  });
});

describe("the memory that an engine declares", () => {
  it("is what its memories have, in every mode, and known from the plan", async () => {
    const wasm = await freshKernels();
    for (const options of [
      {},
      { pool: nodeWorkers },
      { pool: nodeWorkers, threads: 3 },
      { pool: nodeWorkers, requests: 3 },
      { maxMemoryBytes: smallest() },
    ]) {
      const declared = wasmMemory(planWasm(model, options));
      const engine = await openEngine({ ...options, model, wasm });
      const bytes = engine.memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
      expect(engine.memory).to.deep.equal(declared);
      expect(bytes).to.equal(declared.totalBytes);
      const arenas = "requests" in options ? 3 : 1;
      const { constantBytes, arenaBytes, scratchBytes, totalBytes } = declared;
      expect(constantBytes + arenas * arenaBytes + scratchBytes).to.equal(totalBytes);
      await engine.run({ inputs: inputs(1) });
      expect(engine.memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0)).to.equal(bytes);
      await engine.close();
    }
  });
});
