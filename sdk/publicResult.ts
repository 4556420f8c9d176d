/** What anybody needs to compute a finished request again, as one JSON document: it goes into a page or a file. */
import { bytesToHex, hexToBytes } from "../common/index.ts";
import { sdkError } from "./errors/errors.ts";

/** The public data of a final result. The artifact itself is found by the model id. */
export interface PublicResult {
  /** 32 bytes each, unless said otherwise. */
  readonly requestId: Uint8Array;
  readonly modelId: Uint8Array;
  readonly seed: Uint8Array;
  /** u32. */
  readonly maxTokens: number;
  /** Canonical bytes of the input tensors. */
  readonly input: Uint8Array;
  readonly inputRoot: Uint8Array;
  /** Canonical bytes of the output tensors. */
  readonly output: Uint8Array;
  readonly outputRoot: Uint8Array;
}

const BYTES = ["requestId", "modelId", "seed", "input", "inputRoot", "output", "outputRoot"] as const;
const ROOT_LENGTH = 32;
const ANY_LENGTH: ReadonlySet<string> = new Set(["input", "output"]);

/** JSON text of a public result, byte strings in hex. */
export function publicResultToJson(result: PublicResult): string {
  const bytes = BYTES.map((name) => [name, bytesToHex(result[name])] as const);
  return `${JSON.stringify({ ...Object.fromEntries(bytes), maxTokens: result.maxTokens }, null, 2)}\n`;
}

/** The public result in a JSON text. Unknown members are ignored. @throws SDK_ARGUMENT naming the member. */
export function publicResultFromJson(text: string): PublicResult {
  const value = objectOf(text);
  const bytes = BYTES.map((name) => [name, bytesOf(name, value[name])] as const);
  const { maxTokens } = value;
  if (typeof maxTokens !== "number" || maxTokens >>> 0 !== maxTokens) {
    throw argumentError("maxTokens", "an integer below 2^32", String(maxTokens));
  }
  return { ...(Object.fromEntries(bytes) as Record<(typeof BYTES)[number], Uint8Array>), maxTokens };
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw argumentError("document", "JSON text", error instanceof Error ? error.message : String(error));
  }
  if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
  throw argumentError("document", "a JSON object", typeof value);
}

function bytesOf(name: string, value: unknown): Uint8Array {
  const isHex = typeof value === "string" && /^([0-9a-f]{2})*$/.test(value);
  if (!isHex) throw argumentError(name, "bytes in lower-case hex", String(value).slice(0, 80));
  const bytes = hexToBytes(value);
  if (ANY_LENGTH.has(name) || bytes.length === ROOT_LENGTH) return bytes;
  throw argumentError(name, `${ROOT_LENGTH} bytes`, `${bytes.length} bytes`);
}

function argumentError(item: string, want: string, got: string): Error {
  return sdkError("SDK_ARGUMENT", {
    what: "public result",
    item,
    want,
    got,
    remedy: "Pass the document that getPublicResult makes.",
  });
}
