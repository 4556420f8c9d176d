/** ARM64 under qemu: the native kernels in their runner, and the whole suite inside an ARM64 Node where one is there. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freshArm64Runner, QEMU, whyNoArm64 } from "../../../../scripts/buildArm64Runner.ts";
import { freshKernels, KERNELS_PATH } from "../../../../scripts/buildWasm.ts";
import { bundleForNode } from "./bundle.ts";
import { type Remote, startRemote } from "./remote.ts";
import type { CreateEngine, SuiteReport } from "./suite.ts";

const OUT = join(import.meta.dirname, "../../../../build/arm64");

/** Where `make arm64-node` puts it; AIVM_ARM64_NODE names another one. */
const NODE = process.env.AIVM_ARM64_NODE ?? join(OUT, "package/bin/node");

/** Libraries of the cross compiler, for programs that are linked to them. */
const LIBRARIES = "/usr/aarch64-linux-gnu";

/** The native kernels on an emulated ARM64, every level there is; undefined when `absent` was told why not. */
export async function arm64Engines(
  absent: (why: string) => void,
): Promise<
  { readonly engines: Readonly<Record<string, CreateEngine>>; readonly remote: Remote } | undefined
> {
  const reason = whyNoArm64();
  if (reason !== undefined) {
    absent(`ARM64: ${reason}`);
    return undefined;
  }
  const remote = await startRemote(QEMU, [freshArm64Runner()]);
  const engines = remote.levels.map((level): [string, CreateEngine] => {
    return [`ARM64 native ${level}, 1 thread`, remote.engine({ level, threads: 1 })];
  });
  const threads = remote.engine({ level: "neon", threads: 2 });
  return { engines: { ...Object.fromEntries(engines), "ARM64 native neon, 2 threads": threads }, remote };
}

/** Why there is no ARM64 Node here, in one line; undefined when there is one. */
export function whyNoArm64Node(): string | undefined {
  if (!existsSync(NODE)) return `no ${NODE}: run make arm64-node`;
  if (!existsSync(join(LIBRARIES, "lib"))) return `no ARM64 libraries in ${LIBRARIES}`;
  return whyNoArm64();
}

/** What the suite reports from an ARM64 Node. @throws Error with its words when it fails. */
export async function arm64NodeReport(which: {
  readonly seed: number;
  readonly programs: number;
  readonly fuzz: number;
}): Promise<SuiteReport & { readonly arch: string }> {
  await freshKernels();
  mkdirSync(OUT, { recursive: true });
  const script = join(OUT, "suite.cjs");
  writeFileSync(script, await bundleForNode(join(import.meta.dirname, "bundled.ts")));
  const numbers = [which.seed, which.programs, which.fuzz].map(String);
  const child = spawn(QEMU, ["-L", LIBRARIES, NODE, script, KERNELS_PATH, ...numbers]);
  const text = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].on("data", (chunk: Buffer) => {
      text[stream] += chunk.toString();
    });
  }
  const [status] = (await once(child, "close")) as [number | null];
  if (status !== 0) throw new Error(`the suite on ARM64 ended with ${status}: ${text.stderr.slice(-2000)}`);
  return JSON.parse(text.stdout) as SuiteReport & { readonly arch: string };
}
