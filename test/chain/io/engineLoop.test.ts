import { expect } from "chai";
import type { Engine } from "../../../chain/engine/embedded/engine.ts";
import { startEngineLoop } from "../../../chain/io/engineLoop.ts";
import { createDisk, engineOn } from "../../support/engineFixture.ts";

/** The engine with its block production replaced. */
async function engineWith(
  produceBlock: (engine: Engine) => ReturnType<Engine["produceBlock"]>,
): Promise<Engine> {
  const engine = engineOn(createDisk());
  await engine.start();
  return { ...engine, produceBlock: () => produceBlock(engine) };
}

describe("engine loop", () => {
  it("never makes two blocks at once, also when a block takes longer than the interval", async () => {
    let running = 0;
    let most = 0;
    const enough = deferred();
    const engine = await engineWith(async (real) => {
      running += 1;
      most = Math.max(most, running);
      const applied = await real.produceBlock();
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      if (applied.block.header.height >= 6n) enough.resolve();
      return applied;
    });
    const loop = startEngineLoop(engine, 1);
    await enough.promise;
    await loop.stop();
    expect(most).to.equal(1);
  });

  it("ends after the block in progress", async () => {
    let running = 0;
    const begun = deferred();
    const engine = await engineWith(async (real) => {
      running += 1;
      begun.resolve();
      const applied = await real.produceBlock();
      running -= 1;
      return applied;
    });
    const loop = startEngineLoop(engine, 60_000);
    await begun.promise;
    await loop.stop();
    await loop.done;
    expect(running).to.equal(0);
    expect(engine.state().lastBlockHeight).to.equal(1n);
  });

  it("stops for good when a block fails, and says so", async () => {
    let calls = 0;
    const engine = await engineWith(() => {
      calls += 1;
      return Promise.reject(new Error("disk full"));
    });
    const loop = startEngineLoop(engine, 1);
    const failure: unknown = await loop.done.catch((error: unknown) => error);
    expect(String(failure)).to.contain("disk full");
    await loop.stop();
    expect(calls).to.equal(1);
  });
});

function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: () => resolve() };
}
