/** Genesis of the bank: who holds what, and how denominations are shown. */
import { Metadata } from "cosmjs-types/cosmos/bank/v1beta1/bank";
import { addressBytes } from "../../address.ts";
import type { Context } from "../../context.ts";
import { badGenesis, listFromJson, objectOf } from "../genesisJson.ts";
import { type CoinAmount, isCoins, mintAtGenesis, setMetadata, supplies } from "./keeper.ts";

/**
 * Writes the SDK's form of bank genesis: `balances` [{address, coins: [{denom, amount}]}], optionally `supply` (which
 * must then be the sum of the balances) and `denom_metadata`.
 * @throws CHAIN_GENESIS naming the member that is wrong
 */
export function initBankGenesis(ctx: Context, state: unknown): void {
  const genesis = objectOf(state, "bank");
  for (const [i, item] of listFromJson(genesis.balances, "bank.balances").entries()) {
    const at = `bank.balances[${i}]`;
    const balance = objectOf(item, at);
    const to = text(balance.address, `${at}.address`);
    if (!isAddress(to)) throw badGenesis(`${at}.address`, "an account address", to);
    mintAtGenesis(ctx, { to, coins: coinsFromJson(balance.coins, `${at}.coins`) });
  }
  for (const [i, item] of listFromJson(genesis.denom_metadata, "bank.denom_metadata").entries())
    setMetadata(ctx, metadataFromJson(item, `bank.denom_metadata[${i}]`));
  const supply = coinsFromJson(genesis.supply, "bank.supply");
  const total = supplies(ctx);
  const isTotal =
    supply.length === total.length &&
    supply.every(({ denom, amount }, i) => total[i]?.denom === denom && total[i]?.amount === amount);
  if (supply.length > 0 && !isTotal)
    throw badGenesis("bank.supply", "the sum of the balances, or nothing", genesis.supply);
}

function coinsFromJson(json: unknown, what: string): CoinAmount[] {
  const coins = listFromJson(json, what).map((item, i) => {
    const coin = objectOf(item, `${what}[${i}]`);
    const amount = text(coin.amount, `${what}[${i}].amount`);
    if (!/^[0-9]{1,77}$/.test(amount)) throw badGenesis(`${what}[${i}].amount`, "a decimal integer", amount);
    return { denom: text(coin.denom, `${what}[${i}].denom`), amount: BigInt(amount) };
  });
  if (coins.length > 0 && !isCoins(coins))
    throw badGenesis(what, "positive amounts, sorted by denomination, each once", json);
  return coins;
}

function metadataFromJson(json: unknown, what: string): Metadata {
  const given = objectOf(json, what);
  const member = (name: string): string => text(given[name] ?? "", `${what}.${name}`);
  return Metadata.fromPartial({
    description: member("description"),
    base: member("base"),
    display: member("display"),
    name: member("name"),
    symbol: member("symbol"),
    uri: member("uri"),
    uriHash: member("uri_hash"),
    denomUnits: listFromJson(given.denom_units, `${what}.denom_units`).map((item, i) => {
      const unit = objectOf(item, `${what}.denom_units[${i}]`);
      const exponent = unit.exponent ?? 0;
      if (typeof exponent !== "number" || !Number.isInteger(exponent) || exponent < 0 || exponent > 255)
        throw badGenesis(`${what}.denom_units[${i}].exponent`, "a small whole number", exponent);
      const aliases = listFromJson(unit.aliases, `${what}.denom_units[${i}].aliases`);
      return {
        denom: text(unit.denom, `${what}.denom_units[${i}].denom`),
        exponent,
        aliases: aliases.map(String),
      };
    }),
  });
}

function isAddress(value: string): boolean {
  try {
    return addressBytes(value).length === 20;
  } catch {
    return false;
  }
}

function text(json: unknown, what: string): string {
  if (typeof json === "string") return json;
  throw badGenesis(what, "a text", json);
}
