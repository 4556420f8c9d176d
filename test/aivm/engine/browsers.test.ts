/** The slice of the conformance suite inside Chromium and Firefox, on one thread and without cross-origin isolation. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { bundle } from "../../../scripts/buildPage.ts";
import { freshKernels, KERNELS_PATH } from "../../../scripts/buildWasm.ts";
import {
  launchChromium,
  type PageServer,
  reportOfFirefox,
  requireBrowser,
  servePages,
} from "../../support/browser.ts";
import { sliceCases } from "./suite/slice.ts";
import { runSuite, type SuiteReport } from "./suite/suite.ts";

describe("the conformance suite in a page", function () {
  this.timeout(180_000);
  let folder: string;
  let server: PageServer;
  let digest: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "aivm-page-"));
    await freshKernels();
    await bundle(join(import.meta.dirname, "suite/page/main.ts"), join(folder, "suite.js"));
    const page = '<!doctype html><meta charset="utf-8"><script src="suite.js"></script>';
    server = await servePages([folder, dirname(KERNELS_PATH)], { "suite.html": page });
    ({ digest } = await runSuite({ engines: {}, cases: sliceCases(), now: () => performance.now() }));
  });

  after(async () => {
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** No mismatch, all cases, and expected results that are Node's. */
  function expectConforming(report: string): void {
    const found = JSON.parse(report) as SuiteReport & { readonly error?: string };
    expect(found.error).to.equal(undefined);
    expect(found.mismatches).to.deep.equal([]);
    expect(found.engines.map(({ engine }) => engine)).to.deep.equal(["reference", "wasm, 1 thread"]);
    for (const { cases, mismatches } of found.engines) {
      expect(cases).to.deep.equal({ vectors: 0, models: 120, fuzz: 3452 });
      expect(mismatches).to.equal(0);
    }
    expect(found.digest).to.equal(digest);
  }

  it("holds in Chromium", async function () {
    const browser = await launchChromium(requireBrowser(this, "chromium"));
    try {
      const page = await browser.newPage();
      const report = server.report();
      await page.goto(`${server.url}suite.html`);
      expect(await page.evaluate(() => globalThis.crossOriginIsolated)).to.equal(false);
      expectConforming(await report);
    } finally {
      await browser.close();
    }
  });

  it("holds in Firefox", async function () {
    const program = requireBrowser(this, "firefox");
    expectConforming(await reportOfFirefox(program, { url: `${server.url}suite.html`, server }));
  });
});
