/** MatMulNBits (com.microsoft): weights of 2, 4 or 8 bits in blocks, each with a scale and a zero point, unpacked to a MatMul. */
import { unsupportedForm } from "../errors.ts";
import { intAttribute, type OnnxNode, type OnnxTensor } from "../graph.ts";
import type { Builder, Rule, Rules } from "./rule.ts";

const matMulNBits: Rule = {
  typed: true,
  expand: (build, node) => {
    const [a = "", , , , order = "", bias = ""] = node.inputs;
    if (order !== "") throw unsupportedForm(node, { want: "rows in their own order", got: "g_idx" });
    const [n, k] = [intAttribute(node, "N", 0), intAttribute(node, "K", 0)];
    const weights = build.floats(unpacked(build, node, { n, k }), [k, n]);
    if (bias === "") {
      build.into(node.outputs, { type: "MatMul" }, { inputs: [a, weights] });
      return;
    }
    build.into(node.outputs, { type: "Add" }, { inputs: [build.add("MatMul", [a, weights]), bias] });
  },
};

/** scale x (q - zero) as [K, N]. Packed as [N][blocks][block], the lowest bits of a byte first. */
function unpacked(
  build: Builder,
  node: OnnxNode,
  { n, k }: { readonly n: number; readonly k: number },
): number[] {
  const bits = intAttribute(node, "bits", 4);
  if (![2, 4, 8].includes(bits)) throw unsupportedForm(node, { want: "bits 2, 4 or 8", got: `bits ${bits}` });
  const block = intAttribute(node, "block_size", 32);
  const blocks = Math.ceil(k / block);
  const packed = required(build, node, 1).data;
  const scales = required(build, node, 2).data;
  const zeros = node.inputs[3] ? required(build, node, 3) : undefined;
  const stride = Math.ceil((blocks * bits) / 8);
  const zeroOf = (row: number, b: number): number => {
    if (zeros === undefined) return 2 ** (bits - 1);
    if (zeros.dtype === "float32") return Number(zeros.data[row * blocks + b]);
    return field(zeros.data, { bits, start: row * stride, index: b });
  };
  const bytes = (block * bits) / 8;
  const out = new Array<number>(k * n);
  for (let row = 0; row < n; row++) {
    for (let b = 0; b < blocks; b++) {
      const scale = Number(scales[row * blocks + b]);
      const zero = zeroOf(row, b);
      for (let i = 0; i < block && b * block + i < k; i++) {
        const q = field(packed, { bits, start: (row * blocks + b) * bytes, index: i });
        out[(b * block + i) * n + row] = scale * (q - zero);
      }
    }
  }
  return out;
}

/** Field `index` of `bits` bits from byte `start` on. */
function field(
  data: OnnxTensor["data"],
  at: { readonly bits: number; readonly start: number; readonly index: number },
): number {
  const perByte = 8 / at.bits;
  const byte = Number(data[at.start + Math.floor(at.index / perByte)] ?? 0);
  return (byte >>> (at.bits * (at.index % perByte))) & (2 ** at.bits - 1);
}

function required(build: Builder, node: OnnxNode, index: number): OnnxTensor {
  const tensor = build.facts.constant(node.inputs[index] ?? "");
  if (tensor !== undefined) return tensor;
  throw unsupportedForm(node, { want: `a constant for input ${index}`, got: "a computed one" });
}

/** Rules of this file. */
export const BLOCK_WEIGHT_RULES: Rules = new Map([["com.microsoft.MatMulNBits", [matMulNBits]]]);
