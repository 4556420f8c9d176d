/** aivm model register */
import { readArtifact } from "../../aivm/io/files.ts";
import type { Card } from "../../aivm/quantize/card.ts";
import { bytesToHex } from "../../common/index.ts";
import { getModelParams } from "../../sdk/actions/getModelParams.ts";
import { registerModel } from "../../sdk/actions/registerModel.ts";
import { createClient } from "../../sdk/io/createClient.ts";
import { readKeyFile } from "../../sdk/io/keyFile.ts";
import { registrationToProgram } from "../../sdk/registration.ts";
import {
  type Command,
  type Invocation,
  onlyWord,
  optionalFlag,
  requiredFlag,
  usageError,
} from "../command.ts";

/** The command. */
export const registerCommand: Command = {
  name: "model register",
  about: "put a model's program on the chain with a deposit; runners then serve its weights",
  usage: "<artifact>",
  flags: {
    rpc: { type: "string", placeholder: "URL", about: "the chain's RPC", default: "http://127.0.0.1:26657" },
    key: { type: "string", placeholder: "FILE", about: "key file of the account that puts up the deposit" },
    bond: {
      type: "string",
      placeholder: "UAIVM",
      about: "deposit (default: the least that the chain takes)",
    },
    fee: { type: "string", placeholder: "UAIVM", about: "lowest fee of one request", default: "0" },
    royalty: {
      type: "string",
      placeholder: "BPS",
      about: "your share of each fee in 1/100 %",
      default: "0",
    },
  },
  examples: [
    "aivm model register digits.aivm --key .home/devnet/keys/registrar.key --fee 1000000",
    "aivm model register digits.aivm --key author.key --royalty 500 --json",
  ],
  run: async (invocation) => {
    const model = await readArtifact(onlyWord(invocation, "artifact"));
    const signer = await readKeyFile(requiredFlag(invocation, "key"));
    const client = createClient({ rpc: requiredFlag(invocation, "rpc") });
    const bondUaivm = amountOf(invocation, "bond") ?? (await getModelParams(client))?.minBondUaivm ?? 0n;
    const sent = await registerModel(client, {
      signer,
      program: registrationToProgram(model.registration),
      artifactBytes: BigInt(model.artifactBytes),
      royaltyBps: Number(amountOf(invocation, "royalty") ?? 0n),
      feeUaivm: amountOf(invocation, "fee") ?? 0n,
      bondUaivm,
    });
    const modelId = bytesToHex(model.modelId);
    const warnings = warningsOf(model.program.card);
    invocation.result(
      {
        modelId,
        txHash: sent.tx.hash,
        height: sent.tx.height,
        registrar: signer.address,
        bondUaivm,
        warnings,
      },
      [
        `model ${modelId} registered in block ${sent.tx.height} by ${signer.address}, deposit ${bondUaivm} uaivm`,
        "it answers requests once enough bonded runners have shown that they hold its weights",
        ...warnings.map((warning) => `warning that its card carries: ${warning}`),
      ].join("\n"),
    );
  },
};

/** What the card, which is registered with the program, warns its users of. */
function warningsOf(card: string): readonly string[] {
  if (card === "") return ["no card: nobody has measured what the integers lose against the float model"];
  try {
    const { warning, reasons } = JSON.parse(card) as Partial<Card>;
    if (warning === false) return [];
    return Array.isArray(reasons) ? reasons.map((reason) => JSON.stringify(reason)) : ["not said why"];
  } catch {
    return ["the card is not in the form that aivm writes"];
  }
}

/** A whole number from 0 up. @throws CLI_USAGE. */
function amountOf(invocation: Invocation, flag: string): bigint | undefined {
  const text = optionalFlag(invocation, flag);
  if (text === undefined) return undefined;
  if (/^[0-9]{1,18}$/.test(text)) return BigInt(text);
  throw usageError(`--${flag}`, "a whole number from 0 up", text.slice(0, 40));
}
