/**
 * An actor that lies: it runs a request honestly but for one element of one op's output, and computes onward from the
 * lie. Its trace commits to exactly that, so the game has one first difference to find. It keeps looking for an
 * element whose change reaches the output bytes, since a lie that changes no answer is none.
 */
import { buildTrace, createReferenceEngine, type RunResult, type Tensor } from "../../../aivm/index.ts";
import { bytesToHex, equalBytes, sha256, u32be } from "../../../common/index.ts";
import { type Execute, type Job, resultOf } from "../../../node-runner/core/execution.ts";

/** What was changed. */
export interface Lie {
  /** Index of the op whose output was changed. */
  readonly op: number;
  /** Row-major element of that output. */
  readonly element: number;
  readonly from: number;
  readonly to: number;
}

/** Which lie to tell; what is left out is chosen from the seed. */
export interface LiarOptions {
  readonly seed: number;
  readonly op?: number;
  readonly element?: number;
  readonly delta?: number;
  /** Told of each lie before its result is returned. */
  readonly onLie?: (lie: Lie, job: Job) => void;
}

/** Attempts before the liar gives up: with free choice the last op alone needs about one. */
const MAX_ATTEMPTS = 400;

/** An execution that answers every job with a lie. The same options and job give the same lie. */
export function createLiar(options: LiarOptions): Execute {
  return async (job) => {
    const honest = resultOf({ outputs: (await run(job)).outputs, trace: noTrace }).output;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const told = await tell(job, options, attempt);
      if (told === undefined) continue;
      const { lie, result } = told;
      if (equalBytes(resultOf({ outputs: result.outputs, trace: noTrace }).output, honest)) continue;
      options.onLie?.(lie, job);
      return { outputs: result.outputs, trace: async () => traceOf(job, result) };
    }
    throw new Error(`no lie of ${JSON.stringify(options)} reaches the output bytes`);
  };
}

function run(job: Job, afterOp?: (op: number, output: Tensor) => Tensor): Promise<RunResult> {
  const engine = createReferenceEngine(job.model, afterOp === undefined ? {} : { afterOp });
  return engine.run({ inputs: job.inputs, keepOps: true });
}

/** One attempt; undefined when the element can not be changed as asked (its clamp leaves no room). */
async function tell(
  job: Job,
  options: LiarOptions,
  attempt: number,
): Promise<{ readonly lie: Lie; readonly result: RunResult } | undefined> {
  const { ops } = job.model.program;
  const draw = drawer(options.seed, attempt, job);
  const op = options.op ?? draw(ops.length);
  let lie: Lie | undefined;
  const result = await run(job, (index, output) => {
    if (index !== op) return output;
    const element = options.element ?? draw(output.data.length);
    const { lo = 0, hi = 0 } = ops[op]?.output ?? {};
    const from = output.data[element] ?? 0;
    const to = Math.max(lo, Math.min(hi, from + (options.delta ?? drawDelta(draw))));
    if (to === from) return output;
    lie = { op, element, from, to };
    const data = output.data.slice();
    data[element] = to;
    return { ...output, data };
  });
  return lie === undefined ? undefined : { lie, result };
}

/** -40..40 without 0. */
function drawDelta(draw: (count: number) => number): number {
  const value = draw(80) - 40;
  return value >= 0 ? value + 1 : value;
}

/** Numbers below a count, from the seed, the attempt and the job's input. */
function drawer(seed: number, attempt: number, job: Job): (count: number) => number {
  const inputs = job.inputs.map((tensor) => Uint8Array.from(tensor.data, (value) => value & 0xff));
  let counter = 0;
  return (count) => {
    const hash = sha256(u32be(seed >>> 0), u32be(attempt), u32be(counter++), ...inputs);
    return Number(BigInt(`0x${bytesToHex(hash.subarray(0, 6))}`) % BigInt(count));
  };
}

function traceOf(job: Job, result: RunResult): ReturnType<typeof buildTrace> {
  const { model, inputs, seed, maxTokens } = job;
  return buildTrace({ program: model.program, inputs, opOutputs: result.ops ?? [], seed, maxTokens });
}

function noTrace(): never {
  throw new Error("this run keeps no trace");
}
