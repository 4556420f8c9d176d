/** Genesis of module oracle: {params, set_id, attesters, destinations} as the module's records, in JSON. */
import { compareBytes, equalBytes } from "../../../common/index.ts";
import { ethAddressOf } from "../../../proto/evm.ts";
import type { Context } from "../../context.ts";
import { badGenesis, listFromJson, objectOf, recordFromJson } from "../genesisJson.ts";
import { DEFAULT_ORACLE_PARAMS } from "./params.ts";
import { type Attester, type Destination, setAttesterSet, setDestination, setParams } from "./view.ts";

const NO_ATTESTER: Attester = {
  validator: new Uint8Array(),
  publicKey: new Uint8Array(),
  evmAddress: new Uint8Array(),
  power: 0n,
  observer: "",
};
const NO_DESTINATION: Destination = { evmChainId: 0n, oracle: new Uint8Array(), confirmations: 0 };

/** Contracts verify at most that many signers. */
const MAX_ATTESTERS = 100;

/** Writes the module's genesis. @throws CHAIN_GENESIS */
export function initOracle(ctx: Context, state: unknown): void {
  const json = objectOf(state, "oracle");
  setParams(ctx, recordFromJson(json.params, DEFAULT_ORACLE_PARAMS, "oracle.params"));
  const attesters = listFromJson(json.attesters, "oracle.attesters").map((item, i) =>
    attesterFromJson(item, `oracle.attesters[${i}]`),
  );
  assertSet(attesters);
  const { setId } = recordFromJson({ setId: json.setId }, { setId: 1n }, "oracle");
  setAttesterSet(ctx, { setId, attesters });
  for (const [i, item] of listFromJson(json.destinations, "oracle.destinations").entries()) {
    const destination = recordFromJson(item, NO_DESTINATION, `oracle.destinations[${i}]`);
    if (destination.oracle.length !== 20) throw badGenesis("oracle.destinations", "20 bytes of oracle", item);
    setDestination(ctx, destination);
  }
}

function attesterFromJson(json: unknown, what: string): Attester {
  const attester = recordFromJson(json, NO_ATTESTER, what);
  const { validator, publicKey, evmAddress, power } = attester;
  if (validator.length !== 20) throw badGenesis(`${what}.validator`, "20 bytes", json);
  if (publicKey.length !== 33) throw badGenesis(`${what}.publicKey`, "33 bytes", json);
  if (!equalBytes(ethAddressOf(publicKey), evmAddress))
    throw badGenesis(`${what}.evmAddress`, "the address of publicKey", json);
  if (power === 0n) throw badGenesis(`${what}.power`, "more than 0", json);
  return attester;
}

function assertSet(attesters: readonly Attester[]): void {
  if (attesters.length > MAX_ATTESTERS)
    throw badGenesis("oracle.attesters", `at most ${MAX_ATTESTERS}`, attesters.length);
  const wrong = attesters.findIndex((attester, i) => {
    const before = attesters[i - 1];
    return before !== undefined && compareBytes(before.evmAddress, attester.evmAddress) >= 0;
  });
  if (wrong >= 0) throw badGenesis(`oracle.attesters[${wrong}]`, "ascending by EVM address", wrong);
}
