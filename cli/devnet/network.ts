/**
 * A whole network on one machine: chain, EVM node with contracts, relayer, and services that are added one by one. Each
 * is a process of its own under one home folder; keys lie there with mode 0600.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BASE_DENOM, bytesToHex } from "../../common/index.ts";
import type { Client } from "../../sdk/client.ts";
import { createClient } from "../../sdk/io/createClient.ts";
import { createKeyFile } from "../../sdk/io/keyFile.ts";
import { sendMessage } from "../../sdk/tx/sendMessage.ts";
import type { Signer } from "../../sdk/tx/signer.ts";
import { createMockVendor, measureEnclave } from "../../tee-enclave/io/simulator.ts";
import { type EvmSide, privateKeyOf, startEvm } from "./evm.ts";
import { runToEnd, type Service, type ServiceOptions, startService } from "./process.ts";

/** Accounts that every devnet has. */
const ACCOUNT_NAMES = ["authority", "observer", "registrar", "runner", "watcher", "enclave", "user"] as const;
/** What each account has at genesis. */
const GENESIS_UAIVM = 10_000_000_000n;

/** An account with its key file. */
export interface DevnetAccount {
  readonly name: string;
  readonly keyFile: string;
  readonly signer: Signer;
}

/** How to start. */
export interface NetworkOptions {
  readonly home: string;
  readonly chainId?: string;
  /** 0 = any free port. */
  readonly rpcPort?: number;
  readonly evmPort?: number;
  readonly blockMs?: number;
  /** Further accounts with money at genesis. */
  readonly extraAccounts?: readonly string[];
}

/** A running network. */
export interface Network {
  readonly home: string;
  readonly chainId: string;
  readonly client: Client;
  readonly rpc: string;
  readonly evm: EvmSide;
  /** Accounts in the order of genesis. */
  readonly accounts: readonly DevnetAccount[];
  /** The account of that name. @throws RangeError when there is none */
  account(name: string): DevnetAccount;
  /** Secret file and public root of the simulated enclave vendor. */
  readonly vendor: { readonly file: string; readonly publicKey: Uint8Array };
  readonly measurement: Uint8Array;
  /** Starts a service whose log goes to the home's logs folder; it is stopped with the network. */
  start(service: Pick<ServiceOptions, "name" | "entry" | "args" | "env">): Promise<Service>;
  /** The chain's process; replaced by restartChain. */
  chain(): Service;
  /** Starts the chain again on its own data and port, after it was killed or stopped. */
  restartChain(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts chain, EVM node, contracts and relayer. @throws DEVNET_START naming the service and its log */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const { home } = options;
  const chainId = options.chainId ?? "aivm-local-1";
  for (const folder of ["keys", "logs"]) mkdirSync(join(home, folder), { recursive: true, mode: 0o700 });
  const running: Service[] = [];
  const stopAll = async (): Promise<void> => {
    for (const service of running.reverse()) await service.stop();
  };
  const start: Network["start"] = async (service) => {
    const started = await startService({ ...service, logFile: join(home, "logs", `${service.name}.log`) });
    running.push(started);
    return started;
  };
  try {
    const accounts = await createAccounts(home, [...ACCOUNT_NAMES, ...(options.extraAccounts ?? [])]);
    const account = (name: string): DevnetAccount => accountOf(accounts, name);
    const vendor = createVendor(home);
    const measurement = measureEnclave();
    await initChain({ home, chainId, accounts, mockRoot: vendor.publicKey, measurement });
    const chainArgs = (port: string): readonly string[] => [
      "start",
      "--home",
      join(home, "chain"),
      "--rpc",
      `127.0.0.1:${port}`,
      "--block-ms",
      String(options.blockMs ?? 500),
    ];
    let chain = await start({
      name: "aivmd",
      entry: "chain/bin/aivmd",
      args: chainArgs(String(options.rpcPort ?? 0)),
    });
    const rpc = String(chain.ready.rpc);
    const client = createClient({ rpc });
    const evm = await startEvm(client, {
      port: options.evmPort ?? 0,
      logFile: join(home, "logs", "anvil.log"),
    });
    await sendMessage(client, {
      signer: account("authority").signer,
      name: "aivm.oracle.v1.MsgAddDestination",
      value: {
        authority: account("authority").signer.address,
        destination: {
          evmChainId: BigInt(evm.chainId),
          oracle: Uint8Array.from(Buffer.from(evm.oracle.slice(2), "hex")),
          confirmations: 0,
        },
      },
    });
    await startRelayer({ home, rpc, evm, start, observerKey: account("observer").keyFile });
    return {
      home,
      chainId,
      client,
      rpc,
      evm,
      accounts,
      account,
      vendor,
      measurement,
      start,
      chain: () => chain,
      restartChain: async () => {
        await chain.stop();
        chain = await start({ name: "aivmd", entry: "chain/bin/aivmd", args: chainArgs(new URL(rpc).port) });
      },
      stop: async () => {
        await stopAll();
        await evm.stop();
      },
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

/** Makes the chain's keys and genesis: balances, the validator as attester and observer, the simulated enclave's root. */
async function initChain(options: {
  readonly home: string;
  readonly chainId: string;
  readonly accounts: Network["accounts"];
  readonly mockRoot: Uint8Array;
  readonly measurement: Uint8Array;
}): Promise<void> {
  const { home, chainId, accounts } = options;
  const chainHome = join(home, "chain");
  const keys = JSON.parse(await runToEnd("chain/bin/aivmd", ["keys", "--home", chainHome])) as ValidatorKeys;
  const coins = [{ denom: BASE_DENOM, amount: GENESIS_UAIVM.toString() }];
  const attester = {
    validator: keys.validatorAddress,
    publicKey: keys.attesterPublicKey,
    evmAddress: keys.attesterEvmAddress.slice(2),
    power: "1",
    observer: accountOf(accounts, "observer").signer.address,
  };
  const appState = {
    bank: { balances: accounts.map(({ signer }) => ({ address: signer.address, coins })) },
    oracle: { params: { authority: accountOf(accounts, "authority").signer.address }, attesters: [attester] },
    tee: {
      params: {
        allowMock: true,
        mockRoot: bytesToHex(options.mockRoot),
        allowedMeasurements: [bytesToHex(options.measurement)],
      },
    },
  };
  const file = join(home, "app-state.json");
  writeFileSync(file, `${JSON.stringify(appState, undefined, 2)}\n`);
  await runToEnd("chain/bin/aivmd", [
    "init",
    "--home",
    chainHome,
    "--chain-id",
    chainId,
    "--app-state",
    file,
  ]);
}

/** What `aivmd keys` prints. */
interface ValidatorKeys {
  readonly validatorAddress: string;
  readonly attesterPublicKey: string;
  readonly attesterEvmAddress: string;
}

async function startRelayer(options: {
  readonly home: string;
  readonly rpc: string;
  readonly evm: EvmSide;
  readonly start: Network["start"];
  readonly observerKey: string;
}): Promise<void> {
  const { home, rpc, evm } = options;
  const evmKey = join(home, "keys", "relayer-evm.key");
  writeFileSync(evmKey, `${privateKeyOf(evm.accounts.relayer)}\n`, { mode: 0o600 });
  const config = join(home, "relayer.json");
  const settings = {
    evmRpcUrl: evm.rpc,
    oracle: evm.oracle,
    evmKeyFile: evmKey,
    chainRpcUrl: rpc,
    observerKeyFile: options.observerKey,
    statePath: join(home, "relayer-state.json"),
    startBlock: Number(evm.startBlock),
    // One node that never reorganises: a block of it is final at once.
    confirmations: 0,
    pollMs: 200,
    retryMs: [500, 1000, 2000],
  };
  writeFileSync(config, `${JSON.stringify(settings, undefined, 2)}\n`);
  await options.start({ name: "relayer", entry: "oracle-relayer/bin/relayer", args: ["--config", config] });
}

function createAccounts(home: string, names: readonly string[]): Promise<DevnetAccount[]> {
  return Promise.all(
    names.map(async (name) => {
      const keyFile = join(home, "keys", `${name}.key`);
      return { name, keyFile, signer: await createKeyFile(keyFile) };
    }),
  );
}

function accountOf(accounts: readonly DevnetAccount[], name: string): DevnetAccount {
  const found = accounts.find((account) => account.name === name);
  if (found === undefined) throw new RangeError(`the devnet has no account ${name}`);
  return found;
}

function createVendor(home: string): Network["vendor"] {
  const seed = new Uint8Array(randomBytes(32));
  const file = join(home, "keys", "simulated-vendor.key");
  writeFileSync(file, `${bytesToHex(seed)}\n`, { mode: 0o600 });
  return { file, publicKey: createMockVendor(seed).publicKey };
}
