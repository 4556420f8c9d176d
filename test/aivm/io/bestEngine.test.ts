import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { loadBestEngine } from "../../../aivm/io/bestEngine.ts";
import { loadBinding } from "../../../aivm/io/native.ts";
import { freshAddon, whyNoNative } from "../../../scripts/buildNative.ts";
import { freshKernels } from "../../../scripts/buildWasm.ts";
import { rejectsCode, throwsCode } from "../support/errors.ts";
import { full, loaded, programOf } from "../support/models.ts";
import { literal } from "../support/nodes.ts";

const type = full("i8", 3);
const ops = [
  { opcode: 8, output: type, attrs: [0, 1, 0, 0], operands: [{ kind: "input", index: 0 } as const] },
];
const model = loaded(programOf({ inputs: [type], ops }));
const inputs = [literal([3], [1, 2, -3])];

describe("the best engine of a machine", () => {
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "aivm-best-"));
    await freshKernels();
  });
  after(() => rmSync(folder, { recursive: true }));

  async function chosen(
    options: Parameters<typeof loadBestEngine>[1],
  ): Promise<{ name: string; lines: string[] }> {
    const lines: string[] = [];
    const engine = await loadBestEngine(model, { ...options, say: (line) => lines.push(line) });
    expect((await engine.run({ inputs })).outputs[0]?.data).to.deep.equal(inputs[0]?.data);
    await engine.close();
    return { name: engine.name, lines };
  }

  it("is the native one where the add-on is there and passes its self-test", async function () {
    const reason = whyNoNative();
    if (reason !== undefined) {
      console.log(`      skipped: ${reason}`);
      this.skip();
    }
    this.timeout(600_000);
    const nativePath = await freshAddon();
    const { name, lines } = await chosen({ nativePath });
    expect(name).to.equal("native");
    expect(lines).to.deep.equal(["engine: native, the add-on is there and passed its self-test"]);
    expect((await chosen({ engine: "native", nativePath })).lines).to.deep.equal([
      "engine: native, as asked for",
    ]);
  });

  it("is wasm where there is no add-on, and says so in one line", async () => {
    const nativePath = join(folder, "missing.node");
    const { name, lines } = await chosen({ nativePath });
    expect(name).to.equal("wasm");
    expect(lines.length).to.equal(1);
    expect(lines[0]).to.match(
      /^engine: wasm, the native engine can not be used: AIVM_NATIVE: .*no such file.*make native/,
    );
    expect(lines[0]).not.to.contain("\n");
    throwsCode("AIVM_NATIVE", () => loadBinding(nativePath));
    await rejectsCode("AIVM_NATIVE", loadBestEngine(model, { engine: "native", nativePath }));
  });

  it("is wasm where the add-on can not be loaded", async () => {
    const nativePath = join(folder, "broken.node");
    writeFileSync(nativePath, "no library");
    const { name, lines } = await chosen({ nativePath });
    expect(name).to.equal("wasm");
    expect(lines[0]).to.contain("AIVM_NATIVE");
  });

  it("is wasm where one bit of the self-test differs, and says where", async function () {
    const reason = whyNoNative();
    if (reason !== undefined) {
      console.log(`      skipped: ${reason}`);
      this.skip();
    }
    this.timeout(600_000);
    // An add-on whose runs flip a bit of their arena, in front of the real one.
    const nativePath = join(folder, "wrong.cjs");
    writeFileSync(
      nativePath,
      `const real = require(${JSON.stringify(await freshAddon())});
      module.exports = { ...real, createLanes: (...given) => {
        const lanes = real.createLanes(...given);
        const run = (lane = 0, hash = 0) => {
          const status = lanes.run(lane, hash);
          const bytes = new Uint8Array(lanes.arenas[lane]);
          for (let i = 0; i < bytes.length; i++) bytes[i] ^= 1;
          return status;
        };
        return { arenas: lanes.arenas, roots: lanes.roots, scratchBytes: lanes.scratchBytes, run, start: lanes.start, close: lanes.close };
      } };`,
    );
    const { name, lines } = await chosen({ nativePath });
    expect(name).to.equal("wasm");
    expect(lines[0]).to.match(/AIVM_SELF_TEST.*conv2d.*expected/);
    await rejectsCode("AIVM_SELF_TEST", loadBestEngine(model, { engine: "native", nativePath }));
  });

  it("is the one that was asked for", async () => {
    expect((await chosen({ engine: "wasm" })).lines).to.deep.equal(["engine: wasm, as asked for"]);
    expect((await chosen({ engine: "reference" })).lines).to.deep.equal(["engine: reference, as asked for"]);
  });
});
