/** A market that serves an EVM contract, with attesters whose keys the tests hold. */
import { secp256k1 } from "@noble/curves/secp256k1.js";
import type { AttestationSigner } from "../../../../chain/modules/oracle/attestation.ts";
import { compareBytes, sha256, utf8 } from "../../../../common/index.ts";
import { ethAddressOf, signRootDigest } from "../../../../proto/evm.ts";
import { evmOriginRequestId } from "../../../../proto/hashes.ts";
import type { Messages } from "../../../../proto/index.ts";
import { INPUT, type Market, MODEL_ID, openMarket } from "../support/market.ts";
import { addressOf } from "../support/world.ts";

export const EVM_CHAIN = 31_337n;
export const ORACLE: Uint8Array = new Uint8Array(20).fill(0x0a);

/** A validator of the tests: key, consensus address, power. */
export interface TestAttester extends AttestationSigner {
  readonly validator: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly power: bigint;
  readonly observer: string;
}

/** Attesters of these powers, ascending by EVM address as the set is. */
export function attestersOf(powers: readonly bigint[]): TestAttester[] {
  const keys = powers
    .map((_, i) => sha256(utf8(`attester ${i}`)))
    .map((secret) => ({ secret, publicKey: secp256k1.getPublicKey(secret, true) }))
    .sort((a, b) => compareBytes(ethAddressOf(a.publicKey), ethAddressOf(b.publicKey)));
  return keys.map(({ secret, publicKey }, i) => ({
    validator: sha256(utf8(`validator ${i}`)).slice(0, 20),
    publicKey,
    evmAddress: ethAddressOf(publicKey),
    power: powers[i] ?? 0n,
    observer: addressOf(`observer${i + 1}`),
    signDigest: (digest) => signRootDigest(secret, digest),
  }));
}

/** An active model with runner r1, and these attesters. */
export function oracleMarket(attesters: readonly TestAttester[]): Market {
  return openMarket({
    genesis: {
      attesters,
      authority: addressOf("registrar"),
      destinations: [{ evmChainId: EVM_CHAIN, oracle: ORACLE, confirmations: 0 }],
    },
  });
}

/** An observation of EVM request number `n`; `change` may spoil it. */
export function observation(
  market: Market,
  n: number,
  change: Partial<Messages["aivm.oracle.v1.MsgObserveRequest"]> = {},
): Messages["aivm.oracle.v1.MsgObserveRequest"] {
  return {
    observer: addressOf("observer1"),
    evmChainId: EVM_CHAIN,
    oracle: ORACLE,
    evmRequestId: sha256(utf8(`evm request ${n}`)),
    requestHash: sha256(utf8(`request hash ${n}`)),
    blockHash: sha256(utf8("evm block")),
    blockNumber: 100n,
    modelId: MODEL_ID,
    input: INPUT,
    tier: 8,
    windowMs: 0n,
    evmDeadlineS: market.timeMs() / 1000n + 3_600n,
    maxOutput: 256,
    ...change,
  };
}

/** Its id on this chain. */
export function idOf(message: Messages["aivm.oracle.v1.MsgObserveRequest"]): Uint8Array {
  return evmOriginRequestId(message);
}
