/** If with a condition that is known when the model is compiled: the branch that it chooses takes its place. */
import type { OnnxBody, OnnxNode } from "../graph.ts";
import type { Builder, Facts, Rule, Rules } from "./rule.ts";

const foldedIf: Rule = {
  typed: true,
  sameVersion: true,
  when: (node, facts) => conditionOf(node, facts) !== undefined,
  expand: (build, node) => {
    const chosen = conditionOf(node, build.facts) ? "then_branch" : "else_branch";
    const branch = node.attributes.get(chosen);
    if (branch?.kind === "graph") inline(build, node, branch.value);
  },
};

function conditionOf(node: OnnxNode, facts: Facts): boolean | undefined {
  const value = facts.constant(node.inputs[0] ?? "")?.data[0];
  return value === undefined ? undefined : Number(value) !== 0;
}

/** The body's nodes under fresh names, so that two copies of one branch never meet. */
function inline(build: Builder, node: OnnxNode, body: OnnxBody): void {
  const names = new Map<string, string>();
  for (const [name, tensor] of body.initializers) names.set(name, build.tensor(tensor));
  const outer = (name: string): string => names.get(name) ?? name;
  const fresh = (name: string): string => {
    if (name === "") return "";
    const given = build.fresh();
    names.set(name, given);
    return given;
  };
  for (const inner of body.nodes) {
    const inputs = inner.inputs.map(outer);
    build.into(
      inner.outputs.map(fresh),
      { type: inner.opType, domain: inner.domain },
      {
        inputs,
        attributes: Object.fromEntries(
          [...inner.attributes].map(([name, value]) => [name, renamed(value, outer)]),
        ),
      },
    );
  }
  for (const [i, { name }] of body.outputs.entries())
    build.into(node.outputs[i] ?? "", { type: "Identity" }, { inputs: [outer(name)] });
}

/** A sub-graph inside the branch reads the branch's tensors by name. */
function renamed(
  attribute: OnnxNode["attributes"] extends ReadonlyMap<string, infer A> ? A : never,
  outer: (name: string) => string,
): typeof attribute {
  if (attribute.kind !== "graph") return attribute;
  const body = attribute.value;
  const nodes = body.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(outer),
    attributes: new Map([...node.attributes].map(([name, value]) => [name, renamed(value, outer)] as const)),
  }));
  return { kind: "graph", value: { ...body, nodes } };
}

/** Rules of this file. */
export const CONTROL_RULES: Rules = new Map([["If", [foldedIf]]]);
