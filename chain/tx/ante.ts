/**
 * The ante chain: everything that must hold before a transaction's messages run, in the order, with the codes and the
 * texts that Cosmos clients know. Its changes (fee, sequence, key) stay even when the messages fail.
 */
import { PubKey } from "cosmjs-types/cosmos/crypto/secp256k1/keys";
import { SignMode } from "cosmjs-types/cosmos/tx/signing/v1beta1/signing";
import type { SignerInfo } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { equalBytes } from "../../common/index.ts";
import { addressBytes, keyAddress } from "../address.ts";
import { ChainError, SDK_CODES } from "../codes.ts";
import type { Context } from "../context.ts";
import { type Account, getAccount, setAccount } from "../modules/auth/keeper.ts";
import { type CoinAmount, coinsText, sendToModule } from "../modules/bank/keeper.ts";
import { unixMillis } from "../time.ts";
import { type DecodedTx, feePayer, invalidRequest } from "./decode.ts";
import { directSignBytes, type SignatureVerifier } from "./signatures.ts";

/** Limits and prices of the ante chain. */
export interface AnteOptions {
  readonly verify: SignatureVerifier;
  /** Lowest price of a unit of gas, in millionths of the fee coin; checked in CheckTx only. */
  readonly minGasPriceMicro: bigint;
  readonly feeDenom: string;
  /** Most gas that this transaction could ever get in a block; undefined = no limit. */
  readonly largestGasLimit: (tx: DecodedTx) => bigint | undefined;
}

const MAX_MEMO_BYTES = 256;
const MAX_SIGNATURES = 7;
const GAS_PER_BYTE = 10n;
const GAS_PER_SIGNATURE = 1000n;
/** What a client's missing key and signature add to a simulated transaction. */
const SIMULATED_SIGNATURE_BYTES = 64 + 33;
/** Gas of deducting a fee, measured and rounded up: clients simulate without one, and then pay one. */
const SIMULATED_FEE_GAS = 15_000n;
const MICRO = 1_000_000n;
/** Account that collects fees for the validators. */
export const FEE_COLLECTOR = "fee_collector";

/** Checks that need no state. @throws ChainError */
export function validateTx(tx: DecodedTx, options: { readonly simulate: boolean }): void {
  const { authInfo, raw, body } = tx;
  const fee = authInfo.fee;
  if (body.extensionOptions.length > 0) {
    throw sdkError("unknownExtensionOptions", "unknown extension options", {
      what: "extension options",
      want: "none",
      got: `${body.extensionOptions.length}`,
    });
  }
  if (fee === undefined) throw invalidRequest("transaction", "a fee", "none", "fee is required");
  if (fee.gasLimit >= 2n ** 63n)
    throw invalidRequest("gas limit", "below 2^63", `${fee.gasLimit}`, "invalid gas supplied");
  if (raw.signatures.length === 0) {
    throw sdkError("noSignatures", "no signatures supplied", {
      what: "signatures",
      want: "one per signer",
      got: "none",
    });
  }
  if (fee.payer !== "") addressBytes(fee.payer);
  if (fee.granter !== "")
    throw invalidRequest("fee granter", "none", fee.granter, "fee grants are not enabled");
  if (body.unordered) {
    throw sdkError("notSupported", "unordered transactions are not enabled: feature not supported", {
      what: "unordered",
      want: "false",
      got: "true",
    });
  }
  if (!options.simulate && fee.gasLimit === 0n) {
    throw sdkError("invalidGasLimit", "must provide positive gas: invalid gas limit", {
      what: "gas limit",
      want: "more than 0",
      got: "0",
    });
  }
  for (const { handler, message } of tx.messages) handler.validateBasic(message);
}

/** Runs the ante chain on `ctx`. @throws ChainError; the caller drops all changes then */
export function runAnte(ctx: Context, tx: DecodedTx, options: AnteOptions): void {
  const simulate = ctx.mode === "simulate";
  const { body } = tx;
  assertGasLimit(tx, options);
  if (body.timeoutHeight !== 0n && ctx.height > body.timeoutHeight) {
    throw sdkError(
      "txTimeoutHeight",
      `block height: ${ctx.height}, timeout height: ${body.timeoutHeight}: tx timeout height`,
      {
        what: "timeout height",
        want: `at least ${ctx.height}`,
        got: `${body.timeoutHeight}`,
      },
    );
  }
  assertNotTimedOut(ctx, tx);
  const memoBytes = new TextEncoder().encode(body.memo).length;
  if (memoBytes > MAX_MEMO_BYTES) {
    throw sdkError(
      "memoTooLarge",
      `maximum number of characters is ${MAX_MEMO_BYTES} but received ${memoBytes} characters: memo too large`,
      {
        what: "memo",
        want: `at most ${MAX_MEMO_BYTES} bytes`,
        got: `${memoBytes}`,
      },
    );
  }
  const simulated = simulate ? SIMULATED_SIGNATURE_BYTES * tx.signers.length : 0;
  ctx.gas.consume(GAS_PER_BYTE * BigInt(tx.byteLength + simulated), "txSize");
  if (ctx.mode === "check" || ctx.mode === "recheck") assertMinimumFee(tx, options);
  deductFee(ctx, tx);
  const accounts = tx.signers.map((address, i) =>
    withKey(ctx, { address, info: tx.authInfo.signerInfos[i], index: i }),
  );
  assertSignatureCount(tx);
  ctx.gas.consume(GAS_PER_SIGNATURE * BigInt(tx.signers.length), "ante verify: secp256k1");
  for (const [index, account] of accounts.entries())
    checkSigner(ctx, { tx, account, index, verify: options.verify });
  for (const account of accounts) setAccount(ctx, { ...account, sequence: account.sequence + 1n });
}

function assertGasLimit(tx: DecodedTx, options: AnteOptions): void {
  const largest = options.largestGasLimit(tx);
  const gasLimit = tx.authInfo.fee?.gasLimit ?? 0n;
  if (largest === undefined || gasLimit <= largest) return;
  throw sdkError(
    "invalidGasLimit",
    `tx gas limit ${gasLimit} exceeds block max gas ${largest}: invalid gas limit`,
    { what: "gas limit", want: `at most ${largest}`, got: `${gasLimit}` },
  );
}

function assertNotTimedOut(ctx: Context, tx: DecodedTx): void {
  const timeout = tx.body.timeoutTimestamp;
  if (timeout === undefined) return;
  const timeoutMs = unixMillis(timeout);
  if (ctx.timeMs <= timeoutMs) return;
  throw sdkError(
    "txTimeout",
    `block time is after tx timeout timestamp; block time: ${ctx.timeMs} ms, timeout: ${timeoutMs} ms: tx timeout`,
    { what: "timeout timestamp", want: `at least ${ctx.timeMs} ms`, got: `${timeoutMs} ms` },
  );
}

function assertMinimumFee(tx: DecodedTx, options: AnteOptions): void {
  const fee = tx.authInfo.fee;
  const need = ((fee?.gasLimit ?? 0n) * options.minGasPriceMicro + MICRO - 1n) / MICRO;
  const given = feeCoins(tx).find(({ denom }) => denom === options.feeDenom)?.amount ?? 0n;
  if (given >= need) return;
  const got = coinsText(feeCoins(tx));
  throw sdkError(
    "insufficientFee",
    `insufficient fees; got: ${got} required: ${need}${options.feeDenom}: insufficient fee`,
    {
      what: "fee",
      want: `at least ${need}${options.feeDenom}`,
      got: got || "nothing",
    },
  );
}

function deductFee(ctx: Context, tx: DecodedTx): void {
  const payer = feePayer(tx);
  if (getAccount(ctx, payer) === undefined) {
    throw sdkError("unknownAddress", `fee payer address: ${payer} does not exist: unknown address`, {
      what: "fee payer",
      want: "an account that exists",
      got: payer,
    });
  }
  const coins = feeCoins(tx);
  if (coins.length === 0 && ctx.mode === "simulate") ctx.gas.consume(SIMULATED_FEE_GAS, "fee");
  if (coins.length > 0) sendToModule(ctx, { from: payer, module: FEE_COLLECTOR, coins });
  ctx.emit("tx", [
    ["fee", coinsText(coins)],
    ["fee_payer", payer],
  ]);
}

function feeCoins(tx: DecodedTx): CoinAmount[] {
  const coins = (tx.authInfo.fee?.amount ?? []).map(({ denom, amount }) => ({
    denom,
    amount: amountOf(amount),
  }));
  // Clients name a fee of nothing by a coin of zero.
  return coins.filter(({ amount }) => amount > 0n);
}

function amountOf(text: string): bigint {
  if (/^[0-9]{1,77}$/.test(text)) return BigInt(text);
  throw sdkError("insufficientFee", `invalid fee amount ${text.slice(0, 40)}: insufficient fee`, {
    what: "fee amount",
    want: "a decimal integer",
    got: text.slice(0, 40),
  });
}

/** The signer's account with its key set, from the transaction when it signs for the first time. */
function withKey(
  ctx: Context,
  signer: { readonly address: string; readonly info: SignerInfo | undefined; readonly index: number },
): Account {
  const { address, info, index } = signer;
  const account = getAccount(ctx, address);
  if (account === undefined) {
    throw sdkError("unknownAddress", `account ${address} does not exist: unknown address`, {
      what: "signer",
      want: "an account that exists",
      got: address,
    });
  }
  const publicKey = keyOf(info);
  const isOwn = publicKey === undefined || equalBytes(keyAddress(publicKey), addressBytes(address));
  if (!isOwn && ctx.mode !== "simulate") {
    throw sdkError(
      "invalidPubKey",
      `pubKey does not match signer address ${address} with signer index: ${index}: invalid pubkey`,
      {
        what: `key of ${address}`,
        want: "the key that hashes to the address",
        got: "another",
      },
    );
  }
  if (account.publicKey !== undefined) return account;
  if (publicKey === undefined || !isOwn) {
    if (ctx.mode === "simulate") return account;
    throw sdkError("invalidPubKey", "account pubkey is not set: invalid pubkey", {
      what: `key of ${address}`,
      want: "a secp256k1 key",
      got: "none",
    });
  }
  const withNewKey = { ...account, publicKey };
  setAccount(ctx, withNewKey);
  return withNewKey;
}

function keyOf(info: SignerInfo | undefined): Uint8Array | undefined {
  if (info?.publicKey?.typeUrl !== "/cosmos.crypto.secp256k1.PubKey") return undefined;
  try {
    const { key } = PubKey.decode(info.publicKey.value);
    return key.length === 33 ? key : undefined;
  } catch {
    return undefined;
  }
}

function assertSignatureCount(tx: DecodedTx): void {
  const count = tx.raw.signatures.length;
  if (count > MAX_SIGNATURES) {
    throw sdkError(
      "tooManySignatures",
      `signatures: ${count}, limit: ${MAX_SIGNATURES}: maximum number of signatures exceeded`,
      {
        what: "signatures",
        want: `at most ${MAX_SIGNATURES}`,
        got: `${count}`,
      },
    );
  }
  if (count === tx.signers.length && tx.authInfo.signerInfos.length === count) return;
  throw sdkError(
    "unauthorized",
    `invalid number of signer;  expected: ${tx.signers.length}, got ${count}: unauthorized`,
    {
      what: "signatures",
      want: `${tx.signers.length}`,
      got: `${count}`,
    },
  );
}

function checkSigner(
  ctx: Context,
  signer: {
    readonly tx: DecodedTx;
    readonly account: Account;
    readonly index: number;
    readonly verify: SignatureVerifier;
  },
): void {
  const { tx, account, index, verify } = signer;
  const info = tx.authInfo.signerInfos[index];
  const signature = tx.raw.signatures[index] ?? new Uint8Array();
  const sequence = info?.sequence ?? 0n;
  if (sequence !== account.sequence) {
    throw sdkError(
      "wrongSequence",
      `account sequence mismatch, expected ${account.sequence}, got ${sequence}: incorrect account sequence`,
      {
        what: `sequence of ${account.address}`,
        want: `${account.sequence}`,
        got: `${sequence}`,
      },
    );
  }
  if (ctx.mode !== "simulate" && ctx.mode !== "recheck")
    verifySignature(ctx, { ...signer, info, signature, verify });
  ctx.emit("tx", [["acc_seq", `${account.address}/${account.sequence}`]]);
  ctx.emit("tx", [["signature", base64(signature)]]);
}

function verifySignature(
  ctx: Context,
  signer: {
    readonly tx: DecodedTx;
    readonly account: Account;
    readonly info: SignerInfo | undefined;
    readonly signature: Uint8Array;
    readonly verify: SignatureVerifier;
  },
): void {
  const { tx, account, info, signature, verify } = signer;
  const accountNumber = ctx.height === 0n ? 0n : account.accountNumber;
  const { bodyBytes, authInfoBytes } = tx.raw;
  const message = directSignBytes({ bodyBytes, authInfoBytes, chainId: ctx.chainId, accountNumber });
  const isDirect = info?.modeInfo?.single?.mode === SignMode.SIGN_MODE_DIRECT;
  if (
    isDirect &&
    account.publicKey !== undefined &&
    verify({ publicKey: account.publicKey, message, signature })
  )
    return;
  throw sdkError(
    "unauthorized",
    `signature verification failed; please verify account number (${accountNumber}) and chain-id (${ctx.chainId}): unauthorized`,
    {
      what: `signature of ${account.address}`,
      want: "SIGN_MODE_DIRECT over this chain's sign bytes",
      got: "one that does not verify",
    },
  );
}

function sdkError(
  code: keyof typeof SDK_CODES,
  log: string,
  facts: { readonly what: string; readonly want: string; readonly got: string },
): ChainError {
  return new ChainError(
    {
      codespace: "sdk",
      abciCode: SDK_CODES[code],
      code: `CHAIN_${code.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`,
      log,
    },
    { ...facts, remedy: "Correct the transaction and sign it again." },
  );
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
