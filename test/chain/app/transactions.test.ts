import type { EncodeObject } from "@cosmjs/proto-signing";
import { expect } from "chai";
import { QuerySupplyOfRequest, QuerySupplyOfResponse } from "cosmjs-types/cosmos/bank/v1beta1/query";
import { MsgSend } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import { SimulateRequest, SimulateResponse } from "cosmjs-types/cosmos/tx/v1beta1/service";
import { AuthInfo, Fee, TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import fc from "fast-check";
import { moduleAccount } from "../../../chain/modules/bank/keeper.ts";
import { bytesToHex } from "../../../common/index.ts";
import {
  type AppHarness,
  createHarness,
  DENOM,
  type TestAccount,
  testAccount,
} from "../../support/appHarness.ts";

const FUNDS = 1_000_000_000n;
let alice: TestAccount;
let bob: TestAccount;
let poor: TestAccount;

function transfer(from: TestAccount, to: string, amount: bigint): EncodeObject {
  return {
    typeUrl: "/cosmos.bank.v1beta1.MsgSend",
    value: MsgSend.fromPartial({
      fromAddress: from.address,
      toAddress: to,
      amount: [{ denom: DENOM, amount: `${amount}` }],
    }),
  };
}

async function started(): Promise<AppHarness> {
  const chain = createHarness({
    balances: [
      [alice.address, FUNDS],
      [bob.address, FUNDS],
      [poor.address, 60_000n],
    ],
  });
  await chain.block();
  return chain;
}

describe("chain/app (transactions)", () => {
  before(async () => {
    [alice, bob, poor] = await Promise.all([testAccount("alice"), testAccount("bob"), testAccount("poor")]);
  });

  it("a transfer moves the amount and the fee, once, and answers as clients expect", async () => {
    const chain = await started();
    const result = await chain.send(alice, [transfer(alice, bob.address, 5n)], {
      gas: 200_000n,
      fee: 5_000n,
    });
    expect(result).to.include({ code: 0, log: "", codespace: "" });
    expect(chain.balance(alice.address)).to.equal(FUNDS - 5n - 5_000n);
    expect(chain.balance(bob.address)).to.equal(FUNDS + 5n);
    expect(chain.balance(moduleAccount("fee_collector"))).to.equal(5_000n);
    expect(chain.account(alice.address).sequence).to.equal(1n);
    const types = result.events.map(({ type }) => type);
    expect(types).to.deep.equal([
      "coin_spent",
      "coin_received",
      "transfer",
      "message",
      "tx",
      "tx",
      "tx",
      "message",
      "coin_spent",
      "coin_received",
      "transfer",
      "message",
    ]);
    const action = result.events[7]?.attributes.map(({ key, value }) => `${key}=${value}`);
    expect(action).to.deep.equal([
      `action=/cosmos.bank.v1beta1.MsgSend`,
      `sender=${alice.address}`,
      "module=bank",
      "msg_index=0",
    ]);
  });

  const refusals: readonly {
    readonly name: string;
    readonly tx: (chain: AppHarness) => Promise<Uint8Array>;
    readonly code: number;
    readonly log: RegExp;
    readonly checkOnly?: boolean;
  }[] = [
    {
      name: "too small a fee",
      tx: (c) => c.sign(alice, [transfer(alice, bob.address, 5n)], { gas: 200_000n, fee: 4_999n }),
      code: 13,
      log: /insufficient fees; got: 4999uaivm required: 5000uaivm: insufficient fee/,
      checkOnly: true,
    },
    {
      name: "a fee beyond the funds",
      tx: (c) => c.sign(poor, [transfer(poor, bob.address, 5n)], { fee: 60_001n }),
      code: 5,
      log: /spendable balance 60000uaivm is smaller than 60001uaivm: insufficient funds/,
    },
    {
      name: "a sequence ahead",
      tx: (c) => c.sign(alice, [transfer(alice, bob.address, 5n)], { sequence: 7n }),
      code: 32,
      log: /account sequence mismatch, expected 0, got 7: incorrect account sequence/,
    },
    {
      name: "another chain's signature",
      tx: (c) => c.sign(alice, [transfer(alice, bob.address, 5n)], { chainId: "other-1" }),
      code: 4,
      log: /signature verification failed; please verify account number \(\d+\) and chain-id \(aivm-test-1\): unauthorized/,
    },
    {
      name: "somebody else's signature",
      tx: (c) => c.sign(bob, [transfer(alice, bob.address, 5n)]),
      code: 8,
      log: /invalid pubkey/,
    },
    {
      name: "too little gas for the ante",
      tx: (c) => c.sign(alice, [transfer(alice, bob.address, 5n)], { gas: 3_000n }),
      code: 11,
      log: /out of gas in location/,
    },
    {
      name: "too long a memo",
      tx: (c) => c.sign(alice, [transfer(alice, bob.address, 5n)], { memo: "é".repeat(129) }),
      code: 12,
      log: /maximum number of characters is 256 but received 258/,
    },
    {
      name: "a timeout height in the past",
      tx: async (c) => {
        await c.block();
        return c.sign(alice, [transfer(alice, bob.address, 5n)], { timeoutHeight: 1n });
      },
      code: 30,
      log: /tx timeout height/,
    },
    {
      name: "a message type without a handler",
      tx: (c) => c.sign(alice, [{ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: {} }]).then(renameMessage),
      code: 6,
      log: /no message handler found for \/cosmos.bank.v1beta1.MsgSenD: unknown request/,
    },
    {
      name: "an amount of zero",
      tx: (c) => c.sign(alice, [transfer(alice, bob.address, 0n)]),
      code: 10,
      log: /invalid coins/,
    },
    {
      name: "bytes that are no transaction",
      tx: async () => new Uint8Array([1, 2, 3]),
      code: 2,
      log: /tx parse error/,
    },
    {
      name: "an unknown field",
      tx: (c) =>
        c.sign(alice, [transfer(alice, bob.address, 5n)]).then((tx) => new Uint8Array([...tx, 0x7a, 0])),
      code: 2,
      log: /tx parse error/,
    },
  ];

  for (const { name, tx, code, log, checkOnly } of refusals) {
    it(`refuses ${name} with code ${code}, in CheckTx${checkOnly ? "" : " and in a block"}, and nothing changes`, async () => {
      const chain = await started();
      const bytes = await tx(chain);
      const before = [alice, bob, poor].map(({ address }) => [
        chain.balance(address),
        chain.account(address).sequence,
      ]);
      const checked = chain.check(bytes);
      expect(checked.code, checked.log).to.equal(code);
      expect(checked.log).to.match(log);
      if (!checkOnly) {
        const { txResults } = await chain.block([bytes]);
        expect(txResults[0]).to.include({ code });
        expect(txResults[0]?.events).to.deep.equal([]);
      }
      expect(
        [alice, bob, poor].map(({ address }) => [chain.balance(address), chain.account(address).sequence]),
      ).to.deep.equal(before);
    });
  }

  it("keeps fee and sequence of a transaction whose message fails, and nothing else of it", async () => {
    const chain = await started();
    const result = await chain.send(
      poor,
      [transfer(poor, bob.address, 5n), transfer(poor, bob.address, 60_000n)],
      { gas: 400_000n, fee: 10_000n },
    );
    expect(result.code).to.equal(5);
    expect(result.log).to.match(/^failed to execute message; message index: 1: spendable balance 49995uaivm/);
    expect(chain.balance(poor.address)).to.equal(50_000n);
    expect(chain.balance(bob.address)).to.equal(FUNDS);
    expect(chain.account(poor.address).sequence).to.equal(1n);
  });

  it("a replayed transaction is refused", async () => {
    const chain = await started();
    const tx = await chain.sign(alice, [transfer(alice, bob.address, 5n)]);
    expect((await chain.block([tx])).txResults[0]?.code).to.equal(0);
    expect((await chain.block([tx])).txResults[0]?.code).to.equal(32);
    expect(chain.balance(bob.address)).to.equal(FUNDS + 5n);
  });

  it("a high-s signature is refused: transactions are not malleable", async () => {
    const chain = await started();
    const raw = TxRaw.decode(await chain.sign(alice, [transfer(alice, bob.address, 5n)]));
    const signature = raw.signatures[0] ?? new Uint8Array();
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const s = order - BigInt(`0x${bytesToHex(signature.slice(32))}`);
    const high = Uint8Array.from([
      ...signature.slice(0, 32),
      ...Buffer.from(s.toString(16).padStart(64, "0"), "hex"),
    ]);
    const tx = TxRaw.encode({ ...raw, signatures: [high] }).finish();
    expect(chain.check(tx).code).to.equal(4);
  });

  it("CheckTx state advances: n, n+1, n+2 may queue, and a block resets it", async () => {
    const chain = await started();
    const txs: Uint8Array[] = [];
    for (let i = 0n; i < 3n; i++)
      txs.push(await chain.sign(alice, [transfer(alice, bob.address, 1n)], { sequence: i }));
    expect(txs.map((tx) => chain.check(tx).code)).to.deep.equal([0, 0, 0]);
    expect((await chain.block(txs)).txResults.map(({ code }) => code)).to.deep.equal([0, 0, 0]);
    expect(chain.account(alice.address).sequence).to.equal(3n);
  });

  it("simulation needs no signature, tells the gas that the run then uses, and keeps nothing", async () => {
    const chain = await started();
    const signed = TxRaw.decode(await chain.sign(alice, [transfer(alice, bob.address, 5n)]));
    const request = { txBytes: TxRaw.encode({ ...signed, signatures: [new Uint8Array()] }).finish() };
    const { code, log, value } = chain.query(
      "/cosmos.tx.v1beta1.Service/Simulate",
      SimulateRequest.encode(SimulateRequest.fromPartial(request)).finish(),
    );
    expect(code, log).to.equal(0);
    const gas = SimulateResponse.decode(value).gasInfo?.gasUsed ?? 0n;
    const result = await chain.send(alice, [transfer(alice, bob.address, 5n)]);
    expect(gas >= result.gasUsed && gas < result.gasUsed + 5_000n, `${gas} for ${result.gasUsed}`).to.equal(
      true,
    );
    expect(chain.balance(bob.address)).to.equal(FUNDS + 5n);
  });

  it("a simulation without a fee covers the gas of the fee that the client will then pay", async () => {
    const chain = await started();
    const signed = TxRaw.decode(await chain.sign(alice, [transfer(alice, bob.address, 5n)]));
    const authInfo = AuthInfo.decode(signed.authInfoBytes);
    const authInfoBytes = AuthInfo.encode({ ...authInfo, fee: Fee.fromPartial({}) }).finish();
    const txBytes = TxRaw.encode({ ...signed, authInfoBytes, signatures: [new Uint8Array()] }).finish();
    const request = SimulateRequest.encode(SimulateRequest.fromPartial({ txBytes })).finish();
    const { value } = chain.query("/cosmos.tx.v1beta1.Service/Simulate", request);
    const gas = SimulateResponse.decode(value).gasInfo?.gasUsed ?? 0n;
    await chain.send(bob, [transfer(bob, alice.address, 5n)]);
    const { gasUsed } = await chain.send(alice, [transfer(alice, bob.address, 5n)]);
    expect(gas >= gasUsed && gas < gasUsed + 10_000n, `${gas} for ${gasUsed}`).to.equal(true);
  });

  it("executing a block twice before its commit gives the same app hash, results and state", async () => {
    const chain = await started();
    const tx = await chain.sign(alice, [transfer(alice, bob.address, 5n)]);
    const first = chain.execute([tx]);
    const second = chain.execute([tx]);
    expect(second).to.deep.equal(first);
    const committed = await chain.block([tx]);
    expect(bytesToHex(committed.appHash)).to.equal(bytesToHex(first.appHash));
    expect(chain.balance(bob.address)).to.equal(FUNDS + 5n);
  });

  it("queries answer with the log texts that clients match on", async () => {
    const chain = await started();
    const nobody = moduleAccount("nobody");
    const { code, log, codespace } = chain.query(
      "/cosmos.auth.v1beta1.Query/Account",
      new TextEncoder().encode(`\n\x2b${nobody}`),
    );
    expect({ code, codespace, log }).to.deep.equal({
      code: 22,
      codespace: "sdk",
      log: `rpc error: code = NotFound desc = account ${nobody} not found: key not found`,
    });
    expect(chain.query("/no/such/path", new Uint8Array())).to.include({ code: 6 });
    expect(chain.query("/cosmos.bank.v1beta1.Query/Balance", new Uint8Array(), 99n)).to.include({ code: 26 });
    expect(chain.query("/cosmos.bank.v1beta1.Query/Balance", new Uint8Array(), -1n)).to.include({ code: 18 });
  });

  it("supply is conserved over random transfers, valid and not", async () => {
    const chain = await started();
    const people = [alice, bob, poor];
    const supply = (): bigint => {
      const { value } = chain.query(
        "/cosmos.bank.v1beta1.Query/SupplyOf",
        QuerySupplyOfRequest.encode({ denom: DENOM }).finish(),
      );
      return BigInt(QuerySupplyOfResponse.decode(value).amount?.amount ?? "0");
    };
    const held = (): bigint =>
      [...people.map(({ address }) => address), moduleAccount("fee_collector")].reduce(
        (sum, address) => sum + chain.balance(address),
        0n,
      );
    expect(supply()).to.equal(2n * FUNDS + 60_000n);
    await fc.assert(
      fc.asyncProperty(fc.nat(2), fc.nat(2), fc.bigInt({ min: 0n, max: FUNDS }), async (from, to, amount) => {
        const sender = people[from] ?? alice;
        await chain.send(sender, [transfer(sender, (people[to] ?? bob).address, amount)]);
        expect(held()).to.equal(supply());
      }),
      { seed: 12, numRuns: 100 },
    );
    expect(supply()).to.equal(2n * FUNDS + 60_000n);
  });
});

/** Changes one letter of the message's type URL inside the signed bytes: the signature no longer matters then. */
function renameMessage(tx: Uint8Array): Uint8Array {
  const text = Buffer.from(tx);
  const at = text.indexOf("MsgSend");
  text[at + 6] = "D".charCodeAt(0);
  return new Uint8Array(text);
}
