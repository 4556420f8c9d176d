/** A private query to the simulated enclave: evidence, seal, answer, receipt; and a search for the plaintext everywhere. */
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { startEnclave } from "../../../cli/devnet/services.ts";
import { bytesToHex } from "../../../common/index.ts";
import { getBlock } from "../../../sdk/actions/getBlock.ts";
import { getStatus } from "../../../sdk/actions/getStatus.ts";
import { createEnclaveHttp } from "../../../sdk/io/enclaveHttp.ts";
import { inferPrivate, type PrivateResult } from "../../../sdk/private/inferPrivate.ts";
import type { Digit } from "../digits.ts";
import type { Stage } from "../stage.ts";
import { inputBytes } from "./contract.ts";

/** Starts the enclave's host; its keys are registered on the chain with their evidence. */
export async function enclaveOpens(stage: Stage): Promise<void> {
  const { network, model, recorder } = stage;
  await recorder.step("enclave", async () => {
    const service = await startEnclave(network, model.file);
    const what = "keys registered with SIMULATED evidence: no hardware protects this query";
    return { what, who: "enclave host", ref: `key ${String(service.ready.keyId)}`, value: undefined };
  });
}

/** Asks privately. The SDK checks evidence and binding before it seals, and the receipt after it opened. */
export function privateQuery(stage: Stage, digit: Digit): Promise<PrivateResult> {
  const { network, model, recorder } = stage;
  return recorder.step("receipt", async () => {
    const result = await inferPrivate(
      network.client,
      { http: createEnclaveHttp(), random: (length) => new Uint8Array(randomBytes(length)) },
      {
        signer: network.account("user").signer,
        modelId: model.model.modelId,
        program: model.model.program,
        input: inputBytes(stage, digit),
        policy: {
          kinds: ["mock"],
          measurements: [network.measurement],
          mockRoot: network.vendor.publicKey,
          maxAgeSeconds: 3600n,
        },
        feeUaivm: 500_000n,
      },
    );
    const what = `sealed image answered with ${result.outputs[0]?.data[0]}, receipt on the chain (simulated enclave)`;
    return { what, who: "user, enclave", ref: result.settleTx.hash, value: result };
  });
}

/** Searches every log and every transaction for the plaintext, raw, in hex and in base64. @throws when it is there */
export function plaintextNowhere(stage: Stage, digit: Digit): Promise<void> {
  const { network, recorder } = stage;
  return recorder.step("secrecy", async () => {
    const needles = [inputBytes(stage, digit), digit.pixels].flatMap((plain) => [
      Buffer.from(plain),
      Buffer.from(bytesToHex(plain)),
      // The middle of the base64 text: its ends depend on what stands around.
      Buffer.from(Buffer.from(plain).toString("base64").slice(4, -4)),
    ]);
    const logs = readdirSync(join(network.home, "logs")).map((name) =>
      readFileSync(join(network.home, "logs", name)),
    );
    const { latestHeight } = await getStatus(network.client);
    const txs: Uint8Array[] = [];
    for (let height = 1n; height <= latestHeight; height++)
      txs.push(...(await getBlock(network.client, height)).block.txs);
    for (const hay of [...logs, ...txs.map((tx) => Buffer.from(tx))]) {
      if (needles.some((needle) => hay.includes(needle)))
        throw new Error("the private image was found in a log or a transaction");
    }
    const bytes = logs.reduce((sum, log) => sum + log.length, 0);
    const what = `plaintext not in ${bytes} bytes of logs nor in ${txs.length} transactions`;
    return { what, who: "demo", ref: `blocks 1 to ${latestHeight}`, value: undefined };
  });
}
