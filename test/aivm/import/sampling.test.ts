/** Sampling in integers: the frequencies of the softmax, the sets of top-k and top-p, and one element before the referee. */
import { expect } from "chai";
import { createWasmEngine } from "../../../aivm/engine/wasm/wasmEngine.ts";
import { createEmitter, type Emitter, typeOf, type Value } from "../../../aivm/import/onnx/emit/emit.ts";
import { emitGreedy, emitSample, type SamplingRule } from "../../../aivm/import/sampling.ts";
import { splitForWitness } from "../../../aivm/import/split/splitForWitness.ts";
import {
  buildTrace,
  decodeWitness,
  type Engine,
  encodeWitness,
  type LoadedModel,
  opNamed,
  SPEC_VERSION,
  type Tensor,
  tensorOf,
  verifyWitness,
  witnessElement,
} from "../../../aivm/index.ts";
import { freshKernels } from "../../../scripts/buildWasm.ts";
import { throwsCode } from "../support/errors.ts";
import { loaded } from "../support/models.ts";
import { createRandom } from "../support/random.ts";

const SCALE = 2 ** -12;
/** Real logits of eight tokens; two of them equal, two hopeless. */
const LOGITS = [1.5, 0.25, 2, -1, 1.5, 0, -7.5, -6];
const ROWS = 2_500;
const DRAWS = 20_000;

function inputs(e: Emitter, shape: readonly number[]): { readonly logits: Value; readonly seed: Value } {
  expect(e.ops).to.deep.equal([]);
  return {
    logits: {
      ref: { kind: "input", index: 0 },
      shape,
      q: { dtype: "i16", scale: SCALE, zero: 0, lo: -32_767, hi: 32_767 },
    },
    seed: {
      ref: { kind: "input", index: 1 },
      shape: [4],
      q: { dtype: "i32", scale: 1, zero: 0, lo: -(2 ** 31), hi: 2 ** 31 - 1 },
    },
  };
}

/** A program that draws one token for each row of its logits. */
function sampler(shape: readonly number[], rule: SamplingRule): LoadedModel {
  const e = createEmitter();
  const { logits, seed } = inputs(e, shape);
  const token = emitSample(e, { logits, seed, stream: 5 }, rule);
  const port = (name: string, value: Value) =>
    ({ name, type: typeOf(value), scale: value.q.scale, zero: 0, ingest: "tensor" }) as const;
  const program = {
    specVersion: SPEC_VERSION,
    name: "sampler",
    inputs: [port("logits", logits), port("seed", seed)],
    constants: e.constantTypes,
    ops: e.ops,
    outputs: [{ name: "token", source: token.ref, scale: 1, zero: 0 }],
    precision: "a16",
    card: "",
  };
  const parts = splitForWitness({ program, constants: e.constants });
  return loaded(parts.program, parts.constants);
}

async function engineOf(model: LoadedModel): Promise<Engine> {
  return createWasmEngine({ model, wasm: await freshKernels() });
}

function seedTensor(...words: readonly number[]): Tensor {
  return tensorOf("i32", [4], [...words, 0, 0, 0, 0].slice(0, 4));
}

function logitsTensor(rows: number, reals: readonly number[]): Tensor {
  const row = reals.map((real) => Math.round(real / SCALE));
  return tensorOf("i16", [rows, reals.length], Array.from({ length: rows }, () => row).flat());
}

/** How often each token was drawn, over `DRAWS` draws with several seeds. */
async function frequencies(rule: SamplingRule): Promise<number[]> {
  const engine = await engineOf(sampler([ROWS, LOGITS.length], rule));
  const counts = LOGITS.map(() => 0);
  for (let seed = 0; seed * ROWS < DRAWS; seed++) {
    const { outputs } = await engine.run({ inputs: [logitsTensor(ROWS, LOGITS), seedTensor(seed, 77)] });
    for (const token of outputs[0]?.data ?? []) counts[token] = (counts[token] ?? 0) + 1;
  }
  return counts;
}

/** Probabilities of the softmax at a temperature, over the tokens of a set. */
function softmax(temperature: number, set: readonly number[] = LOGITS.map((_, i) => i)): number[] {
  const weights = LOGITS.map((logit, i) => (set.includes(i) ? Math.exp(logit / temperature) : 0));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
}

/** Chi-square of counts against probabilities; tokens that are expected less than five times are one class. */
function chiSquare(counts: readonly number[], probabilities: readonly number[]): number {
  const classes = new Map<number, { count: number; expected: number }>();
  for (const [i, p] of probabilities.entries()) {
    const key = p * DRAWS < 5 ? -1 : i;
    const { count, expected } = classes.get(key) ?? { count: 0, expected: 0 };
    classes.set(key, { count: count + (counts[i] ?? 0), expected: expected + p * DRAWS });
  }
  return [...classes.values()].reduce((sum, { count, expected }) => {
    return expected === 0 ? sum + count * DRAWS : sum + (count - expected) ** 2 / expected;
  }, 0);
}

/** Chi-square that 7 or fewer degrees of freedom exceed once in a thousand. */
const ONE_IN_A_THOUSAND = 24.3;

describe("sampling in integers", () => {
  for (const temperature of [0.7, 1, 2.5]) {
    it(`draws with the frequencies of the softmax at temperature ${temperature}`, async () => {
      const counts = await frequencies({ temperature });
      expect(chiSquare(counts, softmax(temperature))).to.be.lessThan(ONE_IN_A_THOUSAND);
      // The test can tell: another temperature's softmax is far off.
      expect(chiSquare(counts, softmax(temperature * 1.2))).to.be.greaterThan(60);
    });
  }

  it("never draws outside the k likeliest tokens, of equal ones the first, and keeps their proportions", async () => {
    const counts = await frequencies({ temperature: 1, topK: 2 });
    expect(chiSquare(counts, softmax(1, [2, 0]))).to.be.lessThan(ONE_IN_A_THOUSAND);
    expect(counts.filter((count) => count > 0)).to.have.length(2);
  });

  it("never draws outside the fewest tokens that reach p, and keeps their proportions", async () => {
    // Cumulative: 0.39, 0.62, 0.86, ...: 0.7 needs three tokens, the third of which crosses it.
    const counts = await frequencies({ temperature: 1, topP: 0.7 });
    expect(chiSquare(counts, softmax(1, [2, 0, 4]))).to.be.lessThan(ONE_IN_A_THOUSAND);
    expect(counts.filter((count) => count > 0)).to.have.length(3);
  });

  it("is greedy with one token left, by k or by p", async () => {
    for (const rule of [{ topK: 1 }, { topP: 0.001 }]) {
      const engine = await engineOf(sampler([ROWS, LOGITS.length], { temperature: 1, ...rule }));
      const { outputs } = await engine.run({ inputs: [logitsTensor(ROWS, LOGITS), seedTensor(1)] });
      expect(new Set(outputs[0]?.data)).to.deep.equal(new Set([2]));
    }
  });

  it("gives the same tokens for the same seed and others for another", async () => {
    const engine = await engineOf(sampler([200, LOGITS.length], { temperature: 1, topK: 6, topP: 0.95 }));
    const draw = async (...seed: readonly number[]) => {
      const { outputs } = await engine.run({ inputs: [logitsTensor(200, LOGITS), seedTensor(...seed)] });
      return Array.from(outputs[0]?.data ?? []);
    };
    expect(await draw(1, 2, 3, 4)).to.deep.equal(await draw(1, 2, 3, 4));
    for (const seed of [
      [9, 2, 3, 4],
      [1, 9, 3, 4],
      [1, 2, 9, 4],
      [1, 2, 3, 9],
    ]) {
      expect(await draw(...seed)).to.not.deep.equal(await draw(1, 2, 3, 4));
    }
  });

  it("draws from vocabularies longer than one witness, where equal tokens are equally likely", async () => {
    const vocabulary = 17_000;
    const row = Array.from({ length: vocabulary }, (_, i) => (i % 2 === 0 ? 0 : -1));
    const draw = async (rule: SamplingRule): Promise<number[]> => {
      const engine = await engineOf(sampler([1, vocabulary], rule));
      const tokens: number[] = [];
      for (let seed = 0; seed < 60; seed++) {
        const { outputs } = await engine.run({ inputs: [logitsTensor(1, row), seedTensor(seed)] });
        tokens.push(outputs[0]?.data[0] ?? -1);
      }
      return tokens;
    };
    const share = (tokens: readonly number[], holds: (token: number) => boolean): number =>
      tokens.filter(holds).length;
    // 60 draws with probability 0.5 or 0.73: outside of these bounds less than once in 10,000.
    const free = await draw({ temperature: 1 });
    expect(share(free, (token) => token % 2 === 0)).to.be.within(30, 57);
    expect(share(free, (token) => token < vocabulary / 2)).to.be.within(15, 45);
    const few = await draw({ temperature: 1, topK: 50 });
    expect(share(few, (token) => token % 2 === 0 && token < 100)).to.equal(60);
    expect(share(few, (token) => token < 50)).to.be.within(15, 45);
  });

  it("greedy takes the largest logit, the lowest token of several", () => {
    const e = createEmitter();
    const { logits } = inputs(e, [1, 4]);
    const token = emitGreedy(e, logits);
    expect(token.shape).to.deep.equal([1, 1]);
    expect(e.ops.map((op) => op.opcode)).to.include(opNamed("rank").opcode);
  });

  it("refuses rules that mean nothing", () => {
    const wrong: readonly SamplingRule[] = [
      { temperature: 0 },
      { temperature: 1, topP: 0 },
      { temperature: 1, topK: 0 },
      { temperature: 1, topK: 9 },
    ];
    for (const rule of wrong) throwsCode("AIVM_SAMPLING", () => sampler([1, 8], rule));
  });

  it("lets the referee recompute any element of a step from its witness", async () => {
    const model = sampler([3, LOGITS.length], { temperature: 0.8, topK: 5, topP: 0.9 });
    const given = [logitsTensor(3, LOGITS), seedTensor(1, 2, 3, 4)];
    const { ops = [] } = await (await engineOf(model)).run({ inputs: given, keepOps: true });
    const { program, weightsRoot } = model;
    const trace = buildTrace({
      program,
      inputs: given,
      seed: new Uint8Array(32),
      maxTokens: 0,
      opOutputs: ops,
    });
    const roots = { traceRoot: trace.root, inputRoot: trace.slotRoots[0] ?? trace.root, weightsRoot };
    const random = createRandom(4);
    const seen = new Set<number>();
    for (const [op, tensor] of ops.entries()) {
      const at = { op, element: random.int(0, tensor.data.length - 1) };
      const { witness } = witnessElement({ trace, model, at });
      const decoded = decodeWitness(encodeWitness(witness));
      if (!decoded.ok) throw new Error(decoded.code);
      const verdict = verifyWitness({ program, roots, at, witness: decoded.witness });
      expect(verdict).to.deep.equal({ ok: true, value: tensor.data[at.element] });
      seen.add(program.ops[op]?.opcode ?? 0);
    }
    for (const name of ["random", "rank", "table", "shift"]) expect(seen).to.include(opNamed(name).opcode);
  });
});
