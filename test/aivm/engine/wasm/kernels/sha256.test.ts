import { expect } from "chai";
import { DTYPE_BYTES, tensorOf, tensorRoot } from "../../../../../aivm/tensor/tensor.ts";
import { bytesToHex } from "../../../../../common/bytes.ts";
import { sha256Tree } from "../../../../../common/merkle.ts";
import { createRandom } from "../../../support/random.ts";
import { createKernelModule, type KernelModule } from "./kernelModule.ts";
import { randomData } from "./nests.ts";

const SIZES = [1, 2, 255, 256, 257, 511, 768, 1_000, 1_024, 1_025, 1_280, 2_304, 5_000, 65_537];

describe("wasm roots of tensors", () => {
  let module: KernelModule;

  before(async () => {
    module = await createKernelModule();
  });

  for (const [code, dtype] of (["i8", "i16", "i32"] as const).entries()) {
    it(`equal tensorRoot for ${dtype} tensors of any size`, () => {
      const random = createRandom(90 + code);
      for (const size of SIZES) {
        module.reset();
        const tensor = tensorOf(dtype, [size], randomData(random, dtype, size));
        const at = module.allocate(size * DTYPE_BYTES[dtype]);
        new Uint8Array(module.memory.buffer).set(new Uint8Array(tensor.data.buffer), at);
        const [out, scratch] = [module.allocate(32), module.allocate(module.call("hashScratchBytes", size))];
        module.call("hashTensor", at, code, size, out, scratch);
        const root = new Uint8Array(module.memory.buffer.slice(out, out + 32));
        expect(bytesToHex(root), `${size}`).to.equal(bytesToHex(tensorRoot(tensor)));
      }
    });
  }

  it("counts the blocks that it compresses", () => {
    const before = module.call("compressedBlocks");
    const scratch = module.allocate(module.call("hashScratchBytes", 600));
    module.call("hashTensor", module.allocate(1_200), 1, 600, module.allocate(32), scratch);
    // Three leaves of 513 bytes and three nodes of 65 bytes over them and one of padding.
    expect(BigInt(module.call("compressedBlocks")) - BigInt(before)).to.equal(3n * 9n + 3n * 2n);
  });

  it("knows the roots of trees of nothing but padding", () => {
    const at = module.call("paddingRoots");
    let root = sha256Tree.leaf(new Uint8Array(0));
    for (let level = 0; level < 24; level++) {
      const known = new Uint8Array(module.memory.buffer.slice(at + 32 * level, at + 32 * (level + 1)));
      expect(bytesToHex(known), `${level}`).to.equal(bytesToHex(root));
      root = sha256Tree.node(root, root);
    }
  });
});
