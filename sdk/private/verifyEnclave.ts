/** Before anything is sealed: is the key that we would seal to held by code that we accept, on this chain, now? */
import { bytesToHex, equalBytes, hexToBytes } from "../../common/index.ts";
import type { Enclave } from "../../proto/index.ts";
import {
  type Attestation,
  type AttestationPolicy,
  chainIdHashOf,
  type KeyConfig,
  keyIdOf,
  parseKeyConfig,
  SUITE_NACL,
  verifyKeyEvidence,
} from "../../tee-enclave/index.ts";
import { sdkError } from "../errors/errors.ts";
import type { PrivatePorts } from "./ports.ts";

/** Keys that may be sealed to, and what vouches for them. */
export interface VerifiedEnclave {
  readonly keyId: Uint8Array;
  readonly config: KeyConfig;
  readonly attestation: Attestation;
  readonly endpoint: string;
}

/**
 * Judges an enclave that the chain lists: its keys' form, chain, heights and suite, and fresh evidence over them that
 * the enclave gives for an anchor of our own.
 * @throws SDK_ENCLAVE with the first check that failed; nothing has been sealed or sent then
 */
export async function verifyEnclave(
  ports: PrivatePorts,
  options: {
    readonly enclave: Enclave;
    readonly policy: AttestationPolicy;
    readonly chainId: string;
    readonly height: bigint;
    readonly nowUnix: bigint;
  },
): Promise<VerifiedEnclave> {
  const { enclave, policy, nowUnix } = options;
  const config = checkedConfig(enclave, options);
  const anchor = ports.random(32);
  const live = await liveEvidence(ports, enclave, anchor);
  const verdict = verifyKeyEvidence({
    evidence: live,
    policy,
    nowUnix,
    keyConfig: enclave.keyConfig,
    anchor,
  });
  if (!verdict.ok) throw refused(enclave, `${verdict.code} at ${verdict.at}`);
  return { keyId: enclave.keyId, config, attestation: verdict.attestation, endpoint: enclave.endpoint };
}

function checkedConfig(
  enclave: Enclave,
  want: { readonly chainId: string; readonly height: bigint },
): KeyConfig {
  const config = parseKeyConfig(enclave.keyConfig);
  if (config === undefined) throw refused(enclave, "a key config of an unknown form");
  if (!equalBytes(keyIdOf(enclave.keyConfig), enclave.keyId)) throw refused(enclave, "another key's id");
  if (!equalBytes(config.chainIdHash, chainIdHashOf(want.chainId)))
    throw refused(enclave, "keys for another chain");
  if (want.height < config.notBefore || want.height > config.notAfter) {
    throw refused(enclave, `keys for heights ${config.notBefore} to ${config.notAfter}, now ${want.height}`);
  }
  if (!config.suites.includes(SUITE_NACL)) throw refused(enclave, "no suite that this client speaks");
  return config;
}

async function liveEvidence(
  ports: PrivatePorts,
  enclave: Enclave,
  anchor: Uint8Array,
): Promise<{ readonly kind: string; readonly evidence: Uint8Array }> {
  const answer = await ports.http.getJson(`${enclave.endpoint}/v1/evidence?anchor=${bytesToHex(anchor)}`);
  const { kind, evidence } = (answer ?? {}) as { readonly kind?: unknown; readonly evidence?: unknown };
  if (typeof kind !== "string" || typeof evidence !== "string") throw refused(enclave, "no evidence");
  return { kind, evidence: hexToBytes(evidence) };
}

function refused(enclave: Enclave, got: string): Error {
  return sdkError("SDK_ENCLAVE", {
    what: "evidence of the enclave",
    item: `key ${bytesToHex(enclave.keyId)}`,
    want: "fresh evidence, within the policy, that binds the keys the chain lists",
    got,
    remedy: "Nothing was sent. Use another enclave, or a policy that names this one's code and vendor.",
  });
}
