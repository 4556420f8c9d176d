import { expect } from "chai";
import { createNodeVerifier } from "../../../chain/io/nodeVerifier.ts";
import { createHarness, DENOM, testAccount } from "../../support/appHarness.ts";

describe("chain/tx (tampering)", () => {
  it("no bit of a signed transaction can be changed, cut off or added without it being refused", async () => {
    const [alice, bob] = await Promise.all([testAccount("alice"), testAccount("bob")]);
    const chain = createHarness({
      balances: [
        [alice.address, 1_000_000_000n],
        [bob.address, 1_000_000_000n],
      ],
      app: { verify: createNodeVerifier() },
    });
    await chain.block();
    const value = {
      fromAddress: alice.address,
      toAddress: bob.address,
      amount: [{ denom: DENOM, amount: "5" }],
    };
    const tx = await chain.sign(alice, [{ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value }], { memo: "hi" });
    const accepted: string[] = [];
    const judge = (bytes: Uint8Array, what: string): void => {
      const result = chain.execute([bytes]).txResults[0];
      if (result?.code === 0) accepted.push(what);
      if (result?.codespace === "undefined") accepted.push(`${what}: ${result.log}`);
    };
    for (let bit = 0; bit < tx.length * 8; bit++) {
      const bad = tx.slice();
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      judge(bad, `bit ${bit}`);
    }
    for (let length = 0; length < tx.length; length += 5) judge(tx.slice(0, length), `first ${length} bytes`);
    for (const extra of [[0], [10, 0], [26, 0], [0x7a, 1, 1]])
      judge(Uint8Array.from([...tx, ...extra]), `plus ${extra}`);
    expect(accepted).to.deep.equal([]);
    expect(chain.execute([tx]).txResults[0]?.code, "as it was signed").to.equal(0);
  });
});
