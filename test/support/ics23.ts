/** An ICS-23 verifier written from the specification, the judge of the proofs that the chain makes. */
import { CommitmentProof, type ExistenceProof, type InnerOp } from "cosmjs-types/cosmos/ics23/v1/proofs";
import { compareBytes, concatBytes, equalBytes, sha256 } from "../../common/index.ts";

/** What the verifier knows of a tree. */
export interface Ics23Spec {
  readonly childSize: number;
  readonly minPrefix: number;
  readonly maxPrefix: number;
  /** Whether a leaf's prefix is exactly 0x00 or only begins with it. */
  readonly exactLeafPrefix: boolean;
}

export const IAVL_SPEC: Ics23Spec = { childSize: 33, minPrefix: 4, maxPrefix: 12, exactLeafPrefix: false };
export const SIMPLE_SPEC: Ics23Spec = { childSize: 32, minPrefix: 1, maxPrefix: 1, exactLeafPrefix: true };

/** Root that a well-formed existence proof implies; undefined when its shape breaks the spec. */
export function impliedRoot(spec: Ics23Spec, proof: ExistenceProof): Uint8Array | undefined {
  const { leaf, key, value, path } = proof;
  if (leaf === undefined || key.length === 0 || value.length === 0) return undefined;
  if (leaf.hash !== 1 || leaf.prehashKey !== 0 || leaf.prehashValue !== 1 || leaf.length !== 1)
    return undefined;
  if (leaf.prefix[0] !== 0 || (spec.exactLeafPrefix && leaf.prefix.length !== 1)) return undefined;
  let hash = sha256(leaf.prefix, lengthed(key), lengthed(sha256(value)));
  for (const step of path) {
    if (!isInner(spec, step)) return undefined;
    hash = sha256(step.prefix, hash, step.suffix);
  }
  return hash;
}

/** True when `proof` shows that `key` has `value` under `root`. */
export function verifyMembership(
  spec: Ics23Spec,
  claim: {
    readonly root: Uint8Array;
    readonly proof: Uint8Array;
    readonly key: Uint8Array;
    readonly value: Uint8Array;
  },
): boolean {
  const { exist } = CommitmentProof.decode(claim.proof);
  return exist !== undefined && holds(spec, exist, claim) && equalBytes(exist.value, claim.value);
}

/** True when `proof` shows that `key` has no value under `root`. */
export function verifyNonMembership(
  spec: Ics23Spec,
  claim: { readonly root: Uint8Array; readonly proof: Uint8Array; readonly key: Uint8Array },
): boolean {
  const { nonexist } = CommitmentProof.decode(claim.proof);
  const left = nonexist?.left;
  const right = nonexist?.right;
  if (left === undefined && right === undefined) return false;
  if (
    left !== undefined &&
    !(holds(spec, left, { ...claim, key: left.key }) && compareBytes(left.key, claim.key) < 0)
  )
    return false;
  if (
    right !== undefined &&
    !(holds(spec, right, { ...claim, key: right.key }) && compareBytes(claim.key, right.key) < 0)
  )
    return false;
  if (left === undefined) return right?.path.every((step) => isLeftChild(spec, step)) ?? false;
  if (right === undefined) return left.path.every((step) => !isLeftChild(spec, step));
  return areNeighbours(spec, left.path, right.path);
}

function holds(
  spec: Ics23Spec,
  proof: ExistenceProof,
  claim: { readonly root: Uint8Array; readonly key: Uint8Array },
): boolean {
  const root = impliedRoot(spec, proof);
  return root !== undefined && equalBytes(root, claim.root) && equalBytes(proof.key, claim.key);
}

function isInner(spec: Ics23Spec, step: InnerOp): boolean {
  const childBytes = spec.childSize;
  const isChildSized = step.suffix.length % childBytes === 0 && step.suffix.length <= childBytes;
  // With the length byte of the child in the prefix (IAVL) a right child's prefix also holds its whole sibling.
  return (
    step.hash === 1 &&
    step.prefix[0] !== 0 &&
    step.prefix.length >= spec.minPrefix &&
    step.prefix.length <= spec.maxPrefix + childBytes &&
    isChildSized
  );
}

function isLeftChild(spec: Ics23Spec, step: InnerOp): boolean {
  return step.suffix.length === spec.childSize && step.prefix.length <= spec.maxPrefix;
}

function areNeighbours(spec: Ics23Spec, left: readonly InnerOp[], right: readonly InnerOp[]): boolean {
  const a = [...left];
  const b = [...right];
  while (a.length > 0 && b.length > 0 && sameStep(a.at(-1), b.at(-1))) {
    a.pop();
    b.pop();
  }
  const topLeft = a.pop();
  const topRight = b.pop();
  return (
    topLeft !== undefined &&
    topRight !== undefined &&
    isLeftChild(spec, topLeft) &&
    !isLeftChild(spec, topRight) &&
    a.every((step) => !isLeftChild(spec, step)) &&
    b.every((step) => isLeftChild(spec, step))
  );
}

function sameStep(a: InnerOp | undefined, b: InnerOp | undefined): boolean {
  return (
    a !== undefined && b !== undefined && equalBytes(a.prefix, b.prefix) && equalBytes(a.suffix, b.suffix)
  );
}

function lengthed(bytes: Uint8Array): Uint8Array {
  const head = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
  return concatBytes(Uint8Array.from(head), bytes);
}
