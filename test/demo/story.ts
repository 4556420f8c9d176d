/** The demo: the whole mission once, every step of it real but the enclave's hardware. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createReferenceEngine, tensorsToBytes } from "../../aivm/index.ts";
import { openOrtReference } from "../../aivm/io/ortReference.ts";
import { startNetwork } from "../../cli/devnet/network.ts";
import { startRunner } from "../../cli/devnet/services.ts";
import { bytesToHex, equalBytes } from "../../common/index.ts";
import { encodeInputs } from "../../sdk/tensors.ts";
import { commitName, machineName } from "../bench/rows.ts";
import { balanceRows, readBalances, totalOf } from "./balances.ts";
import { ask, carried, delivered } from "./chapters/contract.ts";
import { answered, challenged, judged, truthFinal, type Verdict } from "./chapters/dispute.ts";
import { compileModel, measureModel } from "./chapters/model.ts";
import { modelActive, register } from "./chapters/opening.ts";
import { paidQuery } from "./chapters/paid.ts";
import { enclaveOpens, plaintextNowhere, privateQuery } from "./chapters/private.ts";
import { type Digit, digitsFolder, drawDigit, floatInput, testDigits } from "./digits.ts";
import { createRecorder } from "./recorder.ts";
import { balanceTable, type DemoReport, grouped, stepTable } from "./report.ts";
import { choose } from "./rng.ts";
import type { DemoModel, Stage } from "./stage.ts";

/** How to run. */
export interface DemoOptions {
  readonly seed: number;
  /** Folder for keys, data and logs of this run. */
  readonly home: string;
  readonly say: (line: string) => void;
  /** Called when the network runs and the first question stands; tests disturb the network here. */
  readonly onRunning?: (stage: Stage) => Promise<void>;
}

/** Enough for one open job and no more: while its answer is in question, the liar can be given no other. */
const LIAR_BOND_UAIVM = 1_500_000n;
/** Entry of the lying runner, below the code root. */
const LIAR = "test/support/actors/liarMain";

/** Runs the demo. @throws when any step does not do what it should; nothing is printed that did not happen */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const { seed, home, say } = options;
  const recorder = createRecorder(say);
  const digits = testDigits();
  const [first, second, secret] = pickThree(seed, digits);
  say(
    `seed ${seed}: test images ${first.index}, ${second.index} and, in private, one more\n${drawDigit(first.pixels)}`,
  );
  const model = await compileModel(recorder, home);
  say(`          model id ${model.idHex}`);
  const accuracy = await measureModel(recorder, model);
  const network = await recorder.step("network", async () => {
    const value = await startNetwork({ home, extraAccounts: ["liar"] });
    const what = "chain, EVM node, contracts, relayer: one process each";
    return { what, who: "devnet", ref: `chain ${value.chainId}`, value };
  });
  try {
    const stage: Stage = { seed, recorder, network, model, digits };
    const before = await readBalances(network);
    await register(stage);
    const artifactFile = model.file;
    const env = { LIE_SEED: String(seed) };
    await startRunner(network, {
      account: "liar",
      artifactFile,
      payee: 0,
      bondUaivm: LIAR_BOND_UAIVM,
      entry: LIAR,
      env,
    });
    await startRunner(network, { account: "watcher", artifactFile, payee: 2, watch: true });
    await modelActive(stage);
    const question = await ask(stage, first);
    await carried(stage, question);
    await options.onRunning?.(stage);
    const side = sideStory(stage, second, secret);
    // The main story may fail first; then its error is the one to report.
    side.catch(() => undefined);
    await answered(stage, question, "liar");
    await challenged(stage, question);
    const verdict = await judged(stage, question);
    const result = await truthFinal(stage, question);
    const stored = await delivered(stage, question);
    const { paid, privately } = await side;
    await plaintextNowhere(stage, secret);
    const answers = await compareAnswers(stage, {
      first,
      second,
      secret,
      stored,
      result,
      paid,
      privately,
      verdict,
    });
    const after = await readBalances(network);
    const balances = balanceRows(before, after);
    const report = {
      seed,
      modelId: model.idHex,
      accuracy,
      answers,
      steps: recorder.steps,
      balances,
      totalSeconds: recorder.elapsed(),
      machine: machineName(),
      commit: commitName(),
    };
    say(`\n${stepTable(report.steps)}\n\n${balanceTable(balances)}`);
    const burned = totalOf(before) - totalOf(after);
    if (burned !== verdict.burnedUaivm)
      throw new Error(`${burned} uaivm are gone, but ${verdict.burnedUaivm} were burned`);
    say(
      `\nall uaivm before ${grouped(totalOf(before))} = after ${grouped(totalOf(after))} + burned ${grouped(burned)}`,
    );
    return report;
  } finally {
    await network.stop();
  }
}

/** The honest runner comes only now, answers a paid question; the enclave answers a private one. */
async function sideStory(stage: Stage, second: Digit, secret: Digit) {
  await stage.recorder.step("honest", async () => {
    const service = await startRunner(stage.network, {
      account: "runner",
      artifactFile: stage.model.file,
      payee: 1,
    });
    const what = "an honest runner registers, after the first request was drawn";
    return { what, who: "runner", ref: String(service.ready.address), value: undefined };
  });
  const paidAnswer = paidQuery(stage, second);
  paidAnswer.catch(() => undefined);
  await enclaveOpens(stage);
  const privately = await privateQuery(stage, secret);
  return { paid: await paidAnswer, privately };
}

interface Answers {
  readonly first: Digit;
  readonly second: Digit;
  readonly secret: Digit;
  readonly stored: { readonly digit: number; readonly outputHash: string };
  readonly result: { readonly output: Uint8Array; readonly outputKeccak: Uint8Array };
  readonly paid: {
    readonly outputs: readonly { readonly data: ArrayLike<number> }[];
    readonly result: { readonly output: Uint8Array };
  };
  readonly privately: { readonly output: Uint8Array; readonly simulated: boolean };
  readonly verdict: Verdict;
}

/** The artifact's own answers, by the reference engine here, against what the chains hold; the float model's beside them. */
async function compareAnswers(stage: Stage, found: Answers): Promise<DemoReport["answers"]> {
  const own = await Promise.all(
    [found.first, found.second, found.secret].map((digit) => artifactOutput(stage.model, digit)),
  );
  const float = await floatAnswers([found.first, found.second, found.secret]);
  const recorded = [found.result.output, found.paid.result.output, found.privately.output];
  for (const [i, output] of own.entries()) {
    if (!equalBytes(output, recorded[i] ?? new Uint8Array()))
      throw new Error(`answer ${i + 1} is not the artifact's own`);
  }
  const digitOf = (output: Uint8Array | undefined): number => output?.[0] ?? -1;
  if (found.stored.digit !== digitOf(own[0]))
    throw new Error("the consumer holds another digit than the artifact gives");
  if (found.stored.outputHash !== `0x${bytesToHex(found.result.outputKeccak)}`)
    throw new Error("the consumer holds another output hash");
  const { verdict } = found;
  stage.recorder.say(
    `\nimage ${found.first.index} (a ${found.first.label}): EVM ${found.stored.digit}, artifact ${digitOf(own[0])}, float ${float[0]}; ` +
      `image ${found.second.index} (a ${found.second.label}): chain ${digitOf(recorded[1])}, artifact ${digitOf(own[1])}, float ${float[1]}; ` +
      `private: enclave ${digitOf(recorded[2])}, artifact ${digitOf(own[2])}, float ${float[2]} (simulated enclave)`,
  );
  return {
    image: found.first.index,
    label: found.first.label,
    evm: found.stored.digit,
    artifact: digitOf(own[0]),
    float: float[0] ?? -1,
    secondChain: digitOf(recorded[1]),
    secondArtifact: digitOf(own[1]),
    secondFloat: float[1] ?? -1,
    privateEnclave: digitOf(recorded[2]),
    privateArtifact: digitOf(own[2]),
    privateFloat: float[2] ?? -1,
    enclaveSimulated: found.privately.simulated,
    liedAboutOp: `${verdict.op} ${verdict.opName}`,
    liedAboutElement: verdict.element,
    matchMoves: verdict.moves,
  };
}

async function artifactOutput(model: DemoModel, digit: Digit): Promise<Uint8Array> {
  const inputs = encodeInputs(model.model.program, [{ floats: floatInput(digit.pixels) }]);
  return tensorsToBytes((await createReferenceEngine(model.model).run({ inputs })).outputs);
}

async function floatAnswers(digits: readonly Digit[]): Promise<number[]> {
  const session = await (await openOrtReference()).load(
    new Uint8Array(readFileSync(join(digitsFolder(), "digits.onnx"))),
  );
  const answers: number[] = [];
  for (const digit of digits) {
    const outputs = await session.run([
      { name: "image", dtype: "float32", shape: [1, 1, 8, 8], data: floatInput(digit.pixels) },
    ]);
    answers.push(Number(outputs.get("class")?.data[0]));
  }
  await session.close();
  return answers;
}

/** Three different images of the test split. */
function pickThree(seed: number, digits: readonly Digit[]): readonly [Digit, Digit, Digit] {
  const start = choose(seed, "first image", digits.length);
  const at = (step: number): Digit => digits[(start + step) % digits.length] ?? fail();
  const second = 1 + choose(seed, "second image", 200);
  return [at(0), at(second), at(second + 1 + choose(seed, "private image", 200))];
}

function fail(): never {
  throw new RangeError("the test split is empty");
}
