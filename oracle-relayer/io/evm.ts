/** The EVM chain over JSON-RPC, with viem. */
import {
  type Account,
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  encodeFunctionData,
  type Hex,
  http,
  type LocalAccount,
  type PublicClient,
  TransactionReceiptNotFoundError,
} from "viem";
import { equalBytes, hexToBytes } from "../../common/bytes.ts";
import { AivmError } from "../../common/errors.ts";
import { evmRequestHash, keccak256 } from "../../proto/evm.ts";
import { oracleAbi } from "../core/abi.ts";
import { deliverArgs, hexOf, requestFromLog } from "../core/encode.ts";
import type {
  Delivery,
  EvmBlock,
  EvmPort,
  Fees,
  RequestLog,
  SignedTx,
  Simulation,
  TxReceipt,
} from "../ports.ts";

/** Errors of `deliver` that the same proof meets for ever. The others may pass: more signatures, a re-attestation. */
const PERMANENT: ReadonlySet<string> = new Set([
  "RequestMismatch",
  "InvalidPath",
  "IndexOutOfPath",
  "NotFinal",
  "TierTooLow",
  "OutputTooLong",
  "BitmapOutOfRange",
  "SignatureCount",
  "HighS",
  "BadSignature",
]);

/** What a node says of a transaction that it has, or has mined, already. Receipts tell which. */
const HARMLESS = /already known|already imported|nonce too low|transaction already in/i;

/** Where and as whom. */
export interface EvmPortOptions {
  readonly rpcUrl: string;
  /** 20 bytes. */
  readonly oracle: Uint8Array;
  readonly account: LocalAccount;
}

/** Connects to an EVM node. @throws RELAYER_EVM when there is no contract at the oracle's address */
export async function createEvmPort(options: EvmPortOptions): Promise<EvmPort> {
  const client = createPublicClient({ transport: http(options.rpcUrl), cacheTime: 0, pollingInterval: 100 });
  const chainId = BigInt(await client.getChainId());
  const address = hexOf(options.oracle);
  if ((await client.getCode({ address })) === undefined) throw noContract(address, chainId);
  return {
    chainId,
    oracle: options.oracle,
    latestBlock: () => latestBlock(client),
    blockHashAt: (blockNumber) => blockHashAt(client, blockNumber),
    requestLogs: (range) => requestLogs(client, address, range),
    requestStatus: (id) =>
      client.readContract({ address, abi: oracleAbi, functionName: "statusOf", args: [BigInt(hexOf(id))] }),
    simulateDelivery: (delivery) => simulate(client, { address, account: options.account, delivery }),
    senderNonce: () => client.getTransactionCount({ address: options.account.address, blockTag: "latest" }),
    suggestedFees: () => suggestedFees(client),
    signDelivery: (order) => sign(options.account, { ...order, address, chainId }),
    broadcast: (raw) => broadcast(client, raw),
    receipt: (txHash) => receiptOf(client, txHash),
  };
}

async function latestBlock(client: PublicClient): Promise<EvmBlock> {
  const block = await client.getBlock({ blockTag: "latest" });
  return { number: block.number, hash: hexToBytes(block.hash) };
}

async function blockHashAt(client: PublicClient, blockNumber: bigint): Promise<Uint8Array | undefined> {
  try {
    return hexToBytes((await client.getBlock({ blockNumber })).hash);
  } catch (error) {
    if (error instanceof BaseError && error.name === "BlockNotFoundError") return undefined;
    throw error;
  }
}

async function requestLogs(
  client: PublicClient,
  address: Hex,
  range: { readonly fromBlock: bigint; readonly toBlock: bigint },
): Promise<RequestLog[]> {
  const logs = await client.getContractEvents({
    address,
    abi: oracleAbi,
    eventName: "InferenceRequested",
    ...range,
    strict: true,
  });
  return logs.map((log) => {
    const request = requestFromLog(log.args);
    const requestHash = evmRequestHash(request);
    // the oracle hashes what it logs: a difference means that the node lies or that this is another contract
    if (!equalBytes(requestHash, hexToBytes(log.args.paramsHash))) throw badLog(log.transactionHash);
    return {
      evmRequestId: hexToBytes(log.args.requestId.toString(16).padStart(64, "0")),
      requestHash,
      blockNumber: log.blockNumber,
      blockHash: hexToBytes(log.blockHash),
      request,
    };
  });
}

/** Gas depends on the price, since the relayer's pay does: the dry run names the price that would be paid. */
async function simulate(
  client: PublicClient,
  what: { readonly address: Hex; readonly account: Account; readonly delivery: Delivery },
): Promise<Simulation> {
  try {
    const gas = await client.estimateContractGas({
      address: what.address,
      account: what.account,
      abi: oracleAbi,
      functionName: "deliver",
      args: deliverArgs(what.delivery),
      ...(await suggestedFees(client)),
    });
    return { ok: true, gas: (gas * 6n) / 5n };
  } catch (error) {
    const reverted =
      error instanceof BaseError ? error.walk((at) => at instanceof ContractFunctionRevertedError) : null;
    if (!(reverted instanceof ContractFunctionRevertedError)) throw error;
    const name = reverted.data?.errorName ?? reverted.shortMessage;
    return { ok: false, error: name, permanent: PERMANENT.has(name) };
  }
}

async function suggestedFees(client: PublicClient): Promise<Fees> {
  const { maxFeePerGas, maxPriorityFeePerGas } = await client.estimateFeesPerGas();
  return { maxFeePerGas, maxPriorityFeePerGas };
}

async function sign(
  account: LocalAccount,
  order: {
    readonly address: Hex;
    readonly chainId: bigint;
    readonly delivery: Delivery;
    readonly nonce: number;
    readonly fees: Fees;
    readonly gas: bigint;
  },
): Promise<SignedTx> {
  const raw = await account.signTransaction({
    type: "eip1559",
    chainId: Number(order.chainId),
    to: order.address,
    data: encodeFunctionData({ abi: oracleAbi, functionName: "deliver", args: deliverArgs(order.delivery) }),
    nonce: order.nonce,
    gas: order.gas,
    ...order.fees,
  });
  const bytes = hexToBytes(raw);
  return { hash: keccak256(bytes), raw: bytes, nonce: order.nonce, fees: order.fees, gas: order.gas };
}

async function broadcast(client: PublicClient, raw: Uint8Array): Promise<void> {
  try {
    await client.sendRawTransaction({ serializedTransaction: hexOf(raw) });
  } catch (error) {
    const text = error instanceof BaseError ? `${error.details} ${error.message}` : String(error);
    if (!HARMLESS.test(text)) throw error;
  }
}

async function receiptOf(client: PublicClient, txHash: Uint8Array): Promise<TxReceipt | undefined> {
  try {
    const receipt = await client.getTransactionReceipt({ hash: hexOf(txHash) });
    return {
      succeeded: receipt.status === "success",
      blockNumber: receipt.blockNumber,
      blockHash: hexToBytes(receipt.blockHash),
    };
  } catch (error) {
    if (error instanceof TransactionReceiptNotFoundError) return undefined;
    throw error;
  }
}

function noContract(address: Hex, chainId: bigint): AivmError {
  return new AivmError("RELAYER_EVM", {
    what: "oracle contract",
    want: `code at ${address} on chain ${chainId}`,
    got: "none",
    remedy: "check the oracle's address and the RPC URL in the configuration",
  });
}

function badLog(transactionHash: Hex): AivmError {
  return new AivmError("RELAYER_EVM", {
    what: "InferenceRequested log",
    item: transactionHash,
    want: "a paramsHash of its own fields",
    got: "another hash",
    remedy: "check that the address is an AivmOracle of this version and that the node can be trusted",
  });
}
