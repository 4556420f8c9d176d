/** Fuzzing of artifacts: every mutated file is refused with a typed error, or is a sound model of its own. */
import { createWasmEngine } from "../../aivm/engine/wasm/wasmEngine.ts";
import {
  buildTrace,
  createReferenceEngine,
  decodeWitness,
  elementCount,
  encodeArtifact,
  encodeWitness,
  type LoadedModel,
  loadArtifact,
  nodeOf,
  OPS,
  registeredModel,
  type Tensor,
  verifyWitness,
  witnessBytesBound,
  witnessElement,
} from "../../aivm/index.ts";
import { bytesToHex, equalBytes, isAivmError, sha256 } from "../../common/index.ts";
import { modelAround } from "../aivm/support/models.ts";
import { randomNode } from "../aivm/support/nodes.ts";
import { createRandom, type Random, randomTensor } from "../aivm/support/random.ts";
import { MUTATIONS, type Seed, seedOf } from "./mutate.ts";

/** Models larger than this are accepted without a run. */
const LARGEST_RUN = { gas: 2n ** 17n, bytes: 2 ** 18 };

/** What a round of fuzzing saw. */
export interface FuzzReport {
  readonly cases: number;
  /** Refusals by code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Accepted files that an earlier case had made too. */
  readonly repeated: number;
  readonly accepted: number;
  /** Of the accepted: run on both engines, with a witness. */
  readonly run: number;
  /** Accepted by mutation. */
  readonly acceptedBy: Readonly<Record<string, number>>;
  readonly slowestLoadMs: number;
  /** What must not be: a sentence each. */
  readonly failures: readonly string[];
}

/** Sound artifacts: a few of every op. */
export function fuzzSeeds(perOp: number): Seed[] {
  return OPS.flatMap(({ name, opcode }) =>
    Array.from({ length: perOp }, (_, i) =>
      seedOf(modelAround(randomNode(name, createRandom(97 * i + opcode))).model),
    ),
  );
}

/** Mutates and judges `cases` files. `now` tells milliseconds, for the report alone. */
export async function fuzzArtifacts(options: {
  readonly seed: number;
  readonly cases: number;
  readonly seeds: readonly Seed[];
  readonly wasm: Uint8Array;
  readonly now: () => number;
  readonly onProgress?: (done: number) => void;
}): Promise<FuzzReport> {
  const random = createRandom(options.seed);
  const names = Object.keys(MUTATIONS);
  const known = new Map(
    options.seeds.map((seed) => [bytesToHex(seed.model.modelId), bytesToHex(sha256(seed.bytes))]),
  );
  const originals = new Set(known.values());
  const refused: Record<string, number> = {};
  const acceptedBy: Record<string, number> = {};
  const failures: string[] = [];
  const seen = { repeated: 0, accepted: 0, run: 0, slowestLoadMs: 0 };
  for (let i = 0; i < options.cases; i++) {
    // Half of the cases are well-formed programs that say something else: those get furthest.
    const name = random.int(0, 1) === 0 ? random.pick(["fields", "fields", "extremes"]) : random.pick(names);
    const file = mutated(name, { random, seeds: options.seeds, originals });
    const label = `case ${i} (${name}, seed ${options.seed})`;
    const before = options.now();
    const model = judged(file, { refused, failures, label });
    seen.slowestLoadMs = Math.max(seen.slowestLoadMs, options.now() - before);
    if (i % 1000 === 999) options.onProgress?.(i + 1);
    if (model === undefined) continue;
    const id = bytesToHex(model.modelId);
    const hash = bytesToHex(sha256(file));
    const other = known.get(id);
    known.set(id, hash);
    if (other === hash) {
      seen.repeated++;
      continue;
    }
    seen.accepted++;
    acceptedBy[name] = (acceptedBy[name] ?? 0) + 1;
    if (other !== undefined) failures.push(`${label}: two files of one model id`);
    failures.push(...oneMeaning(model, file).map((what) => `${label}: ${what}`));
    if (
      model.vmGas > LARGEST_RUN.gas ||
      model.facts.activationBytes + model.facts.inputBytes > LARGEST_RUN.bytes
    )
      continue;
    seen.run++;
    failures.push(
      ...(await sameEverywhere(model, { random, wasm: options.wasm })).map((what) => `${label}: ${what}`),
    );
  }
  return { cases: options.cases, refused, acceptedBy, failures, ...seen };
}

/** A file that is none of the seeds. A mutation may change nothing, or build what protobuf can not hold: then again. */
function mutated(
  name: string,
  from: { readonly random: Random; readonly seeds: readonly Seed[]; readonly originals: ReadonlySet<string> },
): Uint8Array {
  for (;;) {
    try {
      const file = MUTATIONS[name]?.(from.random, from.seeds) ?? new Uint8Array(0);
      if (!from.originals.has(bytesToHex(sha256(file)))) return file;
    } catch (error) {
      if (!isAivmError(error, "AIVM_ENCODE")) throw error;
    }
  }
}

function judged(
  file: Uint8Array,
  into: { readonly refused: Record<string, number>; readonly failures: string[]; readonly label: string },
): LoadedModel | undefined {
  try {
    return loadArtifact(file);
  } catch (error) {
    if (isAivmError(error)) into.refused[error.code] = (into.refused[error.code] ?? 0) + 1;
    else into.failures.push(`${into.label}: untyped ${String(error)}`);
    return undefined;
  }
}

/** One file, one program, one id. */
function oneMeaning(model: LoadedModel, file: Uint8Array): string[] {
  const wrong: string[] = [];
  if (!equalBytes(encodeArtifact(model.program, model.constants), file)) wrong.push("is not canonical");
  const { registration, modelId, vmGas } = model;
  const registered = registeredModel(registration);
  if (!equalBytes(registered.modelId, modelId) || registered.vmGas !== vmGas)
    wrong.push("registers as another model");
  return wrong;
}

/** Runs without an exception, to equal bits, at the predicted gas, with a witness that holds. */
async function sameEverywhere(
  model: LoadedModel,
  by: { readonly random: Random; readonly wasm: Uint8Array },
): Promise<string[]> {
  const { program } = model;
  const inputs = program.inputs.map((port) => randomTensor(by.random, port.type));
  try {
    const want = await createReferenceEngine(model).run({ inputs, keepOps: true });
    const got = await (await createWasmEngine({ model, wasm: by.wasm })).run({ inputs, keepOps: true });
    const opOutputs = want.ops ?? [];
    const differs = opOutputs.findIndex((tensor, op) => !sameData(tensor, got.ops?.[op]));
    const wrong: string[] = [];
    if (differs >= 0) wrong.push(`engines differ in op ${differs} of ${JSON.stringify(program)}`);
    if (want.gas !== model.vmGas || got.gas !== model.vmGas) wrong.push("gas is not as predicted");
    const outside = opOutputs.findIndex((tensor, op) => !insideRange(tensor, program.ops[op]?.output));
    if (outside >= 0) wrong.push(`op ${outside} leaves its range`);
    return [...wrong, ...witnessFaults(model, { inputs, opOutputs, random: by.random })];
  } catch (error) {
    return [`runs into ${String(error)} with ${JSON.stringify(program)}`];
  }
}

function sameData(a: Tensor, b: Tensor | undefined): boolean {
  return (
    b !== undefined && a.data.length === b.data.length && a.data.every((value, i) => value === b.data[i])
  );
}

function insideRange(
  tensor: Tensor,
  type: { readonly lo: number; readonly hi: number } | undefined,
): boolean {
  return type !== undefined && tensor.data.every((value) => value >= type.lo && value <= type.hi);
}

function witnessFaults(
  model: LoadedModel,
  run: { readonly inputs: readonly Tensor[]; readonly opOutputs: readonly Tensor[]; readonly random: Random },
): string[] {
  const { program, weightsRoot } = model;
  const { inputs, opOutputs, random } = run;
  const op = random.int(0, program.ops.length - 1);
  const descriptor = program.ops[op];
  if (descriptor === undefined) return ["has no op"];
  const at = { op, element: random.int(0, elementCount(descriptor.output.shape) - 1) };
  const trace = buildTrace({ program, inputs, opOutputs, seed: new Uint8Array(32), maxTokens: 0 });
  const { witness } = witnessElement({ trace, model, at });
  const bytes = encodeWitness(witness);
  const decoded = decodeWitness(bytes);
  if (!decoded.ok) return [`has a witness that is refused: ${decoded.code}`];
  const roots = { traceRoot: trace.root, inputRoot: trace.slotRoots[0] ?? trace.root, weightsRoot };
  const verdict = verifyWitness({ program, roots, at, witness: decoded.witness });
  const wrong: string[] = [];
  if (!verdict.ok || verdict.value !== opOutputs[op]?.data[at.element])
    wrong.push(`has a witness that fails at op ${op}`);
  if (bytes.length > witnessBytesBound(program, nodeOf(program, descriptor)))
    wrong.push("has a witness beyond its bound");
  return wrong;
}
