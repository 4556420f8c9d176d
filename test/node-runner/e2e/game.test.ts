import { expect } from "chai";
import { tensorsToBytes } from "../../../aivm/index.ts";
import { bytesToHex } from "../../../common/index.ts";
import { executeOnReference } from "../../../node-runner/io/execute.ts";
import { ClaimStatus, LossReason } from "../../../proto/index.ts";
import {
  getBalance,
  getDispute,
  getRequest,
  getRunner,
  getServing,
  type Inference,
  infer,
  pollUntil,
} from "../../../sdk/index.ts";
import type { Service } from "../../support/processes.ts";
import { BOND_UAIVM, START_UAIVM, startNetwork, type TestNetwork } from "../support/network.ts";
import { tinyInput } from "../support/tinyModel.ts";

describe("a liar and a watcher on a running chain", () => {
  let network: TestNetwork;
  let liar: Service;
  let watcher: Service;

  before(async function () {
    this.timeout(60_000);
    network = await startNetwork();
    liar = await network.startRunner(
      "liar",
      ["--artifact", network.artifactFile, "--listen", "127.0.0.1:0"],
      { LIE_SEED: "5", LIE_OP: "0" },
    );
    // It holds nothing: it must fetch the artifact from the runner that it will convict.
    watcher = await network.startRunner("watcher", ["--watch"]);
    await network.waitActive();
  });

  after(() => network?.stop());

  async function honestOutput(inference: Inference): Promise<string> {
    const request = await getRequest(network.client, inference.requestId);
    if (request === undefined) throw new Error("no request");
    const job = { model: network.model, inputs: [tinyInput(1)], seed: request.seed, maxTokens: 0 };
    return bytesToHex(tensorsToBytes((await executeOnReference(job)).outputs));
  }

  it("the lie is found, played down to one element, and the truth becomes final", async function () {
    this.timeout(90_000);
    const inference = await infer(network.client, {
      signer: network.account("user"),
      modelId: network.model.modelId,
      inputs: [{ tensor: tinyInput(1) }],
      resultTimeoutMs: 60_000,
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}\nliar:\n${liar.log()}\nwatcher:\n${watcher.log()}`);
    });
    expect(bytesToHex(inference.result.output)).to.equal(await honestOutput(inference));
    expect(inference.result.runner).to.equal(network.account("watcher").address);
    const dispute = await getDispute(network.client, inference.requestId);
    expect(dispute?.claims.map(({ status, loss }) => ({ status, loss }))).to.deep.equal([
      { status: ClaimStatus.CLAIM_STATUS_LOST, loss: LossReason.LOSS_REASON_ELEMENT },
      { status: ClaimStatus.CLAIM_STATUS_ALIVE, loss: LossReason.LOSS_REASON_UNSPECIFIED },
    ]);
    const told = /"lie":\{"op":0,"element":(\d+)/.exec(liar.log())?.[1];
    const [match] = dispute?.matches ?? [];
    expect([match?.slot, (match?.chunk ?? 0) * 256 + ((match?.element ?? 0) % 256)]).to.deep.equal([
      1,
      Number(told),
    ]);
    expect(match?.moves ?? 99).to.be.at.most(8);
  });

  it("the liar has lost its claim's bond, half of it burned; the watcher has its own back and a reward", async () => {
    const record = await getRunner(network.client, network.account("liar").address);
    expect(record?.disputesLost).to.equal(1n);
    expect((record?.bondUaivm ?? 0n) < BOND_UAIVM).to.equal(true);
    const lost = BOND_UAIVM - (record?.bondUaivm ?? 0n);
    const won = (await getBalance(network.client, network.account("watcher").address)) - START_UAIVM;
    expect(won > 0n && won <= lost / 2n + 1_000_000n, `lost ${lost}, won ${won}`).to.equal(true);
  });

  it("an honest runner that comes later answers, undisputed, what is then asked", async function () {
    this.timeout(60_000);
    const honest = await network.startRunner("honest", ["--model", bytesToHex(network.model.modelId)]);
    const key = { modelId: network.model.modelId, runner: String(honest.ready.address) };
    await pollUntil(network.client, {
      what: "the honest runner's proof",
      deadlineMs: network.client.clock.nowMs() + 30_000,
      // It fetches the artifact from the liar, whose bytes hash to the model's id all the same.
      probe: async () => ((await getServing(network.client, key))?.serving?.provedEpoch ? true : undefined),
    });
    await liar.stop();
    const inference = await infer(network.client, {
      signer: network.account("user"),
      modelId: network.model.modelId,
      inputs: [{ tensor: tinyInput(1) }],
      resultTimeoutMs: 60_000,
    });
    expect(inference.result.runner).to.equal(honest.ready.address);
    expect((await getDispute(network.client, inference.requestId))?.claims).to.have.length(1);
    expect(watcher.log()).to.contain("an equal claim stands");
  });
});
