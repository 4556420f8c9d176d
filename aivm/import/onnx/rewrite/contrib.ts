/** Operators of com.microsoft that exporters fuse: attention over packed weights, embeddings with their norm, cached attention. */
import { unsupportedForm } from "../errors.ts";
import { elementCount, floatAttribute, intAttribute, intsAttribute, type OnnxNode } from "../graph.ts";
import { attend, type HeadSizes, joinHeads, type Masking, splitHeads } from "./heads.ts";
import { type Builder, float, int, type Rule, type Rules } from "./rule.ts";

/** Attention: one product makes queries, keys and values. */
const packedAttention: Rule = {
  typed: true,
  expand: (build, node) => {
    const [input = "", weights = "", bias = "", mask = "", past = "", extra = ""] = node.inputs;
    const [output = "", present = ""] = node.outputs;
    if (past !== "" || present !== "" || intAttribute(node, "do_rotary", 0) !== 0)
      throw unsupportedForm(node, { want: "no past, no present, do_rotary 0", got: "another form" });
    const [batch = 1, tokens = 1] = build.shape(input);
    const heads = intAttribute(node, "num_heads", 1);
    const third = (build.shape(weights)[1] ?? 3) / 3;
    const widths = intsAttribute(node, "qkv_hidden_sizes") ?? [third, third, third];
    const product = build.add("MatMul", [input, weights]);
    const sum = bias === "" ? product : build.add("Add", [product, bias]);
    const [q = "", k = "", v = ""] = widths.map((width, i) => {
      const start = widths.slice(0, i).reduce((a, b) => a + b, 0);
      const part = build.add("Slice", [
        sum,
        ...[start, start + width, 2].map((value) => build.ints([value])),
      ]);
      return splitHeads(build, part, { batch, tokens, heads, size: width / heads });
    });
    const sizes: HeadSizes = {
      ...{ batch, heads, sharedHeads: heads, queries: tokens, keys: tokens },
      ...{ keySize: (widths[0] ?? 1) / heads, valueSize: (widths[2] ?? 1) / heads },
    };
    const stages = attend(
      build,
      { q, k, v },
      {
        sizes,
        scale: floatAttribute(node, "scale", 0) || 1 / Math.sqrt(sizes.keySize),
        softcap: 0,
        masking: packedMasking(build, node, { mask, extra, sizes }),
      },
    );
    joinHeads(build, stages.result, { output, shape: [batch, tokens, widths[2] ?? 1] });
  },
};

/** Masks of 0 and 1 per key, or the number of keys per batch; causal where the attribute says so. */
function packedMasking(
  build: Builder,
  node: OnnxNode,
  by: { readonly mask: string; readonly extra: string; readonly sizes: HeadSizes },
): Masking {
  const { batch, queries, keys } = by.sizes;
  const parts: string[] = [];
  if (by.mask !== "") {
    const shape = build.shape(by.mask);
    if (shape.length === 1 && shape[0] === batch) {
      const places = Array.from({ length: keys }, (_, j) => j);
      const lengths = build.add("Cast", [by.mask], { to: int(7) });
      const column = build.add("Reshape", [lengths, build.ints([batch, 1, 1, 1])]);
      parts.push(build.add("Less", [build.ints(places, [1, keys]), column]));
    } else if (shape.length === 2 || shape.length === 3) {
      const seen = build.add("Cast", [by.mask], { to: int(9) });
      const rows = shape.length === 2 ? 1 : (shape[1] ?? 1);
      parts.push(build.add("Reshape", [seen, build.ints([batch, 1, rows, keys])]));
    } else
      throw unsupportedForm(node, {
        want: "a mask of [batch], [batch, keys] or [batch, queries, keys]",
        got: `[${shape}]`,
      });
  }
  if (intAttribute(node, "unidirectional", 0) !== 0) {
    const seen = Array.from({ length: queries * keys }, (_, at) => at % keys <= Math.floor(at / keys));
    parts.push(build.bools(seen, [queries, keys]));
  }
  const allowed = parts.reduce((all, part) => (all === "" ? part : build.add("And", [all, part])), "");
  return { allowed, empty: by.mask === "" ? "never" : "unmasked", bias: by.extra, biasMasks: false };
}

/** GroupQueryAttention over a cache of static length: every sequence as long as the cache and the new tokens together. */
const groupQuery: Rule = {
  typed: true,
  expand: (build, node) => {
    const [
      query = "",
      key = "",
      value = "",
      pastKey = "",
      pastValue = "",
      lengths = "",
      ,
      cos = "",
      sin = "",
    ] = node.inputs;
    const [output = "", presentKey = "", presentValue = ""] = node.outputs;
    const [batch = 1, tokens = 1, width = 1] = build.shape(query);
    const heads = intAttribute(node, "num_heads", 1);
    const sharedHeads = intAttribute(node, "kv_num_heads", heads);
    const cached = pastKey === "" ? 0 : (build.shape(pastKey)[2] ?? 0);
    assertStatic(build, node, { lengths, total: cached + tokens });
    const packed = key === "";
    const size = packed ? width / (heads + 2 * sharedHeads) : width / heads;
    const part = (start: number, count: number): string => {
      const bounds = [start * size, (start + count) * size, 2].map((v) => build.ints([v]));
      return build.add("Slice", [query, ...bounds]);
    };
    const turn = (x: string, count: number): string => {
      if (intAttribute(node, "do_rotary", 0) === 0) return x;
      return rotatedHeads(build, node, { x, cos, sin, cached, tokens, heads: count });
    };
    const split = (x: string, count: number): string =>
      splitHeads(build, x, { batch, tokens, heads: count, size });
    const q = split(turn(packed ? part(0, heads) : query, heads), heads);
    const newK = split(turn(packed ? part(heads, sharedHeads) : key, sharedHeads), sharedHeads);
    const newV = split(packed ? part(heads + sharedHeads, sharedHeads) : value, sharedHeads);
    const k = cached === 0 ? newK : build.add("Concat", [pastKey, newK], { axis: int(2) });
    const v = cached === 0 ? newV : build.add("Concat", [pastValue, newV], { axis: int(2) });
    build.into(presentKey, { type: "Identity" }, { inputs: [k] });
    build.into(presentValue, { type: "Identity" }, { inputs: [v] });
    const keys = cached + tokens;
    const seen = Array.from(
      { length: tokens * keys },
      (_, at) => at % keys <= Math.floor(at / keys) + cached,
    );
    const sizes = { batch, heads, sharedHeads, queries: tokens, keys, keySize: size, valueSize: size };
    const stages = attend(
      build,
      { q, k, v },
      {
        sizes,
        scale: floatAttribute(node, "scale", 0) || 1 / Math.sqrt(size),
        softcap: floatAttribute(node, "softcap", 0),
        masking: {
          allowed: build.bools(seen, [tokens, keys]),
          empty: "never",
          bias: node.inputs[10] ?? "",
          biasMasks: false,
        },
      },
    );
    joinHeads(build, stages.result, { output, shape: [batch, tokens, heads * size] });
  },
};

function assertStatic(
  build: Builder,
  node: OnnxNode,
  by: { readonly lengths: string; readonly total: number },
): void {
  const known = build.facts.constant(by.lengths);
  const whole =
    known !== undefined &&
    Array.from(known.data as ArrayLike<number>, Number).every((n) => n + 1 === by.total);
  if (!whole)
    throw unsupportedForm(node, {
      want: `constant seqlens_k of ${by.total - 1}: every sequence as long as cache and new tokens together`,
      got: known === undefined ? "computed ones" : `${known.data}`,
    });
  const others = ["smooth_softmax", "kv_cache_bit_width"].find((name) => intAttribute(node, name, 0) > 0);
  const sink = (node.inputs[11] ?? "") !== "" ? "head_sink" : others;
  if (
    intAttribute(node, "local_window_size", -1) !== -1 ||
    sink !== undefined ||
    (node.inputs[9] ?? "") !== ""
  )
    throw unsupportedForm(node, {
      want: "no window, sink, smooth softmax or position_ids",
      got: sink ?? "local_window_size or position_ids",
    });
}

/** Packed heads [batch, tokens, heads x size] turned by their positions, which follow those of the cache. */
function rotatedHeads(
  build: Builder,
  node: OnnxNode,
  by: {
    readonly x: string;
    readonly cos: string;
    readonly sin: string;
    readonly cached: number;
    readonly tokens: number;
    readonly heads: number;
  },
): string {
  const half = build.shape(by.cos)[1] ?? 1;
  const positions = build.ints(
    Array.from({ length: by.tokens }, (_, t) => by.cached + t),
    [1, by.tokens],
  );
  const [batch = 1] = build.shape(node.inputs[0] ?? "");
  const output = build.fresh();
  const repeated = build.add("Expand", [positions, build.ints([batch, by.tokens])]);
  build.into(
    output,
    { type: "RotaryEmbedding" },
    {
      inputs: [by.x, by.cos, by.sin, repeated],
      attributes: {
        interleaved: int(intAttribute(node, "rotary_interleaved", 0)),
        num_heads: int(by.heads),
        rotary_embedding_dim: int(2 * half),
      },
    },
  );
  return output;
}

/** Sums of embeddings, normalised; how many tokens the mask lets through. */
const embedNorm: Rule = {
  typed: true,
  expand: (build, node) => {
    const [
      ids = "",
      segments = "",
      words = "",
      places = "",
      kinds = "",
      gamma = "",
      beta = "",
      mask = "",
      given = "",
    ] = node.inputs;
    const [output = "", maskIndex = "", sumOutput = ""] = node.outputs;
    const [batch = 1, tokens = 1] = build.shape(ids);
    const positions =
      given === ""
        ? build.ints(
            Array.from({ length: tokens }, (_, t) => t),
            [1, tokens],
          )
        : given;
    const word = build.add("Gather", [words, ids]);
    const placed = build.add("Add", [word, build.add("Gather", [places, positions])]);
    const sum = segments === "" ? placed : build.add("Add", [placed, build.add("Gather", [kinds, segments])]);
    build.into(
      output,
      { type: "LayerNormalization" },
      {
        inputs: [sum, gamma, beta],
        attributes: { axis: int(-1), epsilon: float(floatAttribute(node, "epsilon", 1e-12)) },
      },
    );
    build.into(sumOutput, { type: "Identity" }, { inputs: [sum] });
    if (mask !== "") {
      const counted = { inputs: [mask, build.ints([1])], attributes: { keepdims: int(0) } };
      build.into(maskIndex, { type: "ReduceSum" }, counted);
    } else {
      const zeros = build.tensor({
        dtype: "int32",
        shape: [batch],
        data: new Int32Array(elementCount([batch])),
      });
      build.into(maskIndex, { type: "Identity" }, { inputs: [zeros] });
    }
  },
};

/** Rules of this file. */
export const CONTRIB_RULES: Rules = new Map([
  ["com.microsoft.Attention", [packedAttention]],
  ["com.microsoft.GroupQueryAttention", [groupQuery]],
  ["com.microsoft.EmbedLayerNormalization", [embedNorm]],
]);
