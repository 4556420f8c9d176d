/** The modules' genesis state from a file and from --account flags. */
import { AivmError } from "../../common/errors.ts";
import { addressBytes } from "../address.ts";

type Json = Readonly<Record<string, unknown>>;

/**
 * app_state out of `text`, which is a genesis document or its app_state alone, with `accounts` ("ADDR=5uaivm,7ux")
 * added to the bank's balances.
 * @throws CHAIN_GENESIS, or an address error, naming what is malformed.
 */
export function appStateFrom(input: { readonly text: string; readonly accounts: readonly string[] }): Json {
  const json = object(parse(input.text), "file");
  const state = json.app_state === undefined ? json : object(json.app_state, "app_state");
  if (input.accounts.length === 0) return state;
  const bank = object(state.bank ?? {}, "bank");
  const balances: readonly unknown[] = Array.isArray(bank.balances) ? bank.balances : [];
  return { ...state, bank: { ...bank, balances: [...balances, ...input.accounts.map(balance)] } };
}

function balance(account: string): Json {
  const at = account.indexOf("=");
  const address = account.slice(0, at);
  addressBytes(address);
  const coins = account
    .slice(at + 1)
    .split(",")
    .map((coin) => {
      const match = /^(\d{1,77})([a-zA-Z][a-zA-Z0-9/:._-]{2,127})$/.exec(coin);
      if (match === null) throw malformed("account", "ADDR=100uaivm", account);
      return { denom: match[2] ?? "", amount: match[1] ?? "" };
    })
    .sort((a, b) => (a.denom < b.denom ? -1 : 1));
  return { address, coins };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed("file", "JSON", text.slice(0, 40));
  }
}

function object(value: unknown, item: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw malformed(item, "a JSON object", JSON.stringify(value)?.slice(0, 40) ?? "nothing");
}

function malformed(item: string, want: string, got: string): AivmError {
  return new AivmError("CHAIN_GENESIS", {
    what: "genesis state of the modules",
    item,
    want,
    got,
    remedy: "correct --app-state or --account",
  });
}
