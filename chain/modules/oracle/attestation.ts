/**
 * Validators' signatures over results roots. A root of block h is first signed in the vote of block h + 1; the votes of
 * a block reach the chain in the block after it. What was missed is signed later: an extension carries every root
 * among the newest that its validator has not signed yet.
 */
import { equalBytes } from "../../../common/index.ts";
import { recoverRootSigner, rootDigest } from "../../../proto/evm.ts";
import { decodeMessage, encodeMessage, type Messages } from "../../../proto/index.ts";
import type { Context } from "../../context.ts";
import type { VoteExtensionHandler } from "../../module.ts";
import { emitAttested } from "./events.ts";
import { isQuorum } from "./math.ts";
import {
  type AttesterSet,
  getAttesterSet,
  getResultsRoot,
  newestRoots,
  type ResultsRoot,
  setResultsRoot,
} from "./view.ts";

/** A validator's attestation key, as the application may use it: the secret stays in io. */
export interface AttestationSigner {
  /** 20 bytes. */
  readonly evmAddress: Uint8Array;
  /** EIP-2098 signature (64 bytes) over a 32-byte digest. */
  signDigest(digest: Uint8Array): Uint8Array;
}

type SignedRoot = Messages["aivm.oracle.v1.SignedRoot"];

/** Roots of one extension; older ones without a signature need MsgReattest. */
const ROOTS_PER_EXTENSION = 8;

/** The handler; without a signer this node's extensions are empty, but it judges those of others. */
export function createVoteExtensions(signer: AttestationSigner | undefined): VoteExtensionHandler {
  return {
    extend: (ctx) => (signer === undefined ? new Uint8Array() : extend(ctx, signer)),
    verify: (ctx, { validator, extension }) => {
      if (extension.length === 0) return true;
      const roots = decodeExtension(extension);
      return roots?.every((signed) => judge(ctx, validator, signed) !== undefined) ?? false;
    },
    apply: (ctx, votes) => {
      for (const { validator, extension } of votes)
        for (const signed of decodeExtension(extension) ?? []) addSignature(ctx, validator, signed);
    },
  };
}

/** Power whose signatures a root has. */
export function signedPower(set: AttesterSet, root: ResultsRoot): bigint {
  return root.signatures.reduce((sum, { index }) => sum + (set.attesters[index]?.power ?? 0n), 0n);
}

/** Power of the whole set. */
export function totalPower(set: AttesterSet): bigint {
  return set.attesters.reduce((sum, { power }) => sum + power, 0n);
}

function extend(ctx: Context, signer: AttestationSigner): Uint8Array {
  const index = getAttesterSet(ctx).attesters.findIndex(({ evmAddress }) =>
    equalBytes(evmAddress, signer.evmAddress),
  );
  if (index < 0) return new Uint8Array();
  const roots = newestRoots(ctx, ROOTS_PER_EXTENSION)
    .filter(({ signatures }) => !signatures.some((signature) => signature.index === index))
    .reverse()
    .map((root): SignedRoot => {
      const signature = signer.signDigest(digestOf(ctx, root));
      return { rootHeight: root.height, root: root.root, signature };
    });
  return encodeMessage("aivm.oracle.v1.VoteExtension", { roots });
}

/** The roots of an extension, or undefined when it is malformed: too many, out of order, or another encoding. */
function decodeExtension(bytes: Uint8Array): readonly SignedRoot[] | undefined {
  let roots: readonly SignedRoot[];
  try {
    roots = decodeMessage("aivm.oracle.v1.VoteExtension", bytes).roots;
  } catch {
    return undefined;
  }
  const ascends = roots.every(({ rootHeight }, i) => {
    const before = roots[i - 1];
    return before === undefined || before.rootHeight < rootHeight;
  });
  return ascends && roots.length <= ROOTS_PER_EXTENSION ? roots : undefined;
}

/** The chain's own root and the signer's index, or undefined when that validator did not sign that very root. */
function judge(
  ctx: Context,
  validator: Uint8Array,
  signed: SignedRoot,
): { readonly root: ResultsRoot; readonly index: number } | undefined {
  const root = getResultsRoot(ctx, signed.rootHeight);
  if (root === undefined || !equalBytes(root.root, signed.root)) return undefined;
  const { attesters } = getAttesterSet(ctx);
  const index = attesters.findIndex((attester) => equalBytes(attester.validator, validator));
  const attester = attesters[index];
  const found = recoverRootSigner(signed.signature, digestOf(ctx, root));
  if (attester === undefined || found === undefined || !equalBytes(found, attester.evmAddress))
    return undefined;
  return { root, index };
}

function addSignature(ctx: Context, validator: Uint8Array, signed: SignedRoot): void {
  const judged = judge(ctx, validator, signed);
  if (judged === undefined) return;
  const { root, index } = judged;
  if (root.signatures.some((signature) => signature.index === index)) return;
  const signatures = [...root.signatures, { index, signature: signed.signature }].sort(
    (a, b) => a.index - b.index,
  );
  const next = { ...root, signatures };
  setResultsRoot(ctx, next);
  const set = getAttesterSet(ctx);
  const total = totalPower(set);
  if (isQuorum(signedPower(set, next), total) && !isQuorum(signedPower(set, root), total))
    emitAttested(ctx, next);
}

function digestOf(ctx: Context, root: ResultsRoot): Uint8Array {
  const { setId, height: rootHeight } = root;
  return rootDigest({ genesisHash: ctx.genesisHash, setId, rootHeight, root: root.root });
}
