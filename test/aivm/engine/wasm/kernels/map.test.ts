import { expect } from "chai";
import { MAP } from "../../../../../aivm/engine/plan/format.ts";
import { DTYPE_RANGE, type DType, MAX_MULTIPLIER } from "../../../../../aivm/index.ts";
import { createRandom } from "../../../support/random.ts";
import { createKernelModule, type KernelModule } from "./kernelModule.ts";
import { addCase, MAP_CASES, type MapCase } from "./mapCases.ts";
import { eachElement, type Layout, padded, randomData, randomLayout, randomSizes } from "./nests.ts";

const CASES = 300;

describe("wasm kernel map", () => {
  let module: KernelModule;

  before(async () => {
    module = await createKernelModule();
  });

  for (const kind of Object.keys(MAP) as (keyof typeof MAP)[]) {
    it(`${kind} equals its formula for all dtypes, strides and shares`, () => {
      const random = createRandom(900 + MAP[kind]);
      for (let i = 0; i < CASES; i++) {
        const sizes = randomSizes(random);
        checkCase(module, { kind, sizes, random, threads: random.int(1, 3), made: MAP_CASES[kind](random) });
      }
    });
  }

  it("add rounds sums of i8 and i16 at every shift and size of multiplier", () => {
    const random = createRandom(950);
    const sizes = [203];
    const multipliers = [0, 1, -1, 3, 2_047, 2_048, -2_048, -2_049, 2 ** 20, MAX_MULTIPLIER, -MAX_MULTIPLIER];
    for (let shift = 0; shift <= 62; shift++) {
      for (let i = 0; i < 6; i++) {
        const [mA, mB] = [random.pick(multipliers), random.pick(multipliers)];
        const [left, right, y] = [0, 1, 2].map(() => random.pick(["i8", "i16"] as const)) as [
          DType,
          DType,
          DType,
        ];
        const made = addCase({ y, types: [left, right], mA, mB, offset: random.int(-5_000, 5_000), shift });
        const layouts = [0, 1, 2].map(() => ({ strides: [1], first: 0, elements: 203 }));
        checkCase(module, { kind: "add", sizes, random, threads: 1, made, layouts });
      }
    }
  });

  for (const kind of ["add", "mul"] as const) {
    it(`${kind} meets short rows again and again, from any place on`, () => {
      const random = createRandom(960 + MAP[kind]);
      for (let i = 0; i < 60; i++) {
        const period = random.int(1, 140);
        const sizes = [random.int(1, 3), random.int(1, 30), period];
        const dense = {
          strides: [(sizes[1] ?? 1) * period, period, 1],
          first: 0,
          elements: sizes.reduce((a, b) => a * b, 1),
        };
        const own = random.int(0, 1);
        const short = { strides: [own * period, 0, 1], first: 0, elements: (own * 2 + 1) * period };
        const layouts = random.int(0, 1) === 0 ? [dense, dense, short] : [dense, short, dense];
        checkCase(module, {
          kind,
          sizes,
          random,
          threads: random.int(1, 3),
          made: MAP_CASES[kind](random),
          layouts,
        });
      }
    });
  }
});

function checkCase(
  module: KernelModule,
  given: {
    readonly kind: keyof typeof MAP;
    readonly sizes: readonly number[];
    readonly random: ReturnType<typeof createRandom>;
    readonly threads: number;
    readonly made: MapCase;
    /** Of y and the operands; drawn when not given. */
    readonly layouts?: readonly Layout[];
  },
): void {
  const { kind, sizes, random, threads, made } = given;
  module.reset();
  const layouts =
    given.layouts ?? [true, ...made.operands.map(() => false)].map((own) => randomLayout(random, sizes, own));
  const [y] = layouts;
  if (y === undefined) throw new RangeError("no output");
  const into = module.room(made.y, y.elements, y.first);
  const expected = module.read(into, y.elements);
  const data = made.operands.map((operand, i) => {
    const count = layouts[i + 1]?.elements ?? 0;
    return randomData(random, operand.dtype, count, operand.range ?? DTYPE_RANGE[operand.dtype]);
  });
  const refs = made.operands.map((operand, i) =>
    module.place(operand.dtype, data[i] ?? [], layouts[i + 1]?.first ?? 0),
  );
  const strides = layouts.map((layout) => padded(layout.strides, 0));
  if (made.table !== undefined) {
    refs.push(module.place(made.y, made.table));
    strides.push(padded([], 0));
  }
  while (refs.length < 3) refs.push([0, 0, 0]);
  while (strides.length < 4) strides.push(padded([], 0));
  const words = [MAP[kind], ...into, ...refs.flat(), ...padded(sizes, 1), ...strides.flat()];
  module.run(
    "map",
    [...words, ...made.parameters, ...new Array<number>(8 - made.parameters.length).fill(0)],
    threads,
  );
  eachElement(sizes, layouts, ([to = 0, ...from]) => {
    const [a = 0, b = 0, c = 0] = from.map((at, i) => data[i]?.[at] ?? 0);
    expected[to] = made.formula(a, b, c);
  });
  const names = `${made.y} of ${made.operands.map(({ dtype }: { readonly dtype: DType }) => dtype).join(" ")}`;
  const where = `${kind} ${names}, sizes ${sizes}, strides ${layouts.map((layout) => `[${layout.strides}]`)}`;
  expect(
    module.read(into, y.elements),
    `${where}, parameters ${made.parameters}, ${threads} shares`,
  ).to.deep.equal(expected);
}
