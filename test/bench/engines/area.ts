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

/** Metrics of the chart: the others are in the table. */
const CHARTED: ReadonlySet<string> = new Set(["latencyRatio", "latencyMs"]);

/** Quick: latencies of three models. Otherwise everything. */
export const enginesArea: BenchArea = {
  name: "engines",
  about: "Engines beside onnxruntime: same machine, same threads, medians of interleaved pairs",
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

async function run({ quick, say }: BenchOptions): Promise<readonly Figure[]> {
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
