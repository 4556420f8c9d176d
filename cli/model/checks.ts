/** What `aivm model verify` checks of an artifact. A check gives rows, whether it holds or not; none stops the others. */
import {
  buildTrace,
  createReferenceEngine,
  type Engine,
  elementCount,
  encodeArtifact,
  encodeWitness,
  type LoadedModel,
  loadArtifact,
  MAX_WITNESS_BYTES,
  modelIdOf,
  opOf,
  outputRoot,
  programGas,
  registeredModel,
  type Tensor,
  type Trace,
  witnessElement,
} from "../../aivm/index.ts";
import { loadNativeEngine } from "../../aivm/io/native.ts";
import { loadWasmEngine } from "../../aivm/io/wasm.ts";
import { bytesToHex, equalBytes, isAivmError } from "../../common/index.ts";
import { createReferee } from "../../opml-dispute/index.ts";
import type { Progress } from "../progress.ts";

/** One thing that was checked; a skipped one says why in `found`. */
export interface Check {
  readonly what: string;
  readonly state: "ok" | "failed" | "skipped";
  readonly found: string;
}

/** Runs a check: its text when it holds; what it throws as a failure. */
export async function checked(what: string, check: () => Promise<string> | string): Promise<Check> {
  try {
    return { what, state: "ok", found: await check() };
  } catch (error) {
    if (!isAivmError(error) && !(error instanceof RangeError)) throw error;
    return { what, state: "failed", found: error.message };
  }
}

/** The file itself: one encoding, every hash, every bound. `bytes` is the file that `model` was loaded from. */
export async function checkArtifact(model: LoadedModel, bytes: Uint8Array): Promise<Check[]> {
  const { program, constants, facts } = model;
  return [
    await checked("encoding", () => {
      const again = encodeArtifact(program, constants);
      return expectSame(again, bytes, `${bytes.length} bytes, the only ones of this model`);
    }),
    await checked("roots", () => {
      const id = modelIdOf(program, constants);
      return expectSame(id, model.modelId, `program, ${constants.length} constants and metadata give the id`);
    }),
    await checked("registration", () => {
      const registered = registeredModel(model.registration);
      return expectSame(
        registered.modelId,
        model.modelId,
        "a chain computes the same id without the weights",
      );
    }),
    await checked("bounds", () => {
      loadArtifact(bytes);
      const most = `${facts.operands} operands and ${facts.witnessBytes} witness bytes (of ${MAX_WITNESS_BYTES}) an element`;
      return `every accumulator of ${program.ops.length} ops proven inside its width; at most ${most}`;
    }),
    await checked("gas", () => `${expectEqual(programGas(program), model.vmGas)} vmGas`),
  ];
}

/** The engines of a replay: the reference, and the fast ones that start here. */
export interface Engines {
  readonly reference: Engine;
  readonly others: readonly Engine[];
}

/** Starts the engines. The wasm engine must start; the native one where it was built. Each tests itself then. */
export async function startEngines(
  model: LoadedModel,
): Promise<{ readonly engines: Engines; readonly check: Check }> {
  const others: Engine[] = [];
  const check = await checked("self-test", async () => {
    others.push(await loadWasmEngine(model));
    try {
      others.push(await loadNativeEngine(model));
    } catch (error) {
      // Not built: nothing is wrong with the model, nor with the machine.
      if (!isAivmError(error, "AIVM_NATIVE")) throw error;
    }
    const names = others.map(({ name }) => name).join(" and ");
    return `${names}: the reference's bits on extreme operands`;
  });
  return { engines: { reference: createReferenceEngine(model), others }, check };
}

/** A run that all engines agree on. */
export interface Replay {
  readonly check: Check;
  readonly traces: readonly Trace[];
}

/** Runs the samples on all engines and compares the root of every slot, and the output of a run without a trace. */
export async function replaySamples(options: {
  readonly model: LoadedModel;
  readonly engines: Engines;
  readonly samples: readonly (readonly Tensor[])[];
  readonly onProgress: Progress;
}): Promise<Replay> {
  const { model, engines, samples, onProgress } = options;
  const traces: Trace[] = [];
  const check = await checked("replay", async () => {
    let roots = 0;
    for (const [i, inputs] of samples.entries()) {
      const trace = await traceOn(model, { engine: engines.reference, inputs });
      traces.push(trace);
      for (const engine of engines.others) await expectAgreement(model, { engine, inputs, trace, sample: i });
      roots += trace.slotRoots.length;
      onProgress(i + 1, samples.length);
    }
    const names = [engines.reference, ...engines.others].map(({ name }) => name).join(", ");
    return `${samples.length} inputs, ${roots} slot roots, on ${names}`;
  });
  return { check, traces };
}

/** @throws RangeError naming the first slot that differs, or the outputs of a run that keeps nothing. */
async function expectAgreement(
  model: LoadedModel,
  of: {
    readonly engine: Engine;
    readonly inputs: readonly Tensor[];
    readonly trace: Trace;
    readonly sample: number;
  },
): Promise<void> {
  const { engine, inputs, trace, sample } = of;
  const other = await traceOn(model, { engine, inputs });
  const at = trace.slotRoots.findIndex((root, slot) => !equalBytes(root, other.slotRoots[slot] ?? root));
  if (at >= 0) {
    throw new RangeError(`sample ${sample}: ${engine.name} differs at slot ${at}, ${slotName(model, at)}`);
  }
  const { outputs } = await engine.run({ inputs });
  if (!equalBytes(outputRoot(outputs), trace.slotRoots.at(-1) ?? new Uint8Array())) {
    throw new RangeError(`sample ${sample}: ${engine.name} has other outputs when it keeps nothing else`);
  }
}

/** Trace of one run on one engine, with a seed of zeros. */
export async function traceOn(
  model: LoadedModel,
  run: { readonly engine: Engine; readonly inputs: readonly Tensor[] },
): Promise<Trace> {
  const { ops, gas } = await run.engine.run({ inputs: run.inputs, keepOps: true });
  expectEqual(gas, model.vmGas);
  const request = { seed: new Uint8Array(32), maxTokens: 0 };
  return buildTrace({ program: model.program, inputs: run.inputs, opOutputs: ops ?? [], ...request });
}

/** The referee's verdict on one element of every op (of `most` of them, evenly), from a witness alone. */
export async function checkWitnesses(
  model: LoadedModel,
  options: { readonly trace: Trace; readonly most: number; readonly onProgress: Progress },
): Promise<Check> {
  const { program } = model;
  const { trace, most, onProgress } = options;
  const count = Math.min(most, program.ops.length);
  return checked("disputes", () => {
    const referee = createReferee({
      program,
      weightsRoot: model.weightsRoot,
      inputRoot: trace.slotRoots[0] ?? new Uint8Array(32),
    });
    let largest = 0;
    for (let k = 0; k < count; k++) {
      const op = Math.floor((k * program.ops.length) / count);
      const element = middleElement(program.ops[op]?.output.shape ?? []);
      const { witness } = witnessElement({ trace, model, at: { op, element } });
      const bytes = encodeWitness(witness);
      largest = Math.max(largest, bytes.length);
      const verdict = referee.judge({ slot: op + 1, element, traceRoot: trace.root, witness: bytes });
      const computed = trace.execution.opOutputs[op]?.data[element];
      if (!verdict.ok) throw new RangeError(`op ${op}, element ${element}: ${verdict.code} at ${verdict.at}`);
      if (verdict.value !== computed)
        throw new RangeError(
          `op ${op}, element ${element}: the referee has ${verdict.value}, the run ${computed}`,
        );
      onProgress(k + 1, count);
    }
    const kinds = new Set(program.ops.map(({ opcode }) => opOf(opcode).name)).size;
    return `one element of ${count} of ${program.ops.length} ops (${kinds} kinds) recomputed by the referee; largest witness ${largest} bytes`;
  });
}

/** Inputs for a model that comes without samples: both ends of every input's range, and a fixed scatter between. */
export function syntheticInputs(model: LoadedModel, count: number): readonly (readonly Tensor[])[] {
  return Array.from({ length: count }, (_, run) =>
    model.program.inputs.map(({ type }) => {
      const { dtype, shape, lo, hi } = type;
      const size = elementCount(shape);
      const data =
        dtype === "i8" ? new Int8Array(size) : dtype === "i16" ? new Int16Array(size) : new Int32Array(size);
      let state = run + 1;
      for (let i = 0; i < size; i++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        const scattered = lo + Math.floor((state / 2 ** 32) * (hi - lo + 1));
        data[i] = run === 0 ? lo : run === 1 ? hi : scattered;
      }
      return { dtype, shape, data };
    }),
  );
}

function middleElement(shape: readonly number[]): number {
  return Math.floor(elementCount(shape) / 2);
}

function slotName(model: LoadedModel, slot: number): string {
  const descriptor = model.program.ops[slot - 1];
  if (descriptor !== undefined) return `op ${slot - 1} (${opOf(descriptor.opcode).name})`;
  return slot === 0 ? "the input root" : "the output root";
}

function expectSame(got: Uint8Array, want: Uint8Array, text: string): string {
  if (equalBytes(got, want)) return text;
  const short = (bytes: Uint8Array): string => bytesToHex(bytes.subarray(0, 32));
  throw new RangeError(`expected ${short(want)}, computed ${short(got)}`);
}

function expectEqual(got: bigint, want: bigint): bigint {
  if (got === want) return got;
  throw new RangeError(`expected ${want}, computed ${got}`);
}
