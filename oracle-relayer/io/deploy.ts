/** Deploys the attestation and the oracle, for devnets, tests and first deployments. */
import {
  type Account,
  type Address,
  type Chain,
  createPublicClient,
  createWalletClient,
  getAddress,
  type Hex,
  http,
} from "viem";
import { compareBytes } from "../../common/bytes.ts";
import { AivmError } from "../../common/errors.ts";
import { type ContractCode, loadContract } from "./contracts.ts";

const DAY_SECONDS = 86_400n;

/** A signer of results roots. */
export interface Signer {
  /** 20 bytes. */
  readonly evmAddress: Uint8Array;
  /** u64 > 0. */
  readonly power: bigint;
}

/** What to deploy with. Defaults suit a devnet. */
export interface DeployOptions {
  readonly rpcUrl: string;
  readonly account: Account;
  /** 32 bytes as hex: genesis hash of the aivm chain, whose validators sign. */
  readonly genesisHash: Hex;
  readonly setId: bigint;
  /** In any order: they are sorted here as the contract wants them. */
  readonly signers: readonly Signer[];
  /** Unix seconds; default: a year from the EVM chain's own time. */
  readonly expires?: bigint;
  /** 32 bytes; default zero. */
  readonly deploySalt?: Hex;
  /** Wei per final result. Default 10^14. */
  readonly workFeeWei?: bigint;
  /** Default 150,000. */
  readonly overheadGas?: bigint;
  /** Default 1 gwei. */
  readonly tipFloorWei?: bigint;
  /** Default 5,000,000. */
  readonly maxGasLimit?: bigint;
  /** Where compiled contracts are; default build/contracts. */
  readonly contractsFolder?: string;
}

/** Where things are. */
export interface Deployed {
  readonly chainId: number;
  readonly attestation: Address;
  readonly oracle: Address;
  /** Block of the oracle's deployment: no request is older. */
  readonly blockNumber: bigint;
}

/** Deploys Attestation and then AivmOracle. Waits for both receipts. */
export async function deployOracle(options: DeployOptions): Promise<Deployed> {
  const deployer = await createDeployer(options.rpcUrl, options.account);
  const signers = [...options.signers].sort((a, b) => compareBytes(a.evmAddress, b.evmAddress));
  const expires = options.expires ?? (await deployer.now()) + 365n * DAY_SECONDS;
  const attestation = await deployer.deploy(loadContract("Attestation", options.contractsFolder), [
    {
      genesisHash: options.genesisHash,
      setId: options.setId,
      expires,
      retention: 7n * DAY_SECONDS,
      minRotationDelay: 0n,
    },
    signers.map((signer) => toHex(signer.evmAddress)),
    signers.map((signer) => signer.power),
  ]);
  const oracle = await deployer.deploy(loadContract("AivmOracle", options.contractsFolder), [
    {
      attestation: attestation.address,
      deploySalt: options.deploySalt ?? `0x${"00".repeat(32)}`,
      workFee: options.workFeeWei ?? 10n ** 14n,
      overheadGas: options.overheadGas ?? 150_000n,
      tipFloor: options.tipFloorWei ?? 10n ** 9n,
      maxGasLimit: options.maxGasLimit ?? 5_000_000n,
    },
  ]);
  return {
    chainId: deployer.chainId,
    attestation: attestation.address,
    oracle: oracle.address,
    blockNumber: oracle.blockNumber,
  };
}

/** Deploys one contract by name with constructor arguments. Waits for the receipt. */
export async function deployContract(options: {
  readonly rpcUrl: string;
  readonly account: Account;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly contractsFolder?: string;
}): Promise<Address> {
  const deployer = await createDeployer(options.rpcUrl, options.account);
  const code = loadContract(options.name, options.contractsFolder);
  return (await deployer.deploy(code, options.args)).address;
}

interface Deployer {
  readonly chainId: number;
  now(): Promise<bigint>;
  deploy(code: ContractCode, args: readonly unknown[]): Promise<{ address: Address; blockNumber: bigint }>;
}

async function createDeployer(rpcUrl: string, account: Account): Promise<Deployer> {
  const transport = http(rpcUrl);
  const reader = createPublicClient({ transport, pollingInterval: 50 });
  const chainId = await reader.getChainId();
  const wallet = createWalletClient({ account, transport, chain: chainOf(chainId, rpcUrl) });
  return {
    chainId,
    now: async () => (await reader.getBlock()).timestamp,
    deploy: async (code, args) => {
      const hash = await wallet.deployContract({ ...code, args });
      const receipt = await reader.waitForTransactionReceipt({ hash });
      if (receipt.status !== "success" || !receipt.contractAddress) throw deployError(hash);
      return { address: getAddress(receipt.contractAddress), blockNumber: receipt.blockNumber };
    },
  };
}

/** viem's description of an EVM chain that we know by id and URL only. */
export function chainOf(chainId: number, rpcUrl: string): Chain {
  return {
    id: chainId,
    name: `evm-${chainId}`,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [rpcUrl] } },
  };
}

function toHex(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes).toString("hex")}`;
}

function deployError(hash: Hex): AivmError {
  return new AivmError("RELAYER_DEPLOY", {
    what: "deployment",
    want: "a contract",
    got: `transaction ${hash} reverted`,
    remedy: "check the constructor's arguments: signers distinct, powers above zero",
  });
}
