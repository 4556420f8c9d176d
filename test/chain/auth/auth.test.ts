import { expect } from "chai";
import { BaseAccount } from "cosmjs-types/cosmos/auth/v1beta1/auth";
import {
  QueryAccountInfoRequest,
  QueryAccountInfoResponse,
  QueryAccountsRequest,
  QueryAccountsResponse,
} from "cosmjs-types/cosmos/auth/v1beta1/query";
import { PubKey } from "cosmjs-types/cosmos/crypto/secp256k1/keys";
import { addressBytes, addressText, keyAddress, moduleAddress } from "../../../chain/address.ts";
import { bytesToHex, utf8 } from "../../../common/index.ts";
import {
  type AppHarness,
  createHarness,
  DENOM,
  type TestAccount,
  testAccount,
} from "../../support/appHarness.ts";

function info(chain: AppHarness, address: string): BaseAccount | undefined {
  const data = QueryAccountInfoRequest.encode({ address }).finish();
  return QueryAccountInfoResponse.decode(chain.query("/cosmos.auth.v1beta1.Query/AccountInfo", data).value)
    .info;
}

describe("chain/modules/auth", () => {
  let alice: TestAccount;
  let bob: TestAccount;

  before(async () => {
    [alice, bob] = await Promise.all([testAccount("alice"), testAccount("bob")]);
  });

  it("addresses are those of the wallet, and of the module's name as the Cosmos SDK derives it", () => {
    expect(addressText(keyAddress(alice.pubkey))).to.equal(alice.address);
    // SHA-256("fee_collector")[0..20], known from every Cosmos chain (cosmos17xpfvakm2amg962yls6f84z3kell8c5lserqta).
    expect(bytesToHex(moduleAddress("fee_collector"))).to.equal("f1829676db577682e944fc3493d451b67ff3e29f");
  });

  it("refuses addresses of another chain, another length, or with a wrong checksum", () => {
    const wrong = [
      "cosmos17xpfvakm2amg962yls6f84z3kell8c5lserqta",
      alice.address.slice(0, -1),
      alice.address.toUpperCase().replace("AIVM", "aivm"),
      addressText(new Uint8Array(32)),
      "",
    ];
    for (const text of wrong) expect(() => addressBytes(text), text).to.throw("CHAIN_ADDRESS");
  });

  it("records the key on first use, and counts every accepted transaction", async () => {
    const chain = createHarness({
      balances: [
        [alice.address, 1_000_000n],
        [bob.address, 1_000_000n],
      ],
    });
    await chain.block();
    expect(info(chain, alice.address)).to.deep.include({ pubKey: undefined, sequence: 0n });
    const value = {
      fromAddress: alice.address,
      toAddress: bob.address,
      amount: [{ denom: DENOM, amount: "1" }],
    };
    const send = { typeUrl: "/cosmos.bank.v1beta1.MsgSend", value };
    await chain.send(alice, [send], { memo: "one" });
    await chain.send(alice, [send], { memo: "two" });
    const account = info(chain, alice.address);
    expect(account?.sequence).to.equal(2n);
    expect(PubKey.decode(account?.pubKey?.value ?? new Uint8Array()).key).to.deep.equal(alice.pubkey);
  });

  it("pages through the accounts", async () => {
    const chain = createHarness({
      balances: [
        [alice.address, 1n],
        [bob.address, 1n],
      ],
    });
    await chain.block();
    const page = (key?: Uint8Array) => {
      const request = { pagination: { limit: 1n, ...(key === undefined ? {} : { key }) } };
      const data = QueryAccountsRequest.encode(QueryAccountsRequest.fromPartial(request)).finish();
      const answer = QueryAccountsResponse.decode(
        chain.query("/cosmos.auth.v1beta1.Query/Accounts", data).value,
      );
      const addresses = answer.accounts.map(({ value }) => BaseAccount.decode(value).address);
      return { addresses, nextKey: answer.pagination?.nextKey ?? utf8("none") };
    };
    const first = page();
    const second = page(first.nextKey);
    expect([...first.addresses, ...second.addresses].sort()).to.deep.equal(
      [alice.address, bob.address].sort(),
    );
    expect(second.nextKey).to.deep.equal(new Uint8Array());
  });
});
