/** A real anvil with the real contracts, and validators whose keys the test holds. */
import { join } from "node:path";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import {
  type Abi,
  type Address,
  type Chain,
  createTestClient,
  decodeErrorResult,
  type Hex,
  type HttpTransport,
  http,
  type PublicActions,
  parseEventLogs,
  publicActions,
  type TestClient,
  type TransactionReceipt,
  type WalletActions,
  walletActions,
} from "viem";
import { type HDAccount, mnemonicToAccount } from "viem/accounts";
import { compareBytes, concatBytes, hexToBytes } from "../../../common/bytes.ts";
import { treePath } from "../../../common/merkle.ts";
import { attestationAbi, oracleAbi } from "../../../oracle-relayer/core/abi.ts";
import { deliverArgs, hexOf, requestFromLog } from "../../../oracle-relayer/core/encode.ts";
import { type Anvil, type AnvilOptions, startAnvil } from "../../../oracle-relayer/io/anvil.ts";
import { chainOf, type Deployed, deployContract, deployOracle } from "../../../oracle-relayer/io/deploy.ts";
import type { Delivery, ResultProof } from "../../../oracle-relayer/ports.ts";
import {
  type EvmRequest,
  ethAddressOf,
  evmRequestHash,
  keccak256,
  RESULT_FINAL,
  type ResultLeaf,
  resultsTree,
  rootDigest,
  signRootDigest,
  TIER_OPTIMISTIC_FINAL,
} from "../../../proto/evm.ts";
import { buildContracts, type CompiledContract } from "../../../scripts/buildContracts.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const MNEMONIC = "test test test test test test test test test test test junk";

/** Compiled contracts of the project and of the tests, from a folder that only tests write. */
export const TEST_CONTRACTS: string = join(ROOT, "build", "test-contracts");
export const GENESIS_HASH: Uint8Array = keccak256(new Uint8Array([1, 2, 3]));
export const MODEL_ID: Uint8Array = keccak256(new Uint8Array([4]));
export const RUNNER_PAYEE: Uint8Array = new Uint8Array(20).fill(0xa1);
export const SET_ID = 1n;

/** Compiles what is out of date; every contract by name. */
export function contracts(): ReadonlyMap<string, CompiledContract> {
  const built = buildContracts(TEST_CONTRACTS, ["oracle-relayer/contracts", "test/oracle-relayer/contracts"]);
  return new Map(built.map((contract) => [contract.contractName, contract]));
}

/** The n-th account that anvil has funded. */
export function account(index: number): HDAccount {
  return mnemonicToAccount(MNEMONIC, { addressIndex: index });
}

/** A validator's attestation key. */
export interface Validator {
  readonly privateKey: Uint8Array;
  readonly evmAddress: Uint8Array;
  readonly power: bigint;
}

/** Validators of these powers, in the ascending order of their addresses, as contracts number them. */
export function validators(powers: readonly bigint[], seed = 1): Validator[] {
  const keys = powers.map((_, i) => keccak256(new Uint8Array([seed, i])));
  const sorted = keys
    .map((privateKey) => ({ privateKey, evmAddress: ethAddressOf(secp256k1.getPublicKey(privateKey)) }))
    .sort((a, b) => compareBytes(a.evmAddress, b.evmAddress));
  return sorted.map((key, i) => ({ ...key, power: powers[i] ?? 1n }));
}

/** A client that may read, write and command the test node. */
type WorldClient = TestClient<"anvil", HttpTransport, Chain, HDAccount> &
  PublicActions<HttpTransport, Chain, HDAccount> &
  WalletActions<Chain, HDAccount>;

function clientOf(url: string, chainId: number): WorldClient {
  return createTestClient({
    mode: "anvil",
    chain: chainOf(chainId, url),
    transport: http(url),
    account: account(0),
    pollingInterval: 20,
    cacheTime: 0,
  })
    .extend(publicActions)
    .extend(walletActions);
}

/** The clients, contracts and keys of one test network. */
export interface World {
  readonly anvil: Anvil;
  readonly client: WorldClient;
  readonly deployed: Deployed;
  readonly signers: readonly Validator[];
}

/** Starts anvil and deploys with these validators. */
export async function createWorld(signers: readonly Validator[], options: AnvilOptions = {}): Promise<World> {
  contracts();
  const anvil = await startAnvil(options);
  try {
    const deployed = await deployOracle({
      rpcUrl: anvil.url,
      account: account(0),
      genesisHash: hexOf(GENESIS_HASH),
      setId: SET_ID,
      signers,
      contractsFolder: TEST_CONTRACTS,
    });
    return { anvil, client: clientOf(anvil.url, anvil.chainId), deployed, signers };
  } catch (error) {
    await anvil.stop();
    throw error;
  }
}

/** Deploys a contract of the tests or of the project by name. */
export function deploy(world: World, name: string, args: readonly unknown[]): Promise<Address> {
  return deployContract({
    rpcUrl: world.anvil.url,
    account: account(0),
    name,
    args,
    contractsFolder: TEST_CONTRACTS,
  });
}

/** Compiled interface of a contract. */
export function abiOf(name: string): Abi {
  const found = contracts().get(name);
  if (found === undefined) throw new Error(`no contract ${name}`);
  return found.abi;
}

/** A request that the oracle has taken, read back from its log. */
export interface Asked {
  readonly id: bigint;
  readonly requestId: Uint8Array;
  readonly requestHash: Uint8Array;
  readonly request: EvmRequest;
  readonly receipt: TransactionReceipt;
}

/** Sends a transaction and reads the (last) request that it made. */
export async function asked(world: World, hash: Hex): Promise<Asked> {
  const receipt = await world.client.waitForTransactionReceipt({ hash });
  const logs = parseEventLogs({ abi: oracleAbi, eventName: "InferenceRequested", logs: receipt.logs });
  const log = logs.at(-1);
  if (log === undefined) throw new Error(`no request in ${hash} (${receipt.status})`);
  const { requestId, paramsHash } = log.args;
  return {
    id: requestId,
    requestId: hexToBytes(`0x${requestId.toString(16).padStart(64, "0")}`),
    requestHash: hexToBytes(paramsHash),
    request: requestFromLog(log.args),
    receipt,
  };
}

/** Asks through `requestInference` with no callback unless told otherwise. */
export async function ask(
  world: World,
  params: {
    readonly input?: Uint8Array;
    readonly callbackContract?: Address;
    readonly gasLimit?: bigint;
    readonly callbackData?: Hex;
    readonly tier?: number;
    readonly deadline?: bigint;
    readonly maxOutput?: number;
    readonly refundTo?: Address;
    readonly value?: bigint;
    readonly from?: HDAccount;
  } = {},
): Promise<Asked> {
  const args = {
    modelId: hexOf(MODEL_ID),
    input: hexOf(params.input ?? new Uint8Array(128).fill(9)),
    callbackContract: params.callbackContract ?? `0x${"00".repeat(20)}`,
    gasLimit: params.gasLimit ?? 0n,
    callbackData: params.callbackData ?? "0x",
    tier: params.tier ?? TIER_OPTIMISTIC_FINAL,
    window: 0n,
    deadline: params.deadline ?? 0n,
    maxOutput: params.maxOutput ?? 0,
    refundTo: params.refundTo ?? `0x${"00".repeat(20)}`,
  } as const;
  const { request } = await world.client.simulateContract({
    account: params.from ?? account(1),
    address: world.deployed.oracle,
    abi: oracleAbi,
    functionName: "requestInference",
    args: [args],
    value: params.value ?? 10n ** 16n,
  });
  return asked(world, await world.client.writeContract(request));
}

/** The leaf that the aivm chain would write for a final answer. */
export function finalLeaf(world: World, from: Asked, output: Uint8Array): ResultLeaf {
  return {
    dstChainId: BigInt(world.deployed.chainId),
    oracle: hexToBytes(world.deployed.oracle),
    requestId: from.requestId,
    requestHash: from.requestHash,
    status: RESULT_FINAL,
    outputHash: keccak256(output),
    outputRoot: keccak256(new Uint8Array([7]), output),
    modelId: from.request.modelId,
    tier: TIER_OPTIMISTIC_FINAL,
    payee: RUNNER_PAYEE,
    deadline: from.request.deadline,
    finalHeight: 41n,
  };
}

/** Signs a root with the signers at these indices (default: all). */
export function signRoot(
  signers: readonly Validator[],
  attested: { readonly root: Uint8Array; readonly rootHeight?: bigint; readonly setId?: bigint },
  indices: readonly number[] = signers.map((_, i) => i),
): Pick<ResultProof, "root" | "rootHeight" | "setId" | "bitmap" | "signatures"> {
  const { root, rootHeight = 42n, setId = SET_ID } = attested;
  const digest = rootDigest({ genesisHash: GENESIS_HASH, setId, rootHeight, root });
  return {
    root,
    rootHeight,
    setId,
    bitmap: indices.reduce((bits, i) => bits | (1n << BigInt(i)), 0n),
    signatures: indices.map((i) => signRootDigest(signers[i]?.privateKey ?? new Uint8Array(32), digest)),
  };
}

/** Proof of one leaf in a tree of `size` results, the others being of other requests. */
export function prove(
  world: World,
  opened: {
    readonly leaf: ResultLeaf;
    readonly output: Uint8Array;
    readonly size?: number;
    readonly index?: number;
  },
  indices?: readonly number[],
): ResultProof {
  const { leaf, output, size = 3, index = 1 } = opened;
  const leaves = Array.from({ length: size }, (_, i) =>
    i === index ? leaf : { ...leaf, requestId: keccak256(new Uint8Array([i])) },
  );
  const tree = resultsTree(leaves);
  return { leaf, output, index, path: treePath(tree, index), ...signRoot(world.signers, tree, indices) };
}

/** A signed delivery of `output` as the final answer. */
export function delivery(
  world: World,
  from: Asked,
  output: Uint8Array,
  change: Partial<ResultLeaf> = {},
): Delivery {
  const leaf = { ...finalLeaf(world, from, output), ...change };
  return { request: from.request, proof: prove(world, { leaf, output }) };
}

/** Delivers as `from` (default: the relayer's account) and waits. @throws with the contract's error. */
export async function deliver(
  world: World,
  what: Delivery,
  options: { readonly gas?: bigint; readonly from?: HDAccount } = {},
): Promise<TransactionReceipt> {
  const call = {
    account: options.from ?? account(2),
    address: world.deployed.oracle,
    abi: oracleAbi,
    functionName: "deliver",
    args: deliverArgs(what),
    // what the relayer is paid depends on the gas price, and so does the gas: estimate with the price that is paid
    ...(await world.client.estimateFeesPerGas()),
  } as const;
  const gas = options.gas ?? ((await world.client.estimateContractGas(call)) * 11n) / 10n;
  const { request } = await world.client.simulateContract({ ...call, gas });
  const hash = await world.client.writeContract(request);
  const receipt = await world.client.waitForTransactionReceipt({ hash });
  if (receipt.status !== "success") throw new Error(`deliver reverted: ${hash}`);
  return receipt;
}

/** Submits a signed root to the attestation, so that its results can be delivered by path alone. */
export async function submitRoot(world: World, proof: ResultProof): Promise<TransactionReceipt> {
  const { request } = await world.client.simulateContract({
    account: account(3),
    address: world.deployed.attestation,
    abi: attestationAbi,
    functionName: "submitRoot",
    args: [
      proof.setId,
      proof.rootHeight,
      hexOf(proof.root),
      proof.bitmap,
      hexOf(concatBytes(...proof.signatures)),
    ],
  });
  const hash = await world.client.writeContract(request);
  return world.client.waitForTransactionReceipt({ hash });
}

/** Checks that the request hash of a log is the one that our own code computes. */
export function hashMatches(from: Asked): boolean {
  return hexOf(evmRequestHash(from.request)) === hexOf(from.requestHash);
}

/** Name and arguments of the contract error that `attempt` ends with; undefined when it succeeds. */
export async function revertOf(
  attempt: Promise<unknown>,
): Promise<{ name: string; args: readonly unknown[] } | undefined> {
  try {
    await attempt;
    return undefined;
  } catch (error) {
    const data = revertData(error);
    if (data === undefined) throw error;
    const abi = [...contracts().values()].flatMap((contract) =>
      contract.abi.filter((item) => item.type === "error"),
    );
    const decoded = decodeErrorResult({ abi, data });
    return { name: decoded.errorName, args: decoded.args ?? [] };
  }
}

function revertData(error: unknown): Hex | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const raw = "raw" in at ? at.raw : "data" in at ? at.data : undefined;
    if (typeof raw === "string" && raw.startsWith("0x")) return raw as Hex;
  }
  return undefined;
}
