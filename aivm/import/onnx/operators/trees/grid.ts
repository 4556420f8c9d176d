/** Which thresholds the integers of their features can be equal to. */
import type { OnnxGraph } from "../../graph.ts";
import { forestOf } from "./forest.ts";
import { featureParts, isTreeEnsemble } from "./limits.ts";

/** Thresholds of a graph's trees. */
export interface ThresholdGrid {
  readonly total: number;
  /**
   * Those that are whole units of their feature. A feature is rounded to units before it is compared: at such a threshold it
   * is decided as in floats where it equals it or is a unit away. At another one, a feature less than a unit away, or equal,
   * may go to either side.
   */
  readonly exact: number;
}

/** A threshold this small tells 0 from the rest, as LightGBM's 1e-35 does: 0 is decided exactly, no feature is as small. */
const NO_FEATURE = 2 ** -100;

/**
 * Counts the tests of all trees that read inputs of the graph, each by itself or joined.
 * @param scaleOf unit of a program input
 * @returns undefined without such trees
 */
export function thresholdGrid(
  graph: OnnxGraph,
  scaleOf: (input: string) => number | undefined,
): ThresholdGrid | undefined {
  let [total, exact] = [0, 0];
  for (const node of graph.nodes.filter(isTreeEnsemble)) {
    const name = node.inputs[0] ?? "";
    const parts = featureParts(graph, name) ?? [{ name, from: 0, to: Number.POSITIVE_INFINITY }];
    const forest = forestOf(node);
    for (const [i, { kind, value }] of forest.limit.entries()) {
      const feature = forest.feature[i] ?? 0;
      const scale = scaleOf(parts.find(({ to }) => feature < to)?.name ?? "");
      if (kind === "any" || scale === undefined) continue;
      total++;
      if (Number.isInteger(value / scale) || Math.abs(value) < NO_FEATURE) exact++;
    }
  }
  return total === 0 ? undefined : { total, exact };
}
