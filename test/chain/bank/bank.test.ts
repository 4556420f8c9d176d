import { expect } from "chai";
import {
  QueryAllBalancesRequest,
  QueryAllBalancesResponse,
  QueryBalanceRequest,
  QueryDenomMetadataRequest,
  QueryDenomMetadataResponse,
  QueryTotalSupplyRequest,
  QueryTotalSupplyResponse,
} from "cosmjs-types/cosmos/bank/v1beta1/query";
import { MsgMultiSend } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import type { Event } from "cosmjs-types/tendermint/abci/types";
import fc from "fast-check";
import type { Context } from "../../../chain/context.ts";
import { createGasMeter } from "../../../chain/gas.ts";
import { initBankGenesis } from "../../../chain/modules/bank/genesis.ts";
import {
  balanceOf,
  burnFromModule,
  mintAtGenesis,
  moduleAccount,
  sendBetweenModules,
  sendCoins,
  sendFromModule,
  sendToModule,
  supplyOf,
} from "../../../chain/modules/bank/keeper.ts";
import { createContext } from "../../../chain/runTx.ts";
import { branchOf } from "../../../chain/store/branch.ts";
import { memoryKv } from "../../../chain/store/kv.ts";
import { openMultiStore } from "../../../chain/store/multistore.ts";
import { isAivmError } from "../../../common/index.ts";
import { createHarness, DENOM, type TestAccount, testAccount } from "../../support/appHarness.ts";

const MULTI_SEND = "/cosmos.bank.v1beta1.MsgMultiSend";

/** A context over an empty state. */
function emptyContext(mode: Context["mode"], events: Event[] = []): Context {
  const store = openMultiStore({ kv: memoryKv(), names: ["acc", "bank"], keepVersions: 1 });
  const block = {
    chainId: "c",
    genesisHash: new Uint8Array(32),
    height: 1n,
    timeMs: 0n,
    blockHash: new Uint8Array(32),
    proposer: new Uint8Array(),
  };
  return createContext({ block, mode, stores: branchOf(store.working), gas: createGasMeter(), events });
}

describe("chain/modules/bank", () => {
  let alice: TestAccount;
  let bob: TestAccount;
  let carol: TestAccount;

  before(async () => {
    [alice, bob, carol] = await Promise.all([testAccount("alice"), testAccount("bob"), testAccount("carol")]);
  });

  it("supply is the sum of all balances after any operations, and only burning lowers it", () => {
    const modules = ["runner", "dispute", "inference"];
    const events: Event[] = [];
    const ctx = emptyContext("genesis", events);
    const people = [alice.address, bob.address, carol.address];
    for (const to of people) mintAtGenesis(ctx, { to, coins: [{ denom: DENOM, amount: 1000n }] });
    let burned = 0n;
    const amount = fc.bigInt({ min: -3n, max: 700n });
    const operation = fc.record({ kind: fc.nat(4), a: fc.nat(2), b: fc.nat(2), amount });
    fc.assert(
      fc.property(operation, ({ kind, a, b, amount: value }) => {
        const coins = [{ denom: DENOM, amount: value }];
        const person = people[a] ?? "";
        const [from = "", to = ""] = [modules[a], modules[b]];
        try {
          if (kind === 0) sendCoins(ctx, { from: person, to: people[b] ?? "", coins });
          else if (kind === 1) sendToModule(ctx, { from: person, module: to, coins });
          else if (kind === 2) sendFromModule(ctx, { module: from, to: people[b] ?? "", coins });
          else if (kind === 3) sendBetweenModules(ctx, { from, to, coins });
          else {
            burnFromModule(ctx, { module: from, coins });
            burned += value;
          }
        } catch (error) {
          if (!isAivmError(error)) throw error;
        }
        const holders = [...people, ...modules.map(moduleAccount)];
        const held = holders.map((address) => balanceOf(ctx, address, DENOM));
        const total = held.reduce((sum, balance) => sum + balance, 0n);
        return (
          held.every((balance) => balance >= 0n) && total === supplyOf(ctx, DENOM) && total === 3000n - burned
        );
      }),
      { seed: 41, numRuns: 400 },
    );
    expect(burned > 0n).to.equal(true);
    expect(new Set(events.map(({ type }) => type))).to.include.all.keys("burn", "transfer");
  });

  it("money is created at genesis only", () => {
    const ctx = emptyContext("finalize");
    expect(() => mintAtGenesis(ctx, { to: alice.address, coins: [{ denom: DENOM, amount: 1n }] })).to.throw(
      RangeError,
    );
  });

  it("pays several receivers in one message, all or none", async () => {
    const chain = createHarness({
      balances: [[alice.address, 1_000_000n]],
      types: [[MULTI_SEND, MsgMultiSend]],
    });
    await chain.block();
    const message = (amounts: readonly [string, string, string]) => {
      const [paid, first, second] = amounts.map((amount) => [{ denom: DENOM, amount }]);
      const inputs = [{ address: alice.address, coins: paid ?? [] }];
      const outputs = [
        { address: bob.address, coins: first ?? [] },
        { address: carol.address, coins: second ?? [] },
      ];
      return { typeUrl: MULTI_SEND, value: MsgMultiSend.fromPartial({ inputs, outputs }) };
    };
    expect((await chain.send(alice, [message(["5", "2", "3"])])).code).to.equal(0);
    expect([chain.balance(bob.address), chain.balance(carol.address)]).to.deep.equal([2n, 3n]);
    const wrongSum = await chain.send(alice, [message(["6", "2", "3"])]);
    expect(wrongSum).to.include({ code: 18, log: "sum inputs != sum outputs: invalid request" });
    expect((await chain.send(alice, [message(["9000000", "1", "8999999"])])).code).to.equal(5);
    expect([chain.balance(bob.address), chain.balance(carol.address)]).to.deep.equal([2n, 3n]);
  });

  it("a first receipt makes the account, with the next number", async () => {
    const chain = createHarness({ balances: [[alice.address, 1_000_000n]] });
    await chain.block();
    const send = (to: string) => ({
      typeUrl: "/cosmos.bank.v1beta1.MsgSend",
      value: { fromAddress: alice.address, toAddress: to, amount: [{ denom: DENOM, amount: "1" }] },
    });
    expect(chain.account(alice.address)).to.deep.equal({ accountNumber: 0n, sequence: 0n });
    await chain.send(alice, [send(bob.address), send(carol.address)]);
    const numbers = [bob, carol].map(({ address }) => chain.account(address).accountNumber);
    expect(numbers[1]).to.equal((numbers[0] ?? 0n) + 1n);
  });

  it("module accounts take no transfers from users", async () => {
    const chain = createHarness({ balances: [[alice.address, 1_000_000n]] });
    await chain.block();
    const to = moduleAccount("fee_collector");
    const value = { fromAddress: alice.address, toAddress: to, amount: [{ denom: DENOM, amount: "1" }] };
    const result = await chain.send(alice, [{ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value }]);
    expect(result).to.include({ code: 4, codespace: "sdk" });
    expect(result.log).to.match(/is not allowed to receive funds: unauthorized$/);
  });

  it("pages through balances and supplies, by key, offset, count and in reverse", async () => {
    const denoms = ["aaa", "bbb", "ccc", "ddd", "eee"];
    const coins = denoms.map((denom, i) => ({ denom, amount: `${i + 1}` }));
    const chain = createHarness({
      balances: [],
      appState: { bank: { balances: [{ address: alice.address, coins }] } },
    });
    await chain.block();
    const balances = (pagination: object) => {
      const request = QueryAllBalancesRequest.fromPartial({ address: alice.address, pagination });
      const data = QueryAllBalancesRequest.encode(request).finish();
      const { value } = chain.query("/cosmos.bank.v1beta1.Query/AllBalances", data);
      const answer = QueryAllBalancesResponse.decode(value);
      const { nextKey = new Uint8Array(), total = 0n } = answer.pagination ?? {};
      return { denoms: answer.balances.map(({ denom }) => denom), nextKey, total };
    };
    const first = balances({ limit: 2n });
    expect(first.denoms).to.deep.equal(["aaa", "bbb"]);
    const second = balances({ limit: 2n, key: first.nextKey });
    expect(second.denoms).to.deep.equal(["ccc", "ddd"]);
    const last = balances({ limit: 2n, key: second.nextKey });
    expect(last).to.deep.equal({ denoms: ["eee"], nextKey: new Uint8Array(), total: 0n });
    expect(balances({ offset: 3n, limit: 5n, countTotal: true })).to.deep.include({
      denoms: ["ddd", "eee"],
      total: 5n,
    });
    const back = balances({ limit: 2n, reverse: true });
    expect(back.denoms).to.deep.equal(["eee", "ddd"]);
    expect(balances({ limit: 2n, reverse: true, key: back.nextKey }).denoms).to.deep.equal(["ccc", "bbb"]);
    const { value } = chain.query(
      "/cosmos.bank.v1beta1.Query/TotalSupply",
      QueryTotalSupplyRequest.encode({}).finish(),
    );
    expect(QueryTotalSupplyResponse.decode(value).supply).to.deep.equal(coins);
  });

  it("shows denominations as genesis says, and says NotFound of others", async () => {
    const metadata = {
      description: "fee coin",
      base: DENOM,
      display: "aivm",
      name: "AIVM",
      symbol: "AIVM",
      denom_units: [
        { denom: DENOM, exponent: 0 },
        { denom: "aivm", exponent: 6, aliases: ["AIVM"] },
      ],
    };
    const chain = createHarness({ balances: [], appState: { bank: { denom_metadata: [metadata] } } });
    await chain.block();
    const ask = (denom: string) =>
      chain.query(
        "/cosmos.bank.v1beta1.Query/DenomMetadata",
        QueryDenomMetadataRequest.encode({ denom }).finish(),
      );
    const answer = QueryDenomMetadataResponse.decode(ask(DENOM).value).metadata;
    expect(answer).to.deep.include({ base: DENOM, display: "aivm", symbol: "AIVM" });
    expect(answer?.denomUnits[1]).to.deep.equal({ denom: "aivm", exponent: 6, aliases: ["AIVM"] });
    const missing = ask("uother");
    expect(missing.code).to.equal(22);
    expect(missing.log).to.match(/^rpc error: code = NotFound desc = .*: key not found$/);
  });

  it("says InvalidArgument of malformed queries", async () => {
    const chain = createHarness({ balances: [] });
    await chain.block();
    const ask = (address: string, denom: string) =>
      chain.query(
        "/cosmos.bank.v1beta1.Query/Balance",
        QueryBalanceRequest.encode({ address, denom }).finish(),
      );
    for (const { code, log } of [ask("aivm1nonsense", DENOM), ask("", DENOM), ask(alice.address, "!")]) {
      expect(code).to.equal(18);
      expect(log).to.match(/^rpc error: code = InvalidArgument desc = .*: invalid request$/);
    }
    const garbage = chain.query("/cosmos.bank.v1beta1.Query/Balance", new Uint8Array([255, 255, 255]));
    expect(garbage.code).to.equal(18);
  });

  const genesisErrors: readonly (readonly [name: string, state: unknown, item: string])[] = [
    ["a list that is none", { balances: 5 }, "bank.balances"],
    ["an address that is none", { balances: [{ address: "x", coins: [] }] }, "bank.balances[0].address"],
    [
      "a negative amount",
      { balances: [{ address: "A", coins: [{ denom: DENOM, amount: "-1" }] }] },
      "bank.balances[0].coins[0].amount",
    ],
    [
      "a denomination twice",
      {
        balances: [
          {
            address: "A",
            coins: [
              { denom: DENOM, amount: "1" },
              { denom: DENOM, amount: "1" },
            ],
          },
        ],
      },
      "bank.balances[0].coins",
    ],
    [
      "a supply that is not the sum",
      {
        balances: [{ address: "A", coins: [{ denom: DENOM, amount: "1" }] }],
        supply: [{ denom: DENOM, amount: "2" }],
      },
      "bank.supply",
    ],
  ];
  for (const [name, state, item] of genesisErrors) {
    it(`genesis names ${name}`, () => {
      const text = JSON.stringify(state).replaceAll('"A"', `"${alice.address}"`);
      expect(() => initBankGenesis(emptyContext("genesis"), JSON.parse(text)))
        .to.throw()
        .that.nested.includes({ code: "CHAIN_GENESIS", "facts.item": item });
    });
  }
});
