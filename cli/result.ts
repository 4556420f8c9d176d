/** aivm result */
import type { Engine, RunnableModel } from "../aivm/index.ts";
import { loadBestEngine } from "../aivm/io/bestEngine.ts";
import { AivmError, bytesToHex } from "../common/index.ts";
import { type Reexecution, reexecute } from "../explorer/verify/reexecute.ts";
import { getPublicResult, publicResultToJson } from "../sdk/index.ts";
import { createClient } from "../sdk/io/createClient.ts";
import { type Command, type Invocation, optionalFlag, requiredFlag, usageError } from "./command.ts";
import { readBytes, writeWhole } from "./model/files.ts";
import { textTable } from "./table.ts";

const REQUEST_ID = /^[0-9a-f]{64}$/;

/** The command. */
export const resultCommand: Command = {
  name: "result",
  about: "public data of a final result, for the page that checks it; with --artifact, check it here",
  flags: {
    rpc: { type: "string", placeholder: "URL", about: "the chain's RPC", default: "http://127.0.0.1:26657" },
    request: { type: "string", placeholder: "ID", about: "request id, 64 hex digits" },
    out: { type: "string", placeholder: "FILE", about: "write the public data as JSON" },
    artifact: { type: "string", placeholder: "FILE", about: "the model: run it again and compare the roots" },
  },
  examples: [
    "aivm result --request ID --out result.json",
    "aivm result --request ID --artifact digits.aivm",
    "aivm result --request ID --artifact digits.aivm --json",
  ],
  run: async (invocation) => {
    const client = createClient({ rpc: requiredFlag(invocation, "rpc") });
    const result = await getPublicResult(client, requestIdOf(invocation));
    const path = optionalFlag(invocation, "out");
    const document = publicResultToJson(result);
    if (path !== undefined) writeWhole(path, { content: document, what: "result file" });
    const artifact = optionalFlag(invocation, "artifact");
    const checked =
      artifact === undefined
        ? undefined
        : await reexecute({
            artifact: readBytes(artifact, "artifact file"),
            result,
            createEngine: (model: RunnableModel): Promise<Engine> => loadBestEngine(model),
            now: () => performance.now(),
          });
    const facts = { ...(JSON.parse(document) as object), ...(checked === undefined ? {} : { checked }) };
    invocation.result(facts, textOf({ document, path, checked }));
    if (checked !== undefined && !checked.match) throw mismatch(bytesToHex(result.requestId), checked);
  },
};

function requestIdOf(invocation: Invocation): Uint8Array {
  const text = requiredFlag(invocation, "request");
  if (!REQUEST_ID.test(text)) throw usageError("--request", "64 hex digits", text.slice(0, 80));
  return Uint8Array.from(Buffer.from(text, "hex"));
}

function textOf(of: {
  readonly document: string;
  readonly path: string | undefined;
  readonly checked: Reexecution | undefined;
}): string {
  const { document, path, checked } = of;
  const data = path === undefined ? document.trimEnd() : `public data in ${path}`;
  if (checked === undefined) return data;
  const rows = checked.roots.map(({ name, recorded, computed }) => [
    name,
    recorded,
    recorded === computed ? "the same here" : computed,
  ]);
  const verdict = checked.match ? "MATCH" : "MISMATCH";
  const run = `${verdict}: ${checked.modelName}, ${checked.gas} vmGas in ${checked.milliseconds.toFixed(1)} ms`;
  return [...(path === undefined ? [] : [data]), textTable(["root", "recorded", "computed"], rows), run].join(
    "\n\n",
  );
}

function mismatch(requestId: string, { roots }: Reexecution): AivmError {
  const wrong = roots.filter(({ recorded, computed }) => recorded !== computed).map(({ name }) => name);
  return new AivmError("CLI_MISMATCH", {
    what: "final result",
    item: requestId,
    want: "the roots that the model gives",
    got: `other values for ${wrong.join(", ")}`,
    remedy:
      "ask another node for the record; if it says the same, the result was false and nobody challenged it",
  });
}
