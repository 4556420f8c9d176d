/**
 * LSTM, GRU and RNN, unrolled over the static number of steps. The products with the input are one product over all
 * steps; what depends on the state is per step.
 */
import { unsupportedForm } from "../errors.ts";
import { intAttribute, type OnnxNode, stringAttribute } from "../graph.ts";
import { type Builder, int, intList, type Rule, type Rules } from "./rule.ts";

/** Static sizes. */
interface Sizes {
  readonly steps: number;
  readonly batch: number;
  readonly hidden: number;
  readonly directions: number;
}

/** One direction: its parameters as [.., gates x hidden] and its first state, "" = zeros. */
interface Direction {
  /** input [steps, batch, gates x hidden] with the biases that are added to it */
  readonly projected: string;
  /** R transposed, [hidden, gates x hidden] */
  readonly recurrence: string;
  /** Biases of the recurrence that stay apart: [gates x hidden], "" = none or already added. */
  readonly recurrentBias: string;
  readonly peepholes: string;
  readonly activations: readonly string[];
  readonly state: State;
}

interface State {
  readonly h: string;
  readonly c: string;
}

/** One step: from the projected input of the step, [batch, gates x hidden], and the state. */
type Cell = (
  build: Builder,
  step: { readonly x: string; readonly direction: Direction; readonly state: State; readonly hidden: number },
) => State;

/** A kind of cell. */
interface Kind {
  readonly gates: number;
  readonly activations: readonly string[];
  readonly cell: Cell;
  /** True when the biases of input and recurrence can not be added into one. */
  readonly splitBias: (node: OnnxNode) => boolean;
}

const KNOWN_ACTIVATIONS = ["Sigmoid", "Tanh", "Relu", "Softsign", "Softplus"];

/** h = f(x + h R). */
const rnnCell: Cell = (build, { x, direction, state }) => {
  const sum = plus(build, x, times(build, state.h, direction.recurrence));
  return { h: build.add(direction.activations[0] ?? "Tanh", [sum]), c: "" };
};

/** Gates i, o, f, c. */
const lstmCell: Cell = (build, { x, direction, state, hidden }) => {
  const [f = "Sigmoid", g = "Tanh", h = "Tanh"] = direction.activations;
  const gates = plus(build, x, times(build, state.h, direction.recurrence));
  const part = (index: number): string => columns(build, gates, { index, hidden });
  const seen = (index: number, cell: string): string => {
    if (direction.peepholes === "" || cell === "") return "";
    return build.add("Mul", [columns(build, direction.peepholes, { index, hidden }), cell]);
  };
  const input = build.add(f, [plus(build, part(0), seen(0, state.c))]);
  const candidate = build.add(g, [part(3)]);
  const fresh = build.add("Mul", [input, candidate]);
  const forget = state.c === "" ? "" : build.add(f, [plus(build, part(2), seen(2, state.c))]);
  const c = state.c === "" ? fresh : build.add("Add", [build.add("Mul", [forget, state.c]), fresh]);
  const output = build.add(f, [plus(build, part(1), seen(1, c))]);
  return { h: build.add("Mul", [output, build.add(h, [c])]), c };
};

/** Gates z, r, h. */
const gruCell =
  (resetAfter: boolean): Cell =>
  (build, { x, direction, state, hidden }) => {
    const [f = "Sigmoid", g = "Tanh"] = direction.activations;
    const { recurrence, recurrentBias } = direction;
    const products = plus(build, times(build, state.h, recurrence), resetAfter ? recurrentBias : "");
    const part = (name: string, index: number): string =>
      name === "" ? "" : columns(build, name, { index, hidden });
    const update = build.add(f, [plus(build, part(x, 0), part(products, 0))]);
    const reset = build.add(f, [plus(build, part(x, 1), part(products, 1))]);
    const candidate = build.add(g, [plus(build, part(x, 2), recall())]);
    // (1 - z) h' + z h, with one product.
    if (state.h === "") {
      const kept = build.add("Sub", [build.floats([1], []), update]);
      return { h: build.add("Mul", [kept, candidate]), c: "" };
    }
    const change = build.add("Mul", [update, build.add("Sub", [state.h, candidate])]);
    return { h: build.add("Add", [candidate, change]), c: "" };

    function recall(): string {
      if (resetAfter) return products === "" ? "" : build.add("Mul", [reset, part(products, 2)]);
      if (state.h === "") return "";
      const weights = columns(build, recurrence, { index: 2, hidden });
      return build.add("MatMul", [build.add("Mul", [reset, state.h]), weights]);
    }
  };

/** a + b, either of which may be missing. */
function plus(build: Builder, a: string, b: string): string {
  if (a === "" || b === "") return a === "" ? b : a;
  return build.add("Add", [a, b]);
}

function times(build: Builder, state: string, weights: string): string {
  return state === "" ? "" : build.add("MatMul", [state, weights]);
}

/** Columns of one gate. */
function columns(build: Builder, x: string, by: { readonly index: number; readonly hidden: number }): string {
  const start = by.index * by.hidden;
  return build.add("Slice", [x, ...[start, start + by.hidden, -1].map((value) => build.ints([value]))]);
}

function unrolled(kindOf: (node: OnnxNode) => Kind): Rule {
  return {
    typed: true,
    expand: (build, node) => {
      const kind = kindOf(node);
      const batchFirst = intAttribute(node, "layout", 0) !== 0;
      const [x = ""] = node.inputs;
      const sizes = sizesOf(build, node, batchFirst);
      assertSupported(build, node, sizes);
      const sequence = batchFirst ? build.add("Transpose", [x], { perm: intList([1, 0, 2]) }) : x;
      const results = Array.from({ length: sizes.directions }, (_, d) => {
        const direction = directionOf(build, node, { d, kind, sizes, sequence, batchFirst });
        return runDirection(build, { direction, kind, sizes, backwards: isBackwards(node, d) });
      });
      writeOutputs(build, node, { results, sizes, batchFirst });
    },
  };
}

function isBackwards(node: OnnxNode, d: number): boolean {
  return d === 1 || stringAttribute(node, "direction", "forward") === "reverse";
}

function sizesOf(build: Builder, node: OnnxNode, batchFirst: boolean): Sizes {
  const [x = "", , r = ""] = node.inputs;
  const [first = 1, second = 1] = build.shape(x);
  const [directions = 1, , hidden = 1] = build.shape(r);
  const [steps, batch] = batchFirst ? [second, first] : [first, second];
  return { steps, batch, hidden, directions };
}

function assertSupported(build: Builder, node: OnnxNode, sizes: Sizes): void {
  const clipped = node.attributes.has("clip");
  if (clipped || intAttribute(node, "input_forget", 0) !== 0)
    throw unsupportedForm(node, {
      want: "no clip, input_forget 0",
      got: clipped ? "clip" : "input_forget 1",
    });
  const lengths = node.inputs[4] ?? "";
  if (lengths === "") return;
  const known = build.facts.constant(lengths);
  if (
    known === undefined ||
    !Array.from(known.data as ArrayLike<number>, Number).every((n) => n === sizes.steps)
  )
    throw unsupportedForm(node, {
      want: `constant sequence_lens of ${sizes.steps}, the whole sequence`,
      got: known === undefined ? "computed ones" : `${known.data}`,
    });
}

/** Entry d of a parameter [directions, ..], without that axis. */
function entry(build: Builder, name: string, d: number): string {
  const directions = build.shape(name)[0] ?? 1;
  const one =
    directions === 1
      ? name
      : build.add("Slice", [name, ...[d, d + 1, 0].map((value) => build.ints([value]))]);
  return build.add("Squeeze", [one, build.ints([0])]);
}

function directionOf(
  build: Builder,
  node: OnnxNode,
  by: {
    readonly d: number;
    readonly kind: Kind;
    readonly sizes: Sizes;
    readonly sequence: string;
    readonly batchFirst: boolean;
  },
): Direction {
  const [, w = "", r = "", b = "", , h = "", c = "", p = ""] = node.inputs;
  const { d, kind } = by;
  const transposed = (name: string): string =>
    build.add("Transpose", [entry(build, name, d)], { perm: intList([1, 0]) });
  const width = kind.gates * by.sizes.hidden;
  const both = b === "" ? "" : entry(build, b, d);
  const half = (index: number): string => (both === "" ? "" : columns(build, both, { index, hidden: width }));
  const split = kind.splitBias(node);
  const bias = split ? half(0) : both === "" ? "" : build.add("Add", [half(0), half(1)]);
  const state = (name: string): string => {
    if (name === "") return "";
    const ordered = by.batchFirst ? build.add("Transpose", [name], { perm: intList([1, 0, 2]) }) : name;
    const one =
      by.sizes.directions === 1
        ? ordered
        : build.add("Slice", [ordered, ...[d, d + 1, 0].map((value) => build.ints([value]))]);
    return build.add("Squeeze", [one, build.ints([0])]);
  };
  return {
    projected: plus(build, build.add("MatMul", [by.sequence, transposed(w)]), bias),
    recurrence: transposed(r),
    recurrentBias: split ? half(1) : "",
    peepholes: p === "" ? "" : entry(build, p, d),
    activations: activationsOf(node, kind, d),
    state: { h: state(h), c: state(c) },
  };
}

function activationsOf(node: OnnxNode, kind: Kind, d: number): readonly string[] {
  const given = node.attributes.get("activations");
  if (given?.kind !== "strings") return kind.activations;
  const count = kind.activations.length;
  const named = given.value.slice(d * count, (d + 1) * count);
  const found = named.map((name) => KNOWN_ACTIVATIONS.find((k) => k.toLowerCase() === name.toLowerCase()));
  const unknown = found.indexOf(undefined);
  if (unknown >= 0)
    throw unsupportedForm(node, {
      want: `activations of ${KNOWN_ACTIVATIONS.join(", ")}`,
      got: named[unknown] ?? "",
    });
  return found.flatMap((name) => name ?? []);
}

/** All states of one direction, by step, and the last one computed. */
function runDirection(
  build: Builder,
  by: {
    readonly direction: Direction;
    readonly kind: Kind;
    readonly sizes: Sizes;
    readonly backwards: boolean;
  },
): { readonly steps: readonly string[]; readonly last: State } {
  const { steps, hidden } = by.sizes;
  const all = new Array<string>(steps).fill("");
  let state = by.direction.state;
  for (let i = 0; i < steps; i++) {
    const t = by.backwards ? steps - 1 - i : i;
    const one =
      steps === 1
        ? by.direction.projected
        : build.add("Slice", [by.direction.projected, ...[t, t + 1, 0].map((value) => build.ints([value]))]);
    const x = build.add("Squeeze", [one, build.ints([0])]);
    state = by.kind.cell(build, { x, direction: by.direction, state, hidden });
    all[t] = state.h;
  }
  return { steps: all, last: state };
}

function writeOutputs(
  build: Builder,
  node: OnnxNode,
  by: {
    readonly results: readonly { readonly steps: readonly string[]; readonly last: State }[];
    readonly sizes: Sizes;
    readonly batchFirst: boolean;
  },
): void {
  const [y = "", h = "", c = ""] = node.outputs;
  const { steps, batch, hidden } = by.sizes;
  const block = (name: string): string => build.add("Reshape", [name, build.ints([1, 1, batch, hidden])]);
  const joined = (names: readonly string[], axis: number): string =>
    names.length === 1 ? (names[0] ?? "") : build.add("Concat", names, { axis: int(axis) });
  if (y !== "") {
    const perStep = Array.from({ length: steps }, (_, t) =>
      joined(
        by.results.map((result) => block(result.steps[t] ?? "")),
        1,
      ),
    );
    const whole = joined(perStep, 0);
    const perm = by.batchFirst ? [2, 0, 1, 3] : [0, 1, 2, 3];
    build.into(y, { type: "Transpose" }, { inputs: [whole], attributes: { perm: intList(perm) } });
  }
  const lasts: readonly (readonly [string, (state: State) => string])[] = [
    [h, (state) => state.h],
    [c, (state) => state.c],
  ];
  for (const [output, of] of lasts) {
    if (output === "") continue;
    const parts = by.results.map((result) =>
      build.add("Reshape", [of(result.last), build.ints([1, batch, hidden])]),
    );
    const perm = by.batchFirst ? [1, 0, 2] : [0, 1, 2];
    const whole = joined(parts, 0);
    build.into(output, { type: "Transpose" }, { inputs: [whole], attributes: { perm: intList(perm) } });
  }
}

const resetsAfter = (node: OnnxNode): boolean => intAttribute(node, "linear_before_reset", 0) !== 0;

/** Rules of this file. */
export const RECURRENT_RULES: Rules = new Map<string, readonly Rule[]>([
  ["RNN", [unrolled(() => ({ gates: 1, activations: ["Tanh"], cell: rnnCell, splitBias: () => false }))]],
  [
    "LSTM",
    [
      unrolled(() => ({
        gates: 4,
        activations: ["Sigmoid", "Tanh", "Tanh"],
        cell: lstmCell,
        splitBias: () => false,
      })),
    ],
  ],
  [
    "GRU",
    [
      unrolled((node) => ({
        gates: 3,
        activations: ["Sigmoid", "Tanh"],
        cell: gruCell(resetsAfter(node)),
        splitBias: resetsAfter,
      })),
    ],
  ],
]);
