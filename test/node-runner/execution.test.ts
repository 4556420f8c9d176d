import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { inputRoot, tensorsToBytes } from "../../aivm/index.ts";
import { type Job, jobOf, resultOf } from "../../node-runner/core/execution.ts";
import { executeOnBest, executeOnReference } from "../../node-runner/io/execute.ts";
import { completeMessage } from "../../proto/index.ts";
import { rejectsCode } from "../aivm/support/errors.ts";
import { createLiar, type Lie } from "../support/actors/liar.ts";
import { tinyInput, tinyModel } from "./support/tinyModel.ts";

const model = tinyModel();
const job: Job = { model, inputs: [tinyInput()], seed: new Uint8Array(32).fill(1), maxTokens: 0 };

describe("node-runner: execution", () => {
  it("returns outputs and a trace that ends in their root", async () => {
    const executed = await executeOnReference(job);
    const trace = await executed.trace();
    expect(trace.slotRoots.at(-1)).to.deep.equal(resultOf(executed).outputRoot);
    expect(trace.slotRoots[0]).to.deep.equal(inputRoot({ tensors: job.inputs, ...job }));
  });

  it("takes only the input that the request's root commits to", () => {
    const input = tensorsToBytes(job.inputs);
    const request = completeMessage("aivm.inference.v1.Request", {
      seed: job.seed,
      maxTokens: 0,
      inputRoot: inputRoot({ tensors: job.inputs, ...job }),
    });
    expect(jobOf({ model, request, input })).to.have.property("ok", true);
    const other = input.slice();
    other[3] = (other[3] ?? 0) ^ 1;
    expect(jobOf({ model, request, input: other })).to.deep.include({ ok: false, code: "RUNNER_INPUT_ROOT" });
    expect(jobOf({ model, request, input: input.subarray(1) })).to.deep.include({
      ok: false,
      code: "RUNNER_INPUT",
    });
    const otherSeed = { ...request, seed: new Uint8Array(32).fill(2) };
    expect(jobOf({ model, request: otherSeed, input })).to.have.property("code", "RUNNER_INPUT_ROOT");
  });
});

describe("test actor: the liar", () => {
  it("changes one element, computes onward, and always changes the output bytes", async () => {
    const honest = await executeOnReference(job);
    const honestTrace = await honest.trace();
    const told = new Set<string>();
    for (let seed = 0; seed < 12; seed++) {
      const lies: Lie[] = [];
      const executed = await createLiar({ seed, onLie: (lie) => lies.push(lie) })(job);
      expect(resultOf(executed).output).not.to.deep.equal(resultOf(honest).output);
      const [lie] = lies;
      if (lie === undefined) throw new Error("no lie was told");
      told.add(`${lie.op}/${lie.element}/${lie.to - lie.from}`);
      const trace = await executed.trace();
      const first = trace.slotRoots.findIndex((root, slot) => !same(root, honestTrace.slotRoots[slot]));
      expect(first).to.equal(lie.op + 1);
      const mine = trace.execution.opOutputs[lie.op]?.data ?? [];
      const theirs = honestTrace.execution.opOutputs[lie.op]?.data ?? [];
      const different = [...mine].map((value, i) => (value === theirs[i] ? -1 : i)).filter((i) => i >= 0);
      expect(different).to.deep.equal([lie.element]);
      expect(trace.slotRoots.at(-1)).to.deep.equal(resultOf(executed).outputRoot);
    }
    expect(told.size).to.be.greaterThan(8);
  });

  it("tells the same lie again, so that a restarted liar can defend it", async () => {
    const [a, b] = [await createLiar({ seed: 4 })(job), await createLiar({ seed: 4 })(job)];
    expect((await a.trace()).root).to.deep.equal((await b.trace()).root);
  });

  it("lies where it is told to", async () => {
    const lies: Lie[] = [];
    await createLiar({ seed: 1, op: 1, element: 2, delta: 3, onLie: (lie) => lies.push(lie) })(job);
    expect(lies).to.have.length(1);
    expect(lies[0]).to.deep.include({ op: 1, element: 2 });
    expect((lies[0]?.to ?? 0) - (lies[0]?.from ?? 0)).to.equal(3);
  });
});

function same(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && Buffer.compare(a, b) === 0;
}

describe("node-runner: the engine of a runner", () => {
  const lines: string[] = [];
  const log = {
    ...{ debug: () => undefined, warn: () => undefined, error: () => undefined },
    info: (_: unknown, line: string) => void lines.push(line),
  };
  const cache = mkdtempSync(join(tmpdir(), "aivm-packed-"));
  after(() => rmSync(cache, { recursive: true }));
  const choice = { engine: "wasm", threads: 1, cache, maxMemoryBytes: 2 ** 26 } as const;

  it("says which one it is and why, and computes what the reference does", async () => {
    const execute = executeOnBest(log, choice);
    await execute.prepare?.(model);
    expect(lines[0]).to.equal("engine: wasm, as asked for");
    expect(lines[1]).to.contain("memory");
    expect(resultOf(await execute(job))).to.deep.equal(resultOf(await executeOnReference(job)));
  });

  it("refuses a model that needs more memory than it may use, before any job", async () => {
    const execute = executeOnBest(log, { ...choice, maxMemoryBytes: 1000 });
    await rejectsCode("AIVM_LIMIT", execute.prepare?.(model) ?? Promise.resolve());
    await rejectsCode("AIVM_LIMIT", execute(job));
  });
});
