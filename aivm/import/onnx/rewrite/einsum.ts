/** Einsum of one or two operands: axes in one order, then a product of matrices, or a product and a sum. */
import { unsupportedForm } from "../errors.ts";
import { type OnnxNode, stringAttribute } from "../graph.ts";
import { type Builder, intList, type Rule, type Rules } from "./rule.ts";

const einsum: Rule = {
  typed: true,
  expand: (build, node) => {
    const [terms, result] = termsOf(build, node);
    const sizes = new Map<string, number>();
    const given = node.inputs.map((name, i): Operand => {
      const labels = [...(terms[i] ?? "")];
      if (new Set(labels).size !== labels.length)
        throw unsupportedForm(node, { want: "no diagonal (a label twice in one term)", got: terms[i] ?? "" });
      for (const [axis, label] of labels.entries()) {
        const size = build.shape(name)[axis] ?? 1;
        sizes.set(label, Math.max(size, sizes.get(label) ?? 1));
      }
      return { name, labels };
    });
    const operands = given.map((operand) => full(build, operand, sizes));
    // From left to right, two at a time; labels that nothing else needs are summed as soon as they can be.
    let [left] = operands;
    for (const [i, right] of operands.slice(1).entries()) {
      const later = new Set([...result, ...operands.slice(i + 2).flatMap(({ labels }) => labels)]);
      if (left !== undefined) left = contracted(build, { left, right, later, sizes });
    }
    if (left === undefined) throw unsupportedForm(node, { want: "at least one operand", got: "none" });
    finish(build, node, { operand: left, result: [...result] });
  },
};

/** A tensor whose axes have names. */
interface Operand {
  readonly name: string;
  readonly labels: readonly string[];
}

/** The terms of an equation and its result; an ellipsis stands for digits, one for each of its axes from the right. */
function termsOf(build: Builder, node: OnnxNode): [readonly string[], string] {
  const equation = stringAttribute(node, "equation", "").replaceAll(" ", "");
  const [before = "", after] = equation.split("->");
  const raw = before.split(",");
  let dots = 0;
  const terms = raw.map((term, i) => {
    const named = term.replace("...", "").length;
    const extra = (build.shape(node.inputs[i] ?? "").length ?? 0) - named;
    if (!term.includes("...")) return term;
    dots = Math.max(dots, extra);
    return term.replace("...", digits(extra));
  });
  if (raw.length !== node.inputs.length || dots > 9)
    throw unsupportedForm(node, { want: `an equation of ${node.inputs.length} terms`, got: equation });
  if (after !== undefined) return [terms, after.replace("...", digits(dots))];
  const all = [...before.replaceAll(",", "").replaceAll("...", "")];
  const once = all.filter((label) => all.indexOf(label) === all.lastIndexOf(label)).sort();
  return [terms, digits(dots) + once.join("")];
}

/** Names of `count` axes, the last one "0". */
function digits(count: number): string {
  return Array.from({ length: count }, (_, i) => `${count - 1 - i}`).join("");
}

/** The product of two operands, summed over the labels that nothing later needs. */
function contracted(
  build: Builder,
  by: {
    readonly left: Operand;
    readonly right: Operand;
    readonly later: ReadonlySet<string>;
    readonly sizes: ReadonlyMap<string, number>;
  },
): Operand {
  const { later, sizes } = by;
  const needed = (other: Operand) => (label: string) => later.has(label) || other.labels.includes(label);
  const left = summed(build, by.left, needed(by.right));
  const right = summed(build, by.right, needed(by.left));
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const batch = shared.filter((label) => later.has(label));
  const inner = shared.filter((label) => !later.has(label));
  const rows = left.labels.filter((label) => !shared.includes(label));
  const columns = right.labels.filter((label) => !shared.includes(label));
  const labels = [...batch, ...rows, ...columns];
  const size = (names: readonly string[]): number =>
    names.reduce((all, name) => all * (sizes.get(name) ?? 1), 1);
  const shape = (names: readonly string[]): number[] => names.map((name) => sizes.get(name) ?? 1);
  const a = ordered(build, left, [...batch, ...rows, ...inner]);
  const b = ordered(build, right, [...batch, ...inner, ...columns]);
  const flatA = build.add("Reshape", [a, build.ints([...shape(batch), size(rows), size(inner)])]);
  const flatB = build.add("Reshape", [b, build.ints([...shape(batch), size(inner), size(columns)])]);
  const product = build.add("MatMul", [flatA, flatB]);
  return { name: build.add("Reshape", [product, build.ints(shape(labels))]), labels };
}

/** Without the labels that nothing needs. */
function summed(build: Builder, operand: Operand, isNeeded: (label: string) => boolean): Operand {
  const axes = operand.labels.flatMap((label, axis) => (isNeeded(label) ? [] : [axis]));
  if (axes.length === 0) return operand;
  const name = build.add("ReduceSum", [operand.name, build.ints(axes)], {
    keepdims: { kind: "int", value: 0 },
  });
  return { name, labels: operand.labels.filter(isNeeded) };
}

/** Axes in the order of `labels`. */
function ordered(build: Builder, operand: Operand, labels: readonly string[]): string {
  const perm = labels.map((label) => operand.labels.indexOf(label));
  return perm.every((axis, i) => axis === i)
    ? operand.name
    : build.add("Transpose", [operand.name], { perm: intList(perm) });
}

/** Axes of size 1 (which broadcast) at their full size. */
function full(build: Builder, operand: Operand, sizes: ReadonlyMap<string, number>): Operand {
  const shape = operand.labels.map((label) => sizes.get(label) ?? 1);
  if (shape.every((size, axis) => size === build.shape(operand.name)[axis])) return operand;
  return { ...operand, name: build.add("Expand", [operand.name, build.ints(shape)]) };
}

function finish(
  build: Builder,
  node: OnnxNode,
  by: { readonly operand: Operand; readonly result: readonly string[] },
): void {
  const rest = summed(build, by.operand, (label) => by.result.includes(label));
  const missing = by.result.find((label) => !rest.labels.includes(label));
  if (missing !== undefined)
    throw unsupportedForm(node, { want: "labels of the result that a term has", got: missing });
  build.into(node.outputs, { type: "Identity" }, { inputs: [ordered(build, rest, by.result)] });
}

/** Rules of this file. */
export const EINSUM_RULES: Rules = new Map([["Einsum", [einsum]]]);
