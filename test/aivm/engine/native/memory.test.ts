import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import type { NativeBinding } from "../../../../aivm/engine/native/binding.ts";
import { createNativeEngine } from "../../../../aivm/engine/native/nativeEngine.ts";
import { type EngineMemory, encodeArtifact } from "../../../../aivm/index.ts";
import { mapArtifact } from "../../../../aivm/io/mappedArtifact.ts";
import { mappedPackCache } from "../../../../aivm/io/mappedPackCache.ts";
import { throwsCode } from "../../support/errors.ts";
import { modelAround } from "../../support/models.ts";
import { randomNode } from "../../support/nodes.ts";
import { createRandom } from "../../support/random.ts";
import { bigArtifact } from "./bigModel.ts";
import { bindingOrSkip } from "./support.ts";

interface Measured {
  readonly memory: EngineMemory;
  readonly allocated: number;
  readonly grown: number;
  readonly peak: number;
}

describe("the native engine's memory", () => {
  let binding: NativeBinding;
  let folder: string;
  before(async function () {
    binding = await bindingOrSkip(this);
    folder = mkdtempSync(join(tmpdir(), "aivm-native-"));
  });
  after(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  async function measure(path: string, cache: string): Promise<Measured> {
    const child = join(import.meta.dirname, "memoryChild.ts");
    const args = ["--import", "tsx", "--expose-gc", child, path, cache];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return JSON.parse(stdout);
  }

  function modelOf(name: string, seed: number): { path: string; given: ReturnType<typeof modelAround> } {
    const given = modelAround(randomNode(name, createRandom(seed)));
    const path = join(folder, `${name}-${seed}.aivm`);
    writeFileSync(path, encodeArtifact(given.model.program, given.model.constants));
    return { path, given };
  }

  it("is what it says, and grows the process by no more, on weights of 42 MB", async function () {
    if (process.platform !== "linux") {
      console.log("      skipped: reads /proc");
      this.skip();
    }
    const path = join(folder, "big.aivm");
    writeFileSync(path, bigArtifact());
    const weights = statSync(path).size;
    const cache = join(folder, "cache");
    // Twice with a cache: it is written, then read.
    for (const at of ["", cache, cache]) {
      const found = await measure(path, at);
      const { memory, allocated, grown, peak } = found;
      const told = JSON.stringify(found);
      expect(memory.totalBytes, told).to.equal(
        memory.constantBytes + memory.arenaBytes + memory.scratchBytes,
      );
      // A cache that is mapped is no allocation; else all of it is, raw constants aside (there are none here).
      const mapped = at !== "" && allocated < memory.constantBytes ? memory.constantBytes : 0;
      expect(allocated + mapped, told).to.equal(memory.totalBytes);
      expect(grown, told).to.be.below(1.05 * memory.totalBytes);
      expect(peak, told).to.be.below(1.2 * (weights + memory.arenaBytes));
    }
    expect(readdirSync(cache).length).to.equal(1);
    expect(statSync(join(cache, readdirSync(cache)[0] ?? "")).mode & 0o777).to.equal(0o600);
  });

  it("maps artifacts: the same model, constants that nobody writes to, and typed errors", async () => {
    for (const name of ["conv2d", "linear", "table", "matmul", "gather"]) {
      for (const seed of [1, 2, 3]) {
        const { path, given } = modelOf(name, seed);
        const model = mapArtifact(path, binding);
        expect(model.modelId).to.deep.equal(given.model.modelId);
        // The pages are read-only: a write would end the process.
        const engine = await createNativeEngine({ model, binding, threads: 2 });
        const got = await engine.run({ inputs: given.inputs, keepOps: true, hashOps: true });
        const other = await createNativeEngine({ model: given.model, binding });
        expect(got.outputs).to.deep.equal((await other.run({ inputs: given.inputs })).outputs);
        await engine.close();
        expect(encodeArtifact(model.program, model.constants)).to.deep.equal(
          new Uint8Array(readFileSync(path)),
        );
      }
    }
    throwsCode("AIVM_FILE", () => mapArtifact(join(folder, "none.aivm"), binding));
    throwsCode("AIVM_FILE", () => mapArtifact(folder, binding));
  });

  it("keeps packed weights in a cache, and packs again what was damaged or is another's", async () => {
    const { given } = modelOf("conv2d", 5);
    const directory = join(folder, "packs");
    const cache = mappedPackCache(directory, binding);
    const run = async (): Promise<unknown> => {
      const engine = await createNativeEngine({ model: given.model, binding, cache });
      const { outputs } = await engine.run({ inputs: given.inputs });
      await engine.close();
      return outputs;
    };
    const want = await run();
    const [file = ""] = readdirSync(directory);
    const path = join(directory, file);
    const packed = readFileSync(path);
    expect(await run()).to.deep.equal(want);
    for (const at of [0, 31, 64, 100, 128, packed.length - 1]) {
      const damaged = Buffer.from(packed);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      rmSync(path);
      writeFileSync(path, damaged);
      expect(await run()).to.deep.equal(want);
      expect(readFileSync(path), `byte ${at}`).to.deep.equal(packed);
    }
    rmSync(path);
    writeFileSync(path, packed.subarray(0, 40));
    expect(await run()).to.deep.equal(want);
  });

  it("is given back when an engine is closed", async () => {
    const { given } = modelOf("conv2d", 6);
    await eventLoopTurns();
    const before = binding.allocatedBytes();
    const engine = await createNativeEngine({ model: given.model, binding, requests: 3, threads: 2 });
    expect(binding.allocatedBytes() - before).to.equal(engine.memory.totalBytes);
    await engine.run({ inputs: given.inputs, keepOps: true });
    await engine.close();
    await engine.close();
    await eventLoopTurns();
    expect(binding.allocatedBytes()).to.equal(before);
  });
});

/** Memory that was detached is given back in the next turns of the event loop. */
async function eventLoopTurns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}
