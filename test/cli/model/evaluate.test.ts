import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { readArtifact } from "../../../aivm/io/files.ts";
import type { Card } from "../../../aivm/quantize/card.ts";
import { runCommands } from "../../../cli/command.ts";
import { compileCommand } from "../../../cli/model/compile.ts";
import { evaluateCommand } from "../../../cli/model/evaluate.ts";
import { freshKernels } from "../../../scripts/buildWasm.ts";
import { requireOrt } from "../../aivm/support/floatReference.ts";

const DIGITS = join(import.meta.dirname, "../../../models/digits");
const DATA = ["--onnx", join(DIGITS, "digits.onnx"), "--data", join(DIGITS, "split.json")];

/** Runs `aivm model ...` and gives what it printed with --json. */
async function aivm(...argv: string[]): Promise<{ modelId: string; card?: Card }> {
  let printed = "";
  const code = await runCommands({
    program: "aivm",
    about: "",
    commands: [compileCommand, evaluateCommand],
    argv: ["model", ...argv, "--json"],
    out: (text) => {
      printed += text;
    },
    err: (text) => {
      printed += text;
    },
  });
  expect(code, printed).to.equal(0);
  return JSON.parse(printed) as { modelId: string; card?: Card };
}

async function cardOf(path: string): Promise<Card> {
  return JSON.parse((await readArtifact(path)).program.card) as Card;
}

describe("aivm model evaluate", function () {
  this.timeout(120_000);
  let folder: string;
  const at = (name: string): string => join(folder, name);

  before(async function () {
    await requireOrt(this);
    await freshKernels();
    folder = await mkdtemp(join(tmpdir(), "aivm-evaluate-"));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it("compile --evaluate puts the card into the artifact, and its command makes the same file again", async () => {
    const first = await aivm("compile", ...DATA, "--out", at("one.aivm"), "--evaluate");
    const card = await cardOf(at("one.aivm"));
    expect(card).to.deep.equal(first.card);
    expect(card).to.deep.include({ metric: "top-1", warning: false });
    const [program, model, ...words] = card.command.split(" ");
    expect([program, model]).to.deep.equal(["aivm", "model"]);
    const again = await aivm(...words, "--out", at("two.aivm"));
    expect(again.modelId).to.equal(first.modelId);
    expect(await readFile(at("two.aivm"))).to.deep.equal(await readFile(at("one.aivm")));
  });

  it("--card writes the same program with the card, the same one every time, under a model id of its own", async () => {
    const plain = await aivm("compile", ...DATA, "--out", at("plain.aivm"));
    expect((await readArtifact(at("plain.aivm"))).program.card).to.equal("");
    const measure = (out: string): Promise<{ modelId: string; card?: Card }> =>
      aivm("evaluate", at("plain.aivm"), ...DATA, "--card", at(out));
    const first = await measure("measured.aivm");
    const again = await measure("again.aivm");
    expect(again).to.deep.equal(first);
    expect(first.modelId).to.not.equal(plain.modelId);
    expect(await readFile(at("again.aivm"))).to.deep.equal(await readFile(at("measured.aivm")));
    const [before, after] = [await readArtifact(at("plain.aivm")), await readArtifact(at("measured.aivm"))];
    expect(after.programRoot).to.deep.equal(before.programRoot);
    expect(after.weightsRoot).to.deep.equal(before.weightsRoot);
    // An artifact without a card does not say what it was calibrated on, and nobody makes it up.
    expect((await cardOf(at("measured.aivm"))).calibration).to.equal(null);
  });
});
