/** The page that checks results, in browsers: with a result of a running chain, and with records that are wrong. */
import { readFile } from "node:fs/promises";
import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { encodeArtifact, tensorsToBytes } from "../../aivm/index.ts";
import { openOrtReference } from "../../aivm/io/ortReference.ts";
import { resultCommand } from "../../cli/result.ts";
import { bytesToHex } from "../../common/index.ts";
import { buildPage, PAGE_FOLDER } from "../../scripts/buildPage.ts";
import {
  encodeInputs,
  getPublicResult,
  infer,
  type PublicResult,
  publicResultFromJson,
  publicResultToJson,
  requestInference,
} from "../../sdk/index.ts";
import { digitSamples, digitsOnnx } from "../aivm/support/digits.ts";
import { rejectsCode, throwsCode } from "../aivm/support/errors.ts";
import { lowerOnce } from "../aivm/support/lowered.ts";
import { createScratch, runAivm } from "../cli/support.ts";
import { MODEL_FEE_UAIVM, startNetwork, type TestNetwork } from "../node-runner/support/network.ts";
import { tinyArtifact } from "../node-runner/support/tinyModel.ts";
import {
  launchChromium,
  type PageServer,
  reportOfFirefox,
  requireBrowser,
  servePages,
} from "../support/browser.ts";

/** Reports what the page beside it shows, once it shows a verdict. */
const WATCHER = `<!doctype html><meta charset="utf-8"><iframe id="page"></iframe><script>
const frame = document.getElementById("page");
frame.onload = () => {
  const verdict = frame.contentDocument.getElementById("verdict");
  const look = () => {
    if (["idle", "busy"].includes(verdict.dataset.state)) return;
    observer.disconnect();
    fetch("/report", { method: "POST", body: JSON.stringify({ state: verdict.dataset.state, text: verdict.textContent }) });
  };
  const observer = new MutationObserver(look);
  observer.observe(verdict, { attributes: true });
  look();
};
frame.src = "/index.html" + location.search;
</script>`;

const [[digit = new Float32Array(64)] = [], [otherDigit = new Float32Array(64)] = []] = digitSamples("test");

/** The demo's model: handwritten digits. */
async function digitsArtifact(): Promise<Uint8Array> {
  const { program, constants } = await lowerOnce({
    onnx: digitsOnnx(),
    name: "digits",
    calibration: digitSamples("calibration"),
    precision: "a8",
    weights: "i8",
    reference: await openOrtReference(),
  });
  return encodeArtifact(program, constants);
}

describe("the page that checks results", function () {
  this.timeout(120_000);
  let network: TestNetwork;
  let server: PageServer;
  let result: PublicResult;

  before(async () => {
    await buildPage();
    network = await startNetwork(await digitsArtifact());
    await network.startRunner("honest", ["--artifact", network.artifactFile, "--listen", "127.0.0.1:0"]);
    await network.waitActive();
    const { requestId } = await infer(network.client, {
      signer: network.account("user"),
      modelId: network.model.modelId,
      inputs: [{ floats: digit }],
      resultTimeoutMs: 60_000,
    });
    result = await getPublicResult(network.client, requestId);
    const wrongOutput = { ...result, output: flipped(result.output) };
    const otherRoot = { ...result, outputRoot: flipped(result.outputRoot) };
    const otherSeed = { ...result, seed: flipped(result.seed) };
    server = await servePages([PAGE_FOLDER], {
      "watch.html": WATCHER,
      "model.aivm": await readFile(network.artifactFile),
      "other.aivm": tinyArtifact(),
      "result.json": publicResultToJson(result),
      "output.json": publicResultToJson(wrongOutput),
      "root.json": publicResultToJson(otherRoot),
      "seed.json": publicResultToJson(otherSeed),
    });
  });

  after(async () => {
    await server?.close();
    await network?.stop();
  });

  function inputOf(pixels: Float32Array): Uint8Array {
    return tensorsToBytes(encodeInputs(network.model.program, [{ floats: pixels }]));
  }

  function flipped(bytes: Uint8Array): Uint8Array {
    return bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
  }

  it("gets the data of a final result from the chain, and no other", async () => {
    expect(result.modelId).to.deep.equal(network.model.modelId);
    expect(result.input).to.deep.equal(inputOf(digit));
    expect(publicResultFromJson(publicResultToJson(result))).to.deep.equal(result);
    await rejectsCode("SDK_NOT_FOUND", getPublicResult(network.client, new Uint8Array(32)));
    const { response } = await requestInference(network.client, {
      signer: network.account("user"),
      modelId: network.model.modelId,
      input: inputOf(otherDigit),
      feeUaivm: MODEL_FEE_UAIVM,
    });
    await rejectsCode("SDK_NOT_FOUND", getPublicResult(network.client, response.requestId));
  });

  it("is what `aivm result` writes, and runs again", async () => {
    const scratch = createScratch();
    const where = ["--rpc", network.rpc, "--request", bytesToHex(result.requestId)];
    const aivm = (...more: string[]) => runAivm([resultCommand], ["result", ...where, ...more]);
    try {
      const matching = await aivm("--out", scratch.path("result.json"), "--artifact", network.artifactFile);
      expect(matching.out + matching.err).to.contain("MATCH: digits");
      expect(matching.code).to.equal(0);
      const written = await readFile(scratch.path("result.json"), "utf8");
      expect(publicResultFromJson(written)).to.deep.equal(result);
      const refused = await aivm("--artifact", scratch.write("other.aivm", tinyArtifact()));
      expect([refused.code, refused.err.includes("AIVM_HASH")]).to.deep.equal([1, true]);
    } finally {
      scratch.remove();
    }
  });

  it("refuses documents that are no public result, and names the member", () => {
    const text = publicResultToJson(result);
    const without = JSON.stringify({ ...(JSON.parse(text) as object), outputRoot: undefined });
    const short = JSON.stringify({ ...(JSON.parse(text) as object), modelId: "00" });
    for (const wrong of [
      "",
      "[]",
      "null",
      without,
      short,
      text.replace('"maxTokens": 0', '"maxTokens": -1'),
    ]) {
      throwsCode("SDK_ARGUMENT", () => publicResultFromJson(wrong));
    }
  });

  describe("in Chromium", () => {
    let browser: Browser | undefined;
    let page: Page;

    before(async function () {
      browser = await launchChromium(requireBrowser(this, "chromium"));
      page = await browser.newPage();
    });

    after(() => browser?.close());

    async function verdictOn(
      record: string,
      artifact = "model.aivm",
    ): Promise<{ state: string; text: string }> {
      await page.goto(`${server.url}index.html?result=/${record}&artifact=/${artifact}`);
      const verdict = page.locator("#verdict:not([data-state=idle]):not([data-state=busy])");
      await verdict.waitFor();
      return {
        state: (await verdict.getAttribute("data-state")) ?? "",
        text: (await verdict.textContent()) ?? "",
      };
    }

    it("shows a match, both roots, and the time that the run took", async () => {
      const { state, text } = await verdictOn("result.json");
      expect(text).to.include(`recorded ${bytesToHex(result.outputRoot)}`);
      expect(text).to.include(`computed ${bytesToHex(result.outputRoot)}`);
      expect(text).to.match(/\d+ vmGas in \d+\.\d ms/);
      expect(state).to.equal("match");
    });

    it("shows a mismatch for another output, another root and another seed", async () => {
      const output = await verdictOn("output.json");
      expect(output.state).to.equal("mismatch");
      expect(output.text).to.include("root of the output bytes: DIFFERENT");
      expect(output.text).to.include("output root: equal");
      const root = await verdictOn("root.json");
      expect(root.state).to.equal("mismatch");
      expect(root.text).to.include("output root: DIFFERENT");
      const seed = await verdictOn("seed.json");
      expect(seed.state).to.equal("mismatch");
      expect(seed.text).to.include("input root: DIFFERENT");
    });

    it("refuses the artifact of another model, what is no artifact, and what is not there", async () => {
      const other = await verdictOn("result.json", "other.aivm");
      expect(other.state).to.equal("refused");
      expect(other.text).to.include("AIVM_HASH");
      expect((await verdictOn("result.json", "result.json")).text).to.include("AIVM_ARTIFACT");
      expect((await verdictOn("result.json", "nothing.aivm")).text).to.include("status 404");
      expect((await verdictOn("model.aivm")).state).to.equal("refused");
    });

    it("takes files that are chosen by hand", async () => {
      await page.goto(`${server.url}index.html`);
      const json = Buffer.from(publicResultToJson(result));
      await page.setInputFiles("#result-file", {
        name: "result.json",
        mimeType: "application/json",
        buffer: json,
      });
      await page.setInputFiles("#artifact-file", network.artifactFile);
      await page.click("button");
      await page.locator('#verdict[data-state="match"]').waitFor();
    });
  });

  describe("in Firefox", () => {
    async function verdictOn(program: string, query: string): Promise<{ state: string; text: string }> {
      const report = await reportOfFirefox(program, { url: `${server.url}watch.html?${query}`, server });
      return JSON.parse(report) as { state: string; text: string };
    }

    it("shows a match and a mismatch", async function () {
      const program = requireBrowser(this, "firefox");
      const match = await verdictOn(program, "result=/result.json&artifact=/model.aivm");
      expect(match.text).to.include(`computed ${bytesToHex(result.outputRoot)}`);
      expect(match.state).to.equal("match");
      const wrong = await verdictOn(program, "result=/output.json&artifact=/model.aivm");
      expect(wrong.state).to.equal("mismatch");
    });
  });
});
