/** Openings of commitments on disk: one file each, mode 0600, written durably. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { bytesToHex, hexToBytes } from "../../common/index.ts";
import type { Kept, KeptStore } from "../core/kept.ts";
import { runnerError } from "../errors.ts";
import { errorCode, writeDurably } from "./durableFile.ts";

/** A store of openings in `folder`, which is made (mode 0700) when it is not there. */
export async function openSaltStore(folder: string): Promise<KeptStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const pathOf = (kind: Kept["kind"], requestId: Uint8Array): string =>
    join(folder, `${kind}-${bytesToHex(requestId)}.json`);
  return {
    get: async (kind, requestId) => {
      const path = pathOf(kind, requestId);
      const text = await readFile(path, "utf8").catch((error: unknown) => {
        if (errorCode(error) === "ENOENT") return undefined;
        throw error;
      });
      return text === undefined ? undefined : parseKept(path, text);
    },
    put: async (kept) => {
      const path = pathOf(kept.kind, kept.requestId);
      await writeDurably(path, `${JSON.stringify(toJson(kept))}\n`, { replace: false }).catch(
        (error: unknown) => {
          if (errorCode(error) !== "EEXIST") throw error;
          throw fileError(path, "no opening yet", "one", "Use the opening that is there.");
        },
      );
    },
  };
}

function toJson(kept: Kept): Readonly<Record<string, string>> {
  return {
    kind: kept.kind,
    requestId: bytesToHex(kept.requestId),
    salt: bytesToHex(kept.salt),
    outputRoot: bytesToHex(kept.outputRoot),
    output: bytesToHex(kept.output),
    ...(kept.traceRoot === undefined ? {} : { traceRoot: bytesToHex(kept.traceRoot) }),
  };
}

/** The content never goes into an error: it holds the salt. */
function parseKept(path: string, text: string): Kept {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) {
      const json: Readonly<Record<string, unknown>> = { ...value };
      const { kind, traceRoot } = json;
      if (kind === "result" || kind === "join") {
        return {
          kind,
          requestId: bytesOf(json.requestId),
          salt: bytesOf(json.salt),
          outputRoot: bytesOf(json.outputRoot),
          output: bytesOf(json.output),
          ...(traceRoot === undefined ? {} : { traceRoot: bytesOf(traceRoot) }),
        };
      }
    }
  } catch {
    // One error below, without the parser's words.
  }
  throw fileError(path, "an opening that this version wrote", "something else", "Restore it from a backup.");
}

function bytesOf(value: unknown): Uint8Array {
  if (typeof value !== "string") throw new TypeError("no text");
  return hexToBytes(value);
}

function fileError(path: string, want: string, got: string, remedy: string): Error {
  return runnerError("RUNNER_FILE", { what: "opening of a commitment", item: path, want, got, remedy });
}
