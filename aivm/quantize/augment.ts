/**
 * Augmented calibration samples: few pictures made into many, so that ranges and means are not those of a handful of
 * pixels. A pure function of its arguments: the same seed gives the same samples, in the same order.
 */

/** What a variation may do. Every amount is an upper limit; a field left out does nothing. */
export interface Augmentation {
  /** Channels, height, width of one sample, row-major (NCHW without N). */
  readonly shape: readonly [channels: number, height: number, width: number];
  /** How many samples to return. The first ones are the pictures themselves, unchanged. */
  readonly count: number;
  /** An integer; another one gives other variations. */
  readonly seed: number;
  /** Largest shift in pixels, along both axes; the edge is repeated. */
  readonly shift?: number;
  /** Mirror half of them, left to right. */
  readonly flip?: boolean;
  /** Values are scaled by a factor in [1 - brightness, 1 + brightness], about `black`. */
  readonly brightness?: number;
  /** The value that brightness leaves as it is. Default 0. */
  readonly black?: number;
  /** Largest share of height and width that is cropped away; what is left is stretched to the full size (nearest pixel). */
  readonly crop?: number;
}

/**
 * `count` variations of the pictures, taken in turn; values stay within the smallest and largest value of all pictures.
 * @throws RangeError when there is no picture, or one has another length than the shape says
 */
export function augment(pictures: readonly ArrayLike<number>[], how: Augmentation): Float32Array[] {
  const [channels, height, width] = how.shape;
  const size = channels * height * width;
  if (pictures.length === 0 || pictures.some((picture) => picture.length !== size))
    throw new RangeError(`augmentation needs pictures of ${size} values`);
  const random = uniform(how.seed);
  const range = extent(pictures);
  return Array.from({ length: how.count }, (_, i) => {
    const picture = pictures[i % pictures.length] ?? [];
    if (i < pictures.length) return Float32Array.from(picture);
    return variation(picture, { how, range, random });
  });
}

function variation(
  picture: ArrayLike<number>,
  by: {
    readonly how: Augmentation;
    readonly range: { readonly min: number; readonly max: number };
    readonly random: () => number;
  },
): Float32Array {
  const { how, range, random } = by;
  const [channels, height, width] = how.shape;
  const within = (limit: number): number => (2 * random() - 1) * limit;
  const mirrored = random() < 0.5 && how.flip === true;
  const gain = 1 + within(how.brightness ?? 0);
  const kept = 1 - random() * (how.crop ?? 0);
  const rows = axisMap(height, { kept, at: random(), shift: Math.round(within(how.shift ?? 0)) });
  const columns = axisMap(width, { kept, at: random(), shift: Math.round(within(how.shift ?? 0)) });
  if (mirrored) columns.reverse();
  const black = how.black ?? 0;
  const out = new Float32Array(picture.length);
  let at = 0;
  for (let c = 0; c < channels; c++) {
    for (const y of rows) {
      for (const x of columns) {
        const value = black + gain * ((picture[(c * height + y) * width + x] ?? 0) - black);
        out[at++] = Math.min(Math.max(value, range.min), range.max);
      }
    }
  }
  return out;
}

/** Which source index each index of an axis shows. */
function axisMap(
  size: number,
  view: { readonly kept: number; readonly at: number; readonly shift: number },
): number[] {
  const span = view.kept * size;
  const start = view.at * (size - span);
  return Array.from({ length: size }, (_, i) => {
    const from = Math.floor(start + ((i + 0.5) * span) / size) + view.shift;
    return Math.min(Math.max(from, 0), size - 1);
  });
}

function extent(pictures: readonly ArrayLike<number>[]): { readonly min: number; readonly max: number } {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const picture of pictures) {
    for (let i = 0; i < picture.length; i++) {
      min = Math.min(min, picture[i] ?? 0);
      max = Math.max(max, picture[i] ?? 0);
    }
  }
  return { min, max };
}

/** Numbers in [0, 1) from a seed: the splitmix32 sequence (a Weyl step and a 32-bit finaliser). */
export function uniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}
