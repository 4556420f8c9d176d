/** Integer operators against their formulas in bigints, at and around the ends of their types. */
import { expect } from "chai";
import { compileOnnx } from "../../../../../aivm/import/onnx/compile.ts";
import { encodeOnnx } from "../../../../../aivm/import/onnx/format/encode.ts";
import type { OnnxDtype } from "../../../../../aivm/import/onnx/graph.ts";
import { createReferenceEngine, tensorOf } from "../../../../../aivm/index.ts";
import type { FloatReference } from "../../../../../aivm/quantize/reference.ts";
import { isAivmError } from "../../../../../common/errors.ts";
import { requireOrt } from "../../../support/floatReference.ts";
import { type NodeText, sketchGraph } from "../../../support/onnxGraphs.ts";

const I32 = [-2147483648, -2147483647, -65536, -3, -1, 0, 1, 2, 65535, 46341, 2147483646, 2147483647];
const U16 = [0, 1, 2, 255, 256, 257, 32767, 32768, 40000, 65534, 65535];
const I16 = [-32768, -32767, -300, -1, 0, 1, 255, 32767];

/** Every pair of the two lists. */
function pairs(left: readonly number[], right: readonly number[]): readonly [number[], number[]] {
  return [left.flatMap((a) => right.map(() => a)), left.flatMap(() => [...right])];
}

function wrapped(value: bigint, dtype: OnnxDtype): number {
  const bits = Number(/\d+/.exec(dtype)?.[0]);
  return Number(dtype.startsWith("u") ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value));
}

describe("integer operators of ONNX", () => {
  let reference: FloatReference;
  before(async function () {
    reference = await requireOrt(this);
  });

  /** Outputs of a node of two inputs a and b; calibrated on harmless ones, run on those given. */
  async function run(
    node: string | NodeText,
    of: {
      readonly dtype: OnnxDtype;
      readonly a: readonly number[];
      readonly b: readonly number[];
      readonly bType?: OnnxDtype;
    },
  ): Promise<number[]> {
    const shape = [of.a.length];
    const small = of.a.map((_, i) => 1 + (i % 3));
    const inputs = {
      a: { shape, dtype: of.dtype, values: small },
      b: { shape, dtype: of.bType ?? of.dtype, values: small },
    };
    const { graph } = sketchGraph({ opset: 18, nodes: [node], inputs, outputs: ["y"] });
    const { model, program } = await compileOnnx({
      onnx: encodeOnnx(graph),
      name: "t",
      calibration: [[small, small]],
      precision: "a16",
      reference,
    });
    const values = [of.a, of.b].map((data, i) =>
      tensorOf(program.inputs[i]?.type.dtype ?? "i32", shape, data),
    );
    const { outputs } = await createReferenceEngine(model).run({ inputs: values });
    return Array.from(outputs[0]?.data ?? []);
  }

  const binary: readonly (readonly [string, OnnxDtype, (a: bigint, b: bigint) => bigint])[] = [
    ["Add", "int32", (a, b) => a + b],
    ["Sub", "int32", (a, b) => a - b],
    ["Add", "uint16", (a, b) => a + b],
    ["Mul", "uint16", (a, b) => a * b],
    ["Mul", "int16", (a, b) => a * b],
  ];
  for (const [op, dtype, f] of binary) {
    it(`${op} of ${dtype} wraps`, async () => {
      const list = { int32: I32, uint16: U16, int16: I16 }[dtype as string] ?? [];
      const [a, b] = pairs(list, list);
      const want = a.map((v, i) => wrapped(f(BigInt(v), BigInt(b[i] ?? 0)), dtype));
      expect(await run(`${op}(a, b) -> y`, { dtype, a, b })).to.deep.equal(want);
    });
  }

  it("Div rounds toward zero", async () => {
    const [a, b] = pairs(
      I32,
      I32.filter((v) => v !== 0 && v !== -1),
    );
    const want = a.map((v, i) => Number(BigInt(v) / BigInt(b[i] ?? 1)));
    expect(await run("Div(a, b) -> y", { dtype: "int32", a, b })).to.deep.equal(want);
  });

  it("Mod has the divisor's sign, with fmod the dividend's", async () => {
    const [a, b] = pairs(
      I32,
      I32.filter((v) => v !== 0),
    );
    const rest = a.map((v, i) => BigInt(v) % BigInt(b[i] ?? 1));
    const floor = rest.map((r, i) =>
      Number(r !== 0n && r < 0n !== (b[i] ?? 1) < 0 ? r + BigInt(b[i] ?? 1) : r),
    );
    expect(await run("Mod(a, b) -> y", { dtype: "int32", a, b })).to.deep.equal(floor);
    const fmod: NodeText = { text: "Mod(a, b) -> y", attributes: { fmod: { kind: "int", value: 1 } } };
    expect(await run(fmod, { dtype: "int32", a, b })).to.deep.equal(rest.map(Number));
  });

  it("Pow is exact where the power fits 32 bits, and at their end beyond", async () => {
    const bases = [
      -46341, -46340, -1291, -1290, -216, -215, -7, -2, -1, 0, 1, 2, 3, 46340, 46341, 1290, 1291, 2147483647,
    ];
    const [a, b] = pairs(bases, [0, 1, 2, 3, 4, 5, 9, 10, 30, 31, 32, 33, 1000, 1001]);
    const want = a.map((v, i) => {
      const exact = BigInt(v) ** BigInt(b[i] ?? 0);
      return exact > 2147483647n ? 2147483647 : exact < -2147483648n ? -2147483648 : Number(exact);
    });
    expect(await run("Pow(a, b) -> y", { dtype: "int32", a, b })).to.deep.equal(want);
  });

  it("refuses what 32 bits can not hold, and says so", async () => {
    const values = { a: [1, 2], b: [1, 2] };
    for (const [node, dtype] of [
      ["Mul(a, b) -> y", "int64"],
      ["Sub(a, b) -> y", "uint32"],
      ["Pow(a, b) -> y", "int64"],
    ] as const) {
      const error = await run(node, { dtype, ...values }).catch((e: unknown) => e);
      expect(isAivmError(error) && error.code, node).to.equal("AIVM_ONNX_UNSUPPORTED_FORM");
    }
  });
});
