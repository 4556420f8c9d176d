/** Hiding commitments of the private-query protocol. All 32 bytes unless said otherwise. */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { concatBytes, sha256, taggedHash, u32be, u64be, utf8 } from "../../common/index.ts";

/** What a request commits to. */
export interface InputCommitment {
  readonly chainIdHash: Uint8Array;
  readonly modelId: Uint8Array;
  /** 16 bytes. */
  readonly queryId: Uint8Array;
  /** Blinding, 32 bytes, from the user's entropy. */
  readonly rIn: Uint8Array;
  /** 32 bytes, from the user's entropy; blinds the output commitment. */
  readonly outSeed: Uint8Array;
  readonly maxUnits: number;
  readonly contentType: number;
  readonly samplingSeed: Uint8Array;
  readonly inputRoot: Uint8Array;
}

/** Query id: H("aivmq1/q" || sender 20 || u64be(nonce))[0..16]. */
export function queryIdOf(sender: Uint8Array, nonce: bigint): Uint8Array {
  return taggedHash("aivmq1/q", sender, u64be(nonce)).slice(0, 16);
}

/** Cin: binds input, model, query and parameters, and hides the input behind rIn. */
export function inputCommitOf(parts: InputCommitment): Uint8Array {
  return taggedHash(
    "aivmq1/in",
    parts.chainIdHash,
    parts.modelId,
    parts.queryId,
    parts.rIn,
    sha256(parts.outSeed),
    u32be(parts.maxUnits),
    new Uint8Array([parts.contentType]),
    parts.samplingSeed,
    parts.inputRoot,
  );
}

/** rOut: blinding of the output commitment. It comes from the user, so honest enclaves give equal commitments. */
export function outputBlindingOf(outSeed: Uint8Array, queryId: Uint8Array): Uint8Array {
  return hmac(nobleSha256, outSeed, concatBytes(utf8("aivmq1/rout"), queryId));
}

/** Cout = SHA-256("aivmq1/out" || queryId || rOut || outputRoot). */
export function outputCommitOf(queryId: Uint8Array, rOut: Uint8Array, outputRoot: Uint8Array): Uint8Array {
  return taggedHash("aivmq1/out", queryId, rOut, outputRoot);
}
