import { expect } from "chai";
import { MAP } from "../../../../../aivm/engine/plan/format.ts";
import { DTYPE_RANGE, type DType } from "../../../../../aivm/index.ts";
import { createRandom } from "../../../support/random.ts";
import { createKernelModule, type KernelModule } from "./kernelModule.ts";
import { MAP_CASES, type MapCase } from "./mapCases.ts";
import { eachElement, padded, randomData, randomLayout, randomSizes } from "./nests.ts";

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
});

function checkCase(
  module: KernelModule,
  given: {
    readonly kind: keyof typeof MAP;
    readonly sizes: readonly number[];
    readonly random: ReturnType<typeof createRandom>;
    readonly threads: number;
    readonly made: MapCase;
  },
): void {
  const { kind, sizes, random, threads, made } = given;
  module.reset();
  const layouts = [true, ...made.operands.map(() => false)].map((own) => randomLayout(random, sizes, own));
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
