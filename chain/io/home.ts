/** The node's home folder: which file is where, and writing a fresh one. Formats are CometBFT's. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AivmError } from "../../common/errors.ts";
import { type GenesisDoc, genesisToJson, parseGenesis } from "../engine/embedded/genesis.ts";
import { writeDurably } from "./durableFile.ts";
import { type Ed25519Key, ed25519Key } from "./ed25519.ts";
import { readKeyFile, writeNodeKey, writeValidatorKey } from "./keyFiles.ts";

/** Paths inside a home. */
export interface HomePaths {
  readonly genesis: string;
  readonly validatorKey: string;
  readonly validatorState: string;
  readonly nodeKey: string;
  /** secp256k1 key that signs results for EVM chains. */
  readonly attestationKey: string;
  /** LevelDB folder of blocks, results and indexes. */
  readonly engineDb: string;
  /** LevelDB folder of the application. */
  readonly appDb: string;
}

/** Paths of the home at `home`. */
export function homePaths(home: string): HomePaths {
  return {
    genesis: join(home, "config", "genesis.json"),
    validatorKey: join(home, "config", "priv_validator_key.json"),
    nodeKey: join(home, "config", "node_key.json"),
    attestationKey: join(home, "config", "attestation_key.json"),
    validatorState: join(home, "data", "priv_validator_state.json"),
    engineDb: join(home, "data", "engine.db"),
    appDb: join(home, "data", "application.db"),
  };
}

/**
 * The validator's key of the home, made (with node key and signing state) when there is none yet. Keys are never
 * overwritten.
 */
export function ensureKeys(home: string): Ed25519Key {
  const paths = homePaths(home);
  mkdirSync(join(home, "config"), { recursive: true, mode: 0o700 });
  mkdirSync(join(home, "data"), { recursive: true, mode: 0o700 });
  if (!existsSync(paths.nodeKey)) writeNodeKey(paths.nodeKey, ed25519Key());
  if (existsSync(paths.validatorKey)) return readKeyFile(paths.validatorKey);
  const validator = ed25519Key();
  writeValidatorKey({ key: paths.validatorKey, state: paths.validatorState }, validator);
  return validator;
}

/**
 * Writes the genesis of a new chain of one validator, whose keys are made when the home has none. `genesisFor` gets
 * the validator's key.
 * @throws CHAIN_HOME when the home has a genesis already.
 */
export function initHome(home: string, genesisFor: (validator: Ed25519Key) => GenesisDoc): GenesisDoc {
  const paths = homePaths(home);
  if (existsSync(paths.genesis)) {
    throw new AivmError("CHAIN_HOME", {
      what: "home folder",
      item: home,
      want: "one without a chain in it",
      got: "one that has a genesis",
      remedy: "choose another --home, or remove the folder if its chain is not needed any more",
    });
  }
  const genesis = genesisFor(ensureKeys(home));
  writeDurably(paths.genesis, `${JSON.stringify(genesisToJson(genesis), null, 2)}\n`);
  return genesis;
}

/** The genesis of the home. @throws CHAIN_HOME when there is none, CHAIN_GENESIS when it is malformed. */
export function readGenesis(home: string): GenesisDoc {
  const path = homePaths(home).genesis;
  if (existsSync(path)) return parseGenesis(readFileSync(path, "utf8"));
  throw new AivmError("CHAIN_HOME", {
    what: "home folder",
    item: home,
    want: "config/genesis.json",
    got: "no such file",
    remedy: "run `aivmd init` with the same --home first",
  });
}
