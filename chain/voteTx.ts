/** The pseudo-transaction that carries the last height's vote extensions into a block. No user can send one. */
import { ExtendedCommitInfo } from "cosmjs-types/tendermint/abci/types";
import { concatBytes, equalBytes, utf8 } from "../common/index.ts";

const MARKER = utf8("aivm/votes/1\0");

/** True when the bytes claim to be one. */
export function isVoteTx(bytes: Uint8Array): boolean {
  return equalBytes(bytes.slice(0, MARKER.length), MARKER);
}

/** Bytes of one. */
export function encodeVoteTx(commit: ExtendedCommitInfo): Uint8Array {
  return concatBytes(MARKER, ExtendedCommitInfo.encode(commit).finish());
}

/** The commit in one, or undefined when it is malformed. */
export function decodeVoteTx(bytes: Uint8Array): ExtendedCommitInfo | undefined {
  if (!isVoteTx(bytes)) return undefined;
  try {
    const body = bytes.slice(MARKER.length);
    const commit = ExtendedCommitInfo.decode(body);
    return equalBytes(ExtendedCommitInfo.encode(commit).finish(), body) ? commit : undefined;
  } catch {
    return undefined;
  }
}

/** Validators and their extensions; absent votes and empty extensions left out. */
export function extensionsOf(
  commit: ExtendedCommitInfo,
): { readonly validator: Uint8Array; readonly extension: Uint8Array }[] {
  return commit.votes
    .filter(({ voteExtension }) => voteExtension.length > 0)
    .map(({ validator, voteExtension }) => ({
      validator: validator?.address ?? new Uint8Array(),
      extension: voteExtension,
    }));
}
