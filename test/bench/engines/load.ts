/** From the bytes of a file to an engine (or a session) that is ready to run. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Figure } from "../rows.ts";
import { median } from "../statistics.ts";
import type { EngineAdapter, EngineOptions } from "./adapters.ts";
import { figure, type ModelContext } from "./context.ts";

/** Loads per figure, after one that is not counted. */
const LOADS = 3;

/** One load, ms. */
interface Load {
  readonly totalMs: number;
  /** The engine's part. */
  readonly createMs: number;
  /** A session of onnxruntime right behind it, where there is one. */
  readonly peerMs: number | undefined;
}

/**
 * loadMs: the artifact's bytes, checked and hashed as always, to a ready engine, beside a session of onnxruntime from
 * the float model's bytes; createMs: the engine alone, from the checked model. The same again with weights that an
 * earlier load has packed.
 */
export async function loadFigures(
  context: ModelContext,
  adapters: readonly EngineAdapter[],
): Promise<Figure[]> {
  const rows: Figure[] = [];
  const folder = mkdtempSync(join(tmpdir(), "aivm-packed-"));
  try {
    for (const adapter of adapters) {
      const threads = Math.max(...adapter.threads);
      const packedFolder = join(folder, adapter.name);
      rows.push(...(await loadRows(context, { adapter, options: { threads }, suffix: "" })));
      rows.push(
        ...(await loadRows(context, { adapter, options: { threads, packedFolder }, suffix: "Cached" })),
      );
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function loadRows(
  context: ModelContext,
  of: {
    readonly adapter: EngineAdapter;
    readonly options: EngineOptions & { readonly threads: number };
    readonly suffix: string;
  },
): Promise<Figure[]> {
  const { adapter, options, suffix } = of;
  const loads: Load[] = [];
  for (let i = 0; i <= LOADS; i++) {
    const load = await measureLoad(context, adapter, options);
    if (i > 0) loads.push(load);
  }
  const totalMs = median(loads.map((load) => load.totalMs));
  const ratios = loads.flatMap((load) => (load.peerMs === undefined ? [] : [load.peerMs / load.totalMs]));
  const which = { case: context.label, engine: adapter.name, threads: options.threads, unit: "ms" };
  context.say(
    `${context.label}: ${adapter.name} ready in ${totalMs.toPrecision(3)} ms ${suffix.toLowerCase()}`,
  );
  const beside =
    ratios.length === 0 ? { peer: null, ratio: null } : { peer: "ort-node-f32", ratio: median(ratios) };
  const createMs = median(loads.map((load) => load.createMs));
  return [
    figure({ ...which, metric: `loadMs${suffix}`, value: totalMs, ...beside }),
    figure({ ...which, metric: `createMs${suffix}`, value: createMs, peer: null, ratio: null }),
  ];
}

async function measureLoad(
  context: ModelContext,
  adapter: EngineAdapter,
  options: EngineOptions & { readonly threads: number },
): Promise<Load> {
  const start = performance.now();
  const model = adapter.check(context.artifact);
  const checked = performance.now();
  const engine = await adapter.create(model, options);
  const ready = performance.now();
  await engine.close();
  const open = performance.now();
  const peer = await context.open("ort-node-f32", options.threads);
  const opened = performance.now();
  await peer?.close();
  return {
    totalMs: ready - start,
    createMs: ready - checked,
    peerMs: peer === undefined ? undefined : opened - open,
  };
}
