/** Time of one request, and requests per second, beside onnxruntime with the same threads. */
import type { Figure } from "../rows.ts";
import { median } from "../statistics.ts";
import type { EngineAdapter } from "./adapters.ts";
import { figure, type ModelContext, openEngine } from "./context.ts";
import { measurePairs } from "./pairs.ts";
import type { PeerName } from "./peers.ts";

/** Whom each engine is measured against. The WebAssembly build of onnxruntime is the peer at one thread only. */
const PEERS: Readonly<Record<string, readonly { readonly peer: PeerName; readonly oneThread?: true }[]>> = {
  wasm: [{ peer: "ort-web-f32", oneThread: true }, { peer: "ort-node-f32" }],
  native: [{ peer: "ort-node-f32" }, { peer: "ort-node-qdq" }],
};

/** Peers of an engine at a number of threads. */
export function peersOf(engine: string, threads: number): readonly PeerName[] {
  const all = PEERS[engine] ?? [{ peer: "ort-node-f32" as const }];
  return all.filter(({ oneThread }) => threads === 1 || oneThread !== true).map(({ peer }) => peer);
}

/** latencyMs of every engine, thread count and peer; then the peers' own medians. */
export async function latencyFigures(
  context: ModelContext,
  adapters: readonly EngineAdapter[],
): Promise<Figure[]> {
  const rows: Figure[] = [];
  const peerTimes = new Map<string, { readonly name: string; readonly threads: number; times: number[] }>();
  for (const adapter of adapters) {
    for (const threads of adapter.threads) {
      const ours = await openEngine(context, adapter, { threads });
      for (const name of peersOf(adapter.name, threads)) {
        const peer = await context.open(name, threads);
        if (peer === undefined) continue;
        const pair = await measurePairs(ours, peer, context.plan);
        await peer.close();
        context.say(
          `${context.label}: ${adapter.name} ${pair.oursMs.toPrecision(3)} ms, ${name} ${pair.peerMs.toPrecision(3)} ms, ` +
            `ratio ${pair.ratio.toFixed(2)} (${threads} threads, ${pair.pairs} pairs)`,
        );
        rows.push(
          row(context, { engine: adapter.name, threads, ms: pair.oursMs, peer: name, ratio: pair.ratio }),
        );
        const known = peerTimes.get(`${name} ${threads}`) ?? { name, threads, times: [] };
        known.times.push(pair.peerMs);
        peerTimes.set(`${name} ${threads}`, known);
      }
      await ours.close();
    }
  }
  const own = [...peerTimes.values()].map(({ name, threads, times }) =>
    row(context, { engine: name, threads, ms: median(times), peer: null, ratio: null }),
  );
  return [...rows, ...own];
}

function row(
  { label }: ModelContext,
  of: Pick<Figure, "engine" | "threads" | "peer" | "ratio"> & { readonly ms: number },
): Figure {
  const { ms, ...rest } = of;
  return figure({ case: label, metric: "latencyMs", value: ms, unit: "ms", ...rest });
}

/** Requests per second with as many in flight as there are threads, beside onnxruntime under the same load. */
export async function throughputFigures(
  context: ModelContext,
  adapters: readonly EngineAdapter[],
): Promise<Figure[]> {
  const rows: Figure[] = [];
  for (const adapter of adapters) {
    const threads = Math.max(...adapter.threads);
    const plan = { ...context.plan, inFlight: threads, sampleMs: 5 * context.plan.sampleMs };
    const ours = await openEngine(context, adapter, { requests: threads });
    const peer = await context.open("ort-node-f32", threads);
    if (peer !== undefined) {
      const { oursMs, ratio } = await measurePairs(ours, peer, plan);
      await peer.close();
      const value = 1000 / oursMs;
      context.say(
        `${context.label}: ${adapter.name} ${value.toPrecision(3)} requests/s, ratio ${ratio.toFixed(2)}`,
      );
      const which = { case: context.label, engine: adapter.name, threads, peer: peer.name, ratio };
      rows.push(figure({ ...which, metric: "throughput", value, unit: "requests/s" }));
    }
    await ours.close();
  }
  return rows;
}
