import { expect } from "chai";
import { tensorsToBytes } from "../../../aivm/index.ts";
import { bytesToHex } from "../../../common/index.ts";
import { executeOnReference } from "../../../node-runner/io/execute.ts";
import { ClaimStatus, RequestStatus } from "../../../proto/index.ts";
import {
  getBalance,
  getDispute,
  getRequest,
  getRunner,
  pollUntil,
  requestInference,
  waitForResult,
} from "../../../sdk/index.ts";
import type { Service } from "../../support/processes.ts";
import {
  BOND_UAIVM,
  MODEL_FEE_UAIVM,
  START_UAIVM,
  startNetwork,
  type TestNetwork,
} from "../support/network.ts";
import { tinyInput } from "../support/tinyModel.ts";

describe("an honest runner and a false challenger on a running chain", () => {
  let network: TestNetwork;
  let honest: Service;

  before(async function () {
    this.timeout(60_000);
    network = await startNetwork();
    honest = await network.startRunner("honest", [
      "--artifact",
      network.artifactFile,
      "--listen",
      "127.0.0.1:0",
    ]);
    await network.startRunner("liar", ["--watch", "--artifact", network.artifactFile], { LIE_SEED: "9" });
    await network.waitActive();
  });

  after(() => network?.stop());

  it("the runner posts its trace and wins, although it is killed as soon as it is challenged", async function () {
    this.timeout(90_000);
    const { client, model } = network;
    const { response } = await requestInference(client, {
      signer: network.account("user"),
      modelId: model.modelId,
      input: tensorsToBytes([tinyInput(1)]),
      feeUaivm: MODEL_FEE_UAIVM,
    });
    const { requestId } = response;
    await pollUntil(client, {
      what: "a dispute",
      deadlineMs: client.clock.nowMs() + 30_000,
      probe: async () => {
        const request = await getRequest(client, requestId);
        return request?.status === RequestStatus.REQUEST_STATUS_DISPUTED ? request : undefined;
      },
    });
    await honest.stop("SIGKILL");
    honest = await network.startRunner("honest", ["--listen", "127.0.0.1:0"]);
    const result = await waitForResult(client, { requestId });
    const request = await getRequest(client, requestId);
    if (request === undefined) throw new Error("no request");
    const job = { model, inputs: [tinyInput(1)], seed: request.seed, maxTokens: 0 };
    expect(bytesToHex(result.output)).to.equal(
      bytesToHex(tensorsToBytes((await executeOnReference(job)).outputs)),
    );
    expect(result.runner).to.equal(network.account("honest").address);
    const dispute = await getDispute(client, requestId);
    expect(dispute?.claims.map(({ status }) => status)).to.deep.equal([
      ClaimStatus.CLAIM_STATUS_ALIVE,
      ClaimStatus.CLAIM_STATUS_LOST,
    ]);
  });

  it("the challenger has lost its bond; the runner has its own, its fee and a reward", async () => {
    const record = await getRunner(network.client, network.account("honest").address);
    expect(record).to.deep.include({ disputesLost: 0n, bondUaivm: BOND_UAIVM, lockedUaivm: 0n });
    const [honestHas, liarHas] = await Promise.all(
      (["honest", "liar"] as const).map((name) => getBalance(network.client, network.account(name).address)),
    );
    // It put up its bond and paid for a few moves.
    expect((honestHas ?? 0n) > START_UAIVM - BOND_UAIVM - 1_000_000n).to.equal(true);
    expect((liarHas ?? 0n) < START_UAIVM - 1_000_000n).to.equal(true);
  });
});
