/** All rewrites, by operator. Within an operator, rules of old versions come first: what they write may be rewritten again. */
import { ACTIVATION_RULES } from "./activations.ts";
import { ATTENTION_RULES } from "./attention.ts";
import { BLOCK_WEIGHT_RULES } from "./blockWeights.ts";
import { CAST_RULES } from "./casts.ts";
import { CAUSAL_CONV_RULES } from "./causalConv.ts";
import { CONTRIB_RULES } from "./contrib.ts";
import { CONTROL_RULES } from "./control.ts";
import { EINSUM_RULES } from "./einsum.ts";
import { LINEAR_ATTENTION_RULES } from "./linearAttention.ts";
import { LINEAR_ML_RULES } from "./linearMl.ts";
import { NORM_RULES } from "./norms.ts";
import { OLD_AXES_RULES } from "./oldAxes.ts";
import { OLD_BROADCAST_RULES } from "./oldBroadcast.ts";
import { OLD_FORM_RULES } from "./oldForms.ts";
import { QLINEAR_RULES } from "./qlinear.ts";
import { RECURRENT_RULES } from "./recurrent.ts";
import { ROTARY_RULES } from "./rotary.ts";
import type { Rule, Rules } from "./rule.ts";

const SUBJECTS: readonly Rules[] = [
  ...[OLD_BROADCAST_RULES, OLD_AXES_RULES, OLD_FORM_RULES],
  ...[CAST_RULES, ACTIVATION_RULES, NORM_RULES, ATTENTION_RULES, LINEAR_ATTENTION_RULES, ROTARY_RULES],
  ...[
    CAUSAL_CONV_RULES,
    RECURRENT_RULES,
    EINSUM_RULES,
    CONTROL_RULES,
    CONTRIB_RULES,
    QLINEAR_RULES,
    BLOCK_WEIGHT_RULES,
    LINEAR_ML_RULES,
  ],
];

/** Every rule. */
export const RULES: Rules = merged(SUBJECTS);

function merged(tables: readonly Rules[]): Rules {
  const all = new Map<string, Rule[]>();
  for (const table of tables) {
    for (const [key, rules] of table) all.set(key, [...(all.get(key) ?? []), ...rules]);
  }
  return all;
}
