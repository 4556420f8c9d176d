/** Chapter 2: the network starts, the model is registered, and runners show that they hold its weights. */

import type { Service } from "../../../cli/devnet/process.ts";
import { ModelStatus } from "../../../proto/index.ts";
import { getModel } from "../../../sdk/actions/getModel.ts";
import { registerModel } from "../../../sdk/actions/registerModel.ts";
import { searchTx } from "../../../sdk/actions/searchTx.ts";
import { registrationToProgram } from "../../../sdk/registration.ts";
import { type Stage, until } from "../stage.ts";

/** Registers the program, without its weights, by its author. */
export function register(stage: Stage): Promise<void> {
  const { recorder, network, model } = stage;
  return recorder.step("register", async () => {
    const { registration } = model.model;
    const sent = await registerModel(network.client, {
      signer: network.account("registrar").signer,
      program: registrationToProgram(registration),
      artifactBytes: BigInt(registration.artifactBytes),
      royaltyBps: 500,
      feeUaivm: 1_000_000n,
      bondUaivm: 1_000_000_000n,
    });
    return {
      what: "program on the chain, weights with the runners",
      who: "registrar",
      ref: sent.tx.hash,
      value: undefined,
    };
  });
}

/** Starts a runner with its own key, bond and payee. `entry` is the ordinary runner, or an actor. */
export function startRunner(
  stage: Stage,
  runner: {
    readonly account: string;
    readonly entry: string;
    readonly args?: readonly string[];
    readonly payee: number;
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<Service> {
  const { network, model } = stage;
  const { keyFile } = network.account(runner.account);
  const payee = `0x${Buffer.from(network.evm.payee(runner.payee)).toString("hex")}`;
  return network.start({
    name: runner.account,
    entry: runner.entry,
    args: [
      "--rpc",
      network.rpc,
      "--home",
      `${network.home}/${runner.account}`,
      "--key",
      keyFile,
      "--artifact",
      model.file,
      "--listen",
      "127.0.0.1:0",
      "--bond",
      "2000000000",
      "--payee",
      payee,
      "--poll-ms",
      "150",
      ...(runner.args ?? []),
    ],
    ...(runner.env === undefined ? {} : { env: runner.env }),
  });
}

/** Waits until enough runners have opened a random chunk of the weights. */
export function modelActive(stage: Stage): Promise<void> {
  const { recorder, network, model } = stage;
  return recorder.step("active", async () => {
    const record = await until("an ACTIVE model", async () => {
      const found = await getModel(network.client, model.model.modelId);
      return found?.status === ModelStatus.MODEL_STATUS_ACTIVE ? found : undefined;
    });
    const [proof] = await searchTx(network.client, "message.action='/aivm.model.v1.MsgProveModel'");
    const what = `${record.attesters.length} runner opened a random chunk of the weights`;
    return { what, who: "runner", ref: proof?.hash ?? "", value: undefined };
  });
}
