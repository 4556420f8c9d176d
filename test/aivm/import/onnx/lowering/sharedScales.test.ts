/** A decoder block as ONNX graphs, one for each place and length of a piece, compiled with the scales of the whole prompt. */
import { expect } from "chai";
import { type CompiledModel, compileOnnx } from "../../../../../aivm/import/onnx/compile.ts";
import { createReferenceEngine, type Tensor, tensorOf } from "../../../../../aivm/index.ts";
import type { FloatReference } from "../../../../../aivm/quantize/reference.ts";
import { requireOrt } from "../../../support/floatReference.ts";
import { onnxModel, type TestNode } from "../../../support/onnxBuilder.ts";

/** Places of the cache; the last one is never written, so that every piece has a mask. */
const PLACES = 5;
const PROMPT = PLACES - 1;
const WIDTH = 8;

function values(count: number, seed: number, factor = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (state * 48271) % 2147483647;
    return factor * ((2 * state) / 2147483647 - 1);
  });
}

const square = (seed: number) => ({ shape: [WIDTH, WIDTH], data: values(WIDTH * WIDTH, seed, 0.6) });

/** x [count, WIDTH] at `first`; keys and values [PLACES, WIDTH] in and out. */
function piece(first: number, count: number): Uint8Array {
  const rest = PLACES - first - count;
  const written = (name: string): TestNode[] => {
    const cut = (part: string, from: number, to: number): TestNode => ({
      op: "Slice",
      inputs: [`past_${name}`],
      outputs: [`${name}_${part}`],
      attributes: { starts: [from], ends: [to], axes: [0] },
    });
    const parts = [...(first > 0 ? [`${name}_before`] : []), name, `${name}_after`];
    return [
      { op: "MatMul", inputs: ["x", `w_${name}`], outputs: [name] },
      ...(first > 0 ? [cut("before", 0, first)] : []),
      cut("after", PLACES - rest, PLACES),
      { op: "Concat", inputs: parts, outputs: [`present_${name}`], attributes: { axis: 0 } },
    ];
  };
  const mask = Float32Array.from({ length: count * PLACES }, (_, i) =>
    i % PLACES <= first + Math.floor(i / PLACES) ? 0 : Number.NEGATIVE_INFINITY,
  );
  return onnxModel({
    opset: 9,
    nodes: [
      ...written("key"),
      ...written("value"),
      { op: "MatMul", inputs: ["x", "w_query"], outputs: ["query"] },
      { op: "Transpose", inputs: ["present_key"], outputs: ["columns"], attributes: { perm: [1, 0] } },
      { op: "MatMul", inputs: ["query", "columns"], outputs: ["scores"] },
      { op: "Add", inputs: ["scores", "mask"], outputs: ["masked"] },
      { op: "Softmax", inputs: ["masked"], outputs: ["shares"], attributes: { axis: 1 } },
      { op: "MatMul", inputs: ["shares", "present_value"], outputs: ["mixed"] },
      { op: "MatMul", inputs: ["mixed", "w_out"], outputs: ["attended"] },
      { op: "Add", inputs: ["x", "attended"], outputs: ["y"] },
    ],
    inputs: { x: [count, WIDTH], past_key: [PLACES, WIDTH], past_value: [PLACES, WIDTH] },
    outputs: ["y", "present_key", "present_value"],
    weights: {
      w_query: square(3),
      w_key: square(5),
      w_value: square(7),
      w_out: square(9),
      mask: { shape: [count, PLACES], data: mask },
    },
  });
}

describe("pieces of a prompt compiled with one set of scales", () => {
  let reference: FloatReference;
  let whole: CompiledModel;
  before(async function () {
    reference = await requireOrt(this);
    whole = await compiled(0, PROMPT);
  });

  const prompt = values(PROMPT * WIDTH, 21);
  const cache = [values(PLACES * WIDTH, 31), values(PLACES * WIDTH, 33)] as const;

  function compiled(
    first: number,
    count: number,
    scalesOf?: CompiledModel["calibration"],
  ): Promise<CompiledModel> {
    const x = prompt.slice(first * WIDTH, (first + count) * WIDTH);
    return compileOnnx({
      onnx: piece(first, count),
      name: "t",
      calibration: [[x, ...cache]],
      precision: "a16",
      weights: "i8",
      reference,
      errorLimit: 0.02,
      ...(scalesOf === undefined ? {} : { scalesOf }),
    });
  }

  const pieces = new Map<string, Promise<CompiledModel>>();
  /** The piece with the scales of the whole prompt. */
  function sharing(first: number, count: number): Promise<CompiledModel> {
    const key = `${first} ${count}`;
    const made = pieces.get(key) ?? compiled(first, count, whole.calibration);
    pieces.set(key, made);
    return made;
  }
  for (const cuts of [
    [1, 1, 1, 1],
    [3, 1],
    [1, 2, 1],
  ]) {
    it(`${cuts.join(" + ")} tokens give the bits that the whole prompt gives, tokens and cache`, async () => {
      const [scale = 1] = whole.program.inputs.map((port) => port.scale);
      const integers = Array.from(prompt, (v) => Math.round(v / scale));
      const empty = tensorOf("i16", [PLACES, WIDTH], new Array<number>(PLACES * WIDTH).fill(0));
      const want = await createReferenceEngine(whole.model).run({
        inputs: [tensorOf("i16", [PROMPT, WIDTH], integers), empty, empty],
      });
      const tokens: number[] = [];
      let [keys, vals]: Tensor[] = [empty, empty];
      let first = 0;
      for (const count of cuts) {
        const part = await sharing(first, count);
        expect(part.program.outputs.map(({ scale: own }) => own)).to.deep.equal(
          whole.program.outputs.map((port) => port.scale),
        );
        const x = tensorOf("i16", [count, WIDTH], integers.slice(first * WIDTH, (first + count) * WIDTH));
        const { outputs } = await createReferenceEngine(part.model).run({
          inputs: [x, keys ?? empty, vals ?? empty],
        });
        tokens.push(...(outputs[0]?.data ?? []));
        [keys, vals] = outputs.slice(1);
        first += count;
      }
      expect(tokens).to.deep.equal(Array.from(want.outputs[0]?.data ?? []));
      expect([keys, vals]).to.deep.equal(want.outputs.slice(1));
    });
  }

  it("differ where each is calibrated on its own piece", async () => {
    const alone = await compiled(2, 1);
    const scales = (model: CompiledModel): number[] => model.program.outputs.map((port) => port.scale);
    expect(scales(alone)).not.to.deep.equal(scales(whole));
  });
});
