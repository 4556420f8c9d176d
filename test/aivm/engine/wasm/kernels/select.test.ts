import { expect } from "chai";
import { evaluateOp } from "../../../../../aivm/engine/reference/referenceEngine.ts";
import { alignedStrides } from "../../../../../aivm/engine/wasm/loops/strided.ts";
import type { Tensor } from "../../../../../aivm/index.ts";
import { MAX_MULTIPLIER } from "../../../../../aivm/index.ts";
import { DTYPE_RANGE, tensorOf } from "../../../../../aivm/tensor/tensor.ts";
import { nodeFor } from "../../../support/evaluate.ts";
import { type NodeCase, randomNode } from "../../../support/nodes.ts";
import { createRandom } from "../../../support/random.ts";
import { createKernelModule, type KernelModule } from "./kernelModule.ts";
import { padded, randomData } from "./nests.ts";

const CASES = 200;

describe("wasm kernels gather, scatter, rank and random", () => {
  let module: KernelModule;

  before(async () => {
    module = await createKernelModule();
  });

  it("gather takes slices at clamped indices", () => {
    const random = createRandom(81);
    for (let i = 0; i < CASES; i++) {
      const drawn = randomNode("gather", random);
      const [x, indices] = drawn.operands as [Tensor, Tensor];
      const { outer, size, inner } = around(x.shape, drawn.node.descriptor.attrs[0] ?? 0);
      check(module, drawn, "gather", random.int(1, 3), ([y = [], a = [], b = []]) => [
        ...[...y, ...a, ...b],
        ...[outer, size, inner, indices.data.length],
      ]);
    }
  });

  it("gather moves slices of every length", () => {
    const random = createRandom(82);
    for (const dtype of ["i8", "i16", "i32"] as const) {
      for (let inner = 1; inner < 40; inner++) {
        const x = tensorOf(dtype, [2, 5, inner], randomData(random, dtype, 10 * inner));
        const indices = tensorOf("i8", [4], [-3, 4, 100, 1]);
        const node = nodeFor({ name: "gather", operands: [x, indices], attrs: [1], dtype });
        check(module, { node, operands: [x, indices], constant: [] }, "gather", 2, (refs) => [
          ...refs.flat(),
          ...[2, 5, inner, 4],
        ]);
      }
    }
  });

  it("scatter applies updates in order, with every reduction", () => {
    const random = createRandom(83);
    for (let i = 0; i < CASES; i++) {
      const drawn = randomNode("scatter", random);
      check(module, drawn, "scatter", random.int(1, 3), (refs) => scatterWords(drawn, refs));
    }
  });

  it("rank orders lanes, the lowest index first among equals", () => {
    const random = createRandom(84);
    for (let i = 0; i < CASES; i++) {
      const drawn = randomNode("rank", random);
      const [axis = 0, largest = 0] = drawn.node.descriptor.attrs;
      const { outer, size, inner } = around(drawn.operands[0]?.shape ?? [], axis);
      const count = drawn.node.descriptor.output.shape[axis] ?? 1;
      check(module, drawn, "rank", random.int(1, 3), (refs) => [
        ...refs.flat(),
        outer,
        size,
        inner,
        count,
        largest,
      ]);
    }
  });

  it("rank sorts whole axes as well as a few places of them", () => {
    const random = createRandom(85);
    for (const count of [1, 2, 15, 16, 17, 100, 133]) {
      const x = tensorOf(
        "i32",
        [3, 133],
        [...randomData(random, "i32", 399)].map((v, i) => (i % 3 ? v : v % 4)),
      );
      for (const largest of [0, 1]) {
        const node = nodeFor({
          name: "rank",
          operands: [x],
          attrs: [1, largest],
          dtype: "i32",
          shape: [3, count],
        });
        check(module, { node, operands: [x], constant: [] }, "rank", 2, (refs) => [
          ...refs.flat(),
          ...[3, 133, 1, count, largest],
        ]);
      }
    }
  });

  it("random gives Philox's words for every length and share", () => {
    const random = createRandom(86);
    for (let i = 0; i < 60; i++) {
      const count = random.int(1, 70);
      const dtype = random.pick(["i16", "i32"] as const);
      const seed = tensorOf("i32", [4], randomData(random, "i32", 4));
      const stream = random.int(DTYPE_RANGE.i32.lo, DTYPE_RANGE.i32.hi);
      const node = nodeFor({ name: "random", operands: [seed], attrs: [stream], dtype, shape: [count] });
      check(module, { node, operands: [seed], constant: [] }, "random", random.int(1, 3), (refs) => [
        ...refs.flat(),
        ...[count, stream],
      ]);
    }
  });

  it("scatter multiplies at the largest multiplier", () => {
    const x = tensorOf("i16", [3], [-32_768, 32_767, 5]);
    const positions = tensorOf("i8", [4], [0, 1, 0, 7]);
    const updates = tensorOf("i16", [4], [-32_768, 32_767, 3, 1]);
    const attrs = [0, 2, MAX_MULTIPLIER, 35];
    const node = nodeFor({ name: "scatter", operands: [x, positions, updates], attrs, dtype: "i16" });
    const drawn = { node, operands: [x, positions, updates], constant: [] };
    check(module, drawn, "scatter", 2, (refs) => scatterWords(drawn, refs));
  });
});

/** Runs a node through a kernel and compares with the op itself, and that nothing beyond y is written. */
function check(
  module: KernelModule,
  { node, operands }: NodeCase,
  kernel: "gather" | "scatter" | "rank" | "random",
  threads: number,
  words: (refs: readonly (readonly number[])[]) => readonly number[],
): void {
  module.reset();
  const expected = evaluateOp(node, operands);
  const count = expected.data.length;
  const y = module.room(expected.dtype, count + 16);
  const before = module.read(y, count + 16);
  module.run(kernel, words([y, ...operands.map(({ dtype, data }) => module.place(dtype, data))]), threads);
  before.set(expected.data);
  const types = operands.map(({ dtype, shape }) => `${dtype}[${shape}]`).join(" ");
  expect(module.read(y, count + 16), `${kernel} ${types}, ${node.descriptor.attrs}`).to.deep.equal(before);
}

function scatterWords({ node, operands }: NodeCase, refs: readonly (readonly number[])[]): number[] {
  const [x, positions, updates] = operands as [Tensor, Tensor, Tensor];
  const [axis = 0, reduction = 0, multiplier = 1, shift = 0] = node.descriptor.attrs;
  const { lo, hi } = node.descriptor.output;
  const rank = x.shape.length;
  const lanes = x.shape.map((size, i) => (i === axis ? (updates.shape[axis] ?? 1) : size));
  const strides = alignedStrides(x.shape, rank);
  const into = strides.map((stride, i) => (i === axis ? 0 : stride));
  const { size, inner } = around(x.shape, axis);
  const nest = [into, ...[positions, updates].map(({ shape }) => alignedStrides(shape, rank))];
  return [
    ...refs.flat(),
    ...padded(lanes, 1),
    ...nest.flatMap((list) => padded(list, 0)),
    ...[size, inner, x.data.length, reduction, multiplier, shift, lo, hi],
  ];
}

/** A shape as [outer, size, inner] around an axis. */
function around(
  shape: readonly number[],
  axis: number,
): { readonly outer: number; readonly size: number; readonly inner: number } {
  const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
  return {
    outer: product(shape.slice(0, axis)),
    size: shape[axis] ?? 1,
    inner: product(shape.slice(axis + 1)),
  };
}
