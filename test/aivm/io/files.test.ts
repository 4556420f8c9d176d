import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { encodeArtifact } from "../../../aivm/index.ts";
import { readArtifact, writeArtifact } from "../../../aivm/io/files.ts";
import { rejectsCode } from "../support/errors.ts";
import { full, programOf } from "../support/models.ts";

describe("artifacts on disk", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "aivm-files-"));
  });
  after(() => rm(folder, { recursive: true }));

  const program = programOf({
    inputs: [full("i8", 3)],
    ops: [{ opcode: 8, operands: [{ kind: "input", index: 0 }], output: full("i8", 3), attrs: [0, 1, 0, 0] }],
  });

  it("are read as they were written", async () => {
    const path = join(folder, "deep", "model.aivm");
    const bytes = encodeArtifact(program, []);
    await writeArtifact(path, bytes);
    const model = await readArtifact(path);
    expect(model.program).to.deep.equal(program);
    await rejectsCode("AIVM_HASH", readArtifact(path, { modelId: new Uint8Array(32) }));
  });

  it("leave nothing behind where they can not be written", async () => {
    const taken = join(folder, "taken");
    await mkdir(taken);
    await rejectsCode("AIVM_FILE", writeArtifact(taken, encodeArtifact(program, [])));
    await writeFile(join(folder, "file"), "");
    await rejectsCode("AIVM_FILE", writeArtifact(join(folder, "file", "model.aivm"), new Uint8Array(1)));
    expect((await readdir(folder)).filter((name) => name.includes("partial"))).to.deep.equal([]);
  });

  it("give a typed error when there is no such file", async () => {
    const error = await rejectsCode("AIVM_FILE", readArtifact(join(folder, "nothing.aivm")));
    expect(error.facts.item).to.contain("nothing.aivm");
  });
});
