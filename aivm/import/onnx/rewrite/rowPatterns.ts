/**
 * Norms and softmax written out in simpler operators, found and put back: the mean of squares of 16-bit values, or the
 * sum of their exponentials, has a range that 16 bits hold badly.
 */
import type { Calibration } from "../../../quantize/calibrate.ts";
import { intAttribute, intsAttribute, type OnnxAttribute, type OnnxGraph, type OnnxNode } from "../graph.ts";
import { normProbeKeys } from "../operators/norm.ts";
import { createFinder, type Finder, inputsOf, operandBeside, withoutDead } from "./finder.ts";

type Range = { readonly min: number; readonly max: number };

/** The graph with norms and softmaxes as one node each, and the ranges inside of the norms. */
export function withRows(
  graph: OnnxGraph,
  calibration: Calibration,
): { readonly graph: OnnxGraph; readonly probed: ReadonlyMap<string, Range> } {
  const finder = createFinder(graph, calibration);
  const found = new Map<OnnxNode, OnnxNode>();
  const probed = new Map<string, Range>(calibration.probed);
  for (const node of graph.nodes) {
    const softmax = softmaxOf(finder, node, graph.opset);
    if (softmax !== undefined) found.set(node, softmax);
    const norm = normOf(finder, node);
    if (norm === undefined) continue;
    const { last, merged } = withParameters(finder, node, norm);
    found.set(last, merged);
    const keys = normProbeKeys(merged);
    probed.set(keys.centred, extent(finder, norm.centred));
    probed.set(keys.result, extent(finder, node.outputs[0] ?? ""));
  }
  if (found.size === 0) return { graph, probed: calibration.probed };
  const nodes = graph.nodes.map((node) => found.get(node) ?? node);
  return { graph: withoutDead({ ...graph, nodes }), probed };
}

function extent(finder: Finder, name: string): Range {
  const stats = finder.calibration.stats.get(name);
  return { min: 0, max: Math.max(Math.abs(stats?.min ?? 0), Math.abs(stats?.max ?? 0)) };
}

// ---- softmax ------------------------------------------------------------------------------------------------------

/** exp(x - max) / sum of it, or x - max - log(sum of exp of it), along one axis. */
function softmaxOf(finder: Finder, node: OnnxNode, opset: number): OnnxNode | undefined {
  const [a = "", b = ""] = node.inputs;
  if (node.domain !== "" || (node.opType !== "Div" && node.opType !== "Sub")) return undefined;
  const sum = node.opType === "Div" ? b : inputsOf(finder, b, "Log")?.[0];
  const axis = reducedAxis(finder, sum, "ReduceSum");
  const [powers] = inputsOf(finder, sum, "ReduceSum") ?? [];
  const [distance] = inputsOf(finder, powers, "Exp") ?? [];
  if (axis === undefined || distance === undefined) return undefined;
  if (a !== (node.opType === "Div" ? powers : distance)) return undefined;
  const [x = "", most] = inputsOf(finder, distance, "Sub") ?? [];
  const [of] = inputsOf(finder, most, "ReduceMax") ?? [];
  if (of !== x || reducedAxis(finder, most, "ReduceMax") !== axis) return undefined;
  // Before opset 13 the axes from this one on were one row.
  if (opset < 13 && axis !== finder.shape(x).length - 1) return undefined;
  const attributes = new Map<string, OnnxAttribute>([["axis", { kind: "int", value: axis }]]);
  return { ...node, opType: node.opType === "Div" ? "Softmax" : "LogSoftmax", inputs: [x], attributes };
}

/** The axis of a reduction along one that keeps it. */
function reducedAxis(finder: Finder, name: string | undefined, opType: string): number | undefined {
  const [first, ...more] = axesOf(finder, name, opType) ?? [];
  return more.length === 0 ? first : undefined;
}

/** The axes of a reduction that keeps them, counted from the front, ascending. */
function axesOf(finder: Finder, name: string | undefined, opType: string): readonly number[] | undefined {
  const node = finder.producer(name);
  if (node?.opType !== opType || node.domain !== "" || intAttribute(node, "keepdims", 1) === 0)
    return undefined;
  const rank = finder.shape(node.inputs[0] ?? "").length;
  const axes = intsAttribute(node, "axes") ?? finder.integers(node.inputs[1]);
  return axes?.map((axis) => (axis < 0 ? axis + rank : axis)).sort((p, q) => p - q);
}

// ---- norms --------------------------------------------------------------------------------------------------------

/** What a norm divides: x, or x less its mean; from which axis on; and what is added under the root. */
interface Norm {
  readonly x: string;
  readonly centred: string;
  readonly isCentred: boolean;
  readonly axis: number;
  readonly epsilon: number;
}

/** c / sqrt(mean of c^2 + epsilon), or c times the reciprocal, along the last axes. */
function normOf(finder: Finder, node: OnnxNode): Norm | undefined {
  const [a = "", b = ""] = node.inputs;
  if (node.domain !== "" || !finder.isFloat(node.outputs[0] ?? "")) return undefined;
  if (node.opType === "Div") return normBy(finder, a, rootOf(finder, b));
  if (node.opType !== "Mul") return undefined;
  return normBy(finder, a, inverseRootOf(finder, b)) ?? normBy(finder, b, inverseRootOf(finder, a));
}

/** What `name` is the square root of. */
function rootOf(finder: Finder, name: string | undefined): string | undefined {
  const [base, exponent] = inputsOf(finder, name, "Pow") ?? [];
  return inputsOf(finder, name, "Sqrt")?.[0] ?? (finder.number(exponent) === 0.5 ? base : undefined);
}

/** What `name` is the reciprocal square root of. */
function inverseRootOf(finder: Finder, name: string): string | undefined {
  const [base, exponent] = inputsOf(finder, name, "Pow") ?? [];
  if (finder.number(exponent) === -0.5) return base;
  const [one, divisor] = inputsOf(finder, name, "Div") ?? [];
  return rootOf(
    finder,
    inputsOf(finder, name, "Reciprocal")?.[0] ?? (finder.number(one) === 1 ? divisor : undefined),
  );
}

function normBy(finder: Finder, centred: string, measured: string | undefined): Norm | undefined {
  const added = inputsOf(finder, measured, "Add");
  const variance = operandBeside(added, (name) => finder.number(name) !== undefined);
  const epsilon = added?.map(finder.number).find((value) => value !== undefined);
  if (variance === undefined || epsilon === undefined || !(epsilon > 0)) return undefined;
  const [x, mean] = inputsOf(finder, through(finder, centred), "Sub") ?? [];
  const axes = varianceAxes(finder, variance, { centred, x, mean });
  const rank = finder.shape(centred).length;
  const [axis] = axes ?? [];
  if (axes === undefined || axis === undefined || !axes.every((value, i) => value === rank - axes.length + i))
    return undefined;
  const ofMean = x !== undefined && inputsOf(finder, mean, "ReduceMean")?.[0] === x;
  const isCentred = ofMean && axesOf(finder, mean, "ReduceMean")?.join() === axes.join();
  return isCentred
    ? { x, centred, isCentred, axis, epsilon }
    : { x: centred, centred, isCentred, axis, epsilon };
}

/** Axes of mean(c^2), or of mean(x^2) - mean(x)^2 where c = x - mean(x). */
function varianceAxes(
  finder: Finder,
  variance: string,
  of: { readonly centred: string; readonly x: string | undefined; readonly mean: string | undefined },
): readonly number[] | undefined {
  if (isMeanSquare(finder, variance, of.centred)) return axesOf(finder, variance, "ReduceMean");
  const [squares, square] = inputsOf(finder, variance, "Sub") ?? [];
  const { x, mean } = of;
  if (x === undefined || mean === undefined || inputsOf(finder, mean, "ReduceMean")?.[0] !== x)
    return undefined;
  if (!isMeanSquare(finder, squares, x) || !isSquare(finder, square, mean)) return undefined;
  const axes = axesOf(finder, squares, "ReduceMean");
  return axes?.join() === axesOf(finder, mean, "ReduceMean")?.join() ? axes : undefined;
}

function isMeanSquare(finder: Finder, name: string | undefined, of: string): boolean {
  return isSquare(finder, inputsOf(finder, name, "ReduceMean")?.[0], of);
}

function isSquare(finder: Finder, name: string | undefined, of: string): boolean {
  const [a, b] = inputsOf(finder, name, "Mul") ?? [];
  const [base, exponent] = inputsOf(finder, name, "Pow") ?? [];
  const same = (value: string | undefined): boolean => through(finder, value) === through(finder, of);
  return (a !== undefined && same(a) && same(b)) || (same(base) && finder.number(exponent) === 2);
}

/** The tensor before casts from float to float. */
function through(finder: Finder, name: string | undefined): string | undefined {
  const [x] = inputsOf(finder, name, "Cast") ?? inputsOf(finder, name, "Identity") ?? [];
  return x !== undefined && finder.isFloat(x) && finder.isFloat(name ?? "") ? through(finder, x) : name;
}

/** The norm with the product and the sum behind it, where these are parameters of its rows. */
function withParameters(
  finder: Finder,
  node: OnnxNode,
  norm: Norm,
): { readonly last: OnnxNode; readonly merged: OnnxNode } {
  let last = node;
  const inputs = [norm.x];
  for (const opType of ["Mul", "Add"]) {
    const next = parameterStep(finder, last, opType);
    if (next === undefined) break;
    inputs.push(next.parameter);
    last = next.node;
  }
  const attributes = new Map<string, OnnxAttribute>([
    ["axis", { kind: "int", value: norm.axis }],
    ["epsilon", { kind: "float", value: norm.epsilon }],
  ]);
  const opType = norm.isCentred ? "LayerNormalization" : "RMSNormalization";
  return { last, merged: { ...last, opType, inputs, attributes } };
}

/** The only reader of a node, casts aside, when it multiplies by (or adds) a constant that keeps the shape. */
function parameterStep(
  finder: Finder,
  node: OnnxNode,
  opType: string,
): { readonly node: OnnxNode; readonly parameter: string } | undefined {
  const [out = ""] = node.outputs;
  const next = finder.onlyReader(out);
  if (next?.opType === "Cast" && finder.isFloat(next.outputs[0] ?? ""))
    return parameterStep(finder, next, opType);
  if (next?.opType !== opType || next.domain !== "") return undefined;
  const parameter = operandBeside(next.inputs, (name) => name === out);
  const keeps = finder.shape(out).join() === finder.shape(next.outputs[0] ?? "").join();
  if (parameter === undefined || !keeps || !finder.calibration.constants.has(parameter)) return undefined;
  return { node: next, parameter };
}
