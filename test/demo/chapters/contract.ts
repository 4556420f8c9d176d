/** Chapter 3 and the last but one: a contract asks on the EVM, and in the end holds the answer. */
import {
  type Address,
  createPublicClient,
  createWalletClient,
  decodeEventLog,
  type Hex,
  http,
  parseAbi,
} from "viem";
import { tensorsToBytes } from "../../../aivm/index.ts";
import { deployConsumer } from "../../../cli/devnet/evm.ts";
import { bytesToHex, hexToBytes } from "../../../common/index.ts";
import { oracleAbi } from "../../../oracle-relayer/core/abi.ts";
import { chainOf } from "../../../oracle-relayer/io/deploy.ts";
import { evmOriginRequestId, RequestStatus } from "../../../proto/index.ts";
import { getRequest } from "../../../sdk/actions/getRequest.ts";
import { searchTx } from "../../../sdk/actions/searchTx.ts";
import { encodeInputs } from "../../../sdk/tensors.ts";
import { type Digit, floatInput } from "../digits.ts";
import { type Stage, until } from "../stage.ts";

const consumerAbi = parseAbi([
  "function ask(bytes image) payable returns (uint256)",
  "function answers(uint256) view returns (uint8 class, bool known, bytes32 outputHash)",
]);
const CALLBACK_GAS = 100_000n;

/** A question that stands on both chains. */
export interface Question {
  readonly digit: Digit;
  readonly consumer: Address;
  readonly evmRequestId: bigint;
  /** Id on the aivm chain. */
  readonly requestId: Uint8Array;
  readonly fromBlock: bigint;
}

/** Canonical input bytes of an image. */
export function inputBytes(stage: Stage, digit: Digit): Uint8Array {
  return tensorsToBytes(encodeInputs(stage.model.model.program, [{ floats: floatInput(digit.pixels) }]));
}

/** Deploys the consumer contract, which asks for the class of an image. */
export async function ask(stage: Stage, digit: Digit): Promise<Question> {
  const { recorder, network } = stage;
  const { evm } = network;
  const reader = createPublicClient({ transport: http(evm.rpc), pollingInterval: 50 });
  const wallet = createWalletClient({
    account: evm.accounts.user,
    transport: http(evm.rpc),
    chain: chainOf(evm.chainId, evm.rpc),
  });
  const consumer = await recorder.step("consumer", async () => {
    const address = await deployConsumer(evm, stage.model.model.modelId);
    return {
      what: "a consumer contract of fewer than 30 lines",
      who: "contract developer",
      ref: address,
      value: address,
    };
  });
  return recorder.step("ask", async () => {
    const fee = await reader.readContract({
      address: evm.oracle,
      abi: oracleAbi,
      functionName: "estimateInferenceFee",
      args: [CALLBACK_GAS, 256],
    });
    const image: Hex = `0x${bytesToHex(inputBytes(stage, digit))}`;
    const hash = await wallet.writeContract({
      address: consumer,
      abi: consumerAbi,
      functionName: "ask",
      args: [image],
      value: 2n * fee,
    });
    const receipt = await reader.waitForTransactionReceipt({ hash });
    const { requestId, paramsHash } = requestedIn(receipt.logs, evm.oracle);
    const id = evmOriginRequestId({
      evmChainId: BigInt(evm.chainId),
      oracle: hexToBytes(evm.oracle),
      evmRequestId: hexToBytes(requestId.toString(16).padStart(64, "0")),
      requestHash: hexToBytes(paramsHash),
    });
    const value = { digit, consumer, evmRequestId: requestId, requestId: id, fromBlock: receipt.blockNumber };
    return {
      what: `class of test image ${digit.index}, a handwritten ${digit.label}?`,
      who: "consumer",
      ref: hash,
      value,
    };
  });
}

/** Waits until the relayer has carried the request to the aivm chain. */
export function carried(stage: Stage, question: Question): Promise<void> {
  const { recorder, network } = stage;
  return recorder.step("carry", async () => {
    const request = await until("the request on the aivm chain", () =>
      getRequest(network.client, question.requestId),
    );
    const found = await searchTx(network.client, "message.action='/aivm.oracle.v1.MsgObserveRequest'");
    const what =
      request.assigned === "" ? "request on the aivm chain" : "request on the aivm chain, a runner drawn";
    return { what, who: "relayer", ref: found[0]?.hash ?? "", value: undefined };
  });
}

/** What the consumer contract stored. */
export interface StoredAnswer {
  readonly digit: number;
  readonly outputHash: Hex;
}

/** Waits until the relayer has delivered and the callback has stored the answer; reads it from the EVM. */
export function delivered(stage: Stage, question: Question): Promise<StoredAnswer> {
  const { recorder, network } = stage;
  const { evm } = network;
  const reader = createPublicClient({ transport: http(evm.rpc), pollingInterval: 50 });
  return recorder.step("deliver", async () => {
    const [digit, outputHash] = await until("the answer in the consumer", async () => {
      const [stored, known, hash] = await reader.readContract({
        address: question.consumer,
        abi: consumerAbi,
        functionName: "answers",
        args: [question.evmRequestId],
      });
      return known ? ([stored, hash] as const) : undefined;
    });
    const [result] = await reader.getContractEvents({
      address: evm.oracle,
      abi: oracleAbi,
      eventName: "AICallbackResult",
      fromBlock: question.fromBlock,
      args: { requestId: question.evmRequestId },
    });
    const what = `signatures and Merkle path accepted, callback stored ${digit}`;
    return { what, who: "relayer", ref: result?.transactionHash ?? "", value: { digit, outputHash } };
  });
}

/** The status name of a request, for progress. */
export function statusName(status: number): string {
  const entry = Object.entries(RequestStatus).find(([, value]) => value === status);
  return (entry?.[0] ?? String(status)).replace("REQUEST_STATUS_", "");
}

function requestedIn(
  logs: readonly { readonly address: string; readonly data: Hex; readonly topics: [] | [Hex, ...Hex[]] }[],
  oracle: Address,
): { readonly requestId: bigint; readonly paramsHash: Hex } {
  for (const log of logs) {
    if (log.address.toLowerCase() !== oracle.toLowerCase()) continue;
    const event = decodeEventLog({ abi: oracleAbi, data: log.data, topics: log.topics });
    if (event.eventName === "InferenceRequested") return event.args;
  }
  throw new Error("the transaction emitted no InferenceRequested");
}
