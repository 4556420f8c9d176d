/** Which loop or kernel computes each op of this engine. */

import { AivmError } from "../../../common/errors.ts";
import { add } from "../../ops/add.ts";
import { argmax } from "../../ops/argmax.ts";
import { avgPool2d } from "../../ops/avgPool2d.ts";
import { bitwise } from "../../ops/bitwise.ts";
import { compare } from "../../ops/compare.ts";
import { concat } from "../../ops/concat.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { div } from "../../ops/div.ts";
import { expand } from "../../ops/expand.ts";
import { gather } from "../../ops/gather.ts";
import { isqrt } from "../../ops/isqrt.ts";
import { linear } from "../../ops/linear.ts";
import { matmul } from "../../ops/matmul.ts";
import { matmulDiv } from "../../ops/matmulDiv.ts";
import { maxPool2d } from "../../ops/maxPool2d.ts";
import { maxReduce } from "../../ops/maxReduce.ts";
import { mod } from "../../ops/mod.ts";
import { mul } from "../../ops/mul.ts";
import type { OpNode } from "../../ops/op.ts";
import { pad } from "../../ops/pad.ts";
import { random } from "../../ops/random.ts";
import { rank } from "../../ops/rank.ts";
import { opOf } from "../../ops/registry.ts";
import { rescale } from "../../ops/rescale.ts";
import { reshape } from "../../ops/reshape.ts";
import { scatter } from "../../ops/scatter.ts";
import { shift } from "../../ops/shift.ts";
import { slice } from "../../ops/slice.ts";
import { sumReduce } from "../../ops/sumReduce.ts";
import { table } from "../../ops/table.ts";
import { transpose } from "../../ops/transpose.ts";
import { where } from "../../ops/where.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { createScratch, placeScratch, planDense } from "./dense.ts";
import type { Kernels } from "./kernels.ts";
import { bitwiseLoop, shiftLoop } from "./loops/bits.ts";
import { divLoop, isqrtLoop, matmulDivLoop, modLoop } from "./loops/division.ts";
import { addLoop, compareLoop, mulLoop, rescaleLoop, tableLoop, whereLoop } from "./loops/elementwise.ts";
import type { Loop } from "./loops/loop.ts";
import {
  concatLoop,
  expandLoop,
  gatherLoop,
  padLoop,
  reshapeLoop,
  sliceLoop,
  transposeLoop,
} from "./loops/movement.ts";
import { convLoop, linearLoop, matmulLoop } from "./loops/products.ts";
import { randomLoop } from "./loops/random.ts";
import { argmaxLoop, avgPoolLoop, maxPoolLoop, maxReduceLoop, sumReduceLoop } from "./loops/reduce.ts";
import { rankLoop, scatterLoop } from "./loops/selection.ts";

const LOOPS: ReadonlyMap<number, Loop> = new Map([
  [conv2d.opcode, convLoop],
  [linear.opcode, linearLoop],
  [matmul.opcode, matmulLoop],
  [maxPool2d.opcode, maxPoolLoop],
  [avgPool2d.opcode, avgPoolLoop],
  [add.opcode, addLoop],
  [mul.opcode, mulLoop],
  [rescale.opcode, rescaleLoop],
  [table.opcode, tableLoop],
  [reshape.opcode, reshapeLoop],
  [transpose.opcode, transposeLoop],
  [concat.opcode, concatLoop],
  [slice.opcode, sliceLoop],
  [pad.opcode, padLoop],
  [expand.opcode, expandLoop],
  [gather.opcode, gatherLoop],
  [argmax.opcode, argmaxLoop],
  [maxReduce.opcode, maxReduceLoop],
  [sumReduce.opcode, sumReduceLoop],
  [where.opcode, whereLoop],
  [compare.opcode, compareLoop],
  [div.opcode, divLoop],
  [mod.opcode, modLoop],
  [isqrt.opcode, isqrtLoop],
  [matmulDiv.opcode, matmulDivLoop],
  [bitwise.opcode, bitwiseLoop],
  [shift.opcode, shiftLoop],
  [rank.opcode, rankLoop],
  [scatter.opcode, scatterLoop],
  [random.opcode, randomLoop],
]);

/** One op to plan: its node, and the values of its constant operands. */
export interface PlannedOp {
  readonly node: OpNode;
  readonly constants: readonly (Tensor | undefined)[];
}

/** A loop for each op, in order, with memory for the kernels reserved. @throws AIVM_OPCODE for an op without a loop. */
export function planLoops(kernels: Kernels, ops: readonly PlannedOp[]): readonly Loop[] {
  const sizes = createScratch();
  let placed = sizes;
  const loops = ops.map(({ node, constants }) => {
    const { opcode } = node.descriptor;
    const dense = opcode === conv2d.opcode || opcode === linear.opcode;
    const simd = dense ? planDense({ kernels, node, constants, sizes, scratch: () => placed }) : undefined;
    return simd ?? plainLoop(opcode);
  });
  placed = placeScratch(kernels, sizes);
  return loops;
}

function plainLoop(opcode: number): Loop {
  const loop = LOOPS.get(opcode);
  if (loop !== undefined) return loop;
  throw new AivmError("AIVM_OPCODE", {
    what: "op of the wasm engine",
    want: "an op that it has a loop for",
    got: opOf(opcode).name,
    remedy: "use the reference engine",
  });
}
