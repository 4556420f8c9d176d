/** What runs on a devnet besides chain and relayer: a registered model, runners, a watcher, the simulated enclave. */
import { join } from "node:path";
import type { LoadedModel } from "../../aivm/index.ts";
import { bytesToHex } from "../../common/index.ts";
import { type Messages, ModelStatus } from "../../proto/index.ts";
import { getModel } from "../../sdk/actions/getModel.ts";
import { registerModel } from "../../sdk/actions/registerModel.ts";
import { pollUntil } from "../../sdk/poll.ts";
import { registrationToProgram } from "../../sdk/registration.ts";
import type { TxResult } from "../../sdk/tx/result.ts";
import type { Network } from "./network.ts";
import type { Service } from "./process.ts";

/** Terms under which a devnet's model is registered. */
export const DEVNET_MODEL = {
  royaltyBps: 500,
  feeUaivm: 1_000_000n,
  bondUaivm: 1_000_000_000n,
} as const;

/** Bond that a devnet's runners register with when nothing else is said. */
const RUNNER_BOND_UAIVM = 2_000_000_000n;

/** Registers a model's program, without its weights, by the registrar. */
export async function registerOn(network: Network, model: LoadedModel): Promise<TxResult> {
  const { registration } = model;
  const sent = await registerModel(network.client, {
    signer: network.account("registrar").signer,
    program: registrationToProgram(registration),
    artifactBytes: BigInt(registration.artifactBytes),
    ...DEVNET_MODEL,
  });
  return sent.tx;
}

/** A runner of the devnet. */
export interface RunnerChoice {
  /** Account that it signs with; also its name. */
  readonly account: string;
  readonly artifactFile: string;
  /** Number of its EVM payee. */
  readonly payee: number;
  readonly watch?: boolean;
  readonly bondUaivm?: bigint;
  /** Another program with the runner's command line; default the ordinary runner. */
  readonly entry?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a runner or a watcher with its own key, bond and payee. */
export function startRunner(network: Network, choice: RunnerChoice): Promise<Service> {
  const { account, artifactFile, env } = choice;
  return network.start({
    name: account,
    entry: choice.entry ?? "node-runner/bin/runner",
    args: [
      ...["--rpc", network.rpc],
      ...["--home", join(network.home, account)],
      ...["--key", network.account(account).keyFile],
      ...["--artifact", artifactFile],
      ...["--listen", "127.0.0.1:0"],
      ...["--bond", (choice.bondUaivm ?? RUNNER_BOND_UAIVM).toString()],
      ...["--payee", `0x${bytesToHex(network.evm.payee(choice.payee))}`],
      ...["--poll-ms", "150"],
      ...(choice.watch === true ? ["--watch"] : []),
    ],
    ...(env === undefined ? {} : { env }),
  });
}

/** Starts the simulated enclave and its host; its keys are registered when this resolves. */
export function startEnclave(network: Network, artifactFile: string): Promise<Service> {
  return network.start({
    name: "enclave",
    entry: "node-runner/bin/enclave",
    args: [
      ...["--rpc", network.rpc],
      ...["--home", join(network.home, "enclave")],
      ...["--key", network.account("enclave").keyFile],
      ...["--vendor", network.vendor.file],
      ...["--artifact", artifactFile],
    ],
  });
}

/** Waits until enough runners have shown that they hold the model's weights. @throws SDK_TIMEOUT */
export function waitActive(network: Network, modelId: Uint8Array): Promise<Messages["aivm.model.v1.Model"]> {
  return pollUntil(network.client, {
    what: "an ACTIVE model",
    deadlineMs: network.client.clock.nowMs() + 60_000,
    probe: async () => {
      const found = await getModel(network.client, modelId);
      return found?.status === ModelStatus.MODEL_STATUS_ACTIVE ? found : undefined;
    },
  });
}
