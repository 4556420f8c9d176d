import { expect } from "chai";
import { createTensor, type DType, tensorRoot } from "../../../aivm/index.ts";
import { fastRoots, hostTensorRoot } from "../../../aivm/io/roots.ts";
import { createRandom, randomTensor } from "../support/random.ts";

const SIZES = [1, 2, 255, 256, 257, 512, 513, 1000, 1025, 5000, 70_001];

describe("fast tensor roots", () => {
  for (const [name, rootOf] of [
    ["by the host", hostTensorRoot] as const,
    ["the fastest here", fastRoots()] as const,
  ]) {
    it(`${name}: what tensorRoot gives, for every dtype and any number of elements`, () => {
      for (const dtype of ["i8", "i16", "i32"] satisfies DType[]) {
        for (const size of SIZES) {
          const tensor = randomTensor(createRandom(size), { dtype, shape: [size], lo: -100, hi: 100 });
          expect(rootOf(tensor), `${dtype}[${size}]`).to.deep.equal(tensorRoot(tensor));
        }
      }
    });

    it(`${name}: of a tensor that begins inside a larger buffer`, () => {
      const whole = createTensor("i16", [1000]);
      for (let i = 0; i < 1000; i++) whole.data[i] = i;
      const part = { dtype: "i16", shape: [700], data: whole.data.subarray(150, 850) } as const;
      expect(rootOf(part)).to.deep.equal(tensorRoot({ ...part, data: part.data.slice() }));
    });
  }
});
