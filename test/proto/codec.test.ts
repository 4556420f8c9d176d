import { expect } from "chai";
import fc from "fast-check";
import { isAivmError } from "../../common/index.ts";
import { completeMessage, decodeMessage, encodeMessage, isMessageName } from "../../proto/codec.ts";

const EDGES = [
  0n,
  1n,
  127n,
  128n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

describe("proto/codec", () => {
  it("keeps every u64, the edges included", () => {
    const check = (value: bigint): void => {
      const bytes = encodeMessage("aivm.runner.v1.MsgAddBond", { operator: "a", amountUaivm: value });
      expect(decodeMessage("aivm.runner.v1.MsgAddBond", bytes).amountUaivm).to.equal(value);
    };
    EDGES.forEach(check);
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), check), { seed: 1 });
  });

  it("writes nothing for defaults and reads them back", () => {
    const bytes = encodeMessage("aivm.inference.v1.MsgRequestInference", {
      maxTokens: 0,
      input: new Uint8Array(),
      eagerTrace: false,
    });
    expect(bytes).to.have.length(0);
    const value = decodeMessage("aivm.inference.v1.MsgRequestInference", bytes);
    expect(value.feeUaivm).to.equal(0n);
    expect(value.input).to.deep.equal(new Uint8Array());
    expect(value.requester).to.equal("");
  });

  it("keeps nested and repeated messages", () => {
    const program = {
      descriptors: [new Uint8Array([1, 2]), new Uint8Array()],
      constants: [{ dtype: 1, shape: [2, 3], root: new Uint8Array(32).fill(7) }],
      meta: new Uint8Array([9]),
    };
    const value = completeMessage("aivm.model.v1.MsgRegisterModel", { registrar: "x", program });
    expect(value.program).to.deep.equal(program);
    expect(completeMessage("aivm.model.v1.MsgRegisterModel", {}).program).to.equal(undefined);
  });

  it("refuses what is not the canonical encoding: unknown field, zero written out, padded varint, wrong order, truncation", () => {
    const cases = [
      [0x9a, 0x06, 0x00], // field 99
      [0x10, 0x00], // amount 0 written out
      [0x10, 0x81, 0x00], // 1 in two bytes
      [0x10, 0x01, 0x0a, 0x01, 0x61], // field 2 before field 1
      [0x0a, 0x05, 0x61], // string cut short
    ];
    for (const bytes of cases) {
      expect(() => decodeMessage("aivm.runner.v1.MsgAddBond", new Uint8Array(bytes)), String(bytes)).to.throw(
        "AIVM_DECODE",
      );
    }
  });

  it("never crashes on random bytes: a value that re-encodes to them, or a typed error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          const value = decodeMessage("aivm.inference.v1.Request", bytes);
          expect(encodeMessage("aivm.inference.v1.Request", value)).to.deep.equal(new Uint8Array(bytes));
        } catch (error) {
          expect(isAivmError(error, "AIVM_DECODE")).to.equal(true);
        }
      }),
      { seed: 2, numRuns: 2000 },
    );
  });

  it("refuses values of the wrong kind or out of range instead of writing 0", () => {
    const wrong: readonly unknown[] = [5, -1n, 2n ** 64n, "5"];
    for (const amountUaivm of wrong) {
      expect(() =>
        encodeMessage("aivm.runner.v1.MsgAddBond", { amountUaivm: amountUaivm as bigint }),
      ).to.throw("AIVM_ENCODE");
    }
    expect(() => encodeMessage("aivm.inference.v1.Request", { maxTokens: -1 })).to.throw("AIVM_ENCODE");
    expect(() => encodeMessage("aivm.inference.v1.Request", { maxTokens: 1.5 })).to.throw("AIVM_ENCODE");
  });

  it("returns plain bytes whose slices are copies", () => {
    const bytes = encodeMessage("aivm.runner.v1.MsgAddBond", { operator: "a", amountUaivm: 1n });
    const copy = bytes.slice();
    copy[0] = 0;
    expect(bytes[0]).to.not.equal(0);
    expect(Buffer.isBuffer(bytes)).to.equal(false);
  });

  it("knows its own messages only", () => {
    expect(isMessageName("aivm.model.v1.Model")).to.equal(true);
    expect(isMessageName("cosmos.bank.v1beta1.MsgSend")).to.equal(false);
    expect(isMessageName("aivm.model.v1")).to.equal(false);
  });
});
