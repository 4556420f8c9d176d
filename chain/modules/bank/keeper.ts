/** Money: balances, supply, and the only ways to move either. Amounts are bigint, of any denomination. */
import { Metadata } from "cosmjs-types/cosmos/bank/v1beta1/bank";
import { concatBytes, utf8, utf8ToText } from "../../../common/index.ts";
import { addressBytes, addressText, moduleAddress } from "../../address.ts";
import { ChainError, SDK_CODES } from "../../codes.ts";
import type { Context } from "../../context.ts";
import { prefixRange } from "../../store/keys.ts";
import { ensureAccount, ensureModuleAccount } from "../auth/keeper.ts";

/** Store of the module. */
export const BANK_STORE = "bank";

/** Prefix of supplies: then the denomination. */
export const SUPPLY_PREFIX: Uint8Array = new Uint8Array([0]);
/** Prefix of how denominations are shown: then the denomination. */
export const METADATA_PREFIX: Uint8Array = new Uint8Array([1]);
/** Prefix of balances: then the address with its length, then the denomination. */
const BALANCE_PREFIX = 2;

/** An amount of one denomination. */
export interface CoinAmount {
  readonly denom: string;
  readonly amount: bigint;
}

/** Bech32 address of a module's account. */
export function moduleAccount(name: string): string {
  return addressText(moduleAddress(name));
}

/** Balance of an address. */
export function balanceOf(ctx: Context, address: string, denom: string): bigint {
  return readAmount(ctx, balanceKey(address, denom));
}

/** Everything of a denomination that exists. */
export function supplyOf(ctx: Context, denom: string): bigint {
  return readAmount(ctx, supplyKey(denom));
}

/** Supplies, in order of denomination. */
export function supplies(ctx: Context): CoinAmount[] {
  const entries = ctx.store(BANK_STORE).iterate(prefixRange(SUPPLY_PREFIX));
  return entries.map(([key, value]) => ({ denom: utf8ToText(key.slice(1)), amount: amountOf(value) }));
}

/**
 * Moves `coins` and makes the receiver's account when it is new. Emits coin_spent, coin_received, transfer and message.
 * @throws ChainError insufficient funds (sdk 5), invalid coins (sdk 10); nothing has moved then
 */
export function sendCoins(
  ctx: Context,
  transfer: { readonly from: string; readonly to: string; readonly coins: readonly CoinAmount[] },
): void {
  const { from, to, coins } = transfer;
  assertCoins(coins);
  for (const coin of coins) assertFunds(ctx, from, coin);
  for (const { denom, amount } of coins) {
    addTo(ctx, balanceKey(from, denom), -amount);
    addTo(ctx, balanceKey(to, denom), amount);
  }
  ensureAccount(ctx, to);
  const amount = coinsText(coins);
  ctx.emit("coin_spent", [
    ["spender", from],
    ["amount", amount],
  ]);
  ctx.emit("coin_received", [
    ["receiver", to],
    ["amount", amount],
  ]);
  ctx.emit("transfer", [
    ["recipient", to],
    ["sender", from],
    ["amount", amount],
  ]);
  ctx.emit("message", [["sender", from]]);
}

/** Moves coins from an account to a module's account. @throws as sendCoins */
export function sendToModule(
  ctx: Context,
  transfer: { readonly from: string; readonly module: string; readonly coins: readonly CoinAmount[] },
): void {
  ensureModuleAccount(ctx, transfer.module);
  sendCoins(ctx, { from: transfer.from, to: moduleAccount(transfer.module), coins: transfer.coins });
}

/** Moves coins from a module's account to an account. @throws as sendCoins */
export function sendFromModule(
  ctx: Context,
  transfer: { readonly module: string; readonly to: string; readonly coins: readonly CoinAmount[] },
): void {
  sendCoins(ctx, { from: moduleAccount(transfer.module), to: transfer.to, coins: transfer.coins });
}

/** Moves coins between two modules' accounts. @throws as sendCoins */
export function sendBetweenModules(
  ctx: Context,
  transfer: { readonly from: string; readonly to: string; readonly coins: readonly CoinAmount[] },
): void {
  ensureModuleAccount(ctx, transfer.to);
  sendCoins(ctx, {
    from: moduleAccount(transfer.from),
    to: moduleAccount(transfer.to),
    coins: transfer.coins,
  });
}

/** Destroys coins of a module's account. @throws as sendCoins */
export function burnFromModule(
  ctx: Context,
  burn: { readonly module: string; readonly coins: readonly CoinAmount[] },
): void {
  assertCoins(burn.coins);
  const burner = moduleAccount(burn.module);
  for (const coin of burn.coins) assertFunds(ctx, burner, coin);
  for (const { denom, amount } of burn.coins) {
    addTo(ctx, balanceKey(burner, denom), -amount);
    addTo(ctx, supplyKey(denom), -amount);
  }
  ctx.emit("coin_spent", [
    ["spender", burner],
    ["amount", coinsText(burn.coins)],
  ]);
  ctx.emit("burn", [
    ["burner", burner],
    ["amount", coinsText(burn.coins)],
  ]);
}

/** Creates coins. Only genesis calls it: nothing else may create money. */
export function mintAtGenesis(
  ctx: Context,
  mint: { readonly to: string; readonly coins: readonly CoinAmount[] },
): void {
  if (ctx.mode !== "genesis") throw new RangeError("money is created at genesis only");
  for (const { denom, amount } of mint.coins) {
    addTo(ctx, balanceKey(mint.to, denom), amount);
    addTo(ctx, supplyKey(denom), amount);
  }
  ensureAccount(ctx, mint.to);
}

/** How a denomination is shown, or undefined. */
export function metadataOf(ctx: Context, denom: string): Metadata | undefined {
  const bytes = ctx.store(BANK_STORE).get(metadataKey(denom));
  return bytes === undefined ? undefined : Metadata.decode(bytes);
}

/** Records how `metadata.base` is shown. */
export function setMetadata(ctx: Context, metadata: Metadata): void {
  ctx.store(BANK_STORE).set(metadataKey(metadata.base), Metadata.encode(metadata).finish());
}

/** "5uaivm,7uother" as events show it. */
export function coinsText(coins: readonly CoinAmount[]): string {
  return coins.map(({ denom, amount }) => `${amount}${denom}`).join(",");
}

/** True for a name that a denomination may have. */
export function isDenom(denom: string): boolean {
  return /^[a-zA-Z][a-zA-Z0-9/:._-]{2,127}$/.test(denom);
}

/** True for coins sorted by denomination, positive, each once, well-named; at least one. */
export function isCoins(coins: readonly CoinAmount[]): boolean {
  return (
    coins.length > 0 &&
    coins.every(({ denom, amount }, i) => {
      const before = coins[i - 1];
      const isInOrder = before === undefined || before.denom < denom;
      return amount > 0n && amount < 2n ** 255n && isDenom(denom) && isInOrder;
    })
  );
}

/** @throws ChainError invalid coins (sdk 10) unless `isCoins` */
export function assertCoins(coins: readonly CoinAmount[]): void {
  if (isCoins(coins)) return;
  throw new ChainError(
    {
      codespace: "sdk",
      abciCode: SDK_CODES.invalidCoins,
      code: "CHAIN_INVALID_COINS",
      log: `${coinsText(coins)}: invalid coins`,
    },
    {
      what: "coins",
      want: "positive amounts, sorted by denomination, each once",
      got: coinsText(coins).slice(0, 100),
      remedy: "Correct the amounts.",
    },
  );
}

function assertFunds(ctx: Context, address: string, coin: CoinAmount): void {
  const balance = balanceOf(ctx, address, coin.denom);
  if (balance >= coin.amount) return;
  throw new ChainError(
    {
      codespace: "sdk",
      abciCode: SDK_CODES.insufficientFunds,
      code: "CHAIN_INSUFFICIENT_FUNDS",
      log: `spendable balance ${balance}${coin.denom} is smaller than ${coin.amount}${coin.denom}: insufficient funds`,
    },
    {
      what: `balance of ${address}`,
      want: `${coin.amount}${coin.denom}`,
      got: `${balance}${coin.denom}`,
      remedy: "Fund the account, or send less.",
    },
  );
}

function addTo(ctx: Context, key: Uint8Array, change: bigint): void {
  const next = readAmount(ctx, key) + change;
  const store = ctx.store(BANK_STORE);
  if (next === 0n) store.delete(key);
  else store.set(key, utf8(next.toString()));
}

function readAmount(ctx: Context, key: Uint8Array): bigint {
  const bytes = ctx.store(BANK_STORE).get(key);
  return bytes === undefined ? 0n : amountOf(bytes);
}

function amountOf(bytes: Uint8Array): bigint {
  return BigInt(utf8ToText(bytes));
}

function supplyKey(denom: string): Uint8Array {
  return concatBytes(SUPPLY_PREFIX, utf8(denom));
}

function metadataKey(denom: string): Uint8Array {
  return concatBytes(METADATA_PREFIX, utf8(denom));
}

/** Prefix of an address's balances. */
export function balancePrefix(address: string): Uint8Array {
  const bytes = addressBytes(address);
  return concatBytes(new Uint8Array([BALANCE_PREFIX, bytes.length]), bytes);
}

function balanceKey(address: string, denom: string): Uint8Array {
  return concatBytes(balancePrefix(address), utf8(denom));
}
