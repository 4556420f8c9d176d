import { expect } from "chai";
import { checkChunk, tensorType } from "../../../aivm/index.ts";

describe("a chunk shown by a party", () => {
  const type = tensorType("i16", [300]);

  it("is right when it has its length and zeros beyond the tensor", () => {
    const bytes = new Uint8Array(512);
    bytes[87] = 1;
    const verdict = checkChunk({ type, index: 1, bytes });
    expect(verdict.ok && verdict.elements).to.equal(44);
    expect(verdict.ok && verdict.data[43]).to.equal(256);
  });

  it("is wrong by itself with a non-zero element beyond the shape, another length or another index", () => {
    const stray = new Uint8Array(512);
    stray[88] = 1;
    expect(checkChunk({ type, index: 1, bytes: stray })).to.deep.include({
      ok: false,
      code: "AIVM_CHUNK_PADDING",
    });
    expect(checkChunk({ type, index: 0, bytes: stray }).ok).to.equal(true);
    expect(checkChunk({ type, index: 0, bytes: stray.subarray(1) })).to.deep.include({
      code: "AIVM_CHUNK_LENGTH",
    });
    for (const index of [2, -1, 0.5]) {
      expect(checkChunk({ type, index, bytes: stray })).to.deep.include({
        ok: false,
        code: "AIVM_CHUNK_INDEX",
      });
    }
  });
});
