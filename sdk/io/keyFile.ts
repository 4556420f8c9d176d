/**
 * Key files: one secp256k1 key as JSON, readable by its owner only. Not encrypted: for services and devnets; a
 * person's key belongs in a wallet.
 */
import { randomBytes } from "node:crypto";
import { open, readFile, stat } from "node:fs/promises";
import { bytesToHex, hexToBytes } from "../../common/index.ts";
import { sdkError } from "../errors/errors.ts";
import { createSigner, type Signer } from "../tx/signer.ts";

const FORMAT = "aivm-key/1";

/**
 * Writes a new key file (mode 0600) and returns its signer. Without `privateKey` (32 bytes) the key is random.
 * @throws SDK_KEY when the file exists or the key is none
 */
export async function createKeyFile(path: string, privateKey?: Uint8Array): Promise<Signer> {
  const key = privateKey ?? new Uint8Array(randomBytes(32));
  const signer = await createSigner({ privateKey: key });
  const file = await open(path, "wx", 0o600).catch((error: unknown) => {
    throw keyFileError(
      path,
      "a path that is free and can be written",
      describe(error),
      "Choose another path.",
    );
  });
  try {
    const text = JSON.stringify({ format: FORMAT, address: signer.address, privateKey: bytesToHex(key) });
    await file.writeFile(`${text}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return signer;
}

/** The signer of a key file. @throws SDK_KEY when it is missing, malformed, or readable by others */
export async function readKeyFile(path: string): Promise<Signer> {
  const info = await stat(path).catch((error: unknown) => {
    throw keyFileError(
      path,
      "a key file",
      describe(error),
      "Make one with createKeyFile or `aivm keys add`.",
    );
  });
  if (process.platform !== "win32" && (info.mode & 0o077) !== 0) {
    throw keyFileError(
      path,
      "mode 0600",
      `mode 0${(info.mode & 0o777).toString(8)}`,
      `Run chmod 600 ${path}.`,
    );
  }
  return createSigner({ privateKey: parse(path, await readFile(path, "utf8")) });
}

/** `readKeyFile`, or `createKeyFile` with a random key when there is no file yet. @throws SDK_KEY */
export async function readOrCreateKeyFile(path: string): Promise<Signer> {
  const present = await stat(path).then(
    () => true,
    () => false,
  );
  return present ? readKeyFile(path) : createKeyFile(path);
}

/** The content never goes into an error. */
function parse(path: string, text: string): Uint8Array {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "format" in value && value.format === FORMAT) {
      if ("privateKey" in value && typeof value.privateKey === "string") return hexToBytes(value.privateKey);
    }
  } catch {
    // Falls through to the one error: a parser's message could quote the key.
  }
  throw keyFileError(path, `JSON of format ${FORMAT}`, "something else", "Restore the file from a backup.");
}

function describe(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "an error";
}

function keyFileError(path: string, want: string, got: string, remedy: string): Error {
  return sdkError("SDK_KEY", { what: "key file", item: path, want, got, remedy });
}
