/** aivm model verify */
import { type LoadedModel, loadArtifact, type Tensor } from "../../aivm/index.ts";
import { openIsolatedReference } from "../../aivm/io/isolatedReference.ts";
import { loadWasmEngine } from "../../aivm/io/wasm.ts";
import { evaluateAccuracy } from "../../aivm/quantize/accuracy.ts";
import { type Card, cardText, createCard } from "../../aivm/quantize/card.ts";
import { AivmError, bytesToHex } from "../../common/index.ts";
import {
  type Command,
  hexFlag,
  type Invocation,
  numberFlag,
  onlyWord,
  optionalFlag,
  usageError,
} from "../command.ts";
import { progressLine } from "../progress.ts";
import { textTable } from "../table.ts";
import {
  type Check,
  checkArtifact,
  checked,
  checkWitnesses,
  replaySamples,
  startEngines,
  syntheticInputs,
  traceOn,
} from "./checks.ts";
import { readDataset, samplesFor } from "./dataset.ts";
import { readBytes } from "./files.ts";
import { FLOAT_MODEL_FLAGS, optionalFloatModel, readFloatModel } from "./floatModel.ts";
import { givenInputs, INPUT_FLAGS, quantizeSample } from "./inputs.ts";
import { printable } from "./picture/markup.ts";
import { walkElement, walkText } from "./walk.ts";

const DEFAULT_SAMPLES = 3;
/** Ops of which one element goes to the referee. */
const MOST_WITNESSES = 64;

/** The command. */
export const verifyCommand: Command = {
  name: "model verify",
  about: "check an artifact: hashes, bounds, engines, card; or walk through one element's dispute",
  usage: "<artifact>",
  flags: {
    "model-id": { type: "string", placeholder: "HEX", about: "refuse any other model" },
    ...INPUT_FLAGS,
    ...FLOAT_MODEL_FLAGS,
    onnx: { ...FLOAT_MODEL_FLAGS.onnx, about: "the float model; with --data: measure the card again" },
    samples: {
      type: "string",
      placeholder: "N",
      about: `inputs to replay on all engines (default ${DEFAULT_SAMPLES}): of --data, or synthetic`,
    },
    op: { type: "string", placeholder: "N", about: "walk through the dispute of one element of this op" },
    element: { type: "string", placeholder: "N", about: "which element, row-major (default 0)" },
  },
  examples: [
    "aivm model verify digits.aivm --model-id <64 hex digits>",
    "aivm model verify digits.aivm --onnx models/digits/digits.onnx --data models/digits/split.json",
    "aivm model verify digits.aivm --data models/digits/split.json --index 3 --op 8 --element 5",
  ],
  run: async (invocation) => {
    const path = onlyWord(invocation, "artifact");
    const modelId = hexFlag(invocation, { name: "model-id", bytes: 32 });
    const op = numberFlag(invocation, "op");
    const bytes = readBytes(path, "artifact file");
    const model = loadArtifact(bytes, modelId === undefined ? {} : { modelId });
    if (op === undefined) return verify(invocation, model, bytes);
    return walk(invocation, { model, op, element: numberFlag(invocation, "element") ?? 0 });
  },
};

async function walk(
  invocation: Invocation,
  of: { readonly model: LoadedModel; readonly op: number; readonly element: number },
): Promise<void> {
  const given = givenInputs(invocation, of.model.program);
  if (given === undefined) throw usageError("--input or --data", "one of them, with --op", "neither");
  const engine = await loadWasmEngine(of.model);
  const trace = await traceOn(of.model, { engine, inputs: given.tensors });
  const steps = walkElement({ ...of, trace });
  invocation.result(steps, walkText(of.model, steps));
  if (steps.recomputed !== steps.claimed) throw failed(`element ${steps.element} of op ${steps.op}`);
}

async function verify(invocation: Invocation, model: LoadedModel, bytes: Uint8Array): Promise<void> {
  const samples = replayInputs(invocation, model);
  const { engines, check: selfTest } = await startEngines(model);
  const replay = await replaySamples({ model, engines, samples, onProgress: progressLine("replaying") });
  const [trace] = replay.traces;
  const disputes =
    trace === undefined
      ? { what: "disputes", state: "skipped" as const, found: "no replay" }
      : await checkWitnesses(model, { trace, most: MOST_WITNESSES, onProgress: progressLine("refereeing") });
  const checks = [
    ...(await checkArtifact(model, bytes)),
    selfTest,
    replay.check,
    disputes,
    await cardCheck(invocation, model),
  ];
  const wrong = checks.filter(({ state }) => state === "failed");
  const id = bytesToHex(model.modelId);
  const rows = checks.map(({ what, state, found }) => [what, state, found]);
  const verdict = wrong.length === 0 ? "nothing wrong found" : `${wrong.length} checks FAILED`;
  invocation.result(
    { modelId: id, ok: wrong.length === 0, checks },
    `model ${id}\n\n${textTable(["check", "state", "found"], rows)}\n\n${verdict}`,
  );
  if (wrong.length > 0) throw failed(wrong.map(({ what }) => what).join(", "));
}

function replayInputs(invocation: Invocation, model: LoadedModel): readonly (readonly Tensor[])[] {
  const count = numberFlag(invocation, "samples", 1) ?? DEFAULT_SAMPLES;
  const data = optionalFlag(invocation, "data");
  if (data === undefined) {
    const given = givenInputs(invocation, model.program);
    return given === undefined ? syntheticInputs(model, count) : [given.tensors];
  }
  const names = model.program.inputs.map(({ name }) => name);
  const first = numberFlag(invocation, "index") ?? 0;
  const samples = samplesFor(readDataset(data), { part: "test", names }).slice(first, first + count);
  if (samples.length === 0) throw usageError("--index", "a test sample of the data set", `${first}`);
  return samples.map((values, i) =>
    quantizeSample(model.program, { values, item: `${data}, sample ${first + i}` }),
  );
}

/** The card against figures measured now. */
async function cardCheck(invocation: Invocation, model: LoadedModel): Promise<Check> {
  const { card } = model.program;
  const file = optionalFloatModel(invocation);
  const data = optionalFlag(invocation, "data");
  if (card === "") return { what: "card", state: "skipped", found: "the artifact carries none" };
  if (file === undefined || data === undefined)
    return { what: "card", state: "skipped", found: "needs --onnx and --data to measure it again" };
  return checked("card", async () => {
    const claimed = parsedCard(card);
    const dataset = readDataset(data);
    const names = model.program.inputs.map(({ name }) => name);
    const evaluation = {
      samples: samplesFor(dataset, { part: "test", names }),
      ...(dataset.test.labels.length === 0 ? {} : { labels: dataset.test.labels }),
    };
    const bytes = readFloatModel(file, dataset);
    const reference = await openIsolatedReference();
    const float = await reference.load(bytes);
    try {
      const report = await evaluateAccuracy({
        program: model.program,
        engine: await loadWasmEngine(model),
        float,
        split: evaluation,
        onProgress: progressLine("measuring"),
      });
      // What can not be measured again is taken from the card: calibration set, tool and command.
      const { calibration, tool = "", command = "" } = claimed;
      const facts = { onnx: bytes, evaluation, reference: reference.name, tool, command };
      const measured = createCard(report, { ...facts, calibration: calibration ?? undefined });
      if (cardText(measured) !== card) throw new RangeError(differences(claimed, measured));
      return `measured again over ${report.count} samples: the same figures`;
    } finally {
      await float.close();
    }
  });
}

/** The card as JSON. @throws RangeError when it is no object */
function parsedCard(card: string): Partial<Card> {
  try {
    const value: unknown = JSON.parse(card);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below.
  }
  throw new RangeError("it is no JSON object");
}

/** What a card says and what was measured, where they differ. */
function differences(claimed: Partial<Card>, measured: Card): string {
  const claims = new Map<string, unknown>(Object.entries(claimed));
  const keys = Object.entries(measured).filter(
    ([key, value]) => JSON.stringify(claims.get(key)) !== JSON.stringify(value),
  );
  const said = keys.map(([key, value]) => {
    const claim = JSON.stringify(claims.get(key)) ?? "nothing";
    return `${key}: it says ${printable(claim.slice(0, 80))}, measured ${JSON.stringify(value).slice(0, 80)}`;
  });
  return said.join("; ") || "it is written otherwise than its figures are";
}

function failed(item: string): AivmError {
  return new AivmError("CLI_VERIFY", {
    what: "artifact",
    item,
    want: "every check to hold",
    got: "a failure",
    remedy: "Do not use this artifact; fetch it from another source, or compile it again.",
  });
}
