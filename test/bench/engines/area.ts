/** Area `engines`: our integer engines beside onnxruntime, on real models and on shapes of well-known ones. */
import { ratioChart } from "../chart.ts";
import type { BenchArea, BenchOptions, Figure } from "../rows.ts";
import { engineAdapters } from "./adapters.ts";
import { modelContext } from "./context.ts";
import { curveFigures } from "./curve.ts";
import { geomeanFigures } from "./geomean.ts";
import { latencyFigures, throughputFigures } from "./latency.ts";
import { loadFigures } from "./load.ts";
import { memoryFigures } from "./memory.ts";
import { type ModelSource, modelSources } from "./models/list.ts";
import { pairPlan } from "./pairs.ts";
import { type HashRates, traceFigures } from "./trace.ts";

const NOTES = `Our models have 8-bit activations and weights (\`a8\`; their accuracy is in [accuracy.md](../accuracy.md)). Peers are
onnxruntime's WebAssembly build and its native build on the float model (\`f32\`), and the native build on a quantised form
(\`qdq\`: the authors' where there is one, else made by onnxruntime's quantiser). Both sides of a ratio ran in one process,
in turn, with the same number of threads; a ratio is the median over the pairs and above 1 where ours is better.

- \`latencyMs\`: one request. \`throughput\`: as many requests in flight as threads. \`loadMs\`: from a file's bytes to ready,
  all checks and hashes of the artifact included; \`createMs\`: the engine's part of it.
- \`traceLazy\`: an engine that has made traces, not asked for one. \`traceEager\`: roots of all ops during the run; the bound
  is 1 + 1.1 x (bytes hashed / hash rate) / run time, and its ratio is bound / slowdown.
- \`peakMiB\`: by how much a process with one thread peaks above itself with an engine of one element: the native engine
  maps the artifact meanwhile, the wasm engine has it loaded; below 16 MiB garbage of JavaScript is most of it.
- \`cnn\`, \`mlp\`: four layers, of as many multiply-adds as the name says.
- \`resnet50-shape\`, \`bert-base-shape\`: the layers of these models with random weights.`;

/** Metrics of the chart: the others are in the table. */
const CHARTED: ReadonlySet<string> = new Set(["latencyRatio", "latencyMs"]);

/** Quick: latencies of three models. Otherwise everything. */
export const enginesArea: BenchArea = {
  name: "engines",
  about: "Engines beside onnxruntime: medians of interleaved pairs",
  notes: NOTES,
  run,
  chart: (title, rows) =>
    ratioChart(
      `${title}; ratio above 1: ours is better`,
      rows.flatMap(({ ratio, peer, engine, threads, metric, case: name }) =>
        ratio === null || !CHARTED.has(metric)
          ? []
          : [{ label: `${name}: ${engine} / ${peer}, ${threads} thr`, ratio, group: engine }],
      ),
    ),
};

async function run(options: BenchOptions): Promise<readonly Figure[]> {
  // Threads of engines keep no process alive; this does, also while one of them is all that we wait for.
  const alive = setInterval(() => undefined, 60_000);
  try {
    return await measure(options);
  } finally {
    clearInterval(alive);
  }
}

async function measure({ quick, say }: BenchOptions): Promise<readonly Figure[]> {
  const plan = pairPlan(quick);
  const adapters = await engineAdapters(say);
  const rates: HashRates = new Map();
  const rows: Figure[] = [];
  for (const source of wantedSources(quick, say)) {
    say(`${source.name}: loading`);
    const context = await modelContext(source.load(), { plan, say });
    rows.push(...(await latencyFigures(context, adapters)));
    if (quick) continue;
    rows.push(...(await throughputFigures(context, adapters)));
    rows.push(...(await loadFigures(context, adapters)));
    rows.push(...(await traceFigures(context, adapters, rates)));
    rows.push(...(await memoryFigures(context, adapters)));
  }
  const means = geomeanFigures(rows);
  if (!quick) rows.push(...(await curveFigures(adapters, { plan, say })));
  return [...means, ...rows];
}

/** The models of this run. Without outside data, quick takes the first generated one: something must be measured. */
function wantedSources(quick: boolean, say: (line: string) => void): readonly ModelSource[] {
  const { sources, absent } = modelSources();
  if (absent.length > 0) say(`AIVM_TEST_DATA does not lead to ${absent.join(", ")}: left out`);
  if (!quick) return sources;
  const wanted = sources.filter((source) => source.quick);
  return wanted.length > 0 ? wanted : sources.slice(0, 1);
}
