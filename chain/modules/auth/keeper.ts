/** Accounts: number, sequence and key of every address that ever held something. */
import { BaseAccount, ModuleAccount } from "cosmjs-types/cosmos/auth/v1beta1/auth";
import { PubKey } from "cosmjs-types/cosmos/crypto/secp256k1/keys";
import { Any } from "cosmjs-types/google/protobuf/any";
import { concatBytes, readU64be, u64be, utf8 } from "../../../common/index.ts";
import { addressBytes, addressText, moduleAddress } from "../../address.ts";
import type { Context } from "../../context.ts";

/** Store of the module. */
export const AUTH_STORE = "acc";

const SECP256K1_URL = "/cosmos.crypto.secp256k1.PubKey";
const BASE_URL = "/cosmos.auth.v1beta1.BaseAccount";
const MODULE_URL = "/cosmos.auth.v1beta1.ModuleAccount";
const NEXT_NUMBER_KEY = utf8("globalAccountNumber");

/** What signing needs to know of an account. */
export interface Account {
  /** Bech32. */
  readonly address: string;
  readonly accountNumber: bigint;
  readonly sequence: bigint;
  /** Compressed secp256k1 key, once the account has signed. */
  readonly publicKey: Uint8Array | undefined;
  /** Name of the module that owns it; such an account has no key. */
  readonly moduleName: string | undefined;
}

/** Account of an address, or undefined. */
export function getAccount(ctx: Context, address: string): Account | undefined {
  const bytes = ctx.store(AUTH_STORE).get(accountKey(address));
  return bytes === undefined ? undefined : accountFromAny(Any.decode(bytes));
}

/** Writes an account. */
export function setAccount(ctx: Context, account: Account): void {
  ctx.store(AUTH_STORE).set(accountKey(account.address), Any.encode(accountToAny(account)).finish());
}

/** The account, made with the next number when it was not there. */
export function ensureAccount(ctx: Context, address: string): Account {
  const found = getAccount(ctx, address);
  if (found !== undefined) return found;
  return createAccount(ctx, { address, moduleName: undefined });
}

/** The module's account, made when it was not there. */
export function ensureModuleAccount(ctx: Context, moduleName: string): Account {
  const address = addressText(moduleAddress(moduleName));
  return getAccount(ctx, address) ?? createAccount(ctx, { address, moduleName });
}

/** Prefix of account records. */
export const ACCOUNT_PREFIX: Uint8Array = new Uint8Array([1]);

/** The account as clients know it. */
export function accountToAny(account: Account): Any {
  const base = baseAccount(account);
  if (account.moduleName === undefined)
    return { typeUrl: BASE_URL, value: BaseAccount.encode(base).finish() };
  const value = ModuleAccount.encode({
    baseAccount: base,
    name: account.moduleName,
    permissions: [],
  }).finish();
  return { typeUrl: MODULE_URL, value };
}

/** The account's common part. */
export function baseAccount(account: Account): BaseAccount {
  return BaseAccount.fromPartial({
    address: account.address,
    accountNumber: account.accountNumber,
    sequence: account.sequence,
    ...(account.publicKey === undefined
      ? {}
      : { pubKey: { typeUrl: SECP256K1_URL, value: PubKey.encode({ key: account.publicKey }).finish() } }),
  });
}

function accountFromAny(any: Any): Account {
  if (any.typeUrl !== MODULE_URL) return fromBase(BaseAccount.decode(any.value), undefined);
  const { baseAccount, name } = ModuleAccount.decode(any.value);
  return fromBase(baseAccount ?? BaseAccount.fromPartial({}), name);
}

function fromBase(base: BaseAccount, moduleName: string | undefined): Account {
  const { address, accountNumber, sequence, pubKey } = base;
  const publicKey = pubKey === undefined ? undefined : PubKey.decode(pubKey.value).key;
  return { address, accountNumber, sequence, publicKey, moduleName };
}

function createAccount(
  ctx: Context,
  of: { readonly address: string; readonly moduleName: string | undefined },
): Account {
  const store = ctx.store(AUTH_STORE);
  const next = store.get(NEXT_NUMBER_KEY);
  const accountNumber = next === undefined ? 0n : readU64be(next);
  store.set(NEXT_NUMBER_KEY, u64be(accountNumber + 1n));
  const account: Account = { ...of, accountNumber, sequence: 0n, publicKey: undefined };
  setAccount(ctx, account);
  return account;
}

function accountKey(address: string): Uint8Array {
  return concatBytes(ACCOUNT_PREFIX, addressBytes(address));
}
