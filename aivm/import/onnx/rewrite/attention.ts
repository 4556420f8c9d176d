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
    const { batch, heads, sharedHeads, keySize, valueSize } = sizes;
    const apart = (x: string, to: Parameters<typeof splitHeads>[2]): string =>
      packed ? splitHeads(build, x, to) : x;
    const q = apart(query, { batch, tokens: sizes.queries, heads, size: keySize });
    const newK = apart(key, { batch, tokens: fresh, heads: sharedHeads, size: keySize });
    const newV = apart(value, { batch, tokens: fresh, heads: sharedHeads, size: valueSize });
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
        masking: maskingOf(build, node, { sizes, past: sizes.keys - fresh }),
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
function maskingOf(
  build: Builder,
  node: OnnxNode,
  { sizes, past }: { readonly sizes: HeadSizes; readonly past: number },
): Masking {
  const mask = node.inputs[3] ?? "";
  const lengths = node.inputs[6] ?? "";
  const causal = intAttribute(node, "is_causal", 0) !== 0;
  const isBool = build.facts.type(mask)?.dtype === "bool";
  const parts: string[] = [];
  if (mask !== "" && isBool) parts.push(paddedMask(build, mask, sizes.keys));
  const bias = mask !== "" && !isBool ? paddedMask(build, mask, sizes.keys) : "";
  if (lengths !== "") parts.push(withinLength(build, { lengths, causal, sizes }));
  else if (causal) parts.push(constantCausal(build, sizes, past));
  const allowed = parts.reduce((all, part) => (all === "" ? part : build.add("And", [all, part])), "");
  const shown = shownBy(build, mask, bias !== "" && bias !== mask);
  const alone = parts.length + (bias === "" ? 0 : 1) === 1;
  // Two masks together may hide a row that neither hides alone.
  const hides = lengths !== "" || shown === "maybe none" || (shown === "some" && !alone);
  return {
    allowed,
    empty: hides ? "zero" : "never",
    bias,
    biasMasks: bias !== "" && hides && shown !== "all",
  };
}

/**
 * How much of a row a mask shows. A constant mask tells; a bool one that is given may hide anything; a float one that is
 * given hides keys only where its sample holds -infinity, without which the program's input can not hold it either.
 */
function shownBy(build: Builder, mask: string, padded: boolean): "all" | "some" | "maybe none" {
  if (mask === "") return "all";
  const sample = build.facts.sample(mask);
  const isBool = sample?.dtype === "bool";
  const hidden = (value: number | bigint): boolean =>
    isBool ? value === 0 : value === Number.NEGATIVE_INFINITY;
  const values = Array.from((sample?.data ?? []) as ArrayLike<number | bigint>, hidden);
  if (!build.facts.isConstant(mask)) return isBool || padded || values.includes(true) ? "maybe none" : "all";
  if (!values.includes(true)) return padded ? "some" : "all";
  const width = sample?.shape.at(-1) ?? 1;
  const rows = Array.from({ length: values.length / width }, (_, row) =>
    values.slice(row * width, (row + 1) * width),
  );
  return rows.some((row) => row.every(Boolean)) ? "maybe none" : "some";
}

/** A mask that is shorter than the keys does not see the last of them. */
function paddedMask(build: Builder, mask: string, keys: number): string {
  const shape = build.shape(mask);
  const missing = keys - (shape.at(-1) ?? keys);
  if (missing <= 0 || shape.at(-1) === 1) return mask;
  const rest = [...shape.slice(0, -1), missing];
  const count = rest.reduce((a, b) => a * b, 1);
  const isBool = build.facts.type(mask)?.dtype === "bool";
  const end = isBool
    ? build.bools(new Array(count).fill(false), rest)
    : build.floats(new Array(count).fill(Number.NEGATIVE_INFINITY), rest);
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
