/** priv_validator_key.json, priv_validator_state.json and node_key.json in CometBFT 0.38's formats, mode 0600. */
import { existsSync } from "node:fs";
import { bytesToHex, hexToBytes } from "../../common/bytes.ts";
import { base64ToBytes, bytesToBase64 } from "../engine/embedded/base64.ts";
import { ED25519_PUB_KEY_TYPE } from "../engine/embedded/genesis.ts";
import { ed25519Address } from "../engine/embedded/hash.ts";
import type { SigningKey, SignState } from "../engine/embedded/ports.ts";
import { badFile, readJsonFile, writeDurably } from "./durableFile.ts";
import { type Ed25519Key, ed25519Key } from "./ed25519.ts";

const PRIV_KEY_TYPE = "tendermint/PrivKeyEd25519";
const NOTHING_SIGNED: SignState = { height: 0n, round: 0, step: 0 };

/** Writes a validator's key file and, when there is none yet, a state file that says "nothing signed". */
export function writeValidatorKey(
  paths: { readonly key: string; readonly state: string },
  key: Ed25519Key,
): void {
  const file = {
    address: bytesToHex(ed25519Address(key.pubKey)).toUpperCase(),
    pub_key: { type: ED25519_PUB_KEY_TYPE, value: bytesToBase64(key.pubKey) },
    priv_key: privKeyJson(key),
  };
  writeDurably(paths.key, `${JSON.stringify(file, null, 2)}\n`);
  if (!existsSync(paths.state)) writeDurably(paths.state, signStateToJson(NOTHING_SIGNED));
}

/** Writes a node key file. */
export function writeNodeKey(path: string, key: Ed25519Key): void {
  writeDurably(path, `${JSON.stringify({ priv_key: privKeyJson(key) })}\n`);
}

/** The key in a validator or node key file. @throws CHAIN_FILE when it holds none. */
export function readKeyFile(path: string): Ed25519Key {
  const { priv_key: value } = readJsonFile(path);
  if (typeof value !== "object" || value === null) throw badFile(path, "no priv_key");
  const json: Readonly<Record<string, unknown>> = { ...value };
  if (json.type !== PRIV_KEY_TYPE || typeof json.value !== "string")
    throw badFile(path, "a key of another type");
  const bytes = base64ToBytes(json.value);
  if (bytes.length !== 64) throw badFile(path, `a key of ${bytes.length} bytes`);
  return ed25519Key(bytes.subarray(0, 32));
}

/**
 * The validator's key with its signing state in a file. A missing state file is refused: without it a restored key
 * could sign twice.
 */
export function openSigningKey(paths: { readonly key: string; readonly state: string }): SigningKey {
  const key = readKeyFile(paths.key);
  let state = readSignState(paths.state);
  return {
    pubKey: key.pubKey,
    sign: key.sign,
    loadState: () => state,
    saveState(next) {
      writeDurably(paths.state, signStateToJson(next));
      state = next;
    },
  };
}

/** Node id: hex of the address of the node's key. */
export function nodeId(key: Ed25519Key): string {
  return bytesToHex(ed25519Address(key.pubKey));
}

function privKeyJson(key: Ed25519Key): { readonly type: string; readonly value: string } {
  const bytes = new Uint8Array(64);
  bytes.set(key.seed);
  bytes.set(key.pubKey, 32);
  return { type: PRIV_KEY_TYPE, value: bytesToBase64(bytes) };
}

function signStateToJson(state: SignState): string {
  const json = {
    height: String(state.height),
    round: state.round,
    step: state.step,
    ...(state.signature === undefined ? {} : { signature: bytesToBase64(state.signature) }),
    ...(state.signBytes === undefined ? {} : { signbytes: bytesToHex(state.signBytes).toUpperCase() }),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

function readSignState(path: string): SignState {
  const json = readJsonFile(path);
  const { height, round, step, signature, signbytes } = json;
  if (typeof height !== "string" || !/^\d{1,19}$/.test(height)) throw badFile(path, "no height");
  if (typeof round !== "number" || typeof step !== "number") throw badFile(path, "no round or step");
  return {
    height: BigInt(height),
    round,
    step,
    ...(typeof signature === "string" ? { signature: base64ToBytes(signature) } : {}),
    ...(typeof signbytes === "string" ? { signBytes: hexToBytes(signbytes) } : {}),
  };
}
