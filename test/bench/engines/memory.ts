/** Memory of an engine: what it declares, and the peak of a process that runs it. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Figure } from "../rows.ts";
import { median } from "../statistics.ts";
import type { EngineAdapter } from "./adapters.ts";
import { figure, type ModelContext } from "./context.ts";

const CHILD = join(import.meta.dirname, "memoryMain.ts");
const MIB = 2 ** 20;
/** Processes per figure. */
const PROCESSES = 3;
/** The garbage of a process moves its peak by about a tenth of this; smaller engines get no ratio, MiB. */
const LEAST_MIB = 16;

/** peakMiB: peak of a process above the empty one (memoryMain.ts). declaredMiB: what the engine says; the ratio is declared / peak. */
export async function memoryFigures(
  context: ModelContext,
  adapters: readonly EngineAdapter[],
): Promise<Figure[]> {
  if (!existsSync("/proc/self/clear_refs")) {
    context.say(`${context.label}: no memory rows: peaks are read from /proc, which this system has not`);
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), "aivm-bench-"));
  try {
    const artifact = join(folder, "model.aivm");
    writeFileSync(artifact, context.artifact);
    return adapters.flatMap((adapter) => engineRows(context, adapter, artifact));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function engineRows(context: ModelContext, adapter: EngineAdapter, artifact: string): Figure[] {
  // One: a thread of Node is an interpreter of its own, some 15 MiB that are not the engine's.
  const threads = 1;
  const args = [adapter.name, String(threads), artifact];
  const measured = Array.from({ length: PROCESSES }, () => child(args));
  const peak = median(measured.map((one) => one.peakBytes));
  const declared = measured[0]?.declaredBytes ?? 0;
  context.say(`${context.label}: ${adapter.name} peak ${(peak / MIB).toFixed(1)} MiB`);
  const which = { case: context.label, engine: adapter.name, threads, unit: "MiB" };
  const judged = declared / MIB >= LEAST_MIB;
  return [
    figure({
      ...which,
      metric: "peakMiB",
      value: peak / MIB,
      peer: judged ? "declared" : null,
      ratio: judged ? declared / peak : null,
    }),
    figure({ ...which, metric: "declaredMiB", value: declared / MIB, peer: null, ratio: null }),
  ];
}

function child(args: readonly string[]): { readonly peakBytes: number; readonly declaredBytes: number } {
  const done = spawnSync(process.execPath, ["--import", "tsx", CHILD, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (done.status !== 0)
    throw new Error(`${CHILD} ${args.join(" ")} ended with ${done.status ?? done.signal}`);
  return JSON.parse(done.stdout) as { peakBytes: number; declaredBytes: number };
}
