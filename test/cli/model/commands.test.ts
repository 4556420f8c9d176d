import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import {
  createReferenceEngine,
  encodeArtifact,
  type LoadedModel,
  loadArtifact,
  tensorToBytes,
} from "../../../aivm/index.ts";
import { checkWitnesses, replaySamples, syntheticInputs, traceOn } from "../../../cli/model/checks.ts";
import { compileCommand } from "../../../cli/model/compile.ts";
import { inspectCommand } from "../../../cli/model/inspect.ts";
import { readNpy, writeNpy } from "../../../cli/model/npy.ts";
import { runCommand } from "../../../cli/model/run.ts";
import { verifyCommand } from "../../../cli/model/verify.ts";
import { bytesToHex } from "../../../common/index.ts";
import { freshKernels } from "../../../scripts/buildWasm.ts";
import { digitLabels, digitSamples } from "../../aivm/support/digits.ts";
import { requireOrt } from "../../aivm/support/floatReference.ts";
import { createScratch, type Ran, runAivm, type Scratch } from "../support.ts";

const ROOT = join(import.meta.dirname, "../../..");
const DIGITS = join(ROOT, "models/digits");
const DATA = join(DIGITS, "split.json");
const ONNX = join(DIGITS, "digits.onnx");
const COMMANDS = [compileCommand, inspectCommand, runCommand, verifyCommand];

interface RunFacts {
  readonly engine: string;
  readonly vmGas: string;
  readonly label: number;
  readonly outputs: readonly {
    readonly name: string;
    readonly integers: readonly number[];
    readonly reals: readonly number[];
  }[];
  readonly trace: { readonly root: string; readonly ops: readonly { readonly root: string }[] };
}

/** Lines with their figures blotted out and their spaces made one; "..." stands for lines left out. */
function linesOf(text: string): string[] {
  const lines = text.split("\n").map((line) => line.trim().replace(/-?\d[\d.]*/g, "#"));
  return lines.map((line) => line.replace(/\s+|-{2,}/g, " ")).filter((line) => !["", "..."].includes(line));
}

describe("the model author's commands", () => {
  let scratch: Scratch;
  let artifact: string;
  let model: LoadedModel;
  let compiled: Ran;

  before(async function () {
    await requireOrt(this);
    freshKernels();
    scratch = createScratch();
    artifact = scratch.path("digits.aivm");
    compiled = await aivm("compile", "--onnx", ONNX, "--data", DATA, "--out", artifact, "--json");
    model = loadArtifact(new Uint8Array(readFileSync(artifact)));
  });
  after(() => scratch?.remove());

  function aivm(command: string, ...rest: readonly string[]): Promise<Ran> {
    return runAivm(COMMANDS, ["model", command, ...rest]);
  }

  /** Requires a failure with this code and exit status; the message must name a remedy. */
  async function refuses(code: string, exit: 1 | 2, ...argv: readonly string[]): Promise<void> {
    const [command = "", ...rest] = argv;
    const ran = await aivm(command, ...rest, "--json");
    expect([ran.code, ran.err], argv.join(" ")).to.satisfy(
      ([c, err]: [number, string]) => c === exit && err.includes(`"${code}"`),
    );
    const { error } = JSON.parse(ran.err.slice(ran.err.indexOf("{"))) as { error: Record<string, string> };
    expect(error.remedy).to.be.a("string").with.length.above(0);
  }

  describe("compile", () => {
    it("reports id, sizes, gas, the largest witness, what was folded, saturation and fidelity", () => {
      expect(compiled.code, compiled.err).to.equal(0);
      const facts = compiled.json() as Record<string, unknown>;
      expect(facts).to.deep.include({
        modelId: bytesToHex(model.modelId),
        artifactBytes: model.artifactBytes,
        vmGas: `${model.vmGas}`,
        ops: model.program.ops.length,
        witnessBytes: model.facts.witnessBytes,
        folding: { nodes: 11, constant: 0, merged: { Relu: 3 } },
      });
      expect(facts.saturation).to.deep.include({
        part: "test",
        samples: 64,
        inputs: 0,
      });
      expect(facts.fidelity).to.have.length(2);
    });

    it("takes a shape, a name and other bits; another name or scheme is another model", async () => {
      const ids = [];
      const base = [
        "compile",
        "--onnx",
        ONNX,
        "--data",
        DATA,
        "--out",
        scratch.path("x.aivm"),
        "--json",
      ] as const;
      for (const flags of [
        ["--shape", "image=1x1x8x8"],
        ["--name", "other", "--weights", "i8"],
        ["--precision", "a16", "--weights", "i16"],
      ]) {
        const { code, err, json } = await aivm(...base, ...flags);
        expect(code, err).to.equal(0);
        ids.push((json() as { modelId: string }).modelId);
      }
      expect(ids[0]).to.equal(bytesToHex(model.modelId));
      expect(new Set(ids).size).to.equal(3);
    });

    it("prints a summary and a table for people", async () => {
      const { out } = await aivm("compile", "--onnx", ONNX, "--data", DATA, "--out", scratch.path("x.aivm"));
      for (const text of [
        "3 merged into the op before",
        "3 Relu",
        "largest witness",
        "worst difference",
        "logits",
      ])
        expect(out).to.contain(text);
    });

    it("refuses what does not fit, with exit codes of their own", async () => {
      const base = ["compile", "--data", DATA, "--out", scratch.path("x.aivm")];
      await refuses("CLI_USAGE", 2, ...base);
      await refuses("CLI_FILE", 1, ...base, "--onnx", scratch.path("absent.onnx"));
      await refuses("AIVM_ONNX_NOT_A_MODEL", 1, ...base, "--onnx", scratch.write("no.onnx", "text"));
      await refuses("CLI_USAGE", 2, ...base, "--onnx", ONNX, "--precision", "a4");
      for (const count of ["1", "16385", "many"])
        await refuses("CLI_USAGE", 2, ...base, "--onnx", ONNX, "--max-operands", count);
      await refuses("CLI_USAGE", 2, ...base, "--onnx", ONNX, "--weights", "i32");
      for (const shape of ["image", "image=", "image=0x8", "image=8*8", "other=1x1x8x8"])
        await refuses("CLI_USAGE", 2, ...base, "--onnx", ONNX, "--shape", shape);
      const other = join(ROOT, "models/breast-cancer/split.json");
      await refuses(
        "CLI_DATASET",
        1,
        "compile",
        "--onnx",
        ONNX,
        "--data",
        other,
        "--out",
        scratch.path("x.aivm"),
      );
    });
  });

  describe("inspect", () => {
    it("lists every op with its cost, memory and real range, every constant and end", async () => {
      const facts = (await aivm("inspect", artifact, "--json")).json() as {
        ops: { gas: string; gasShare: number; cumulativeBytes: number; real?: number[]; name: string }[];
        constants: { bytes: number; readers: number[] }[];
        activationBytes: number;
        constantBytes: number;
      };
      expect(facts.ops.reduce((sum, { gas }) => sum + BigInt(gas), 0n)).to.equal(model.vmGas);
      expect(facts.ops.reduce((sum, { gasShare }) => sum + gasShare, 0)).to.be.closeTo(1, 1e-4);
      expect(facts.ops.at(-1)?.cumulativeBytes).to.equal(facts.activationBytes);
      expect(facts.constants.reduce((sum, { bytes }) => sum + bytes, 0)).to.equal(facts.constantBytes);
      // The input's scale reaches the op that reorders it; the logits' scale reaches their op.
      expect(facts.ops[0]?.real?.map((value) => Math.round(value))).to.deep.equal([0, 1]);
      expect(facts.ops[8]?.real?.[1]).to.be.closeTo(32767 * (model.program.outputs[1]?.scale ?? 0), 1e-9);
      const { out } = await aivm("inspect", artifact);
      for (const text of ["model id", "card", "none", "memory so far", "read by", "linear", "real = "])
        expect(out).to.contain(text);
    });

    it("writes the graph as SVG and as a page", async () => {
      const [svg, html] = [scratch.path("g.svg"), scratch.path("g.html")];
      expect((await aivm("inspect", artifact, "--svg", svg, "--html", html)).code).to.equal(0);
      expect(readFileSync(svg, "utf8"))
        .to.match(/^<svg [^>]*>/)
        .and.contain("4 conv2d");
      expect(readFileSync(html, "utf8")).to.contain(bytesToHex(model.modelId)).and.contain("4 conv2d");
      await refuses("CLI_FILE", 1, "inspect", artifact, "--svg", scratch.path("no/folder.svg"));
    });

    it("refuses what is no artifact", async () => {
      await refuses("AIVM_FILE", 1, "inspect", scratch.path("absent.aivm"));
      await refuses("AIVM_ARTIFACT", 1, "inspect", scratch.write("text.aivm", "something else"));
      await refuses("CLI_USAGE", 2, "inspect");
    });
  });

  describe("run", () => {
    const image = (): Float32Array => digitSamples("test")[3]?.[0] ?? new Float32Array(64);

    it("gives the same outputs, gas and trace from a data set, .npy, .json and raw bytes, on both engines", async () => {
      const trace = await traceOn(model, { engine: createReferenceEngine(model), inputs: inputOf(image()) });
      const raw = tensorToBytes(
        trace.execution.inputs[0] ?? { dtype: "i8", shape: [], data: new Int8Array() },
      );
      const ways = [
        ["--data", DATA, "--index", "3"],
        ["--input", `image=${scratch.write("x.npy", writeNpy([1, 1, 8, 8], image()))}`],
        ["--input", scratch.write("x.json", JSON.stringify([Array.from(image())]))],
        ["--input", scratch.write("x.raw", raw)],
        ["--data", DATA, "--index", "3", "--engine", "reference"],
      ];
      for (const way of ways) {
        const ran = await aivm("run", artifact, ...way, "--trace", "--json");
        expect(ran.code, ran.err).to.equal(0);
        const facts = ran.json() as RunFacts;
        expect(facts.outputs[0]?.integers).to.deep.equal([digitLabels()[3]]);
        expect(facts.vmGas).to.equal(`${model.vmGas}`);
        expect(facts.trace.root).to.equal(bytesToHex(trace.root));
        expect(facts.trace.ops.map(({ root }) => root)).to.deep.equal(
          trace.slotRoots.slice(1, -1).map(bytesToHex),
        );
        expect(facts.engine).to.equal(way.includes("reference") ? "reference" : "wasm");
      }
    });

    /** The input tensor of an image, through the data set's numbers. */
    function inputOf(values: Float32Array): LoadedInputs {
      const port = model.program.inputs[0];
      if (port === undefined) throw new Error("no input");
      const data = Int8Array.from(values, (value) => Math.round(value / port.scale) + port.zero);
      return [{ dtype: "i8", shape: port.type.shape, data }];
    }
    type LoadedInputs = Parameters<typeof traceOn>[1]["inputs"];

    it("binds another seed into the trace", async () => {
      const roots = new Set<string>();
      for (const seed of ["00".repeat(32), "01".repeat(32)]) {
        const ran = await aivm("run", artifact, "--data", DATA, "--seed", seed, "--trace", "--json");
        roots.add((ran.json() as RunFacts).trace.root);
      }
      expect(roots.size).to.equal(2);
    });

    it("writes an output as .npy, and prints real values, integers, the five largest and the label", async () => {
      const file = scratch.path("logits.npy");
      const ran = await aivm("run", artifact, "--data", DATA, "--index", "3", "--out", `logits=${file}`);
      for (const text of [
        "class  i32[1]",
        "logits  i16[1,10]",
        "real",
        "integers",
        "top 5     0 (",
        "label 0",
        "vmGas",
        "wasm engine",
      ])
        expect(ran.out).to.contain(text);
      const json = (await aivm("run", artifact, "--data", DATA, "--index", "3", "--json")).json() as RunFacts;
      const { shape, data } = readNpy(readFileSync(file), file);
      expect(shape).to.deep.equal([1, 10]);
      expect(Array.from(data, Number)).to.deep.equal((json.outputs[1]?.reals ?? []).map(Math.fround));
    });

    it("refuses inputs that do not fit, each by what is wrong with it", async () => {
      const npy = (shape: readonly number[], values: ArrayLike<number>): string =>
        scratch.write("bad.npy", writeNpy(shape, values));
      await refuses("CLI_USAGE", 2, "run", artifact);
      await refuses("CLI_USAGE", 2, "run", artifact, "--data", DATA, "--index", "450");
      await refuses("CLI_USAGE", 2, "run", artifact, "--data", DATA, "--input", "x.npy");
      await refuses("CLI_USAGE", 2, "run", artifact, "--data", DATA, "--engine", "gpu");
      await refuses("CLI_USAGE", 2, "run", artifact, "--data", DATA, "--out", "x.npy");
      await refuses("CLI_USAGE", 2, "run", artifact, "--data", DATA, "--seed", "00");
      await refuses("CLI_USAGE", 2, "run", artifact, "--input", "image=a.npy", "--input", "image=b.npy");
      await refuses("CLI_INPUT", 1, "run", artifact, "--input", npy([8, 4], new Float32Array(32)));
      await refuses("CLI_INPUT", 1, "run", artifact, "--input", npy([64], new Float32Array(64)));
      await refuses(
        "CLI_INPUT",
        1,
        "run",
        artifact,
        "--input",
        npy([8, 8], new Float32Array(64).fill(Number.NaN)),
      );
      await refuses("CLI_INPUT", 1, "run", artifact, "--input", scratch.write("bad.json", `{"a":1}`));
      await refuses("CLI_FILE", 1, "run", artifact, "--input", scratch.write("broken.json", `[1,`));
      await refuses("CLI_FILE", 1, "run", artifact, "--input", scratch.path("absent.raw"));
      await refuses(
        "AIVM_INPUT_LENGTH",
        1,
        "run",
        artifact,
        "--input",
        scratch.write("bad.raw", new Uint8Array(63)),
      );
    });
  });

  describe("verify", () => {
    it("checks everything and finds nothing wrong with an honest artifact", async () => {
      const ran = await aivm(
        "verify",
        artifact,
        "--model-id",
        bytesToHex(model.modelId),
        "--data",
        DATA,
        "--json",
      );
      const { ok, checks } = ran.json() as {
        ok: boolean;
        checks: { what: string; state: string; found: string }[];
      };
      expect([ran.code, ok]).to.deep.equal([0, true]);
      const states = Object.fromEntries(checks.map(({ what, state }) => [what, state]));
      expect(states).to.deep.equal({
        encoding: "ok",
        roots: "ok",
        registration: "ok",
        bounds: "ok",
        gas: "ok",
        "self-test": "ok",
        replay: "ok",
        disputes: "ok",
        card: "skipped",
      });
      expect(checks.find(({ what }) => what === "disputes")?.found).to.contain("one element of 11 of 11 ops");
      expect((await aivm("verify", artifact)).out).to.contain("nothing wrong found");
    });

    it("refuses another model's id, and a file in which one bit differs", async () => {
      await refuses("AIVM_HASH", 1, "verify", artifact, "--model-id", "00".repeat(32));
      await refuses("CLI_USAGE", 2, "verify", artifact, "--model-id", "00");
      const bytes = new Uint8Array(readFileSync(artifact));
      bytes[bytes.length - 64] = (bytes[bytes.length - 64] ?? 0) ^ 1;
      const ran = await aivm("verify", scratch.write("flipped.aivm", bytes));
      expect(ran.code).to.equal(1);
    });

    it("measures a card again, and says so when it is not what it claims", async () => {
      const path = scratch.path("card.aivm");
      const files = ["--onnx", ONNX, "--data", DATA];
      const compiledToo = await aivm("compile", ...files, "--out", path, "--evaluate", "--weights", "i8");
      expect(compiledToo.out).to.match(/float top-1 +98.67 %/);
      const honest = await aivm("verify", path, ...files);
      expect([honest.code, honest.out.includes("the same figures")]).to.deep.equal([0, true]);
      expect((await aivm("inspect", path)).out).to.match(/card floatBps +9867/);
      const { program, constants } = loadArtifact(new Uint8Array(readFileSync(path)));
      const card = program.card.replace(`"floatBps":9867`, `"floatBps":9999`);
      expect(card).to.not.equal(program.card);
      const boast = scratch.write("boast.aivm", encodeArtifact({ ...program, card }, constants));
      const ran = await aivm("verify", boast, ...files);
      expect(ran.code).to.equal(1);
      expect(ran.out).to.contain("1 checks FAILED").and.contain("floatBps: it says 9999, measured 9867");
      expect(ran.err).to.contain("CLI_VERIFY");
      expect((await aivm("verify", path)).out).to.contain("needs --onnx and --data");
      for (const text of ["no JSON", "null", "[]", "{}"]) {
        const odd = scratch.write("odd.aivm", encodeArtifact({ ...program, card: text }, constants));
        const refused = await aivm("verify", odd, ...files);
        expect([refused.code, /card +failed/.test(refused.out)], text).to.deep.equal([1, true]);
      }
    });

    it("finds an engine that computes one element otherwise, and names the op", async () => {
      const reference = createReferenceEngine(model);
      const liar = {
        ...reference,
        name: "liar",
        run: async (options: Parameters<typeof reference.run>[0]) => {
          const run = await reference.run(options);
          const ops = run.ops?.map((tensor, op) =>
            op === 4
              ? { ...tensor, data: tensor.data.map((v, i, all) => (i === all.length / 2 ? v ^ 1 : v)) }
              : tensor,
          );
          return ops === undefined ? run : { ...run, ops };
        },
      };
      const samples = syntheticInputs(model, 2);
      const onProgress = (): void => undefined;
      const { check } = await replaySamples({
        model,
        engines: { reference, wasm: liar },
        samples,
        onProgress,
      });
      expect(check.state).to.equal("failed");
      expect(check.found).to.contain("op 4 (conv2d)");
      const trace = await traceOn(model, { engine: liar, inputs: samples[0] ?? [] });
      const elements = model.program.ops.length;
      expect((await checkWitnesses(model, { trace, most: elements, onProgress })).state).to.equal("failed");
    });

    it("draws synthetic inputs inside every input's range, both ends among them", () => {
      const [low, high, scattered] = syntheticInputs(model, 3).map(([tensor]) => [...(tensor?.data ?? [])]);
      expect(new Set(low)).to.deep.equal(new Set([-128]));
      expect(new Set(high)).to.deep.equal(new Set([127]));
      expect(new Set(scattered).size).to.be.greaterThan(20);
    });

    it("walks through one element: operands, proofs, and the referee's value", async () => {
      const walk = ["verify", artifact, "--data", DATA, "--index", "3", "--op", "8", "--element", "5"];
      const facts = (await aivm(...(walk as [string, ...string[]]), "--json")).json() as {
        recomputed: number;
        claimed: number;
        operands: {
          name: string;
          reads: { index: number; value: number }[];
          chunks: number[];
          under: string;
        }[];
      };
      const logits = (
        (await aivm("run", artifact, "--data", DATA, "--index", "3", "--json")).json() as RunFacts
      ).outputs[1];
      expect([facts.recomputed, facts.claimed]).to.deep.equal([logits?.integers[5], logits?.integers[5]]);
      expect(facts.operands.map(({ name, under }) => `${name}: ${under}`)).to.deep.equal([
        "x: trace root",
        "w: weights root",
        "bias: weights root",
        "multiplier: weights root",
        "shift: weights root",
      ]);
      // By hand: the products of what was opened, the bias, and the rounding shift of the result.
      const [x, w, bias, multiplier, shift] = facts.operands.map(({ reads }) =>
        reads.map(({ value }) => value),
      );
      const sum = (x ?? []).reduce((total, value, i) => total + value * (w?.[i] ?? 0), bias?.[0] ?? 0);
      expect(Math.round((sum * (multiplier?.[0] ?? 0)) / 2 ** (shift?.[0] ?? 0))).to.equal(facts.recomputed);
      const { out } = await aivm(...(walk as [string, ...string[]]));
      for (const text of [
        "op 8 linear, element 5 = [0,5]",
        "128 in chunk 2",
        "weights root",
        "loses its bond",
      ])
        expect(out).to.contain(text);
    });

    it("refuses an op and an element that there are not, and a walk without an input", async () => {
      await refuses("CLI_USAGE", 2, "verify", artifact, "--data", DATA, "--op", "11");
      await refuses("CLI_USAGE", 2, "verify", artifact, "--data", DATA, "--op", "8", "--element", "10");
      await refuses("CLI_USAGE", 2, "verify", artifact, "--op", "8");
    });
  });

  it("print what the README shows, figures aside", async () => {
    const readme = readFileSync(join(ROOT, "README.md"), "utf8");
    const sample = ["--data", DATA, "--index", "3"];
    const { out: ran } = await aivm("run", artifact, ...sample);
    const { out: walked } = await aivm("verify", artifact, ...sample, "--op", "8", "--element", "0");
    for (const [first, printed] of [
      ["    logits  i16", ran],
      ["    op 8 linear", walked],
    ] as const) {
      const shown = linesOf(readme.slice(readme.indexOf(`\n${first}`) + 1).split(/\n(?=\S)/)[0] ?? "");
      expect(shown.length).to.be.above(3);
      expect(linesOf(printed)).to.include.members(shown);
    }
  });

  it("fails as a process with its exit code, a typed error and a clean standard output", async () => {
    const words = ["--import", "tsx", join(ROOT, "cli/bin/aivm.ts"), "model", "run", artifact, "--json"];
    const failure = await promisify(execFile)("node", words, { cwd: ROOT }).catch((error: unknown) => error);
    expect(failure).to.include({ code: 2, stdout: "" });
    expect(JSON.parse((failure as { stderr: string }).stderr)).to.have.nested.property(
      "error.code",
      "CLI_USAGE",
    );
  });
});
