import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { type Sent, sendMessage } from "../tx/sendMessage.ts";
import type { TxOptions } from "../tx/sendTx.ts";

const NAME = "aivm.model.v1.MsgRegisterModel";

/** Registers a program; the answer has the model's id. The signer puts up the model's bond. @throws as `sendTx` */
export function registerModel(
  client: Client,
  options: TxOptions & {
    /** Descriptors, constants' types and roots, metadata: the artifact without its weights. */
    readonly program: Messages["aivm.model.v1.RegisteredProgram"];
    readonly artifactBytes: bigint;
    readonly royaltyBps?: number;
    /** Lowest fee of one request. */
    readonly feeUaivm?: bigint;
    readonly bondUaivm?: bigint;
  },
): Promise<Sent<typeof NAME>> {
  const { program, artifactBytes, royaltyBps, feeUaivm, bondUaivm } = options;
  const value = {
    registrar: options.signer.address,
    program,
    artifactBytes,
    royaltyBps,
    feeUaivm,
    bondUaivm,
  };
  return sendMessage(client, { ...options, name: NAME, value });
}
