/** From the bytes of a file to an engine (or a session) that is ready to run. */
import { loadArtifact } from "../../../aivm/program/artifact.ts";
import type { Figure } from "../rows.ts";
import { median } from "../statistics.ts";
import type { EngineAdapter } from "./adapters.ts";
import { figure, type ModelContext } from "./context.ts";

/** Loads per figure, after one that is not counted. */
const LOADS = 3;

/**
 * loadMs: the artifact's bytes, checked and hashed as always, to a ready engine, beside a session of onnxruntime from
 * the float model's bytes. createMs: the engine alone, from the checked model.
 */
export async function loadFigures(
  context: ModelContext,
  adapters: readonly EngineAdapter[],
): Promise<Figure[]> {
  const rows: Figure[] = [];
  for (const adapter of adapters) {
    const threads = Math.max(...adapter.threads);
    const options = { threads, requests: 1 };
    const checkMs: number[] = [];
    const createMs: number[] = [];
    const peerMs: number[] = [];
    for (let i = 0; i <= LOADS; i++) {
      const start = performance.now();
      const model = loadArtifact(context.artifact);
      const checked = performance.now();
      const engine = await adapter.create(model, options);
      const ready = performance.now();
      await engine.close();
      const open = performance.now();
      const peer = await context.open("ort-node-f32", threads);
      const opened = performance.now();
      await peer?.close();
      if (i === 0) continue;
      checkMs.push(checked - start);
      createMs.push(ready - checked);
      if (peer !== undefined) peerMs.push(opened - open);
    }
    const total = median(checkMs.map((ms, i) => ms + (createMs[i] ?? 0)));
    const beside =
      peerMs.length === 0
        ? null
        : median(peerMs.map((ms, i) => ms / ((checkMs[i] ?? 0) + (createMs[i] ?? 0))));
    context.say(`${context.label}: ${adapter.name} loaded in ${total.toPrecision(3)} ms`);
    const which = { case: context.label, engine: adapter.name, threads, unit: "ms" };
    const peer = beside === null ? null : "ort-node-f32";
    rows.push(figure({ ...which, metric: "loadMs", value: total, peer, ratio: beside }));
    rows.push(figure({ ...which, metric: "createMs", value: median(createMs), peer: null, ratio: null }));
  }
  return rows;
}
