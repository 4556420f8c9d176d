/** aivm infer */
import { readFileSync } from "node:fs";
import { AivmError, bytesToHex, hexToBytes } from "../common/index.ts";
import { infer } from "../sdk/actions/infer.ts";
import { createClient } from "../sdk/io/createClient.ts";
import { readKeyFile } from "../sdk/io/keyFile.ts";
import { type Command, type Invocation, optionalFlag, requiredFlag, usageError } from "./command.ts";
import { readDataset } from "./model/dataset.ts";

/** How long a final answer may take: a dispute included. */
const PATIENCE_MS = 300_000;

/** The command. */
export const inferCommand: Command = {
  name: "infer",
  about: "ask a registered model, wait until the answer is final, and verify it",
  flags: {
    rpc: { type: "string", placeholder: "URL", about: "the chain's RPC", default: "http://127.0.0.1:26657" },
    key: { type: "string", placeholder: "FILE", about: "key file of the account that pays" },
    model: { type: "string", placeholder: "ID", about: "model id, 64 hex digits" },
    input: { type: "string", placeholder: "FILE", about: "JSON: a list of floats per input of the model" },
    data: {
      type: "string",
      placeholder: "FILE",
      about: "instead of --input: a data set, its inputs in the model's order",
    },
    image: { type: "string", placeholder: "N", about: "number of a test sample of --data", default: "0" },
  },
  examples: [
    "aivm infer --key .home/devnet/keys/user.key --model ID --data models/digits/split.json --image 3",
    "aivm infer --key user.key --model ID --input pixels.json --json",
  ],
  run: async (invocation) => {
    const modelId = hexToBytes(requiredFlag(invocation, "model"));
    const inputs = readInputs(invocation);
    const client = createClient({ rpc: requiredFlag(invocation, "rpc") });
    const signer = await readKeyFile(requiredFlag(invocation, "key"));
    invocation.say("asked; the answer is final when its challenge window is over ...");
    const answer = await infer(client, {
      signer,
      modelId,
      inputs: inputs.map((floats) => ({ floats })),
      resultTimeoutMs: PATIENCE_MS,
    });
    const { result } = answer;
    const facts = {
      requestId: bytesToHex(answer.requestId),
      txHash: answer.txHash,
      runner: result.runner,
      finalHeight: result.finalHeight,
      outputRoot: bytesToHex(result.outputRoot),
      outputs: answer.reals.map((values) => Array.from(values)),
    };
    const lines = facts.outputs.map(
      (values, i) => `output ${i}: ${values.map((value) => Number(value.toPrecision(6))).join(" ")}`,
    );
    const where = `request ${facts.requestId}\nfinal in block ${facts.finalHeight}, answered by ${facts.runner}, roots verified here`;
    invocation.result(facts, `${lines.join("\n")}\n${where}`);
  },
};

function readInputs(invocation: Invocation): readonly ArrayLike<number>[] {
  const data = optionalFlag(invocation, "data");
  if (data !== undefined) {
    const { samples } = readDataset(data).test;
    const image = requiredFlag(invocation, "image");
    const sample = samples[Number(image)];
    if (sample === undefined) throw usageError("--image", `0 to ${samples.length - 1}`, image);
    return sample.map((values) => Float64Array.from(values, Number));
  }
  return parseInputs(requiredFlag(invocation, "input"));
}

function parseInputs(path: string): readonly number[][] {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    const lists = Array.isArray(value) && value.every(Array.isArray) ? value : [value];
    if (lists.every((list) => Array.isArray(list) && list.every((item) => typeof item === "number")))
      return lists as number[][];
  } catch (error) {
    const got = error instanceof Error ? error.message : "an error";
    throw new AivmError("CLI_FILE", {
      what: "input file",
      item: path,
      want: "JSON",
      got,
      remedy: "Check the file.",
    });
  }
  const want = "a list of numbers per input of the model";
  throw new AivmError("CLI_FILE", {
    what: "input file",
    item: path,
    want,
    got: "something else",
    remedy: "See aivm infer --help.",
  });
}
