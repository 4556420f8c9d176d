import { expect } from "chai";
import { tensorsToBytes } from "../../../aivm/index.ts";
import { bytesToHex } from "../../../common/index.ts";
import { executeOnReference } from "../../../node-runner/io/execute.ts";
import { RequestStatus } from "../../../proto/index.ts";
import {
  getBalance,
  getRequest,
  getRunner,
  type Inference,
  infer,
  pollUntil,
  requestInference,
  waitForResult,
} from "../../../sdk/index.ts";
import type { Service } from "../../support/processes.ts";
import { MODEL_FEE_UAIVM, startNetwork, type TestNetwork } from "../support/network.ts";
import { tinyInput } from "../support/tinyModel.ts";

describe("an honest runner on a running chain", () => {
  let network: TestNetwork;
  let runner: Service;

  before(async function () {
    this.timeout(60_000);
    network = await startNetwork();
    runner = await network.startRunner("honest", [
      "--artifact",
      network.artifactFile,
      "--listen",
      "127.0.0.1:0",
    ]);
    await network.waitActive();
  });

  after(() => network?.stop());

  const ask = (seed: number): Promise<Inference> =>
    infer(network.client, {
      signer: network.account("user"),
      modelId: network.model.modelId,
      inputs: [{ tensor: tinyInput(seed) }],
      resultTimeoutMs: 60_000,
    });

  async function expected(inference: Inference, seed: number): Promise<Uint8Array> {
    const request = await getRequest(network.client, inference.requestId);
    if (request === undefined) throw new Error("no request");
    const job = { model: network.model, inputs: [tinyInput(seed)], seed: request.seed, maxTokens: 0 };
    return tensorsToBytes((await executeOnReference(job)).outputs);
  }

  it("registers with its bond and address, proves the weights, and is paid for the right answer", async () => {
    const record = await getRunner(network.client, network.account("honest").address);
    expect(record).to.deep.include({ endpoint: runner.ready.url, jailed: false });
    const before = await getBalance(network.client, network.account("user").address);
    const inference = await ask(1);
    expect(bytesToHex(inference.result.output)).to.equal(bytesToHex(await expected(inference, 1)));
    expect(inference.result.runner).to.equal(network.account("honest").address);
    const spent = before - (await getBalance(network.client, network.account("user").address));
    expect(spent >= MODEL_FEE_UAIVM).to.equal(true);
    expect((await getRunner(network.client, network.account("honest").address))?.jobsFinal).to.equal(1n);
  });

  it("takes floats, quantised with the model's own scale", async () => {
    const floats = Array.from(tinyInput(3).data, (value) => value * 0.1);
    const signer = network.account("user");
    const inference = await infer(network.client, {
      signer,
      modelId: network.model.modelId,
      inputs: [{ floats }],
    });
    expect(bytesToHex(inference.result.output)).to.equal(bytesToHex(await expected(inference, 3)));
    expect(inference.reals[0]).to.have.length(4);
  });

  it("finishes a job that it and the chain were killed in", async function () {
    this.timeout(60_000);
    const signer = network.account("user");
    const { response } = await requestInference(network.client, {
      signer,
      modelId: network.model.modelId,
      input: tensorsToBytes([tinyInput(4)]),
      feeUaivm: MODEL_FEE_UAIVM,
    });
    const { requestId } = response;
    await pollUntil(network.client, {
      what: "a commitment",
      deadlineMs: network.client.clock.nowMs() + 30_000,
      probe: async () => {
        const request = await getRequest(network.client, requestId);
        return request?.status === RequestStatus.REQUEST_STATUS_OPEN ? undefined : request;
      },
    });
    await runner.stop("SIGKILL");
    await network.crashChain();
    runner = await network.startRunner("honest", ["--listen", "127.0.0.1:0"]);
    const result = await waitForResult(network.client, { requestId });
    expect(result.runner).to.equal(network.account("honest").address);
  });

  it("ends in order on SIGTERM", async () => {
    expect(await runner.stop("SIGTERM")).to.equal(0);
  });
});
