/** RotaryEmbedding (23, and the form of com.microsoft): pairs of a head's elements are turned by the angle of a position. */
import { unsupportedForm } from "../errors.ts";
import { floatAttribute, intAttribute, type OnnxNode } from "../graph.ts";
import { type Builder, int, type Rule, type Rules } from "./rule.ts";

/** The inputs, wherever the domain puts them, and the static sizes. */
interface Form {
  readonly x: string;
  readonly cos: string;
  readonly sin: string;
  readonly positions: string;
  readonly heads: number;
}

const standard: Rule = {
  typed: true,
  expand: (build, node) => {
    const [x = "", cos = "", sin = "", positions = ""] = node.inputs;
    rotate(build, node, { x, cos, sin, positions, heads: intAttribute(node, "num_heads", 0) });
  },
};

/** Positions are the second input: one per token, or a single one for the first token of all. */
const contrib: Rule = {
  typed: true,
  expand: (build, node) => {
    const [x = "", given = "", cos = "", sin = ""] = node.inputs;
    if (floatAttribute(node, "scale", 1) !== 1 || intAttribute(node, "is_packed_batching", 0) !== 0)
      throw unsupportedForm(node, { want: "scale 1, no packed batching", got: "another form" });
    const shape = build.shape(x);
    const half = build.shape(cos)[1] ?? 1;
    const tokens = shape.length === 4 ? (shape[2] ?? 1) : (shape[1] ?? 1);
    const rotated = intAttribute(node, "rotary_embedding_dim", 0);
    const declared = intAttribute(node, "num_heads", 0);
    const heads = declared > 0 || rotated > 0 ? declared : (shape[2] ?? 1) / (2 * half);
    const positions =
      build.shape(given).length === 2
        ? given
        : build.add("Add", [given, build.ints(count(tokens), [1, tokens])]);
    rotate(build, node, { x, cos, sin, positions, heads });
  },
};

function count(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}

/** x [batch, heads, tokens, size] or [batch, tokens, heads x size], turned. */
function rotate(build: Builder, node: OnnxNode, form: Form): void {
  const shape = build.shape(form.x);
  const packed = shape.length === 3;
  const size = packed ? (shape[2] ?? 1) / form.heads : (shape[3] ?? 1);
  const rotated = intAttribute(node, "rotary_embedding_dim", 0) || size;
  const [batch = 1, tokens = 1] = shape;
  const x = packed ? build.add("Reshape", [form.x, build.ints([batch, tokens, form.heads, size])]) : form.x;
  const angles = {
    cos: angle(build, form.cos, { form, packed, half: rotated / 2 }),
    sin: angle(build, form.sin, { form, packed, half: rotated / 2 }),
  };
  const parts = [
    turned(build, x, { rotated, interleaved: intAttribute(node, "interleaved", 0) !== 0, angles }),
  ];
  if (rotated < size) parts.push(cut(build, x, { start: rotated, end: size, step: 1 }));
  const output = node.outputs[0] ?? "";
  const whole = parts.length === 1 ? (parts[0] ?? "") : build.add("Concat", parts, { axis: int(-1) });
  build.into(output, { type: "Reshape" }, { inputs: [whole, build.ints(shape)] });
}

/** Cosines or sines per token, in a shape that meets x: [batch, 1, tokens, half] or [batch, tokens, 1, half]. */
function angle(
  build: Builder,
  cache: string,
  by: { readonly form: Form; readonly packed: boolean; readonly half: number },
): string {
  const width = build.shape(cache).at(-1) ?? by.half;
  const { positions } = by.form;
  const taken = positions === "" ? cache : build.add("Gather", [cache, positions]);
  const fitting = width === by.half ? taken : cut(build, taken, { start: 0, end: by.half, step: 1 });
  return build.add("Unsqueeze", [fitting, build.ints([by.packed ? 2 : 1])]);
}

/** Elements [start, end) of the last axis. */
function cut(
  build: Builder,
  x: string,
  by: { readonly start: number; readonly end: number; readonly step: number },
): string {
  return build.add("Slice", [x, ...[by.start, by.end, -1, by.step].map((value) => build.ints([value]))]);
}

function turned(
  build: Builder,
  x: string,
  by: {
    readonly rotated: number;
    readonly interleaved: boolean;
    readonly angles: { readonly cos: string; readonly sin: string };
  },
): string {
  const { rotated, interleaved } = by;
  const { cos, sin } = by.angles;
  const half = rotated / 2;
  const first = cut(
    build,
    x,
    interleaved ? { start: 0, end: rotated, step: 2 } : { start: 0, end: half, step: 1 },
  );
  const second = cut(
    build,
    x,
    interleaved ? { start: 1, end: rotated, step: 2 } : { start: half, end: rotated, step: 1 },
  );
  const real = build.add("Sub", [build.add("Mul", [first, cos]), build.add("Mul", [second, sin])]);
  const imaginary = build.add("Add", [build.add("Mul", [first, sin]), build.add("Mul", [second, cos])]);
  if (!interleaved) return build.add("Concat", [real, imaginary], { axis: int(-1) });
  const pairs = [real, imaginary].map((part) => build.add("Unsqueeze", [part, build.ints([-1])]));
  const joined = build.add("Concat", pairs, { axis: int(-1) });
  return build.add("Reshape", [joined, build.ints([0, 0, 0, rotated])]);
}

/** Rules of this file. */
export const ROTARY_RULES: Rules = new Map([
  ["RotaryEmbedding", [standard]],
  ["com.microsoft.RotaryEmbedding", [contrib]],
]);
