import { expect } from "chai";
import { AuthInfo, TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import fc from "fast-check";
import { sendTokens } from "../../sdk/actions/sendTokens.ts";
import { type Client, clientOver } from "../../sdk/client.ts";
import { ChainAnswerError } from "../../sdk/errors/errors.ts";
import { sendMessageOf } from "../../sdk/messages/bank.ts";
import { type QueuedTx, queueTx } from "../../sdk/tx/sendTx.ts";
import { createSigner, type Signer } from "../../sdk/tx/signer.ts";
import { createScriptedNode, GAS_USED, type ScriptedNode, sentAmount } from "./support/scriptedNode.ts";
import { steppedClock } from "./support/steppedClock.ts";

const KEY = new Uint8Array(32).fill(0x5a);
const TO = "aivm1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqgph9kp";

interface Fixture {
  readonly node: ScriptedNode;
  readonly client: Client;
  readonly signer: Signer;
}

/** A client of a scripted node; with `blocks`, every wait makes a block. */
async function fixture(
  options: { readonly blocks?: boolean; readonly onSleep?: () => void } = {},
): Promise<Fixture> {
  const signer = await createSigner({ privateKey: KEY });
  const node = createScriptedNode(() => signer.address);
  const clock = steppedClock(() => {
    options.onSleep?.();
    if (options.blocks !== false) node.makeBlock();
  });
  return { node, signer, client: clientOver({ rpc: node.rpc, clock }, { timeoutMs: 20_000 }) };
}

function queue(f: Fixture, amountUaivm: bigint): Promise<QueuedTx> {
  const message = sendMessageOf({ from: f.signer.address, to: TO, amountUaivm });
  return queueTx(f.client, { signer: f.signer, messages: [message] });
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("it did not fail");
}

describe("sdk/tx: sending", () => {
  it("pays the simulated gas and half of it again, at the client's price, rounded up", async () => {
    const f = await fixture();
    const queued = await queue(f, 5n);
    expect(queued.gasLimit).to.equal((GAS_USED * 3n) / 2n);
    expect(queued.feeUaivm).to.equal(3_000n); // 120,000 x 0.025
    await queued.included();
    const [tx] = f.node.included;
    const fee = AuthInfo.decode(TxRaw.decode(tx?.bytes ?? new Uint8Array()).authInfoBytes).fee;
    expect(fee?.gasLimit).to.equal(120_000n);
    expect(fee?.amount).to.deep.equal([{ denom: "uaivm", amount: "3000" }]);
  });

  it("hands out sequences in order of the calls, however many are in flight", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }), async (waits) => {
        const f = await fixture({ blocks: true });
        const pending: Promise<unknown>[] = [];
        for (const [index, wait] of waits.entries()) {
          const sent = queue(f, BigInt(index + 1)).then((queued) => queued.included());
          pending.push(sent);
          if (wait) await sent;
        }
        await Promise.all(pending);
        expect(f.node.included.map((tx) => tx.sequence)).to.deep.equal(waits.map((_, i) => BigInt(i)));
        expect(f.node.included.map((tx) => sentAmount(tx.bytes))).to.deep.equal(
          waits.map((_, i) => String(i + 1)),
        );
      }),
      { seed: 7, numRuns: 30 },
    );
  });

  it("takes the sequence that the chain expects when somebody else used this account", async () => {
    const f = await fixture();
    await sendTokens(f.client, { signer: f.signer, to: TO, amountUaivm: 1n });
    f.node.spendSequence();
    f.node.spendSequence();
    const tx = await sendTokens(f.client, { signer: f.signer, to: TO, amountUaivm: 2n });
    expect(tx.code).to.equal(0);
    expect(f.node.included.at(-1)?.sequence).to.equal(3n);
  });

  it("goes on after a refusal, which uses no sequence", async () => {
    const f = await fixture();
    f.node.rejectNext(13, "insufficient fees; got: 1uaivm required: 3000uaivm: insufficient fee");
    const error = await failure(sendTokens(f.client, { signer: f.signer, to: TO, amountUaivm: 1n }));
    expect(error).to.be.instanceOf(ChainAnswerError);
    expect(error).to.have.property("code", "SDK_TX_REJECTED");
    expect(error.message)
      .to.match(/insufficient fee/)
      .and.to.match(/Raise the gas price/);
    const tx = await sendTokens(f.client, { signer: f.signer, to: TO, amountUaivm: 2n });
    expect(tx.code).to.equal(0);
    expect(f.node.included.map((included) => included.sequence)).to.deep.equal([0n]);
  });

  it("reports a transaction that failed in its block with the chain's code and its hash", async () => {
    const f = await fixture();
    f.node.failNext(4);
    const error = await failure(sendTokens(f.client, { signer: f.signer, to: TO, amountUaivm: 1n }));
    expect(error).to.have.property("code", "SDK_TX_FAILED");
    if (!(error instanceof ChainAnswerError)) throw error;
    expect(error.answer).to.deep.include({
      chainCode: 4,
      codespace: "inference",
      log: "request is not open",
    });
    expect(error.answer.txHash).to.match(/^[0-9A-F]{64}$/);
  });

  it("waits out a node that can not be reached, and says so at the deadline", async () => {
    const f = await fixture();
    f.node.refuseNext(20);
    expect((await sendTokens(f.client, { signer: f.signer, to: TO, amountUaivm: 1n })).code).to.equal(0);
    f.node.refuseNext(1_000);
    const error = await failure(sendTokens(f.client, { signer: f.signer, to: TO, amountUaivm: 1n }));
    expect(error).to.have.property("code", "SDK_UNREACHABLE");
    expect(error.message).to.match(/ECONNREFUSED/);
  });

  it("sends once when the answer to a broadcast is lost", async () => {
    for (const blocks of [true, false]) {
      const f = await fixture({ blocks });
      f.node.dropNextBroadcastAnswer();
      const queued = await queue(f, 1n);
      f.node.makeBlock();
      await queued.included();
      expect(f.node.included).to.have.length(1);
      expect((await queue(f, 2n)).hash).not.to.equal(queued.hash);
    }
  });

  it("hands a transaction over again when a restart has lost the mempool", async () => {
    const f = await fixture({ blocks: false });
    const queued = await queue(f, 1n);
    const second = await queue(f, 2n);
    f.node.restart();
    let waits = 0;
    const patient: Fixture = f;
    const sleep = patient.client.clock.sleep;
    Object.assign(patient.client.clock, {
      sleep: async (ms: number) => {
        await sleep(ms);
        waits++;
        if (waits % 20 === 0) f.node.makeBlock();
      },
    });
    const results = await Promise.all([queued.included(), second.included()]);
    expect(results.map((tx) => tx.code)).to.deep.equal([0, 0]);
    expect(f.node.included.map((tx) => tx.sequence)).to.deep.equal([0n, 1n]);
  });

  it("gives up a transaction whose sequence another one has used", async () => {
    const f = await fixture({ blocks: false });
    const queued = await queue(f, 1n);
    f.node.restart();
    f.node.spendSequence();
    const error = await failure(queued.included());
    expect(error).to.have.property("code", "SDK_TX_REJECTED");
    expect(f.node.included).to.have.length(0);
  });

  it("times out when no block comes", async () => {
    const f = await fixture({ blocks: false });
    const error = await failure((await queue(f, 1n)).included());
    expect(error).to.have.property("code", "SDK_TIMEOUT");
  });

  it("names an account that does not exist yet", async () => {
    const f = await fixture();
    const stranger = await createSigner({ privateKey: new Uint8Array(32).fill(3) });
    const error = await failure(sendTokens(f.client, { signer: stranger, to: TO, amountUaivm: 1n }));
    expect(error).to.have.property("code", "SDK_NOT_FOUND");
    expect(error.message).to.contain(stranger.address);
  });

  it("shows a key in no error and in no dump of the signer", async () => {
    const secret = Buffer.from(KEY).toString("hex");
    const f = await fixture();
    f.node.refuseNext(1_000);
    const error = await failure(sendTokens(f.client, { signer: f.signer, to: TO, amountUaivm: 1n }));
    const bad = await failure(createSigner({ mnemonic: "abandon abandon secretword" }));
    const short = await failure(createSigner({ privateKey: KEY.subarray(1) }));
    const { inspect } = await import("node:util");
    const dump = [f.signer, error, bad, short]
      .map((value) => `${inspect(value, { depth: 9 })}${JSON.stringify(value)}`)
      .join();
    expect(dump).not.to.contain(secret).and.not.to.contain("secretword").and.not.to.contain("90, 90, 90");
    expect(bad).to.have.property("code", "SDK_KEY");
  });
});
