/** Attention (23, 24): heads in three or four axes, shared keys, caches, masks, a cap on the scores. */
import { unsupportedForm } from "../errors.ts";
import { floatAttribute, intAttribute, type OnnxNode } from "../graph.ts";
import { attend, type HeadSizes, joinHeads, type Masking, type Stages, splitHeads } from "./heads.ts";
import { type Builder, int, type Rule, type Rules } from "./rule.ts";

const attention: Rule = {
  typed: true,
  expand: (build, node) => {
    const [query = "", key = "", value = "", , pastKey = "", pastValue = ""] = node.inputs;
    const [output = "", presentKey = "", presentValue = "", matmulOutput = ""] = node.outputs;
    const sizes = sizesOf(build, node);
    const packed = build.shape(query).length === 3;
    const fresh = build.shape(key)[packed ? 1 : 2] ?? 1;
    const apart = (x: string, tokens: number, heads: number, size: number): string =>
      packed ? splitHeads(build, x, { batch: sizes.batch, tokens, heads, size }) : x;
    const q = apart(query, sizes.queries, sizes.heads, sizes.keySize);
    const newK = apart(key, fresh, sizes.sharedHeads, sizes.keySize);
    const newV = apart(value, fresh, sizes.sharedHeads, sizes.valueSize);
    const k = pastKey === "" ? newK : build.add("Concat", [pastKey, newK], { axis: int(2) });
    const v = pastValue === "" ? newV : build.add("Concat", [pastValue, newV], { axis: int(2) });
    build.into(presentKey, { type: "Identity" }, { inputs: [k] });
    build.into(presentValue, { type: "Identity" }, { inputs: [v] });
    const stages = attend(
      build,
      { q, k, v },
      {
        sizes,
        scale: floatAttribute(node, "scale", 0) || 1 / Math.sqrt(sizes.keySize),
        softcap: floatAttribute(node, "softcap", 0),
        masking: maskingOf(build, node, sizes, sizes.keys - fresh),
      },
    );
    if (packed) {
      const shape = [sizes.batch, sizes.queries, sizes.heads * sizes.valueSize];
      joinHeads(build, stages.result, { output, shape });
    } else build.into(output, { type: "Identity" }, { inputs: [stages.result] });
    build.into(matmulOutput, { type: "Identity" }, { inputs: [stageOf(node, stages)] });
  },
};

function sizesOf(build: Builder, node: OnnxNode): HeadSizes {
  const [q, k, v] = node.inputs.slice(0, 3).map((name) => build.shape(name));
  const past = node.inputs[4] ?? "";
  const before = past === "" ? 0 : (build.shape(past)[2] ?? 0);
  const [batch = 1] = q ?? [];
  if (q?.length === 4) {
    const [, heads = 1, queries = 1, keySize = 1] = q;
    return {
      ...{ batch, heads, queries, keySize, sharedHeads: k?.[1] ?? 1 },
      ...{ keys: before + (k?.[2] ?? 0), valueSize: v?.[3] ?? 1 },
    };
  }
  const heads = intAttribute(node, "q_num_heads", 0);
  const sharedHeads = intAttribute(node, "kv_num_heads", 0);
  if (heads <= 0 || sharedHeads <= 0)
    throw unsupportedForm(node, { want: "q_num_heads and kv_num_heads with three axes", got: "none" });
  return {
    ...{ batch, heads, sharedHeads, queries: q?.[1] ?? 1, keySize: (q?.[2] ?? 1) / heads },
    ...{ keys: before + (k?.[1] ?? 0), valueSize: (v?.[2] ?? 1) / sharedHeads },
  };
}

/** The output qk_matmul_output, by its mode: scores, after the cap, after the mask, after softmax. */
function stageOf(node: OnnxNode, stages: Stages): string {
  const mode = intAttribute(node, "qk_matmul_output_mode", 0);
  return [stages.scores, stages.capped, stages.masked, stages.weights][mode] ?? stages.scores;
}

/** Masks of all kinds as one. `past` is the number of tokens before the first query. */
function maskingOf(build: Builder, node: OnnxNode, sizes: HeadSizes, past: number): Masking {
  const mask = node.inputs[3] ?? "";
  const lengths = node.inputs[6] ?? "";
  const causal = intAttribute(node, "is_causal", 0) !== 0;
  const isBool = build.facts.type(mask)?.dtype === "bool";
  const parts: string[] = [];
  if (mask !== "" && isBool) parts.push(paddedMask(build, mask, sizes.keys, false));
  const bias = mask !== "" && !isBool ? paddedMask(build, mask, sizes.keys, true) : "";
  if (lengths !== "") parts.push(withinLength(build, { lengths, causal, sizes }));
  else if (causal) parts.push(constantCausal(build, sizes, past));
  const allowed = parts.reduce((all, part) => (all === "" ? part : build.add("And", [all, part])), "");
  const biasMasks = bias !== "" && (masksByInfinity(build, mask) || bias !== mask);
  return {
    allowed,
    empty: isBool || lengths !== "" || biasMasks ? "zero" : "never",
    bias,
    biasMasks,
  };
}

/** True when the sample's mask holds -infinity: only then can the program's input hold it. */
function masksByInfinity(build: Builder, mask: string): boolean {
  const type = build.facts.type(mask);
  return (
    type !== undefined && "data" in type && (type.data as Float32Array).includes(Number.NEGATIVE_INFINITY)
  );
}

/** A mask that is shorter than the keys does not see the last of them. */
function paddedMask(build: Builder, mask: string, keys: number, isFloat: boolean): string {
  const shape = build.shape(mask);
  const missing = keys - (shape.at(-1) ?? keys);
  if (missing <= 0 || shape.at(-1) === 1) return mask;
  const rest = [...shape.slice(0, -1), missing];
  const count = rest.reduce((a, b) => a * b, 1);
  const end = isFloat
    ? build.floats(new Array(count).fill(Number.NEGATIVE_INFINITY), rest)
    : build.bools(new Array(count).fill(false), rest);
  return build.add("Concat", [mask, end], { axis: int(-1) });
}

/** Key j is seen by query i when j <= i + past. [queries, keys] */
function constantCausal(build: Builder, { queries, keys }: HeadSizes, past: number): string {
  const seen = Array.from({ length: queries * keys }, (_, at) => at % keys <= Math.floor(at / keys) + past);
  return build.bools(seen, [queries, keys]);
}

/**
 * Key j is seen below the batch's length; causally, query i stands `queries - i` places before that length. Both are
 * one comparison of a constant with the length, so that no sum of lengths is needed. [batch, 1, queries or 1, keys]
 */
function withinLength(
  build: Builder,
  by: { readonly lengths: string; readonly causal: boolean; readonly sizes: HeadSizes },
): string {
  const { queries, keys } = by.sizes;
  const rows = by.causal ? queries : 1;
  const needed = Array.from({ length: rows * keys }, (_, at) =>
    by.causal ? (at % keys) - Math.floor(at / keys) + queries : (at % keys) + 1,
  );
  const lengths = build.add("Unsqueeze", [by.lengths, build.ints([1, 2, 3])]);
  return build.add("LessOrEqual", [build.ints(needed, [rows, keys]), lengths]);
}

/** Rules of this file. */
export const ATTENTION_RULES: Rules = new Map([["Attention", [attention]]]);
