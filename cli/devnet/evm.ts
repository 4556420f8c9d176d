/** The EVM side of a devnet: anvil, the contracts on it, and its public development accounts. */
import { createWriteStream } from "node:fs";
import type { Address, Hex } from "viem";
import { type HDAccount, mnemonicToAccount } from "viem/accounts";
import { bytesToHex } from "../../common/index.ts";
import { type Anvil, startAnvil } from "../../oracle-relayer/io/anvil.ts";
import { deployContract, deployOracle } from "../../oracle-relayer/io/deploy.ts";
import { getAttesterSet } from "../../sdk/actions/getAttesterSet.ts";
import type { Client } from "../../sdk/client.ts";

/** anvil's own published development mnemonic: worthless everywhere else. */
const DEVELOPMENT_MNEMONIC = "test test test test test test test test test test test junk";

/** Accounts of the EVM node by role. */
export interface EvmAccounts {
  readonly deployer: HDAccount;
  readonly relayer: HDAccount;
  readonly user: HDAccount;
}

/** A running EVM node with the oracle on it. */
export interface EvmSide {
  readonly rpc: string;
  readonly chainId: number;
  readonly attestation: Address;
  readonly oracle: Address;
  /** Block of the oracle's deployment. */
  readonly startBlock: bigint;
  readonly accounts: EvmAccounts;
  /** EVM address of payee number `index`: development accounts from the sixth on. */
  payee(index: number): Uint8Array;
  stop(): Promise<void>;
}

/** Starts anvil and deploys the contracts for the attesters that the chain names. */
export async function startEvm(
  client: Client,
  options: { readonly port: number; readonly logFile: string },
): Promise<EvmSide> {
  const anvil = await startAnvil({ port: options.port });
  pipeLog(anvil, options.logFile);
  const accounts = { deployer: account(0), relayer: account(1), user: account(2) };
  const { set, genesisHash } = await getAttesterSet(client);
  const deployed = await deployOracle({
    rpcUrl: anvil.url,
    account: accounts.deployer,
    genesisHash: `0x${bytesToHex(genesisHash)}`,
    setId: set?.setId ?? 0n,
    signers: (set?.attesters ?? []).map(({ evmAddress, power }) => ({ evmAddress, power })),
  });
  return {
    rpc: anvil.url,
    chainId: deployed.chainId,
    attestation: deployed.attestation,
    oracle: deployed.oracle,
    startBlock: deployed.blockNumber,
    accounts,
    payee: (index) => Uint8Array.from(Buffer.from(account(5 + index).address.slice(2), "hex")),
    stop: () => anvil.stop(),
  };
}

/** Deploys the consumer that asks for digits. */
export function deployConsumer(evm: EvmSide, modelId: Uint8Array): Promise<Address> {
  const id: Hex = `0x${bytesToHex(modelId)}`;
  return deployContract({
    rpcUrl: evm.rpc,
    account: evm.accounts.deployer,
    name: "DigitConsumer",
    args: [evm.oracle, id],
  });
}

/** Hex of a development account's private key, for the relayer's key file. */
export function privateKeyOf(evmAccount: HDAccount): string {
  const key = evmAccount.getHdKey().privateKey;
  if (key === null || key === undefined) throw new RangeError("a development account has a private key");
  return bytesToHex(key);
}

function account(addressIndex: number): HDAccount {
  return mnemonicToAccount(DEVELOPMENT_MNEMONIC, { addressIndex });
}

function pipeLog(anvil: Anvil, file: string): void {
  const log = createWriteStream(file, { flags: "a", mode: 0o600 });
  anvil.process.stdout?.pipe(log, { end: false });
  anvil.process.stderr?.pipe(log, { end: false });
}
