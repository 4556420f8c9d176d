/** Transfers that users send. */
import {
  MsgMultiSend,
  MsgMultiSendResponse,
  MsgSend,
  MsgSendResponse,
} from "cosmjs-types/cosmos/bank/v1beta1/tx";
import type { Coin } from "cosmjs-types/cosmos/base/v1beta1/coin";
import { equalBytes } from "../../../common/index.ts";
import { addressBytes } from "../../address.ts";
import { ChainError, SDK_CODES } from "../../codes.ts";
import { type MessageHandler, messageHandler } from "../../module.ts";
import { assertCoins, type CoinAmount, coinsText, sendCoins } from "./keeper.ts";

/** MsgSend. `blocked` receivers (module accounts) are refused. */
export function sendHandler(blocked: readonly string[]): MessageHandler {
  return messageHandler<MsgSend>({
    typeUrl: "/cosmos.bank.v1beta1.MsgSend",
    decode: (bytes) => canonical(MsgSend, bytes),
    signers: ({ fromAddress }) => [fromAddress],
    validateBasic: (message) => {
      addressBytes(message.fromAddress);
      addressBytes(message.toAddress);
      assertCoins(amountsOf(message.amount));
    },
    handle: (ctx, message) => {
      if (blocked.includes(message.toAddress)) throw blockedAddress(message.toAddress);
      sendCoins(ctx, { from: message.fromAddress, to: message.toAddress, coins: amountsOf(message.amount) });
      return { typeUrl: "/cosmos.bank.v1beta1.MsgSendResponse", value: MsgSendResponse.encode({}).finish() };
    },
  });
}

/** MsgMultiSend: one payer, several receivers. */
export function multiSendHandler(blocked: readonly string[]): MessageHandler {
  return messageHandler<MsgMultiSend>({
    typeUrl: "/cosmos.bank.v1beta1.MsgMultiSend",
    decode: (bytes) => canonical(MsgMultiSend, bytes),
    signers: ({ inputs }) => inputs.map(({ address }) => address),
    validateBasic: ({ inputs, outputs }) => {
      const [input] = inputs;
      if (inputs.length !== 1 || input === undefined || outputs.length === 0)
        throw badSum("multiple senders not allowed, and at least one receiver is needed");
      for (const { address, coins } of [input, ...outputs]) {
        addressBytes(address);
        assertCoins(amountsOf(coins));
      }
      const paid = coinsText(amountsOf(input.coins));
      const received = coinsText(sumOf(outputs.map(({ coins }) => amountsOf(coins))));
      if (paid !== received) throw badSum("sum inputs != sum outputs");
    },
    handle: (ctx, { inputs, outputs }) => {
      const from = inputs[0]?.address ?? "";
      for (const { address } of outputs) if (blocked.includes(address)) throw blockedAddress(address);
      for (const { address, coins } of outputs)
        sendCoins(ctx, { from, to: address, coins: amountsOf(coins) });
      const value = MsgMultiSendResponse.encode({}).finish();
      return { typeUrl: "/cosmos.bank.v1beta1.MsgMultiSendResponse", value };
    },
  });
}

function canonical<T>(
  codec: { decode(bytes: Uint8Array): T; encode(value: T): { finish(): Uint8Array } },
  bytes: Uint8Array,
): T {
  const message = codec.decode(bytes);
  if (!equalBytes(codec.encode(message).finish(), bytes)) throw new RangeError("not the canonical encoding");
  return message;
}

function amountsOf(coins: readonly Coin[]): CoinAmount[] {
  return coins.map(({ denom, amount }) => ({
    denom,
    // A text that is no amount becomes 0, which no coin may be.
    amount: /^[0-9]{1,77}$/.test(amount) ? BigInt(amount) : 0n,
  }));
}

/** Sum by denomination, in order of denomination. */
function sumOf(lists: readonly (readonly CoinAmount[])[]): CoinAmount[] {
  const totals = new Map<string, bigint>();
  for (const { denom, amount } of lists.flat()) totals.set(denom, (totals.get(denom) ?? 0n) + amount);
  return [...totals.keys()].sort().map((denom) => ({ denom, amount: totals.get(denom) ?? 0n }));
}

function badSum(log: string): ChainError {
  return new ChainError(
    {
      codespace: "sdk",
      abciCode: SDK_CODES.invalidRequest,
      code: "CHAIN_MULTI_SEND",
      log: `${log}: invalid request`,
    },
    {
      what: "MsgMultiSend",
      want: "one input, whose coins are the sum of the outputs'",
      got: log,
      remedy: "Correct the amounts.",
    },
  );
}

function blockedAddress(address: string): ChainError {
  return new ChainError(
    {
      codespace: "sdk",
      abciCode: SDK_CODES.unauthorized,
      code: "CHAIN_BLOCKED_ADDRESS",
      log: `${address} is not allowed to receive funds: unauthorized`,
    },
    {
      what: "receiver",
      want: "an account that is not a module's",
      got: address,
      remedy: "Use the module's own message.",
    },
  );
}
