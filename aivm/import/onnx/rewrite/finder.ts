/** Looking around in a graph whose constants, shapes and statistics are known. */
import type { Calibration } from "../../../quantize/calibrate.ts";
import type { OnnxGraph, OnnxNode } from "../graph.ts";

/** Producers, readers and constants of a graph. */
export interface Finder {
  readonly calibration: Calibration;
  readonly producer: (name: string | undefined) => OnnxNode | undefined;
  /** The only reader of a tensor that is no output of the graph. */
  readonly onlyReader: (name: string) => OnnxNode | undefined;
  readonly readers: (name: string) => readonly OnnxNode[];
  readonly isOutput: (name: string) => boolean;
  /** The value of a constant of one element. */
  readonly number: (name: string | undefined) => number | undefined;
  /** Integers of a constant. */
  readonly integers: (name: string | undefined) => readonly number[] | undefined;
  readonly shape: (name: string) => readonly number[];
  readonly isFloat: (name: string) => boolean;
}

/** A finder for a graph as calibration saw it. */
export function createFinder(graph: OnnxGraph, calibration: Calibration): Finder {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const readers = new Map<string, OnnxNode[]>();
  for (const node of graph.nodes) {
    for (const name of new Set(node.inputs)) readers.set(name, [...(readers.get(name) ?? []), node]);
  }
  const outputs = new Set(graph.outputs.map((value) => value.name));
  const values = (name: string | undefined): readonly number[] | undefined => {
    const data = calibration.constants.get(name ?? "")?.data;
    return data === undefined ? undefined : Array.from(data as ArrayLike<number | bigint>, Number);
  };
  return {
    calibration,
    producer: (name) => (calibration.constants.has(name ?? "") ? undefined : producers.get(name ?? "")),
    readers: (name) => readers.get(name) ?? [],
    onlyReader(name) {
      const all = readers.get(name) ?? [];
      return all.length === 1 && !outputs.has(name) ? all[0] : undefined;
    },
    isOutput: (name) => outputs.has(name),
    number(name) {
      const all = values(name);
      return all?.length === 1 ? all[0] : undefined;
    },
    integers: values,
    shape: (name) => calibration.types.get(name)?.shape ?? [],
    isFloat: (name) => calibration.types.get(name)?.dtype === "float32",
  };
}

/** Inputs of the node that writes `name` when it is of this operator of ai.onnx. */
export function inputsOf(
  finder: Finder,
  name: string | undefined,
  opType: string,
): readonly string[] | undefined {
  const node = finder.producer(name);
  return node?.opType === opType && node.domain === "" ? node.inputs : undefined;
}

/** The other operand of a node of two where one operand is such that `test` holds; undefined where none is. */
export function operandBeside(
  inputs: readonly string[] | undefined,
  test: (name: string) => boolean,
): string | undefined {
  const [a, b] = inputs ?? [];
  if (a === undefined || b === undefined) return undefined;
  if (test(b)) return a;
  return test(a) ? b : undefined;
}

/** The graph without nodes that no output needs. */
export function withoutDead(graph: OnnxGraph): OnnxGraph {
  const needed = new Set(graph.outputs.map((value) => value.name));
  const kept: OnnxNode[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    kept.push(node);
    for (const name of node.inputs) needed.add(name);
  }
  return { ...graph, nodes: kept.reverse() };
}
