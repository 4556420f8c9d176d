/** aivm devnet: the network of the demo, honest services only, left running. */
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readArtifact } from "../../aivm/io/files.ts";
import { bytesToHex } from "../../common/index.ts";
import { type Command, type Invocation, optionalFlag, requiredFlag, usageError } from "../command.ts";
import { textTable } from "../table.ts";
import { deployConsumer } from "./evm.ts";
import { type Network, startNetwork } from "./network.ts";
import { runToEnd } from "./process.ts";
import { registerOn, startEnclave, startRunner, waitActive } from "./services.ts";

/** The command. */
export const devnetCommand: Command = {
  name: "devnet",
  about: "start chain, EVM node, relayer, runner, watcher and a simulated enclave, and leave them running",
  flags: {
    home: {
      type: "string",
      placeholder: "DIR",
      about: "keys, data and logs; must be empty",
      default: ".home/devnet",
    },
    onnx: {
      type: "string",
      placeholder: "FILE",
      about: "model to register",
      default: "models/digits/digits.onnx",
    },
    data: { type: "string", placeholder: "FILE", about: "its data set", default: "models/digits/split.json" },
    rpc: { type: "string", placeholder: "PORT", about: "port of the chain's RPC", default: "26657" },
    evm: { type: "string", placeholder: "PORT", about: "port of the EVM node", default: "8545" },
  },
  examples: ["aivm devnet", "aivm devnet --home /tmp/net --rpc 0 --evm 0 --json"],
  run: async (invocation) => {
    const home = optionalFlag(invocation, "home") ?? "";
    mkdirSync(home, { recursive: true, mode: 0o700 });
    if (readdirSync(home).length > 0)
      throw usageError("--home", "an empty folder", `${home} with something in it`);
    invocation.say(`starting in ${home} ...`);
    const artifactFile = join(home, "model.aivm");
    const [onnx, data] = [requiredFlag(invocation, "onnx"), requiredFlag(invocation, "data")];
    await runToEnd("cli/bin/aivm", [
      "model",
      "compile",
      "--onnx",
      onnx,
      "--data",
      data,
      "--out",
      artifactFile,
      "--json",
    ]);
    const network = await startNetwork({
      home,
      rpcPort: port(invocation, "rpc"),
      evmPort: port(invocation, "evm"),
    });
    try {
      await serve(network, artifactFile, invocation);
      await interrupted();
      invocation.say("stopping ...");
    } finally {
      await network.stop();
    }
  },
};

async function serve(network: Network, artifactFile: string, invocation: Invocation): Promise<void> {
  const model = await readArtifact(artifactFile);
  await registerOn(network, model);
  const runner = await startRunner(network, { account: "runner", artifactFile, payee: 0 });
  const watcher = await startRunner(network, { account: "watcher", artifactFile, payee: 1, watch: true });
  const enclave = await startEnclave(network, artifactFile);
  await waitActive(network, model.modelId);
  const consumer = await deployConsumer(network.evm, model.modelId);
  const places = {
    chainRpc: network.rpc,
    chainId: network.chainId,
    evmRpc: network.evm.rpc,
    evmChainId: network.evm.chainId,
    oracle: network.evm.oracle,
    attestation: network.evm.attestation,
    consumer,
    runner: String(runner.ready.url),
    watcher: String(watcher.ready.url),
    enclave: `${String(enclave.ready.url)} (simulated)`,
    modelId: bytesToHex(model.modelId),
    artifact: artifactFile,
    logs: join(network.home, "logs"),
  };
  const accounts = network.accounts.map(({ name, signer, keyFile }) => ({
    name,
    address: signer.address,
    keyFile,
  }));
  const text = [
    textTable(
      ["what", "where"],
      Object.entries(places).map(([what, where]) => [what, String(where)]),
    ),
    textTable(
      ["account", "address", "key file"],
      accounts.map(({ name, address, keyFile }) => [name, address, keyFile]),
    ),
    "running; Ctrl-C stops everything",
  ].join("\n\n");
  invocation.result({ ...places, accounts }, text);
}

function port(invocation: Invocation, flag: string): number {
  const text = requiredFlag(invocation, flag);
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw usageError(`--${flag}`, "a port from 0 (any free one) to 65535", text);
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
}
