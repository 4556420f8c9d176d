import type { EncodeObject } from "@cosmjs/proto-signing";
import { expect } from "chai";
import { MsgMultiSend, MsgSend } from "cosmjs-types/cosmos/bank/v1beta1/tx";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { RequestPrepareProposal } from "cosmjs-types/tendermint/abci/types";
import { ConsensusParams } from "cosmjs-types/tendermint/types/params";
import fc from "fast-check";
import { createBlockGas } from "../../../chain/blockGas.ts";
import {
  type AppHarness,
  createHarness,
  DENOM,
  type TestAccount,
  testAccount,
} from "../../support/appHarness.ts";

const FUNDS = 1_000_000_000n;
const MULTI_SEND = "/cosmos.bank.v1beta1.MsgMultiSend";
let alice: TestAccount;
let bob: TestAccount;

function transfer(from: TestAccount, to: string): EncodeObject {
  const value = { fromAddress: from.address, toAddress: to, amount: [{ denom: DENOM, amount: "1" }] };
  return { typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: MsgSend.fromPartial(value) };
}

/** A message of the reserved lane. */
function reserved(from: TestAccount, to: string): EncodeObject {
  const coins = [{ denom: DENOM, amount: "1" }];
  const value = { inputs: [{ address: from.address, coins }], outputs: [{ address: to, coins }] };
  return { typeUrl: MULTI_SEND, value: MsgMultiSend.fromPartial(value) };
}

/** Blocks of 1,000,000 gas; a quarter is for MsgMultiSend. */
async function limitedChain(): Promise<AppHarness> {
  const chain = createHarness({
    balances: [
      [alice.address, FUNDS],
      [bob.address, FUNDS],
    ],
    types: [[MULTI_SEND, MsgMultiSend]],
    app: { reservedGas: { basisPoints: 2500, isReserved: (typeUrl) => typeUrl === MULTI_SEND } },
    init: {
      consensusParams: ConsensusParams.fromPartial({ block: { maxBytes: 1_000_000n, maxGas: 1_000_000n } }),
    },
  });
  await chain.block();
  return chain;
}

describe("chain/app (limits of a block)", () => {
  before(async () => {
    [alice, bob] = await Promise.all([testAccount("alice"), testAccount("bob")]);
  });

  it("takes no more gas than a block has, and keeps a quarter for the reserved lane", async () => {
    const chain = await limitedChain();
    const ordinary = await Promise.all(
      [0n, 1n, 2n, 3n].map((sequence) =>
        chain.sign(alice, [transfer(alice, bob.address)], { gas: 250_000n, sequence }),
      ),
    );
    const urgent = await chain.sign(bob, [reserved(bob, alice.address)], { gas: 250_000n });
    const late = await chain.sign(bob, [reserved(bob, alice.address)], { gas: 250_000n, sequence: 1n });
    const request = RequestPrepareProposal.fromPartial({
      txs: [...ordinary, urgent, late],
      height: 2n,
      maxTxBytes: 1_000_000n,
    });
    expect(chain.app.prepareProposal(request).txs).to.deep.equal([...ordinary.slice(0, 3), urgent]);
    const { txResults } = await chain.block([...ordinary, urgent, late]);
    expect(txResults.map(({ code }) => code)).to.deep.equal([0, 0, 0, 11, 0, 11]);
    expect(txResults[3]?.log).to.equal("no block gas left to run tx: out of gas");
    expect(chain.account(alice.address).sequence, "what found no room cost nothing").to.equal(3n);
  });

  it("refuses in CheckTx what could never fit into a block", async () => {
    const chain = await limitedChain();
    const tooLarge = chain.check(await chain.sign(alice, [transfer(alice, bob.address)], { gas: 750_001n }));
    expect(tooLarge).to.include({ code: 41, codespace: "sdk" });
    expect(tooLarge.log).to.equal("tx gas limit 750001 exceeds block max gas 750000: invalid gas limit");
    expect(
      chain.check(await chain.sign(alice, [transfer(alice, bob.address)], { gas: 750_000n })).code,
    ).to.equal(0);
    expect(
      chain.check(await chain.sign(bob, [reserved(bob, alice.address)], { gas: 1_000_000n })).code,
    ).to.equal(0);
  });

  it("a proposal stays within its bytes, framing counted", async () => {
    const chain = await limitedChain();
    const txs = await Promise.all(
      [0n, 1n, 2n].map((sequence) =>
        chain.sign(alice, [transfer(alice, bob.address)], { gas: 100_000n, sequence }),
      ),
    );
    const framed = txs.map((tx) => BigInt(tx.length + 3));
    const two = (framed[0] ?? 0n) + (framed[1] ?? 0n);
    const taken = (maxTxBytes: bigint): number =>
      chain.app.prepareProposal(RequestPrepareProposal.fromPartial({ txs, height: 2n, maxTxBytes })).txs
        .length;
    expect([taken(two - 1n), taken(two), taken(0n)]).to.deep.equal([1, 2, 0]);
  });

  it("no order of claims takes more than the block has or the ordinary more than their share", () => {
    const claim = fc.record({ gasWanted: fc.bigInt({ min: 0n, max: 400n }), isReserved: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(claim, { maxLength: 40 }),
        fc.integer({ min: 0, max: 10_000 }),
        (claims, share) => {
          const gas = createBlockGas({ maxGas: 1000n, reservedBasisPoints: share });
          const taken = claims.filter((item) => gas.admit(item));
          const sum = (items: typeof taken): bigint =>
            items.reduce((total, { gasWanted }) => total + gasWanted, 0n);
          const ordinary = sum(taken.filter(({ isReserved }) => !isReserved));
          return sum(taken) <= 1000n && ordinary * 10_000n <= 1000n * BigInt(10_000 - share) + 10_000n;
        },
      ),
      { seed: 5, numRuns: 200 },
    );
  });

  it("a block without a gas limit takes everything", () => {
    const gas = createBlockGas({ maxGas: -1n, reservedBasisPoints: 2500 });
    expect(gas.admit({ gasWanted: 2n ** 62n, isReserved: false })).to.equal(true);
    expect(gas.admit({ gasWanted: 2n ** 62n, isReserved: false })).to.equal(true);
  });

  const refused: readonly (readonly [name: string, code: number, change: (raw: TxRaw) => TxRaw])[] = [
    [
      "two signatures for one signer",
      4,
      (raw) => ({ ...raw, signatures: [...raw.signatures, ...raw.signatures] }),
    ],
    ["no signature", 15, (raw) => ({ ...raw, signatures: [] })],
    [
      "a non-canonical body",
      2,
      (raw) => ({ ...raw, bodyBytes: Uint8Array.from([...raw.bodyBytes, 0x12, 0]) }),
    ],
    [
      "eight signatures",
      14,
      (raw) => ({ ...raw, signatures: Array.from({ length: 8 }, () => new Uint8Array(64)) }),
    ],
    [
      "a critical extension option",
      31,
      (raw) => ({ ...raw, bodyBytes: Uint8Array.from([...raw.bodyBytes, 0xfa, 0x3f, 0]) }),
    ],
  ];
  for (const [name, code, change] of refused) {
    it(`refuses ${name} with code ${code}`, async () => {
      const chain = await limitedChain();
      const raw = TxRaw.decode(await chain.sign(alice, [transfer(alice, bob.address)], { gas: 100_000n }));
      const result = chain.check(TxRaw.encode(change(raw)).finish());
      expect(result.code, result.log).to.equal(code);
    });
  }
});
