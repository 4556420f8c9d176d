import { expect } from "chai";
import { ModuleAccount } from "cosmjs-types/cosmos/auth/v1beta1/auth";
import {
  QueryModuleAccountByNameRequest,
  QueryModuleAccountByNameResponse,
} from "cosmjs-types/cosmos/auth/v1beta1/query";
import { QueryBalanceRequest, QueryBalanceResponse } from "cosmjs-types/cosmos/bank/v1beta1/query";
import { ConfigResponse } from "cosmjs-types/cosmos/base/node/v1beta1/query";
import { GetNodeInfoResponse } from "cosmjs-types/cosmos/base/tendermint/v1beta1/query";
import { CommitmentProof } from "cosmjs-types/cosmos/ics23/v1/proofs";
import { Pairs } from "cosmjs-types/cosmos/store/internal/kv/v1beta1/kv";
import { SimulateRequest } from "cosmjs-types/cosmos/tx/v1beta1/service";
import { RequestQuery, type ResponseQuery } from "cosmjs-types/tendermint/abci/types";
import { addressBytes } from "../../../chain/address.ts";
import type { Module } from "../../../chain/module.ts";
import { createAuthModule } from "../../../chain/modules/auth/module.ts";
import { moduleAccount } from "../../../chain/modules/bank/keeper.ts";
import { createBankModule } from "../../../chain/modules/bank/module.ts";
import { concatBytes, utf8 } from "../../../common/index.ts";
import {
  type AppHarness,
  createHarness,
  DENOM,
  type TestAccount,
  testAccount,
} from "../../support/appHarness.ts";
import { IAVL_SPEC, SIMPLE_SPEC, verifyMembership, verifyNonMembership } from "../../support/ics23.ts";

let alice: TestAccount;

function balanceKey(address: string, denom: string): Uint8Array {
  return concatBytes(new Uint8Array([2, 20]), addressBytes(address), utf8(denom));
}

function ask(chain: AppHarness, query: Partial<RequestQuery>): ResponseQuery {
  return chain.app.query(RequestQuery.fromPartial(query));
}

describe("chain/app (queries)", () => {
  before(async () => {
    alice = await testAccount("alice");
  });

  it("a balance is proven to a light client: key under store root under the app hash of its height", async () => {
    const chain = createHarness({ balances: [[alice.address, 7n]] });
    await chain.block();
    const { appHash } = await chain.block();
    for (const [address, isThere] of [
      [alice.address, true],
      [moduleAccount("nobody"), false],
    ] as const) {
      const key = balanceKey(address, DENOM);
      const { value, height, proofOps } = ask(chain, { path: "/store/bank/key", data: key, prove: true });
      expect(height).to.equal(2n);
      const [inner, outer] = proofOps?.ops ?? [];
      const root = CommitmentProof.decode(outer?.data ?? new Uint8Array()).exist?.value ?? new Uint8Array();
      const upper = { root: appHash, proof: outer?.data ?? new Uint8Array(), key: utf8("bank"), value: root };
      expect(verifyMembership(SIMPLE_SPEC, upper)).to.equal(true);
      const lower = { root, proof: inner?.data ?? new Uint8Array(), key };
      expect(verifyMembership(IAVL_SPEC, { ...lower, value: utf8("7") })).to.equal(isThere);
      expect(value).to.deep.equal(isThere ? utf8("7") : new Uint8Array());
      if (!isThere) expect(verifyNonMembership(IAVL_SPEC, lower)).to.equal(true);
    }
  });

  it("answers at a past height with that height's state, and says when it was pruned or is still to come", async () => {
    const chain = createHarness({ balances: [[alice.address, 1_000_000n]], app: { keepVersions: 4 } });
    await chain.block();
    const value = {
      fromAddress: alice.address,
      toAddress: moduleAccount("x"),
      amount: [{ denom: DENOM, amount: "10" }],
    };
    for (let i = 0; i < 5; i++)
      await chain.send(alice, [{ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value }], {
        gas: 200_000n,
        fee: 5_000n,
      });
    const data = QueryBalanceRequest.encode({ address: moduleAccount("x"), denom: DENOM }).finish();
    const at = (height: bigint) => ask(chain, { path: "/cosmos.bank.v1beta1.Query/Balance", data, height });
    const amounts = [3n, 4n, 5n, 6n].map(
      (height) => QueryBalanceResponse.decode(at(height).value).balance?.amount,
    );
    expect(amounts).to.deep.equal(["20", "30", "40", "50"]);
    expect(at(5n).height).to.equal(5n);
    expect(at(2n)).to.include({ code: 18, codespace: "sdk" });
    expect(at(2n).log).to.match(/^failed to load state at height 2/);
    expect(at(7n).code).to.equal(26);
    expect(at(-1n).code).to.equal(18);
  });

  const refusals: readonly (readonly [
    name: string,
    query: Partial<RequestQuery>,
    code: number,
    log: RegExp,
  ])[] = [
    ["an unknown store", { path: "/store/none/key", data: utf8("k") }, 6, /no such store: none/],
    [
      "an unknown kind of store read",
      { path: "/store/bank/other", data: utf8("k") },
      6,
      /unexpected query path/,
    ],
    ["no key", { path: "/store/bank/key" }, 2, /query cannot be zero length/],
    ["an unknown path", { path: "nonsense" }, 6, /unknown query path/],
    [
      "broadcasting through a query",
      { path: "/cosmos.tx.v1beta1.Service/BroadcastTx" },
      18,
      /can't route a broadcast/,
    ],
    [
      "a proof at height 1",
      { path: "/store/bank/key", data: utf8("k"), height: 1n, prove: true },
      18,
      /cannot query with proof when height <= 1/,
    ],
    [
      "simulating nothing",
      {
        path: "/cosmos.tx.v1beta1.Service/Simulate",
        data: SimulateRequest.encode(SimulateRequest.fromPartial({})).finish(),
      },
      6,
      /with gas used: '0': unknown request$/,
    ],
  ];
  for (const [name, query, code, log] of refusals) {
    it(`refuses ${name} with code ${code}`, async () => {
      const chain = createHarness({ balances: [[alice.address, 7n]] });
      await chain.block();
      const answer = ask(chain, query);
      expect(answer).to.include({ code, codespace: "sdk" });
      expect(answer.log).to.match(log);
    });
  }

  it("is not ready before the first block", () => {
    const chain = createHarness({ balances: [] });
    expect(ask(chain, { path: "/app/version" })).to.include({ code: 26 });
  });

  it("tells node info, node config, version and a store's subspace", async () => {
    const chain = createHarness({ balances: [[alice.address, 7n]] });
    await chain.block();
    const info = ask(chain, { path: "/cosmos.base.tendermint.v1beta1.Service/GetNodeInfo" });
    expect(GetNodeInfoResponse.decode(info.value).defaultNodeInfo).to.include({ network: "aivm-test-1" });
    const config = ask(chain, { path: "/cosmos.base.node.v1beta1.Service/Config" });
    expect(ConfigResponse.decode(config.value).minimumGasPrice).to.equal("0.025000000000000000uaivm");
    expect(ask(chain, { path: "/app/version" }).value).to.deep.equal(utf8("test"));
    const subspace = ask(chain, { path: "/store/bank/subspace", data: new Uint8Array([2]) });
    expect(Pairs.decode(subspace.value).pairs).to.deep.equal([
      { key: balanceKey(alice.address, DENOM), value: utf8("7") },
    ]);
  });

  it("tells a module's account by its name", async () => {
    const chain = createHarness({ balances: [[alice.address, 1_000_000n]] });
    await chain.block();
    const value = {
      fromAddress: alice.address,
      toAddress: alice.address,
      amount: [{ denom: DENOM, amount: "1" }],
    };
    await chain.send(alice, [{ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value }]);
    const data = QueryModuleAccountByNameRequest.encode({ name: "fee_collector" }).finish();
    const { value: bytes } = ask(chain, { path: "/cosmos.auth.v1beta1.Query/ModuleAccountByName", data });
    const any = QueryModuleAccountByNameResponse.decode(bytes).account;
    expect(any?.typeUrl).to.equal("/cosmos.auth.v1beta1.ModuleAccount");
    const account = ModuleAccount.decode(any?.value ?? new Uint8Array());
    expect(account.baseAccount?.address).to.equal(moduleAccount("fee_collector"));
  });

  it("a defect in a query or a hook is told in the log, changes nothing and stops nothing", async () => {
    const told: string[] = [];
    const faulty: Module = {
      name: "faulty",
      stores: ["faulty"],
      messages: [],
      queries: [
        {
          path: "/faulty.Query/Break",
          handle: () => {
            throw new TypeError("a defect");
          },
        },
      ],
      endBlock: (ctx) => {
        ctx.store("faulty").set(utf8("half"), utf8("written"));
        ctx.emit("half", []);
        throw new TypeError("a defect");
      },
    };
    const modules = [createAuthModule(), createBankModule({ blocked: [] }), faulty];
    const log = { warn: (fields: Readonly<Record<string, unknown>>) => void told.push(`${fields.where}`) };
    const chain = createHarness({ balances: [[alice.address, 7n]], app: { modules, log } });
    const { events } = await chain.block();
    expect(events.map(({ type }) => type)).to.deep.equal(["hook_failed"]);
    expect(ask(chain, { path: "/store/faulty/key", data: utf8("half") }).value).to.deep.equal(
      new Uint8Array(),
    );
    expect(ask(chain, { path: "/faulty.Query/Break" }).code).to.equal(18);
    expect(chain.balance(alice.address)).to.equal(7n);
    expect(told).to.deep.equal(["faulty/endBlock", "/faulty.Query/Break"]);
  });
});
