import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import {
  bytesToAddress,
  type Client,
  createSigner,
  findTx,
  getAccount,
  getBalance,
  getBlock,
  getStatus,
  queueTx,
  type Signer,
  searchTx,
  sendMessageOf,
  sendTokens,
  waitForHeight,
} from "../../../sdk/index.ts";
import { createClient } from "../../../sdk/io/createClient.ts";
import { initChain, rpcOf, type Service, startChain } from "../../support/processes.ts";

const START = 1_000_000_000n;

describe("sdk on a running chain", () => {
  let folder: string;
  let home: string;
  let chain: Service;
  let client: Client;
  let signer: Signer;
  const to = bytesToAddress(new Uint8Array(20).fill(0x31));

  before(async function () {
    this.timeout(60_000);
    folder = await mkdtemp(join(tmpdir(), "aivm-sdk-"));
    home = join(folder, "chain");
    signer = await createSigner({ privateKey: new Uint8Array(32).fill(0x21) });
    await initChain({
      home,
      chainId: "sdk-test-1",
      accounts: [{ address: signer.address, amountUaivm: START }],
    });
    chain = await startChain({ home });
    client = createClient({ rpc: rpcOf(chain), pollMs: 50, timeoutMs: 30_000 });
  });

  after(async () => {
    await chain?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("reads status, blocks, balances and accounts", async () => {
    const status = await getStatus(client);
    expect(status.chainId).to.equal("sdk-test-1");
    const later = await waitForHeight(client, { height: status.latestHeight + 1n });
    expect(later.latestHeight > status.latestHeight).to.equal(true);
    expect((await getBlock(client, 1n)).block.header.height).to.equal(1);
    expect(await getBalance(client, signer.address)).to.equal(START);
    expect(await getBalance(client, to)).to.equal(0n);
    expect(await getAccount(client, to)).to.equal(undefined);
    expect(await findTx(client, "00".repeat(32))).to.equal(undefined);
  });

  it("sends coins, and finds the transaction by hash and by search", async () => {
    const before = await getBalance(client, signer.address);
    const tx = await sendTokens(client, { signer, to, amountUaivm: 7n });
    expect(await getBalance(client, to)).to.equal(7n);
    expect((await getBalance(client, signer.address)) <= before - 7n).to.equal(true);
    expect((await findTx(client, tx.hash))?.height).to.equal(tx.height);
    const found = await searchTx(client, `transfer.recipient='${to}'`);
    expect(found.map(({ hash }) => hash)).to.deep.equal([tx.hash]);
  });

  it("keeps several transactions in flight, in order", async () => {
    const count = 12;
    const before = await getBalance(client, to);
    const queued = await Promise.all(
      Array.from({ length: count }, (_, i) =>
        queueTx(client, {
          signer,
          messages: [sendMessageOf({ from: signer.address, to, amountUaivm: BigInt(i + 1) })],
        }),
      ),
    );
    const results = await Promise.all(queued.map((tx) => tx.included()));
    expect(results.every((tx) => tx.code === 0)).to.equal(true);
    expect(new Set(results.map((tx) => tx.height)).size).to.be.lessThan(count);
    expect((await getBalance(client, to)) - before).to.equal(BigInt((count * (count + 1)) / 2));
  });

  it("takes the chain's word on the sequence when the same key signs elsewhere", async () => {
    const elsewhere = await createSigner({ privateKey: new Uint8Array(32).fill(0x21) });
    await sendTokens(client, { signer: elsewhere, to, amountUaivm: 1n });
    expect((await sendTokens(client, { signer, to, amountUaivm: 1n })).code).to.equal(0);
    expect((await sendTokens(client, { signer: elsewhere, to, amountUaivm: 1n })).code).to.equal(0);
  });

  it("says what is wrong with a transfer of more than there is, and changes nothing", async () => {
    const [before, account] = [
      await getBalance(client, signer.address),
      await getAccount(client, signer.address),
    ];
    const error: unknown = await sendTokens(client, { signer, to, amountUaivm: 10n * START }).catch(
      (e: unknown) => e,
    );
    expect(error).to.have.property("code", "SDK_TX_REJECTED");
    expect(error).to.have.nested.property("answer.chainCode", 5);
    expect(await getBalance(client, signer.address)).to.equal(before);
    expect(await getAccount(client, signer.address)).to.deep.equal(account);
  });

  it("brings every transaction in although the chain is killed while they are in flight", async function () {
    this.timeout(60_000);
    const before = await getBalance(client, to);
    const queued = await Promise.all(
      [1n, 2n, 3n].map((amountUaivm) =>
        queueTx(client, { signer, messages: [sendMessageOf({ from: signer.address, to, amountUaivm })] }),
      ),
    );
    const rpc = new URL(rpcOf(chain)).host;
    await chain.stop("SIGKILL");
    const results = Promise.all(queued.map((tx) => tx.included()));
    chain = await startChain({ home, rpc });
    expect((await results).map((tx) => tx.code)).to.deep.equal([0, 0, 0]);
    expect((await getBalance(client, to)) - before).to.equal(6n);
  });
});
