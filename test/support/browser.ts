/** Browsers of this machine, and what their pages need: a loopback server, and a report that a page sends back. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, extname, join, normalize } from "node:path";
import { type Browser, chromium } from "playwright-core";

/** Names of each browser's program, and the variable that names another one. */
const PROGRAMS = {
  chromium: { names: ["chromium", "chromium-browser", "google-chrome"], variable: "AIVM_CHROMIUM" },
  firefox: { names: ["firefox-esr", "firefox"], variable: "AIVM_FIREFOX" },
} as const;

export type BrowserName = keyof typeof PROGRAMS;

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Path of a browser's program, or undefined when it is not installed. */
export function findBrowser(name: BrowserName): string | undefined {
  const { names, variable } = PROGRAMS[name];
  const named = process.env[variable];
  if (named !== undefined && named !== "") return named;
  const folders = (process.env.PATH ?? "").split(delimiter);
  return names
    .flatMap((file) => folders.map((folder) => join(folder, file)))
    .find((path) => existsSync(path));
}

/** The same inside a test; skips it with the reason when there is none. */
export function requireBrowser(test: Mocha.Context, name: BrowserName): string {
  const path = findBrowser(name);
  if (path !== undefined) return path;
  process.stdout.write(`\n    skipped: no ${name} on PATH and none in ${PROGRAMS[name].variable}\n`);
  test.skip();
}

/** Chromium without a window. */
export function launchChromium(executablePath: string): Promise<Browser> {
  // Containers give no user namespaces and little shared memory.
  return chromium.launch({
    executablePath,
    headless: true,
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
}

/** A server on loopback. */
export interface PageServer {
  /** Ends in a slash. */
  readonly url: string;
  /** Body of the next POST to /report. */
  report(): Promise<string>;
  close(): Promise<void>;
}

/** Serves folders (the first that has the file) and files from memory. */
export async function servePages(
  folders: readonly string[],
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<PageServer> {
  const waiting: ((body: string) => void)[] = [];
  const early: string[] = [];
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://x").pathname));
    if (request.method === "POST" && path === "/report") {
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on("end", () => {
        response.end();
        const next = waiting.shift();
        if (next === undefined) early.push(body);
        else next(body);
      });
      return;
    }
    const found = files[path.slice(1)] ?? fileIn(folders, path);
    response.writeHead(found === undefined ? 404 : 200, {
      "content-type": TYPES[extname(path)] ?? "application/octet-stream",
    });
    response.end(found);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    report: () => {
      const body = early.shift();
      return body === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(body);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function fileIn(folders: readonly string[], path: string): Uint8Array | undefined {
  const file = folders.map((folder) => join(folder, path)).find((candidate) => existsSync(candidate));
  return file === undefined || path.endsWith("/") ? undefined : readFileSync(file);
}

/**
 * Opens a page in Firefox without a driver and resolves with what the page reports.
 * @throws Error with Firefox's own words when it ends first
 */
export async function reportOfFirefox(
  program: string,
  page: { readonly url: string; readonly server: PageServer },
): Promise<string> {
  const profile = await mkdtemp(join(tmpdir(), "aivm-firefox-"));
  const child = spawn(program, ["--headless", "--no-remote", "--profile", profile, page.url], {
    // Its own home and no session bus: nothing of this machine's user is read.
    env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: "1" },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const exited = once(child, "exit");
  try {
    const report = await Promise.race([page.server.report(), exited.then(() => undefined)]);
    if (report === undefined) throw new Error(`firefox ended before its page reported:\n${log}`);
    return report;
  } finally {
    await endGroup(child, exited);
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Ends a browser and the processes that it started. */
async function endGroup(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  process.kill(-child.pid, "SIGKILL");
  await exited;
}
