/**
 * LinearAttention (27): a state per head, updated token by token, unrolled over the static number of tokens. With S the
 * state [key size, value size], per token: S = exp(decay) S; S = S + k (x) beta (v - k S); out = scale q S.
 */
import { unsupportedForm } from "../errors.ts";
import { floatAttribute, intAttribute, stringAttribute } from "../graph.ts";
import { type Builder, int, intList, type Rule, type Rules } from "./rule.ts";

const linearAttention: Rule = {
  typed: true,
  expand: (build, node) => {
    const [query = "", key = "", value = "", past = "", decay = "", beta = ""] = node.inputs;
    const [output = "", present = ""] = node.outputs;
    const rule = stringAttribute(node, "update_rule", "gated_delta");
    if (!["linear", "gated", "delta", "gated_delta"].includes(rule))
      throw unsupportedForm(node, { want: "linear, gated, delta or gated_delta", got: rule });
    const gated = rule.startsWith("gated");
    const correcting = rule.endsWith("delta");
    const [queryHeads, heads] = [intAttribute(node, "q_num_heads", 1), intAttribute(node, "kv_num_heads", 1)];
    const [batch = 1, tokens = 1, width = 1] = build.shape(query);
    const keySize = width / queryHeads;
    const valueSize = (build.shape(value)[2] ?? 1) / heads;
    const scale = floatAttribute(node, "scale", 0) || 1 / Math.sqrt(keySize);
    const scaled = build.add("Mul", [query, build.floats([scale], [])]);
    const at = (name: string, t: number, shape: readonly number[]): string =>
      build.add("Reshape", [tokenOf(build, name, { t, tokens }), build.ints(shape)]);
    const perHead = (name: string, t: number): string =>
      at(name, t, [batch, (build.shape(name)[2] ?? 1) === 1 ? 1 : heads, 1, 1]);
    let state = past;
    const results: string[] = [];
    for (let t = 0; t < tokens; t++) {
      const row = at(key, t, [batch, heads, 1, keySize]);
      const v = at(value, t, [batch, heads, 1, valueSize]);
      if (gated && state !== "") {
        const each =
          build.shape(decay)[2] === heads * keySize ? [batch, heads, keySize, 1] : [batch, heads, 1, 1];
        state = build.add("Mul", [state, build.add("Exp", [at(decay, t, each)])]);
      }
      let update = v;
      if (correcting) {
        const rest = state === "" ? v : build.add("Sub", [v, build.add("MatMul", [row, state])]);
        update = build.add("Mul", [rest, perHead(beta, t)]);
      }
      const column = build.add("Transpose", [row], { perm: intList([0, 1, 3, 2]) });
      const step = build.add("MatMul", [column, update]);
      state = state === "" ? step : build.add("Add", [state, step]);
      const q = at(scaled, t, [batch, heads, queryHeads / heads, keySize]);
      const out = build.add("MatMul", [q, state]);
      results.push(build.add("Reshape", [out, build.ints([batch, 1, queryHeads * valueSize])]));
    }
    const type = results.length === 1 ? "Identity" : "Concat";
    build.into(output, { type }, { inputs: results, attributes: type === "Concat" ? { axis: int(1) } : {} });
    build.into(present, { type: "Identity" }, { inputs: [state] });
  },
};

/** Token t of [batch, tokens, width], as [batch, 1, width]. */
function tokenOf(build: Builder, name: string, by: { readonly t: number; readonly tokens: number }): string {
  if (by.tokens === 1) return name;
  return build.add("Slice", [name, ...[by.t, by.t + 1, 1].map((value) => build.ints([value]))]);
}

/** Rules of this file. */
export const LINEAR_ATTENTION_RULES: Rules = new Map([["LinearAttention", [linearAttention]]]);
