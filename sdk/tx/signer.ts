/** Who signs. The key stays inside the wallet, and the wallet behind a function, so that no log can print it. */
import {
  DirectSecp256k1HdWallet,
  DirectSecp256k1Wallet,
  type DirectSignResponse,
  type OfflineDirectSigner,
} from "@cosmjs/proto-signing";
import { ADDRESS_PREFIX } from "../../common/index.ts";
import { sdkError } from "../errors/errors.ts";
import { createSequencer, type Sequencer } from "./sequencer.ts";

/** A cosmos.tx.v1beta1.SignDoc. */
export type SignDocument = Parameters<OfflineDirectSigner["signDirect"]>[1];

/** One account that can sign, with the order of its transactions. */
export interface Signer {
  /** Bech32. */
  readonly address: string;
  /** secp256k1, 33 bytes compressed. */
  readonly publicKey: Uint8Array;
  /** Signs a document as this account. */
  readonly sign: (document: SignDocument) => Promise<DirectSignResponse>;
  readonly sequencer: Sequencer;
}

/** Where the key comes from: a wallet (Keplr's offline signer is one), 32 bytes, or BIP-39 words. */
export type SignerSource =
  | { readonly wallet: OfflineDirectSigner }
  | { readonly privateKey: Uint8Array }
  | { readonly mnemonic: string };

/**
 * The signer of the source's first account. Make one per account and process: it owns the account's sequence.
 * @throws SDK_KEY
 */
export async function createSigner(source: SignerSource): Promise<Signer> {
  const wallet = await walletOf(source);
  const [account] = await wallet.getAccounts();
  if (account === undefined || account.algo !== "secp256k1")
    throw keyError("a wallet with a secp256k1 account");
  const { address, pubkey } = account;
  const sign: Signer["sign"] = (document) => wallet.signDirect(address, document);
  return { address, publicKey: pubkey, sign, sequencer: createSequencer() };
}

async function walletOf(source: SignerSource): Promise<OfflineDirectSigner> {
  if ("wallet" in source) return source.wallet;
  if ("privateKey" in source) {
    if (source.privateKey.length !== 32) throw keyError("a secp256k1 private key of 32 bytes");
    return DirectSecp256k1Wallet.fromKey(source.privateKey, ADDRESS_PREFIX).catch(() => {
      throw keyError("a secp256k1 private key in the curve's range");
    });
  }
  return DirectSecp256k1HdWallet.fromMnemonic(source.mnemonic, { prefix: ADDRESS_PREFIX }).catch(() => {
    throw keyError("12 to 24 BIP-39 words with a right checksum");
  });
}

/** Causes are left out on purpose: a library's message may quote what it was given. */
function keyError(want: string): Error {
  return sdkError("SDK_KEY", {
    what: "signing key",
    want,
    got: "something else",
    remedy: "Check the key source.",
  });
}
