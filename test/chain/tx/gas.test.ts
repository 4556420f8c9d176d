import { expect } from "chai";
import { createGasMeter, meteredBulk, meteredStore } from "../../../chain/gas.ts";
import { memoryKv } from "../../../chain/store/kv.ts";
import { openMultiStore } from "../../../chain/store/multistore.ts";
import { utf8 } from "../../../common/index.ts";
import { readJson } from "../../support/cosmosVectors.ts";
import { requireTestData } from "../../support/testData.ts";

type Op = readonly [name: string, ...args: (string | number)[]];

function freshStores() {
  return openMultiStore({ kv: memoryKv(), names: ["s"], keepVersions: 1 }).working;
}

describe("chain/gas", () => {
  it("charges what the Cosmos SDK's gas store charges", function () {
    const file = requireTestData(this, "conformance", "cosmos", "cosmos-sdk", "store", "gas-kv.json");
    const cases = readJson(file) as readonly { readonly name: string; readonly ops: readonly Op[] }[];
    expect(cases.length).to.be.greaterThan(1);
    for (const { name, ops } of cases) {
      const gas = createGasMeter();
      const store = meteredStore(freshStores().store("s"), gas);
      // Our iteration is one call: it is compared where the vector has stepped over the last entry.
      let isIterating = false;
      let scanned = 0;
      let compared = 0;
      for (const [op, first, second] of ops) {
        if (op === "get") store.get(utf8(`${first}`));
        else if (op === "has") store.has(utf8(`${first}`));
        else if (op === "set") store.set(utf8(`${first}`), utf8(`${second}`));
        else if (op === "delete") store.delete(utf8(`${first}`));
        else if (op === "iterator") {
          isIterating = true;
          scanned = store.iterate({}).length;
        } else if (op === "next") scanned -= 1;
        else if (op === "next_past_end") break;
        else if (op !== "expect_gas") throw new Error(`unknown operation ${op}`);
        else if (!isIterating || scanned === 0) {
          expect(gas.consumed, name).to.equal(BigInt(`${first}`));
          compared += 1;
        }
      }
      expect(compared, name).to.be.greaterThan(0);
    }
  });

  it("charges bulk data by the byte, less than provable data", () => {
    const stores = freshStores();
    const cheap = createGasMeter();
    const dear = createGasMeter();
    meteredBulk(stores.bulk("b"), cheap).set(utf8("key"), new Uint8Array(1000));
    meteredStore(stores.store("s"), dear).set(utf8("key"), new Uint8Array(1000));
    expect(cheap.consumed).to.equal(2000n + 3n * 1003n);
    expect(dear.consumed).to.equal(2000n + 30n * 1003n);
  });

  it("stops at the limit and says where, how much was wanted and how much was used", () => {
    const stores = freshStores();
    const store = meteredStore(stores.store("s"), createGasMeter(2500n));
    store.has(utf8("k"));
    expect(() => store.set(utf8("k"), utf8("v")))
      .to.throw()
      .that.includes({
        abciCode: 11,
        codespace: "sdk",
        log: "out of gas in location: WriteFlat; gasWanted: 2500, gasUsed: 3060: out of gas",
      });
    expect(stores.store("s").get(utf8("k")), "the refused write").to.equal(undefined);
  });

  it("refuses to store an empty value, which no proof could show", () => {
    const store = meteredStore(freshStores().store("s"), createGasMeter());
    expect(() => store.set(utf8("k"), new Uint8Array())).to.throw(RangeError);
  });
});
