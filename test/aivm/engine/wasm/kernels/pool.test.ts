import { expect } from "chai";
import { requantize } from "../../../../../aivm/numeric/requant.ts";
import { DTYPE_RANGE, type DType, type TensorData } from "../../../../../aivm/tensor/tensor.ts";
import { createRandom, type Random } from "../../../support/random.ts";
import { createKernelModule, type KernelModule } from "./kernelModule.ts";
import { randomData } from "./nests.ts";

describe("wasm kernel pool", () => {
  let module: KernelModule;

  before(async () => {
    module = await createKernelModule();
  });

  it("gives the largest of lo and each window, padding left out", () => {
    const random = createRandom(71);
    for (let i = 0; i < 300; i++)
      checkPool(module, random, { average: false, xType: random.pick(["i8", "i16", "i32"]) });
  });

  it("gives scaled sums of each window, padding counting as zeroX", () => {
    const random = createRandom(72);
    for (let i = 0; i < 300; i++)
      checkPool(module, random, { average: true, xType: random.pick(["i8", "i16"]) });
  });
});

interface Geometry {
  readonly [name: string]: number;
}

function checkPool(
  module: KernelModule,
  random: Random,
  { average, xType }: { readonly average: boolean; readonly xType: DType },
): void {
  module.reset();
  const g = randomGeometry(random, average);
  const { n = 1, h = 1, w = 1, c = 1, oh = 1, ow = 1 } = g;
  const data = randomData(random, xType, n * h * w * c);
  const yType = average ? random.pick(["i8", "i16", "i32"] as const) : xType;
  const x = module.place(xType, data);
  const y = module.room(yType, n * oh * ow * c + 16);
  const expected = module.read(y, n * oh * ow * c + 16);
  const zeroX = random.pick([0, 3, -128]);
  const by = {
    multiplier: random.pick([1, 3, 2 ** 15]),
    shift: random.pick([0, 1, 5, 20]),
    zero: random.pick([0, -9]),
    lo: random.pick([DTYPE_RANGE[yType].lo, -5, 99]),
    hi: DTYPE_RANGE[yType].hi,
  };
  const end = [zeroX, by.multiplier, by.shift, by.zero, by.lo, by.hi];
  module.run("pool", [average ? 1 : 0, ...y, ...x, ...Object.values(g), ...end], random.int(1, 3));
  for (let element = 0; element < n * oh * ow * c; element++) {
    const values = windowValues(data, g, element);
    const sum = values.reduce((total, value) => total + value - zeroX, 0);
    expected[element] = average ? requantize(sum, by) : Math.max(by.lo, ...values);
  }
  expect(module.read(y, expected.length), `${xType} ${JSON.stringify(g)}`).to.deep.equal(expected);
}

/** In the order of the step's words. Kernels may stick out on all sides, and windows lie in the padding. */
function randomGeometry(random: Random, average: boolean): Geometry {
  const [kernelH, kernelW] = [random.int(1, 3), random.int(1, 4)];
  const [dilationH, dilationW] = average ? [1, 1] : [random.int(1, 2), random.int(1, 2)];
  const [spanH, spanW] = [(kernelH - 1) * dilationH + 1, (kernelW - 1) * dilationW + 1];
  const [h, w] = [spanH + random.int(0, 5), spanW + random.int(0, 5)];
  const c = random.pick([1, 3, 7, 8, 9, 16, 20, 40, 300]);
  const [strideH, strideW] = [random.int(1, 2), random.int(1, 3)];
  const [padTop, padLeft] = [random.int(0, kernelH), random.int(0, kernelW)];
  const [padBottom, padRight] = [random.int(0, kernelH - 1), random.int(0, kernelW - 1)];
  const oh = Math.floor((h + padTop + padBottom - spanH) / strideH) + 1;
  const ow = Math.floor((w + padLeft + padRight - spanW) / strideW) + 1;
  const sizes = { n: random.int(1, 2), h, w, c, oh, ow, kernelH, kernelW, strideH, strideW };
  return { ...sizes, padTop, padLeft, dilationH, dilationW };
}

/** Elements of x in the window of one element of y. */
function windowValues(data: TensorData, g: Geometry, element: number): number[] {
  const { h = 1, w = 1, c = 1, oh = 1, ow = 1, kernelH = 1, kernelW = 1 } = g;
  const { strideH = 1, strideW = 1, padTop = 0, padLeft = 0, dilationH = 1, dilationW = 1 } = g;
  const channel = element % c;
  const pixel = Math.floor(element / c);
  const [column, row] = [pixel % ow, Math.floor(pixel / ow) % oh];
  const image = Math.floor(pixel / ow / oh);
  const values: number[] = [];
  for (let i = 0; i < kernelH; i++) {
    for (let j = 0; j < kernelW; j++) {
      const [at, across] = [
        row * strideH - padTop + i * dilationH,
        column * strideW - padLeft + j * dilationW,
      ];
      if (at < 0 || at >= h || across < 0 || across >= w) continue;
      values.push(data[((image * h + at) * w + across) * c + channel] ?? 0);
    }
  }
  return values;
}
