import { expect } from "chai";
import { createWasmEngine } from "../../../../aivm/engine/wasm/wasmEngine.ts";
import { createReferenceEngine, type Engine, type Tensor, tensorRoot } from "../../../../aivm/index.ts";
import { nodeWorkers } from "../../../../aivm/io/wasmWorkers.ts";
import { freshKernels } from "../../../../scripts/buildWasm.ts";
import { rejectsCode } from "../../support/errors.ts";
import { network } from "./network.ts";

const { model, inputs } = network({ size: 24, channels: 24, blocks: 3 });
const SEEDS = [1, 2, 3];

function values(tensors: readonly Tensor[] = []): unknown[] {
  return tensors.map(({ dtype, shape, data }) => ({ dtype, shape, data: Array.from(data) }));
}

/** Outputs for each seed by the reference, worked out once. */
let wanted: Promise<readonly { readonly outputs: unknown[]; readonly ops: readonly Tensor[] }[]> | undefined;

function want(): NonNullable<typeof wanted> {
  const reference = createReferenceEngine(model);
  wanted ??= Promise.all(
    SEEDS.map(async (seed) => {
      const { outputs, ops = [] } = await reference.run({ inputs: inputs(seed), keepOps: true });
      return { outputs: values(outputs), ops };
    }),
  );
  return wanted;
}

async function withEngine(
  options: Omit<Parameters<typeof createWasmEngine>[0], "model" | "wasm">,
  use: (engine: Engine) => Promise<void>,
): Promise<void> {
  const engine = await createWasmEngine({ ...options, model, wasm: await freshKernels() });
  try {
    await use(engine);
  } finally {
    await engine.close();
  }
}

const MODES = {
  "the calling thread": {},
  "the calling thread, in shared memory": { pool: nodeWorkers },
  "a team of two threads": { pool: nodeWorkers, threads: 2 },
  "a team of three threads": { pool: nodeWorkers, threads: 3 },
  "one request in flight": { pool: nodeWorkers, requests: 1 },
  "three requests in flight": { pool: nodeWorkers, requests: 3 },
};

for (const [mode, options] of Object.entries(MODES)) {
  describe(`the wasm engine with ${mode}`, () => {
    it("gives the reference's bits, run after run", async () => {
      const expected = await want();
      await withEngine(options, async (engine) => {
        for (let round = 0; round < 20; round++) {
          const seed = round % SEEDS.length;
          const { outputs } = await engine.run({ inputs: inputs(SEEDS[seed] ?? 0) });
          expect(values(outputs), `round ${round}`).to.deep.equal(expected[seed]?.outputs);
        }
      });
    });

    it("gives every op and its root when asked, and the plain outputs in between", async () => {
      const expected = await want();
      await withEngine(options, async (engine) => {
        for (const [i, seed] of SEEDS.entries()) {
          const seen: number[] = [];
          const onOp = (op: number): unknown => seen.push(op);
          const run = await engine.run({ inputs: inputs(seed), keepOps: true, hashOps: true, onOp });
          const ops = expected[i]?.ops ?? [];
          expect(values(run.outputs)).to.deep.equal(expected[i]?.outputs);
          expect(values(run.ops)).to.deep.equal(values(ops));
          expect(run.opRoots).to.deep.equal(ops.map(tensorRoot));
          expect(seen).to.deep.equal([...ops.keys()]);
          const plain = await engine.run({ inputs: inputs(seed) });
          expect(values(plain.outputs)).to.deep.equal(expected[i]?.outputs);
          const roots = await engine.run({ inputs: inputs(seed), hashOps: true });
          expect([roots.ops, roots.opRoots]).to.deep.equal([undefined, run.opRoots]);
        }
      });
    });

    it("gives the same to requests that come all at once", async () => {
      const expected = await want();
      await withEngine(options, async (engine) => {
        const jobs = Array.from({ length: 12 }, (_, i) => i % SEEDS.length);
        const runs = await Promise.all(
          jobs.map((seed, i) => engine.run({ inputs: inputs(SEEDS[seed] ?? 0), hashOps: i % 4 === 3 })),
        );
        for (const [i, { outputs }] of runs.entries()) {
          expect(values(outputs), `request ${i}`).to.deep.equal(expected[jobs[i] ?? 0]?.outputs);
        }
      });
    });

    it("runs no more once it is closed, and closes twice", async () => {
      const engine = await createWasmEngine({ ...options, model, wasm: await freshKernels() });
      await engine.run({ inputs: inputs(1) });
      await engine.close();
      await engine.close();
      await rejectsCode("AIVM_CLOSED", engine.run({ inputs: inputs(1) }));
    });
  });
}

describe("requests in flight", () => {
  it("leave the event loop free", async () => {
    await withEngine({ pool: nodeWorkers, requests: 1 }, async (engine) => {
      let turns = 0;
      let running = true;
      const count = (): void => {
        turns++;
        if (running) setImmediate(count);
      };
      setImmediate(count);
      await Promise.all(Array.from({ length: 20 }, () => engine.run({ inputs: inputs(1) })));
      running = false;
      expect(turns).to.be.above(10);
    });
  });

  it("wait in a bounded queue", async () => {
    const expected = await want();
    await withEngine({ pool: nodeWorkers, requests: 2, maxWaiting: 3 }, async (engine) => {
      const runs = Array.from({ length: 5 }, () => engine.run({ inputs: inputs(1) }));
      await rejectsCode("AIVM_BUSY", engine.run({ inputs: inputs(1) }));
      for (const { outputs } of await Promise.all(runs)) {
        expect(values(outputs)).to.deep.equal(expected[0]?.outputs);
      }
      const later = await engine.run({ inputs: inputs(2) });
      expect(values(later.outputs)).to.deep.equal(expected[1]?.outputs);
    });
  });

  it("are told when the engine is closed under them", async () => {
    const engine = await createWasmEngine({
      pool: nodeWorkers,
      requests: 1,
      model,
      wasm: await freshKernels(),
    });
    const runs = [1, 2, 3].map((seed) => rejectsCode("AIVM_CLOSED", engine.run({ inputs: inputs(seed) })));
    await engine.close();
    await Promise.all(runs);
  });
});

describe("options that make no sense", () => {
  it("are refused with a typed error", async () => {
    const wasm = await freshKernels();
    for (const options of [
      { threads: 2 },
      { requests: 1 },
      { pool: nodeWorkers, threads: 0 },
      { pool: nodeWorkers, threads: 1.5 },
      { pool: nodeWorkers, threads: 2, requests: 2 },
      { pool: nodeWorkers, requests: -1 },
    ]) {
      await rejectsCode("AIVM_WASM_OPTIONS", createWasmEngine({ ...options, model, wasm }));
    }
  });

  it("a thread that does not start is a typed error too", async () => {
    const wasm = await freshKernels();
    const pool = {
      start: () => {
        const worker = nodeWorkers.start();
        void worker.end();
        return worker;
      },
    };
    await rejectsCode("AIVM_WORKER", createWasmEngine({ pool, requests: 1, model, wasm }));
  });
});
