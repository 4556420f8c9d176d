/** One number per engine, peer and number of threads. */
import type { Figure } from "../rows.ts";
import { geometricMean } from "../statistics.ts";
import { figure } from "./context.ts";

/** Geometric means of the latency ratios over all models, in order of first appearance. */
export function geomeanFigures(figures: readonly Figure[]): Figure[] {
  const groups = new Map<string, Figure[]>();
  for (const one of figures) {
    if (one.metric !== "latencyMs" || one.ratio === null) continue;
    const key = `${one.engine} ${one.peer} ${one.threads}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const ratio = geometricMean(group.map((one) => one.ratio ?? Number.NaN));
    const { engine, threads, peer } = first;
    const which = { case: `geometric mean of ${group.length}`, engine, threads, peer };
    return [figure({ ...which, metric: "latencyRatio", value: ratio, unit: "x", ratio })];
  });
}
