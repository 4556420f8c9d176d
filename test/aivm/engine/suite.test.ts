/** The conformance suite on every engine of this machine, and the suite itself on engines that are wrong. */
import { expect } from "chai";
import { createReferenceEngine, type Engine, OPS, type RunResult, type Tensor } from "../../../aivm/index.ts";
import { opFiles } from "../support/vectors.ts";
import { enginesHere } from "./suite/engines.ts";
import { fuzzCases } from "./suite/fuzz.ts";
import { opsOf, programCases } from "./suite/programs.ts";
import { sliceCases } from "./suite/slice.ts";
import { type CreateEngine, runSuite, type SuiteCase, type SuiteReport } from "./suite/suite.ts";
import { vectorCases } from "./suite/vectorCases.ts";

const now = (): number => performance.now();

describe("the conformance suite", () => {
  let engines: Readonly<Record<string, CreateEngine>>;

  before(async function () {
    this.timeout(600_000);
    engines = await enginesHere((why) => process.stdout.write(`\n    left out: ${why}\n`));
  });

  it("finds every engine equal on all vectors, random programs and single ops of its slice", async function () {
    this.timeout(300_000);
    const plain = Object.entries(engines).filter(([name]) => !/[23] (threads|requests)/.test(name));
    const parts = [
      { cases: vectorCases(opFiles()), engines: Object.fromEntries(plain) },
      { cases: sliceCases(), engines },
    ];
    for (const part of parts) {
      const report = await runSuite({ ...part, now });
      expect(report.mismatches).to.deep.equal([]);
      for (const { mismatches, runs } of report.engines) {
        expect(mismatches).to.equal(0);
        expect(runs).to.be.above(100);
      }
    }
  });

  it("has every op in its programs and in its single ops, and counts what it runs", async () => {
    const every = OPS.map((op) => op.name).sort();
    const cases = [...sliceCases()];
    for (const kind of ["models", "fuzz"] as const) {
      const programs = cases.filter((item) => item.kind === kind).map((item) => item.model.program);
      expect([...opsOf(programs)].sort(), kind).to.deep.equal(every);
    }
    const report = await runSuite({ engines: {}, cases: cases.slice(0, 2), now });
    expect(report.engines).to.deep.equal([]);
    expect(cases.reduce((sum, { count, kind }) => sum + (kind === "fuzz" ? count : 0), 0)).to.equal(3452);
    expect(cases.reduce((sum, { count, kind }) => sum + (kind === "models" ? count : 0), 0)).to.equal(120);
  });

  it("makes the same cases of the same seed, others of another", async () => {
    const digest = async (seed: number): Promise<string> => {
      const cases = [...programCases({ seed, programs: 3, inputs: 2 }), ...fuzzCases({ seed, cases: 60 })];
      return (await runSuite({ engines: {}, cases, now })).digest;
    };
    expect(await digest(7)).to.equal(await digest(7));
    expect(await digest(7)).to.not.equal(await digest(8));
  });
});

describe("the conformance suite on an engine that is wrong", () => {
  const cases = (): SuiteCase[] => [...programCases({ seed: 3, programs: 2, inputs: 2 })];

  /** The report on a reference engine whose results `spoil` changes. */
  async function reportOn(spoil: (run: RunResult) => RunResult): Promise<SuiteReport> {
    const wrong: CreateEngine = async (model) => {
      const engine = createReferenceEngine(model);
      return { ...engine, run: async (options) => spoil(await engine.run(options)) };
    };
    return runSuite({ engines: { wrong }, cases: cases(), now });
  }

  const changed = (tensors: readonly Tensor[], at: number): Tensor[] =>
    tensors.map((tensor, i) => (i === at ? { ...tensor, data: flipped(tensor) } : tensor));

  function flipped(tensor: Tensor): Tensor["data"] {
    const data = tensor.data.slice();
    data[data.length - 1] = (data[data.length - 1] ?? 0) ^ 1;
    return data;
  }

  it("finds one wrong bit of an output, of a kept op, and of a root", async () => {
    const outputs = await reportOn((run) => ({ ...run, outputs: changed(run.outputs, 0) }));
    expect(outputs.engines[0]?.mismatches).to.equal(outputs.engines[0]?.runs);
    expect(outputs.mismatches[0]?.what).to.match(/output 0 .* 1 of \d+ elements .* differ/);
    const kept = await reportOn((run) => ({ ...run, ...(run.ops ? { ops: changed(run.ops, 1) } : {}) }));
    expect(new Set(kept.mismatches.map(({ run }) => run))).to.deep.equal(new Set(["kept"]));
    const roots = await reportOn((run) => ({
      ...run,
      ...(run.opRoots ? { opRoots: run.opRoots.map((root) => root.map((byte) => byte ^ 1)) } : {}),
    }));
    expect(new Set(roots.mismatches.map(({ run }) => run))).to.deep.equal(new Set(["hashed"]));
  });

  it("finds wrong gas, another dtype of the same values, missing ops and missing roots", async () => {
    const wrongs: ((run: RunResult) => RunResult)[] = [
      (run) => ({ ...run, gas: run.gas + 1n }),
      (run) => ({
        ...run,
        outputs: run.outputs.map((t) => ({ ...t, data: Float64Array.from(t.data) as never })),
      }),
      ({ ops: _, ...run }) => run,
      ({ opRoots: _, ...run }) => run,
      (run) => ({ ...run, outputs: [] }),
    ];
    for (const wrong of wrongs) expect((await reportOn(wrong)).engines[0]?.mismatches).to.be.above(0);
  });

  it("counts an engine that throws, when it is made and when it runs, and closes what was made", async () => {
    let open = 0;
    const failing: CreateEngine = async (model): Promise<Engine> => {
      open++;
      const run = (): Promise<RunResult> => Promise.reject(new RangeError("out of memory"));
      return { ...createReferenceEngine(model), run, close: async () => void open-- };
    };
    const broken: CreateEngine = () => Promise.reject(new RangeError("no engine"));
    const report = await runSuite({ engines: { failing, broken }, cases: cases(), now });
    expect(report.engines.map(({ mismatches }) => mismatches)).to.deep.equal([12, 2]);
    expect(report.mismatches[0]?.what).to.equal("RangeError: out of memory");
    expect(open).to.equal(0);
  });
});
