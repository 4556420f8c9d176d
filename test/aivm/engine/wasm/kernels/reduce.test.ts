import { expect } from "chai";
import { requantize } from "../../../../../aivm/numeric/requant.ts";
import { DTYPE_RANGE, type DType, type TensorData } from "../../../../../aivm/tensor/tensor.ts";
import { createRandom, type Random } from "../../../support/random.ts";
import { createKernelModule, type KernelModule } from "./kernelModule.ts";
import { eachElement, type Layout, padded, randomData, randomLayout, randomSizes } from "./nests.ts";

const ALL: readonly DType[] = ["i8", "i16", "i32"];
const [SUM, MAX, ARGMAX] = [0, 1, 2];

describe("wasm kernels fill and reduce", () => {
  let module: KernelModule;

  before(async () => {
    module = await createKernelModule();
  });

  it("fill sets the elements of the nest and no others", () => {
    const random = createRandom(51);
    for (let i = 0; i < 200; i++) {
      module.reset();
      const sizes = randomSizes(random);
      const layout = randomLayout(random, sizes, true);
      const dtype = random.pick(ALL);
      const value = random.pick([DTYPE_RANGE[dtype].lo, 0, DTYPE_RANGE[dtype].hi]);
      const y = module.room(dtype, layout.elements, layout.first);
      const expected = module.read(y, layout.elements);
      module.run("fill", [...y, ...padded(sizes, 1), ...padded(layout.strides, 0), value], random.int(1, 3));
      eachElement(sizes, [layout], ([to = 0]) => {
        expected[to] = value;
      });
      expect(module.read(y, layout.elements), `${dtype} ${sizes}`).to.deep.equal(expected);
    }
  });

  for (const [kind, name] of [
    [SUM, "scaled sums"],
    [MAX, "the largest"],
    [ARGMAX, "the first of the largest"],
  ] as const) {
    it(`reduce gives ${name} along an axis with any stride`, () => {
      const random = createRandom(60 + kind);
      for (let i = 0; i < 300; i++) checkReduce(module, random, kind);
    });
  }

  it("sums more elements than a 32-bit lane can hold", () => {
    for (const [dtype, size] of [
      ["i16", 70_000],
      ["i8", 70_000],
      ["i32", 3_000],
    ] as const) {
      for (const value of [DTYPE_RANGE[dtype].lo, DTYPE_RANGE[dtype].hi])
        checkLong(module, { dtype, size, value });
    }
  });
});

function checkReduce(module: KernelModule, random: Random, kind: number): void {
  module.reset();
  const xType = random.pick(ALL);
  const yType = kind === SUM ? random.pick(ALL) : kind === MAX ? xType : "i32";
  const size = random.pick([1, 2, 3, 7, 16, 33, 300]);
  const all = [...randomSizes(random, Math.ceil(4_000 / size)).slice(-5), size];
  const [sizes, x] = [all.slice(0, -1), randomLayout(random, all, false)];
  const y = randomLayout(random, sizes, true);
  const data = randomData(random, xType, x.elements);
  const from = module.place(xType, data, x.first);
  const into = module.room(yType, y.elements, y.first);
  const expected = module.read(into, y.elements);
  const zeroX = random.pick([0, 1, -128, 32_767]);
  const shift = random.pick([0, 1, 8, 30, 62]);
  const tight = random.int(0, 1) === 0;
  const range = tight ? { lo: -50, hi: 60 } : DTYPE_RANGE[yType];
  const by = {
    multiplier: random.pick([0, 1, 3, 1_000, 2 ** 12]),
    shift,
    zero: random.pick([0, -7, 100]),
    ...range,
  };
  const end = [zeroX, by.multiplier, by.shift, by.zero, by.lo, by.hi];
  const along = x.strides.at(-1) ?? 0;
  const outer: Layout = { ...x, strides: x.strides.slice(0, -1) };
  const nest = [...padded(sizes, 1), ...padded(y.strides, 0), ...padded(outer.strides, 0)];
  module.run("reduce", [kind, ...into, ...from, ...nest, size, along, ...end], random.int(1, 3));
  eachElement(sizes, [y, outer], ([to = 0, at = 0]) => {
    const values = Array.from({ length: size }, (_, i) => data[at + i * along] ?? 0);
    const largest = Math.max(...values);
    const sum = values.reduce((total, value) => total + value - zeroX, 0);
    expected[to] = kind === SUM ? requantize(sum, by) : kind === MAX ? largest : values.indexOf(largest);
  });
  const text = `${xType} to ${yType}, ${size} along ${along}, sizes ${sizes}, y [${y.strides}], x [${outer.strides}]`;
  expect(module.read(into, y.elements), text).to.deep.equal(expected);
}

/** Two columns of `size` equal elements, summed along the rows and along the columns. */
function checkLong(
  module: KernelModule,
  given: { readonly dtype: DType; readonly size: number; readonly value: number },
): void {
  const { dtype, size, value } = given;
  module.reset();
  const width = 16;
  const data: TensorData = new Int32Array(width * size).fill(value);
  const x = module.place(dtype, data);
  const y = module.room("i32", width);
  const by = { multiplier: 3, shift: 20, zero: 5, ...DTYPE_RANGE.i32 };
  const end = [7, by.multiplier, by.shift, by.zero, by.lo, by.hi];
  const expected = new Int32Array(width).fill(requantize((value - 7) * size, by));
  for (const [stride, along] of [
    [1, width],
    [size, 1],
  ] as const) {
    const nest = [...padded([width], 1), ...padded([1], 0), ...padded([stride], 0)];
    module.run("reduce", [SUM, ...y, ...x, ...nest, size, along, ...end], 1);
    expect(module.read(y, width), `${dtype} of ${value}, along ${along}`).to.deep.equal(expected);
  }
}
