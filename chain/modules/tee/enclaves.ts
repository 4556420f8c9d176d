/** Registration of enclaves: nothing is listed whose evidence the chain has not verified itself. */

import type { Messages } from "../../../proto/index.ts";
import { keyIdOf } from "../../../tee-enclave/index.ts";
import type { Context } from "../../context.ts";
import { teeError } from "./errors.ts";
import { emitEnclave } from "./events.ts";
import { judgeEvidence, judgeKeyConfig } from "./judge.ts";
import { type Enclave, getBlockHash, getParams, setEnclave } from "./view.ts";

/** Lists an enclave's keys. The same keys may come again with fresher evidence. */
export function registerEnclave(
  ctx: Context,
  message: Messages["aivm.tee.v1.MsgRegisterEnclave"],
): Messages["aivm.tee.v1.MsgRegisterEnclaveResponse"] {
  const { node, keyConfig, kind, evidence, anchorHeight, endpoint } = message;
  const keys = judgeKeyConfig(ctx, message);
  if (!keys.ok) {
    throw teeError("keyConfig", {
      what: "key config",
      want: "one for this chain, this operator and heights to come",
      got: `another ${keys.at}`,
      remedy: "Start the enclave with this chain's id and the operator's address.",
    });
  }
  const anchor = recentHash(ctx, anchorHeight);
  const verdict = judgeEvidence(ctx, getParams(ctx), { kind, evidence, keyConfig, anchor });
  if (!verdict.ok) {
    throw teeError("evidence", {
      what: `evidence of kind ${kind}`,
      want: "fresh evidence of allowed code that binds the key config and the anchor",
      got: `${verdict.code} at ${verdict.at}`,
      remedy:
        "Ask the enclave for evidence over the hash of a recent block; check genesis for what is allowed.",
    });
  }
  const enclave: Enclave = {
    keyId: keyIdOf(keyConfig),
    node,
    keyConfig,
    kind,
    evidence,
    anchor,
    registeredHeight: ctx.height,
    simulated: verdict.simulated,
    endpoint,
  };
  setEnclave(ctx, enclave);
  emitEnclave(ctx, enclave);
  return { keyId: enclave.keyId };
}

function recentHash(ctx: Context, height: bigint): Uint8Array {
  const { maxAnchorAgeBlocks } = getParams(ctx);
  const hash = getBlockHash(ctx, height);
  if (hash !== undefined && height < ctx.height && height + maxAnchorAgeBlocks >= ctx.height) return hash;
  throw teeError("anchor", {
    what: "anchor height",
    want: `${ctx.height - maxAnchorAgeBlocks} to ${ctx.height - 1n}`,
    got: `${height}`,
    remedy: "Take fresh evidence over the hash of a recent block.",
  });
}
