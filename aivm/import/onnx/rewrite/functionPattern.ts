/**
 * Functions of one tensor that are written out in several operators (gelu by erf or tanh, x sigmoid(x), hard swish, ...):
 * found, and made one function, so that one table stands for all of them and nothing is rounded on the way.
 */

import type { Calibration } from "../../../quantize/calibrate.ts";
import { largestReal } from "../../../quantize/scheme.ts";
import type { OnnxGraph, OnnxNode } from "../graph.ts";
import { floatAttribute } from "../graph.ts";
import { FUSED_FUNCTION, type RealFunction, unaryFunction } from "../operators/functions.ts";
import { createFinder, type Finder, withoutDead } from "./finder.ts";

/** A tensor as a function of another one, or (no variable) a number. */
interface Expression {
  readonly variable: string | undefined;
  readonly f: RealFunction;
  /** Operators that it takes. */
  readonly nodes: number;
  /** True when it is more than scaling, shifting and clamping. */
  readonly curved: boolean;
}

const IDENTITY: RealFunction = (x) => x;
/** Rounding decides between integers: what is in front of it stays as it is. */
const KEPT: ReadonlySet<string> = new Set(["Round", "Floor", "Ceil", "Sign"]);
/** A divisor that came closer to 0 than this share of its largest value stays a tensor, which is checked. */
const CLOSEST_DIVISOR = 2 ** -10;

/** The graph with every such function as one node. */
export function withFunctions(graph: OnnxGraph, calibration: Calibration): OnnxGraph {
  const finder = createFinder(graph, calibration);
  const found = new Map<string, Expression>();
  for (const node of graph.nodes) {
    const [out = ""] = node.outputs;
    const expression = expressionOf(finder, found, node);
    if (expression !== undefined) found.set(out, expression);
  }
  const fused = new Map<OnnxNode, OnnxNode>();
  for (const node of graph.nodes) {
    const [out = ""] = node.outputs;
    const expression = found.get(out);
    if (expression?.variable === undefined || expression.nodes < 2 || !expression.curved) continue;
    const isEnd =
      finder.isOutput(out) ||
      finder
        .readers(out)
        .some((reader) => found.get(reader.outputs[0] ?? "")?.variable !== expression.variable);
    if (isEnd) fused.set(node, functionNode(node, expression));
  }
  if (fused.size === 0) return graph;
  return withoutDead({ ...graph, nodes: graph.nodes.map((node) => fused.get(node) ?? node) });
}

function functionNode(node: OnnxNode, { variable = "", f }: Expression): OnnxNode {
  return { ...node, opType: FUSED_FUNCTION, domain: "", inputs: [variable], attributes: new Map(), f };
}

/** What a node makes of one tensor, undefined when it is no elementwise function of a single one. */
function expressionOf(
  finder: Finder,
  found: ReadonlyMap<string, Expression>,
  node: OnnxNode,
): Expression | undefined {
  const [out = ""] = node.outputs;
  const names = node.inputs.filter((name) => name !== "");
  if (node.domain !== "" || KEPT.has(node.opType) || !finder.isFloat(out)) return undefined;
  if (finder.calibration.constants.has(out) || isFoldedClamp(finder, found, node)) return undefined;
  const combine = combinationOf(finder, node);
  if (combine === undefined) return undefined;
  const deep = names.map((name) => operandOf(finder, found.get(name), name));
  const operands =
    sharedVariable(deep) === undefined ? names.map((name) => operandOf(finder, undefined, name)) : deep;
  const variable = sharedVariable(operands);
  const parts = operands.flatMap((operand) => (operand === undefined ? [] : [operand]));
  if (variable === undefined || parts.length !== operands.length) return undefined;
  if (finder.shape(variable).join() !== finder.shape(out).join()) return undefined;
  const { stats } = finder.calibration;
  if (stats.get(variable)?.masked === true || stats.get(variable)?.finite !== true) return undefined;
  const varying = parts.filter((part) => part.variable !== undefined);
  return {
    variable,
    f: (x) => combine.f(parts.map((part) => part.f(x))),
    nodes: 1 + varying.reduce((sum, part) => sum + part.nodes, 0),
    curved: combine.curved(parts) || varying.some((part) => part.curved),
  };
}

/** An input as an expression: a number, a function found before, or a float tensor itself. */
function operandOf(finder: Finder, deep: Expression | undefined, name: string): Expression | undefined {
  const number = finder.number(name);
  if (number !== undefined) return { variable: undefined, f: () => number, nodes: 0, curved: false };
  if (deep !== undefined) return deep;
  if (!finder.isFloat(name) || finder.calibration.constants.has(name)) return undefined;
  return { variable: name, f: IDENTITY, nodes: 0, curved: false };
}

function sharedVariable(operands: readonly (Expression | undefined)[]): string | undefined {
  const names = new Set<string>();
  for (const operand of operands) {
    if (operand === undefined) return undefined;
    if (operand.variable !== undefined) names.add(operand.variable);
  }
  const [only] = names;
  return names.size === 1 ? only : undefined;
}

/** True for a clamp that the op before it takes in: better left there. */
function isFoldedClamp(finder: Finder, found: ReadonlyMap<string, Expression>, node: OnnxNode): boolean {
  const [x = ""] = node.inputs;
  const alone = finder.onlyReader(x) === node && found.get(x) === undefined;
  return (node.opType === "Relu" || node.opType === "Clip") && alone;
}

/** How an operator combines the values of its operands, and whether that bends a straight line. */
interface Combination {
  readonly f: (values: readonly number[]) => number;
  readonly curved: (parts: readonly Expression[]) => boolean;
}

const never = (): boolean => false;
const several = (parts: readonly Expression[]): boolean =>
  parts.filter((part) => part.variable !== undefined).length > 1;
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const COMBINATIONS: ReadonlyMap<string, Combination> = new Map<string, Combination>([
  ["Identity", { f: sum, curved: never }],
  ["Cast", { f: sum, curved: never }],
  ["Add", { f: sum, curved: never }],
  ["Sum", { f: sum, curved: never }],
  ["Mean", { f: (values) => sum(values) / values.length, curved: never }],
  ["Sub", { f: ([a = 0, b = 0]) => a - b, curved: never }],
  ["Mul", { f: ([a = 0, b = 0]) => a * b, curved: several }],
  ["Div", { f: ([a = 0, b = 0]) => a / b, curved: ([, b]) => b?.variable !== undefined }],
  ["Pow", { f: ([a = 0, b = 0]) => a ** b, curved: () => true }],
  ["Max", { f: (values) => Math.max(...values), curved: never }],
  ["Min", { f: (values) => Math.min(...values), curved: never }],
  ["Relu", { f: ([x = 0]) => Math.max(0, x), curved: never }],
]);

function combinationOf(finder: Finder, node: OnnxNode): Combination | undefined {
  const unary = unaryFunction(node);
  if (unary !== undefined) return { f: ([x = 0]) => unary(x), curved: () => true };
  if (node.opType === "Cast" && !finder.isFloat(node.inputs[0] ?? "")) return undefined;
  if (
    node.opType === "Div" &&
    finder.number(node.inputs[1]) === undefined &&
    isNearZero(finder, node.inputs[1])
  ) {
    return undefined;
  }
  if (node.opType !== "Clip") return COMBINATIONS.get(node.opType);
  const [, low = "", high = ""] = node.inputs;
  const bound = (name: string, attribute: string, fallback: number): number | undefined =>
    name === "" ? floatAttribute(node, attribute, fallback) : finder.number(name);
  const lo = bound(low, "min", Number.NEGATIVE_INFINITY);
  const hi = bound(high, "max", Number.POSITIVE_INFINITY);
  if (lo === undefined || hi === undefined) return undefined;
  return { f: ([x = 0]) => Math.min(hi, Math.max(lo, x)), curved: never };
}

function isNearZero(finder: Finder, name = ""): boolean {
  const stats = finder.calibration.stats.get(name);
  if (stats === undefined) return true;
  return stats.minAbs < CLOSEST_DIVISOR * largestReal(stats);
}
