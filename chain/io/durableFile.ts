/** Small files that must survive a crash whole: written beside, synced, renamed, and the folder synced. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { AivmError } from "../../common/errors.ts";

/** Replaces `path` with `text`, mode 0600. Either the old or the new content is there after a crash. */
export function writeDurably(path: string, text: string): void {
  const fresh = `${path}.new`;
  const file = openSync(fresh, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(fresh, path);
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** The JSON object in the file at `path`. @throws CHAIN_FILE when it is absent or holds something else. */
export function readJsonFile(path: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch (cause) {
    throw badFile(path, cause instanceof Error ? cause.message : "unreadable", cause);
  }
  throw badFile(path, "another JSON value");
}

/** Error about the content of the file at `path`. */
export function badFile(path: string, got: string, cause?: unknown): AivmError {
  return new AivmError(
    "CHAIN_FILE",
    {
      what: "file of the node's home",
      item: path,
      want: "a JSON object in CometBFT's format",
      got,
      remedy: "run `aivmd init`, or restore the file",
    },
    { cause },
  );
}
