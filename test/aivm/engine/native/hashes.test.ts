import { createHash } from "node:crypto";
import { expect } from "chai";
import type { NativeBinding } from "../../../../aivm/engine/native/binding.ts";
import { createTensor, tensorRoot } from "../../../../aivm/index.ts";
import { bindingOrSkip } from "./support.ts";

describe("the native engine's hashes", () => {
  let binding: NativeBinding;
  before(async function () {
    binding = await bindingOrSkip(this);
  });
  after(() => binding?.portableHashes(false));

  for (const portable of [true, false]) {
    const code = portable ? "portable code" : "the CPU's instructions, where it has them";

    it(`are SHA-256 for every length around a block, by ${code}`, () => {
      binding.portableHashes(portable);
      for (let length = 0; length <= 260; length++) {
        const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 255);
        expect(Buffer.from(binding.sha256(bytes)).toString("hex")).to.equal(
          createHash("sha256").update(bytes).digest("hex"),
        );
      }
    });

    it(`are the roots of tensors of every dtype and of lengths around a chunk and a power of two, by ${code}`, () => {
      binding.portableHashes(portable);
      for (const dtype of ["i8", "i16", "i32"] as const) {
        for (const length of [1, 255, 256, 257, 511, 512, 513, 768, 1025, 1280, 2049, 9 * 256 + 3]) {
          const tensor = createTensor(dtype, [length]);
          for (let i = 0; i < length; i++) tensor.data[i] = Math.imul(i + length, 2_654_435_761);
          expect(binding.tensorRoot(tensor.data), `${dtype} ${length}`).to.deep.equal(tensorRoot(tensor));
        }
      }
    });
  }
});
