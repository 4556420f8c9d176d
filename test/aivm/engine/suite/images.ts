/** Images as they come in and go through: planes and pixels turned into each other, and pools over many channels. */
import { type DType, type Tensor, tensorType } from "../../../../aivm/index.ts";
import { createRandom, type Random, randomTensor } from "../../support/random.ts";
import { programBuilder, type Value } from "./builder.ts";
import type { SuiteCase } from "./suite.ts";

const DTYPES: readonly DType[] = ["i8", "i16", "i32"];
/** Heights and widths: around the 16 pixels of a register, 64 of a line, and more than one of either. */
const SIZES = [
  [7, 9],
  [8, 8],
  [13, 17],
] as const;
const PLANES = [1, 2, 3, 4, 5, 19];
/** Channels of pooled images: whole registers, rests, and both. */
const CHANNELS = [1, 3, 8, 16, 24, 64, 75, 130];

type Builder = ReturnType<typeof programBuilder>;

/** Cases of kind "fuzz", one for each dtype. */
export function* imageCases(): Generator<SuiteCase> {
  for (const dtype of DTYPES) {
    const random = createRandom(DTYPES.indexOf(dtype) + 1);
    const builder = programBuilder();
    const inputs: Tensor[] = [];
    const image = (shape: readonly number[]): Value => {
      const type = tensorType(dtype, shape);
      inputs.push(randomTensor(random, type));
      return builder.input(type);
    };
    const outputs = [...turned(builder, dtype, image), ...pooled(builder, { dtype, image, random })];
    const name = `images of ${dtype}`;
    yield { name, kind: "fuzz", count: outputs.length, model: builder.finish(outputs), inputs: [inputs] };
  }
}

/** Planes to pixels and back; the rescale between keeps the second from undoing the first. */
function turned(builder: Builder, dtype: DType, image: (shape: readonly number[]) => Value): Value[] {
  return SIZES.flatMap(([height, width]) =>
    PLANES.flatMap((planes) => {
      const there = { name: "transpose", attrs: [0, 2, 3, 1], dtype } as const;
      const back = { name: "transpose", attrs: [0, 3, 1, 2], dtype } as const;
      return [
        builder.op({ ...there, operands: [image([1, planes, height, width])] }),
        builder.op({ ...back, operands: [image([1, height, width, planes])] }),
      ];
    }),
  );
}

function pooled(
  builder: Builder,
  of: { readonly dtype: DType; readonly image: (shape: readonly number[]) => Value; readonly random: Random },
): Value[] {
  return CHANNELS.map((channels) => {
    const [kernel, step, pad] = of.random.pick([
      [2, 2, 0],
      [3, 1, 1],
      [3, 3, 1],
    ] as const);
    const attrs = [kernel, kernel, step, step, pad, pad, pad, pad, 1, 1];
    return builder.op({
      name: "maxPool2d",
      operands: [of.image([1, 7, 8, channels])],
      attrs,
      dtype: of.dtype,
    });
  });
}
