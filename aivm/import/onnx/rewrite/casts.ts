/** Casts to the type of another tensor become casts to a named type. */
import { dtypeCode } from "../format/tensorProto.ts";
import { int, type Rule, type Rules } from "./rule.ts";

const castLike: Rule = {
  when: (node, facts) => dtypeCode(facts.dtype(node.inputs[1] ?? "") ?? "") !== 0,
  expand: (build, node) => {
    const [x = "", like = ""] = node.inputs;
    const to = int(dtypeCode(build.facts.dtype(like) ?? ""));
    build.into(node.outputs, { type: "Cast" }, { inputs: [x], attributes: { to } });
  },
};

/** Rules of this file. */
export const CAST_RULES: Rules = new Map([["CastLike", [castLike]]]);
