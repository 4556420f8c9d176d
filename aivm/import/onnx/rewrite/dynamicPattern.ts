/**
 * DynamicQuantizeLinear written out in simpler operators, as exporters and the operator's own definition do: found again
 * and put back, because its scale is a number that no tensor of 16 bits holds well enough.
 */
import type { Calibration } from "../../../quantize/calibrate.ts";
import { dtypeFromCode } from "../format/tensorProto.ts";
import type { OnnxGraph, OnnxNode } from "../graph.ts";
import { intAttribute } from "../graph.ts";

/** The graph with every pattern replaced, and the nodes dropped that nothing needs any more. */
export function withDynamicQuantize(graph: OnnxGraph, constants: Calibration["constants"]): OnnxGraph {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const finder: Finder = {
    producer: (name) => producers.get(name),
    number: (name) => {
      const data = constants.get(name)?.data;
      return data?.length === 1 ? Number(data[0]) : undefined;
    },
  };
  const found = new Map<OnnxNode, OnnxNode>();
  const replaced = new Set<string>();
  for (const node of graph.nodes) {
    if (node.opType !== "QuantizeLinear" || !isDynamic(finder, node)) continue;
    const [x = "", scale = "", zero = ""] = node.inputs;
    const outputs = [node.outputs[0] ?? "", scale, zero];
    const merged = { ...node, opType: "DynamicQuantizeLinear", inputs: [x], outputs, attributes: new Map() };
    if (replaced.has(scale) || replaced.has(zero)) continue;
    for (const name of [scale, zero]) replaced.add(name);
    found.set(node, merged);
  }
  if (found.size === 0) return graph;
  return { ...graph, nodes: ordered(graph, { found, replaced }) };
}

/** How the matcher looks around. */
interface Finder {
  readonly producer: (name: string) => OnnxNode | undefined;
  /** The value of a constant of one element. */
  readonly number: (name: string) => number | undefined;
}

/** Inputs of the node that writes `name` when it is of this operator. */
function inputsOf(finder: Finder, name: string | undefined, opType: string): readonly string[] | undefined {
  const node = finder.producer(name ?? "");
  return node?.opType === opType && node.domain === "" ? node.inputs : undefined;
}

function isNumber(finder: Finder, name: string | undefined, value: number): boolean {
  return name !== undefined && finder.number(name) === value;
}

/** scale = (max(max x, 0) - min(min x, 0)) / 255; zero = uint8(round(clip(0 - min(min x, 0) / scale, 0, 255))). */
function isDynamic(finder: Finder, node: OnnxNode): boolean {
  const [x = "", scale = "", zero = ""] = node.inputs;
  const [range, levels] = inputsOf(finder, scale, "Div") ?? [];
  const [top, bottom] = inputsOf(finder, range, "Sub") ?? [];
  if (!isNumber(finder, levels, 255) || !isExtreme(finder, top, ["Max", "ReduceMax", x])) return false;
  if (!isExtreme(finder, bottom, ["Min", "ReduceMin", x])) return false;
  const cast = finder.producer(zero);
  if (cast?.opType !== "Cast" || dtypeFromCode(intAttribute(cast, "to", 0)) !== "uint8") return false;
  const [clipped] = inputsOf(finder, cast.inputs[0], "Round") ?? [];
  const [initial, lowest, highest] = inputsOf(finder, clipped, "Clip") ?? [];
  const [none, scaled] = inputsOf(finder, initial, "Sub") ?? [];
  const [numerator, denominator] = inputsOf(finder, scaled, "Div") ?? [];
  const bounded = isNumber(finder, lowest, 0) && isNumber(finder, highest, 255) && isNumber(finder, none, 0);
  return bounded && numerator === bottom && denominator === scale;
}

/** Max or Min of 0 and of the extreme of all of x. */
function isExtreme(
  finder: Finder,
  name: string | undefined,
  [pair, reduction, x]: readonly [string, string, string],
): boolean {
  const inputs = inputsOf(finder, name, pair) ?? [];
  if (inputs.length !== 2 || !inputs.some((input) => isNumber(finder, input, 0))) return false;
  return inputs.some((input) => {
    const node = finder.producer(input);
    const overAll = node?.attributes.has("axes") === false && (node.inputs[1] ?? "") === "";
    return node?.opType === reduction && node.inputs[0] === x && overAll;
  });
}

/** Nodes that the outputs need, each where its inputs are known: a replacement stands where its scale was computed. */
function ordered(
  graph: OnnxGraph,
  of: { readonly found: ReadonlyMap<OnnxNode, OnnxNode>; readonly replaced: ReadonlySet<string> },
): OnnxNode[] {
  const byScale = new Map([...of.found.values()].map((node) => [node.outputs[1] ?? "", node] as const));
  const moved = graph.nodes.flatMap((node) => {
    if (of.found.has(node)) return [];
    const replacement = byScale.get(node.outputs[0] ?? "");
    if (replacement !== undefined) return [replacement];
    return node.outputs.some((name) => of.replaced.has(name)) ? [] : [node];
  });
  const needed = new Set(graph.outputs.map((value) => value.name));
  const kept: OnnxNode[] = [];
  for (const node of moved.reverse()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    kept.push(node);
    for (const name of node.inputs) needed.add(name);
  }
  return kept.reverse();
}
