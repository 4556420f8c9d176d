/** The cases of every op, by name. */
import { bitwiseCases, randomCases, shiftCases } from "./bits.ts";
import type { Case } from "./build.ts";
import { divCases, isqrtCases, matmulDivCases, modCases } from "./division.ts";
import { addCases, compareCases, mulCases, rescaleCases, tableCases, whereCases } from "./elementwise.ts";
import {
  concatCases,
  expandCases,
  gatherCases,
  padCases,
  reshapeCases,
  sliceCases,
  transposeCases,
} from "./movement.ts";
import { convCases, linearCases, matmulCases } from "./products.ts";
import { argmaxCases, avgPoolCases, maxPoolCases, maxReduceCases, sumReduceCases } from "./reductions.ts";
import { rankCases, scatterCases } from "./selection.ts";

/** Names of operands and attributes as the op's page gives them, and its cases. */
export interface OpCases {
  readonly operands: readonly string[];
  readonly attributes: readonly string[];
  readonly cases: () => readonly Case[];
}

const LAYER = ["x", "w", "bias", "multiplier", "shift"];
const WINDOW = ["strideH", "strideW", "padTop", "padLeft", "padBottom", "padRight"];
const DILATION = ["dilationH", "dilationW"];
const FINISH = ["multiplier", "shift", "zero"];

/** Every op. */
export const OP_CASES: Readonly<Record<string, OpCases>> = {
  conv2d: {
    operands: LAYER,
    attributes: [...WINDOW, ...DILATION, "groups", "padValue", "zero"],
    cases: convCases,
  },
  linear: { operands: LAYER, attributes: ["zero"], cases: linearCases },
  matmul: { operands: ["a", "b"], attributes: ["zeroA", "zeroB", ...FINISH], cases: matmulCases },
  maxPool2d: {
    operands: ["x"],
    attributes: ["kernelH", "kernelW", ...WINDOW, ...DILATION],
    cases: maxPoolCases,
  },
  avgPool2d: {
    operands: ["x"],
    attributes: ["kernelH", "kernelW", ...WINDOW, "zeroX", ...FINISH],
    cases: avgPoolCases,
  },
  add: {
    operands: ["a", "b"],
    attributes: ["multiplierA", "multiplierB", "offset", "shift", "zero"],
    cases: addCases,
  },
  mul: { operands: ["a", "b"], attributes: ["zeroA", "zeroB", ...FINISH], cases: mulCases },
  rescale: { operands: ["x"], attributes: ["zeroX", ...FINISH], cases: rescaleCases },
  table: { operands: ["x", "table"], attributes: [], cases: tableCases },
  reshape: { operands: ["x"], attributes: [], cases: reshapeCases },
  transpose: { operands: ["x"], attributes: ["perm..."], cases: transposeCases },
  concat: { operands: ["x..."], attributes: ["axis"], cases: concatCases },
  slice: { operands: ["x"], attributes: ["startsThenSteps..."], cases: sliceCases },
  pad: { operands: ["x"], attributes: ["beforeThenValue..."], cases: padCases },
  expand: { operands: ["x"], attributes: [], cases: expandCases },
  gather: { operands: ["x", "indices"], attributes: ["axis"], cases: gatherCases },
  argmax: { operands: ["x"], attributes: ["axis"], cases: argmaxCases },
  maxReduce: { operands: ["x"], attributes: ["axis"], cases: maxReduceCases },
  sumReduce: { operands: ["x"], attributes: ["axis", "zeroX", ...FINISH], cases: sumReduceCases },
  where: { operands: ["condition", "a", "b"], attributes: [], cases: whereCases },
  compare: { operands: ["a", "b"], attributes: ["relation"], cases: compareCases },
  div: { operands: ["a", "b"], attributes: ["zeroA", "zeroB", ...FINISH, "rounding"], cases: divCases },
  mod: { operands: ["a", "b"], attributes: ["sign"], cases: modCases },
  isqrt: { operands: ["x"], attributes: ["zeroX", "lift", ...FINISH], cases: isqrtCases },
  matmulDiv: { operands: ["a", "b", "d"], attributes: ["zeroA", "zeroB", ...FINISH], cases: matmulDivCases },
  bitwise: { operands: ["a", "b"], attributes: ["kind"], cases: bitwiseCases },
  shift: { operands: ["x", "by"], attributes: ["direction", "width", "signed"], cases: shiftCases },
  rank: { operands: ["x"], attributes: ["axis", "largest"], cases: rankCases },
  scatter: {
    operands: ["x", "positions", "updates"],
    attributes: ["axis", "reduction", "multiplier", "shift"],
    cases: scatterCases,
  },
  random: { operands: ["seed"], attributes: ["stream"], cases: randomCases },
};
