/**
 * Graph to graph: everything that the float runtime does not run, and every composite operator, becomes plain operators
 * of one modern version, so that calibration sees the range of each intermediate. Rules that need static types get them
 * from the float runtime itself: what lies before the node is run on the first sample, once.
 */
import { isConstantNode, namesOfConstants } from "../../../quantize/calibrate.ts";
import type { FloatReference } from "../../../quantize/reference.ts";
import { invalidGraph, nodeLabel, unsupportedForm } from "../errors.ts";
import { encodeOnnx } from "../format/encode.ts";
import {
  type OnnxAttribute,
  type OnnxBody,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  readNames,
} from "../graph.ts";
import { outputDtypes } from "./dtypes.ts";
import { expandNode, type Facts, type Rule, ruleKey, TARGET_OPSET, type TensorType } from "./rule.ts";
import { RULES } from "./rules.ts";
import { holdingReference, runnableForm } from "./runnable.ts";

/** What is rewritten: a graph, and the values of all of its inputs in one sample, constants included. */
export interface RewriteTask {
  readonly graph: OnnxGraph;
  readonly reference: FloatReference;
  readonly feeds: readonly OnnxTensor[];
  /** Names of the graph inputs that are constants of the program. */
  readonly bound: ReadonlySet<string>;
}

/** A rewritten graph. */
export interface Rewritten {
  readonly graph: OnnxGraph;
  /** False when no rule fired: the graph is the one given. */
  readonly changed: boolean;
}

/** The versions of ai.onnx that the float runtime runs as they are. */
const OLDEST_RUNTIME_OPSET = 7;
const NEWEST_RUNTIME_OPSET = 25;
/** How often the replacement of a node may be replaced again. */
const DEEPEST = 12;

/** True for operators that a rule may replace, so that no lowering of their own is needed. */
export function isRewritten(node: OnnxNode, opset: number): boolean {
  return (RULES.get(ruleKey(node)) ?? []).some((rule) => rule.before === undefined || opset < rule.before);
}

/** A node in the queue: in which version of ai.onnx it is written, and how many rewrites led to it. */
interface Item {
  readonly node: OnnxNode;
  readonly opset: number;
  readonly depth: number;
}

interface State {
  readonly task: RewriteTask;
  readonly initializers: Map<string, OnnxTensor>;
  /** Nodes that no rule applies to, in an order that is topological once sorted. */
  readonly done: OnnxNode[];
  readonly values: Map<string, OnnxTensor>;
  readonly dtypes: Map<string, string>;
  readonly names: Set<string>;
  readonly constants: Set<string>;
  readonly alike: (readonly string[])[];
  changed: boolean;
}

/**
 * Applies the rules until none does. Names of the graph's inputs and outputs stay.
 * @throws AIVM_ONNX_* where a rule finds a form that it does not support, AIVM_REFERENCE_* where the part of the graph
 * before a node can not be run.
 */
export async function rewriteGraph(task: RewriteTask): Promise<Rewritten> {
  const { graph } = task;
  const state = createState(task);
  let queue: Item[] = graph.nodes.map((node) => ({ node, opset: graph.opset, depth: 0 }));
  for (;;) {
    queue = sweep(state, queue);
    if (queue.length === 0) break;
    await learnTypes(state, queue);
  }
  if (!state.changed && runsAsIs(graph.opset)) return { graph, changed: false };
  const nodes = sorted(state.done);
  const rewritten: OnnxGraph = {
    ...graph,
    opset: TARGET_OPSET,
    irVersion: Math.min(Math.max(graph.irVersion, 8), 10),
    nodes,
    initializers: state.initializers,
    alike: state.alike,
  };
  return { graph: rewritten, changed: true };
}

function runsAsIs(opset: number): boolean {
  return opset >= OLDEST_RUNTIME_OPSET && opset <= NEWEST_RUNTIME_OPSET;
}

function createState(task: RewriteTask): State {
  const { graph } = task;
  const values = new Map<string, OnnxTensor>([
    ...graph.initializers,
    ...task.feeds.map((tensor) => [tensor.name, tensor] as const),
  ]);
  return {
    task,
    initializers: new Map(graph.initializers),
    done: [],
    values,
    dtypes: new Map([...values].map(([name, { dtype }]) => [name, dtype])),
    names: new Set([...values.keys(), ...graph.nodes.flatMap((node) => [...node.inputs, ...node.outputs])]),
    constants: new Set(namesOfConstants(graph, new Set([...graph.initializers.keys(), ...task.bound]))),
    alike: [],
    changed: false,
  };
}

function factsOf(state: State): Facts {
  const type = (name: string): TensorType | undefined => state.values.get(name);
  return {
    type,
    dtype: (name) => state.dtypes.get(name),
    sample: (name) => state.values.get(name),
    isConstant: (name) => state.constants.has(name),
    constant: (name) => (state.constants.has(name) ? state.values.get(name) : undefined),
  };
}

/** One pass over the queue. Returns what must wait until types are known. */
function sweep(state: State, queue: readonly Item[]): Item[] {
  const waiting: Item[] = [];
  const pending = [...queue].reverse();
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    const choice = ruleFor(state, item);
    if (choice === "wait") {
      waiting.push(item);
    } else if (choice === undefined) {
      emitNode(state, item);
    } else {
      const { opset, depth } = item;
      if (depth >= DEEPEST)
        throw invalidGraph({ item: nodeLabel(item.node), want: "a finite expansion", got: `depth ${depth}` });
      const { nodes, constants, alike } = expandNode(choice, item.node, {
        facts: factsOf(state),
        fresh: (stem) => freshName(state, stem),
      });
      state.changed = true;
      state.alike.push(...alike);
      for (const tensor of constants) addConstant(state, tensor);
      const version = choice.sameVersion === true ? opset : Math.max(opset, TARGET_OPSET);
      pending.push(...nodes.map((node) => ({ node, opset: version, depth: depth + 1 })).reverse());
    }
  }
  return waiting;
}

/** The first rule that applies, none, or "wait" when that can not be told before types are known. */
function ruleFor(state: State, { node, opset }: Item): Rule | "wait" | undefined {
  const facts = factsOf(state);
  const known = node.inputs.every((name) => name === "" || state.values.has(name));
  for (const rule of RULES.get(ruleKey(node)) ?? []) {
    if (rule.before !== undefined && opset >= rule.before) continue;
    if (rule.when?.(node, facts) === false) continue;
    return rule.typed === true && !known ? "wait" : rule;
  }
  return undefined;
}

function addConstant(state: State, tensor: OnnxTensor): void {
  state.initializers.set(tensor.name, tensor);
  state.values.set(tensor.name, tensor);
  state.dtypes.set(tensor.name, tensor.dtype);
  state.constants.add(tensor.name);
}

function freshName(state: State, stem: string): string {
  for (let i = 0; ; i++) {
    const name = `${stem}.${i}`;
    if (state.names.has(name)) continue;
    state.names.add(name);
    return name;
  }
}

function emitNode(state: State, { node, opset }: Item): void {
  for (const [i, dtype] of outputDtypes(node, (name) => state.dtypes.get(name)).entries()) {
    const name = node.outputs[i] ?? "";
    if (name !== "" && dtype !== undefined) state.dtypes.set(name, dtype);
  }
  const emitted = withBodies(state, node, opset);
  state.done.push(emitted);
  if (isConstantNode(emitted, (name) => state.constants.has(name)))
    for (const name of emitted.outputs) state.constants.add(name);
}

/** Bodies of If, Loop and Scan are written in the same version as the graph around them. */
function withBodies(state: State, node: OnnxNode, opset: number): OnnxNode {
  if (![...node.attributes.values()].some(({ kind }) => kind === "graph")) return node;
  const attributes = [...node.attributes].map(([name, attribute]): [string, OnnxAttribute] => [
    name,
    attribute.kind === "graph"
      ? { kind: "graph", value: upgradedBody(state, attribute.value, opset) }
      : attribute,
  ]);
  return { ...node, attributes: new Map(attributes) };
}

function upgradedBody(state: State, body: OnnxBody, opset: number): OnnxBody {
  const initializers = new Map(body.initializers);
  const nodes = body.nodes.flatMap((node) => {
    const rule = (RULES.get(ruleKey(node)) ?? []).find((r) => r.before === undefined || opset < r.before);
    if (rule === undefined) return [withBodies(state, node, opset)];
    if (rule.typed === true || rule.when !== undefined)
      throw unsupportedForm(node, { want: "this operator outside of a sub-graph", got: "inside one" });
    const { nodes: replacement, constants } = expandNode(rule, node, {
      facts: factsOf(state),
      fresh: (stem) => freshName(state, stem),
    });
    for (const tensor of constants) initializers.set(tensor.name, tensor);
    return replacement;
  });
  return { ...body, nodes, initializers };
}

/**
 * Runs what lies before the waiting nodes, as far as it is ready, and keeps the values.
 * @throws AIVM_ONNX_INVALID_GRAPH when nothing is ready: an input that nothing defines, or a cycle.
 */
async function learnTypes(state: State, waiting: readonly Item[]): Promise<void> {
  const { values, task } = state;
  const wanted = new Set(waiting.flatMap(({ node }) => node.inputs).filter((name) => !values.has(name)));
  const ready = readyNodes(state, wanted);
  const outputs = ready.flatMap((node) => node.outputs).filter((name) => name !== "");
  const learnt = outputs.filter((name) => wanted.has(name));
  const [first] = waiting;
  if (learnt.length === 0 && first !== undefined)
    throw invalidGraph({
      item: nodeLabel(first.node),
      want: "inputs that a node or input defines",
      got: "none",
    });
  const made = new Set(outputs);
  const given = new Set(ready.flatMap(readNames).filter((name) => name !== "" && !made.has(name)));
  const initializers = new Map([...state.initializers].filter(([name]) => given.has(name)));
  const feeds = [...given]
    .filter((name) => !initializers.has(name))
    .flatMap((name) => values.get(name) ?? []);
  const part: OnnxGraph = {
    ...task.graph,
    opset: state.changed || !runsAsIs(task.graph.opset) ? TARGET_OPSET : task.graph.opset,
    irVersion: 10,
    nodes: ready,
    initializers,
    inputs: feeds.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    outputs: outputs.map((name) => ({ name, dtype: undefined, shape: undefined })),
  };
  const runnable = runnableForm(part);
  const session = await holdingReference(task.reference, runnable.held).load(encodeOnnx(runnable.graph));
  try {
    for (const [name, tensor] of await session.run(feeds)) {
      values.set(name, tensor);
      state.dtypes.set(name, tensor.dtype);
    }
  } finally {
    await session.close();
  }
}

/** Emitted nodes that lead to the wanted tensors and depend on nothing that is still waiting, in order. */
function readyNodes(state: State, wanted: ReadonlySet<string>): OnnxNode[] {
  const producers = new Map<string, OnnxNode>();
  for (const node of state.done) for (const name of node.outputs) producers.set(name, node);
  const needed = new Set<OnnxNode>();
  const runs = new Map<string, boolean>();
  const isReady = (name: string): boolean => {
    if (name === "" || state.values.has(name)) return true;
    const seen = runs.get(name);
    if (seen !== undefined) return seen;
    runs.set(name, false); // a cycle is never ready
    const node = producers.get(name);
    const ready = node !== undefined && readNames(node).every(isReady);
    runs.set(name, ready);
    if (ready && node !== undefined) needed.add(node);
    return ready;
  };
  for (const name of wanted) isReady(name);
  return sorted([...needed]);
}

/** Nodes so that each stands behind what it reads; otherwise in the order given. */
function sorted(nodes: readonly OnnxNode[]): OnnxNode[] {
  const producers = new Map<string, OnnxNode>();
  for (const node of nodes) for (const name of node.outputs) if (name !== "") producers.set(name, node);
  const out: OnnxNode[] = [];
  const seen = new Set<OnnxNode>();
  const visit = (start: OnnxNode): void => {
    const stack: { node: OnnxNode; reads: OnnxNode[] }[] = [];
    const enter = (node: OnnxNode): void => {
      if (seen.has(node)) return;
      seen.add(node);
      stack.push({ node, reads: readNames(node).flatMap((name) => producers.get(name) ?? []) });
    };
    enter(start);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.reads.shift();
      if (next !== undefined) enter(next);
      else {
        out.push(top.node);
        stack.pop();
      }
    }
  };
  for (const node of nodes) visit(node);
  return out;
}
