import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import { calculateFee, GasPrice, SigningStargateClient, StargateClient } from "@cosmjs/stargate";
import { expect } from "chai";
import { defaultConsensusParams } from "../../chain/engine/embedded/params.ts";
import { nanosToTimestamp } from "../../chain/engine/embedded/time.ts";
import { createValidator } from "../../chain/engine/embedded/validators.ts";
import { type OpenApplication, openApplication } from "../../chain/io/application.ts";
import { initHome } from "../../chain/io/home.ts";
import { type RunningNode, startNode } from "../../chain/io/node.ts";
import { EMPTY } from "../../common/bytes.ts";
import { SILENT } from "../support/engineFixture.ts";

const CHAIN_ID = "aivm-test-1";
const DENOM = "uaivm";
const START = 1_000_000_000n;
const FEE = calculateFee(200_000, `0.025${DENOM}`);
const OPTIONS = {
  broadcastPollIntervalMs: 20,
  broadcastTimeoutMs: 8_000,
  gasPrice: GasPrice.fromString(`0.025${DENOM}`),
};

describe("the chain through CosmJS stargate, unmodified", () => {
  const folder = mkdtempSync(join(tmpdir(), "aivm-stargate-"));
  const home = join(folder, "home");
  let application: OpenApplication;
  let node: RunningNode;
  let alice: string;
  let bob: string;
  let client: SigningStargateClient;

  async function startChain(): Promise<void> {
    application = await openApplication(home, { version: "0.1.0", log: SILENT });
    node = await startNode({ home, app: application.app, blockIntervalMs: 50, log: SILENT });
  }

  async function stopChain(): Promise<void> {
    await node.stop();
    await node.done;
    await application.close();
  }

  before(async () => {
    const wallet = await DirectSecp256k1HdWallet.generate(12, { prefix: "aivm" });
    const other = await DirectSecp256k1HdWallet.generate(12, { prefix: "aivm" });
    alice = (await wallet.getAccounts())[0]?.address ?? "";
    bob = (await other.getAccounts())[0]?.address ?? "";
    const balances = [{ address: alice, coins: [{ denom: DENOM, amount: String(START) }] }];
    initHome(home, ({ pubKey }) => ({
      genesisTime: nanosToTimestamp(BigInt(Date.now()) * 1_000_000n),
      chainId: CHAIN_ID,
      initialHeight: 1n,
      consensusParams: defaultConsensusParams(1n),
      validators: [{ ...createValidator(pubKey, 10n), name: "" }],
      appHash: EMPTY,
      appState: { bank: { balances } },
    }));
    await startChain();
    client = await SigningStargateClient.connectWithSigner(node.rpcUrl, wallet, OPTIONS);
  });

  after(async () => {
    client.disconnect();
    await stopChain();
    rmSync(folder, { recursive: true, force: true });
  });

  it("tells chain id, height, account and balance", async () => {
    const reader = await StargateClient.connect(node.rpcUrl);
    expect(await reader.getChainId()).to.equal(CHAIN_ID);
    expect(await reader.getHeight()).to.be.greaterThan(0);
    expect(await reader.getBalance(alice, DENOM)).to.deep.equal({ denom: DENOM, amount: String(START) });
    expect(await reader.getAccount(bob)).to.equal(null);
    expect((await reader.getAccount(alice))?.sequence).to.equal(0);
    expect((await reader.getBlock(1)).header.chainId).to.equal(CHAIN_ID);
    reader.disconnect();
  });

  it("sends tokens, charges the fee and finds the transaction again", async () => {
    const sent = await client.sendTokens(alice, bob, [{ denom: DENOM, amount: "1234" }], FEE, "a memo");
    expect(sent.code, sent.rawLog).to.equal(0);
    expect(await client.getBalance(bob, DENOM)).to.deep.equal({ denom: DENOM, amount: "1234" });
    const left = BigInt((await client.getBalance(alice, DENOM)).amount);
    expect(left).to.equal(START - 1234n - BigInt(FEE.amount[0]?.amount ?? "0"));
    expect((await client.getTx(sent.transactionHash))?.height).to.equal(sent.height);
    const found = await client.searchTx([{ key: "transfer.recipient", value: bob }]);
    expect(found.map(({ hash }) => hash)).to.deep.equal([sent.transactionHash]);
    expect((await client.searchTx(`tx.height=${sent.height}`)).map(({ hash }) => hash)).to.include(
      sent.transactionHash,
    );
    expect((await client.getAccount(alice))?.sequence).to.equal(1);
    expect((await client.getAccount(alice))?.pubkey?.type).to.equal("tendermint/PubKeySecp256k1");
  });

  it("estimates gas by simulation, so that CosmJS's automatic fee is enough", async () => {
    const sent = await client.sendTokens(alice, bob, [{ denom: DENOM, amount: "1" }], "auto");
    expect(sent.code, sent.rawLog).to.equal(0);
    expect(Number(sent.gasUsed)).to.be.at.most(Number(sent.gasWanted));
  });

  it("reports a send beyond the balance as failed in its block", async () => {
    const sent = await client.sendTokens(alice, bob, [{ denom: DENOM, amount: String(START * 2n) }], FEE);
    expect([sent.code, (await client.getTx(sent.transactionHash))?.code]).to.deep.equal([5, 5]);
  });

  it("keeps balances, transactions and hashes over a restart", async () => {
    const before = await client.getBalance(alice, DENOM);
    const search = await client.searchTx([{ key: "transfer.recipient", value: bob }]);
    await stopChain();
    await startChain();
    const reader = await StargateClient.connect(node.rpcUrl);
    expect(await reader.getBalance(alice, DENOM)).to.deep.equal(before);
    const again = await reader.searchTx([{ key: "transfer.recipient", value: bob }]);
    expect(again.map(({ hash }) => hash)).to.deep.equal(search.map(({ hash }) => hash));
    reader.disconnect();
  });
});
