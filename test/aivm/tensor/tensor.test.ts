import { createHash } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import {
  assertTensor,
  chunkToData,
  type DType,
  inputRoot,
  outputRoot,
  tensorChunks,
  tensorFromBytes,
  tensorOf,
  tensorRoot,
  tensorToBytes,
  tensorType,
} from "../../../aivm/index.ts";
import { tensorOverBytes } from "../../../aivm/tensor/tensor.ts";
import { hexToBytes } from "../../../common/index.ts";
import { throwsCode } from "../support/errors.ts";

const hash = (...parts: readonly Uint8Array[]): Uint8Array => {
  const sha = createHash("sha256");
  for (const part of parts) sha.update(part);
  return new Uint8Array(sha.digest());
};
const leaf = (item: Uint8Array): Uint8Array => hash(new Uint8Array([0]), item);
const node = (left: Uint8Array, right: Uint8Array): Uint8Array => hash(new Uint8Array([1]), left, right);

describe("canonical bytes of a tensor", () => {
  it("are little-endian two's complement, row-major", () => {
    expect(tensorToBytes(tensorOf("i8", [2], [-1, 127]))).to.deep.equal(hexToBytes("ff7f"));
    expect(tensorToBytes(tensorOf("i16", [2], [-2, 258]))).to.deep.equal(hexToBytes("feff0201"));
    expect(tensorToBytes(tensorOf("i32", [1, 2], [-2, 16909060]))).to.deep.equal(
      hexToBytes("feffffff04030201"),
    );
  });

  it("determine the values, and the values them", () => {
    const any = fc.constantFrom<DType>("i8", "i16", "i32");
    fc.assert(
      fc.property(any, fc.uint8Array({ minLength: 4, maxLength: 64 }), (dtype, raw) => {
        const bytes = raw.subarray(0, raw.length - (raw.length % 4));
        const width = { i8: 1, i16: 2, i32: 4 }[dtype];
        const tensor = tensorFromBytes(tensorType(dtype, [bytes.length / width]), bytes);
        expect(tensorToBytes(tensor)).to.deep.equal(new Uint8Array(bytes));
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("are read where they lie when they may be, and copied where they lie at no multiple of the element", () => {
    for (const dtype of ["i8", "i16", "i32"] as const) {
      const width = { i8: 1, i16: 2, i32: 4 }[dtype];
      const whole = Uint8Array.from({ length: 6 * width + 1 }, (_, i) => (i * 89) & 255);
      for (const at of [0, 1]) {
        const bytes = whole.subarray(at, at + 6 * width);
        const tensor = tensorOverBytes(tensorType(dtype, [6]), bytes);
        expect(tensor).to.deep.equal(tensorFromBytes(tensorType(dtype, [6]), bytes));
        expect(tensor.data.buffer === whole.buffer, `${dtype} at ${at}`).to.equal(at % width === 0);
        expect(tensorFromBytes(tensorType(dtype, [6]), bytes).data.buffer).not.to.equal(whole.buffer);
      }
    }
    throwsCode("AIVM_INPUT_LENGTH", () => tensorOverBytes(tensorType("i16", [3]), new Uint8Array(5)));
    throwsCode("AIVM_RANGE", () =>
      tensorOverBytes(tensorType("i8", [1], { lo: 0, hi: 9 }), new Uint8Array([10])),
    );
  });

  it("are refused when their number is not the shape's", () => {
    throwsCode("AIVM_INPUT_LENGTH", () => tensorFromBytes(tensorType("i16", [3]), new Uint8Array(5)));
  });

  it("are refused when an element is outside the declared range", () => {
    throwsCode("AIVM_RANGE", () =>
      tensorFromBytes(tensorType("i8", [2], { lo: 0, hi: 9 }), new Uint8Array([3, 10])),
    );
  });
});

describe("a tensor", () => {
  it("takes exactly the values of its shape, inside its element type", () => {
    throwsCode("AIVM_SHAPE", () => tensorOf("i8", [2, 2], [1, 2, 3]));
    throwsCode("AIVM_RANGE", () => tensorOf("i8", [1], [128]));
    throwsCode("AIVM_RANGE", () => tensorOf("i16", [1], [0.5]));
  });

  it("is checked against a type by element type, shape and range, each named", () => {
    const tensor = tensorOf("i8", [2], [1, 2]);
    expect(() => assertTensor(tensor, tensorType("i8", [2]))).not.to.throw();
    throwsCode("AIVM_DTYPE", () => assertTensor(tensor, tensorType("i16", [2])));
    throwsCode("AIVM_SHAPE", () => assertTensor(tensor, tensorType("i8", [1, 2])));
    throwsCode("AIVM_RANGE", () => assertTensor(tensor, tensorType("i8", [2], { lo: 0, hi: 1 })));
  });
});

describe("the root of a tensor", () => {
  it("hashes one chunk of 256 elements, zero-padded, as one leaf", () => {
    const chunk = new Uint8Array(512);
    chunk.set([5, 0, 255, 255]);
    expect(tensorRoot(tensorOf("i16", [2], [5, -1]))).to.deep.equal(leaf(chunk));
  });

  it("hashes three chunks as four leaves, the last of them the empty string", () => {
    const tensor = tensorOf(
      "i8",
      [3, 200],
      Array.from({ length: 600 }, (_, i) => (i % 251) - 125),
    );
    const bytes = tensorToBytes(tensor);
    const third = new Uint8Array(256);
    third.set(bytes.subarray(512));
    const left = node(leaf(bytes.subarray(0, 256)), leaf(bytes.subarray(256, 512)));
    const right = node(leaf(third), leaf(new Uint8Array(0)));
    expect(tensorRoot(tensor)).to.deep.equal(node(left, right));
    expect(tensorChunks(tensor)).to.have.length(3);
  });

  it("changes with any single bit of any element", () => {
    const values = [1, 2, 3, 4];
    const roots = new Set([String(tensorRoot(tensorOf("i8", [4], values)))]);
    for (let i = 0; i < 32; i++) {
      const flipped = Int8Array.from(values);
      flipped[i >> 3] = (flipped[i >> 3] ?? 0) ^ (1 << (i & 7));
      roots.add(String(tensorRoot(tensorOf("i8", [4], flipped))));
    }
    expect(roots.size).to.equal(33);
  });

  it("opens to chunks that hold the elements", () => {
    const tensor = tensorOf(
      "i32",
      [300],
      Array.from({ length: 300 }, (_, i) => i - 150),
    );
    const [, second = new Uint8Array(0)] = tensorChunks(tensor);
    expect(Array.from(chunkToData("i32", second).subarray(0, 45))).to.deep.equal([
      ...Array.from({ length: 44 }, (_, i) => i + 106),
      0,
    ]);
    throwsCode("AIVM_INPUT_LENGTH", () => chunkToData("i32", second.subarray(1)));
  });
});

describe("the roots of both ends of a run", () => {
  const a = tensorOf("i8", [1], [1]);
  const b = tensorOf("i16", [1], [2]);
  const seed = new Uint8Array(32).fill(7);
  const item = (index: number, root: Uint8Array): Uint8Array => Uint8Array.from([0, 0, 0, index, ...root]);

  it("bind every input tensor by its number, the seed and the token limit", () => {
    const params = Uint8Array.from([...new TextEncoder().encode("params"), ...seed, 0, 0, 1, 2]);
    const left = node(leaf(item(0, tensorRoot(a))), leaf(item(1, tensorRoot(b))));
    const right = node(leaf(params), leaf(new Uint8Array(0)));
    expect(inputRoot({ tensors: [a, b], seed, maxTokens: 258 })).to.deep.equal(node(left, right));
  });

  it("refuse a seed that is not 32 bytes", () => {
    throwsCode("AIVM_INPUT_LENGTH", () =>
      inputRoot({ tensors: [a], seed: new Uint8Array(31), maxTokens: 0 }),
    );
  });

  it("bind every output tensor by its number", () => {
    expect(outputRoot([a])).to.deep.equal(leaf(item(0, tensorRoot(a))));
    expect(outputRoot([a, b])).to.deep.equal(
      node(leaf(item(0, tensorRoot(a))), leaf(item(1, tensorRoot(b)))),
    );
    expect(outputRoot([b, a])).not.to.deep.equal(outputRoot([a, b]));
  });
});
