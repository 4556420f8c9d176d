/** What a trace costs: the ability to make one later, and roots of all ops during the run. */
import type { Engine } from "../../../aivm/engine/engine.ts";
import type { LoadedModel } from "../../../aivm/program/artifact.ts";
import { createTensor, type Tensor } from "../../../aivm/tensor/tensor.ts";
import type { Figure } from "../rows.ts";
import type { EngineAdapter } from "./adapters.ts";
import { figure, type ModelContext } from "./context.ts";
import { copyModel } from "./copyModel.ts";
import { bytesHashed, eagerBound } from "./hashing.ts";
import { measurePairs, type PairPlan, type PairResult, type Subject } from "./pairs.ts";

/** Elements of the tensor whose hashing shows the rate: many more bytes than caches hold, hardly any arithmetic. */
const PROBE_ELEMENTS = 2 ** 22;

/** Hashing of an engine, bytes per ms, by engine and threads: measured once, a property of the engine alone. */
export type HashRates = Map<string, number>;

/** Rows of lazy and eager tracing, for every engine that hashes; others are named in a line. */
export async function traceFigures(
  context: ModelContext,
  adapters: readonly EngineAdapter[],
  rates: HashRates,
): Promise<Figure[]> {
  const rows: Figure[] = [];
  for (const adapter of adapters) {
    for (const threads of adapter.threads) {
      rows.push(await lazyRow(context, adapter, threads));
      if (!(await hashes(adapter, threads))) {
        context.say(`${context.label}: ${adapter.name} gives no roots during a run: no eager rows`);
        continue;
      }
      const key = `${adapter.name} ${threads}`;
      const rate = rates.get(key) ?? (await hashRate(adapter, threads, context.plan));
      rates.set(key, rate);
      rows.push(...(await eagerRows(context, { adapter, threads, rate })));
    }
  }
  return rows;
}

/** An engine that has already made traces, not asked for one now, beside one that never did. */
async function lazyRow(context: ModelContext, adapter: EngineAdapter, threads: number): Promise<Figure> {
  const { model, inputs } = context;
  const able = await adapter.create(model, { threads });
  await able.run({ inputs, keepOps: true });
  await able.run({ inputs, hashOps: true });
  const plain = await adapter.create(model, { threads });
  const pair = await measurePairs(
    subject(able, { name: adapter.name, threads, inputs }),
    subject(plain, { name: "never traced", threads, inputs }),
    context.plan,
  );
  context.say(
    `${context.label}: ${adapter.name} able to trace, ratio ${pair.ratio.toFixed(2)} (${threads} threads)`,
  );
  await able.close();
  await plain.close();
  return row(context, { adapter, threads, metric: "traceLazy", pair, peer: "never traced" });
}

async function eagerRows(
  context: ModelContext,
  of: { readonly adapter: EngineAdapter; readonly threads: number; readonly rate: number },
): Promise<Figure[]> {
  const { adapter, threads, rate } = of;
  const pair = await eagerPair(context, { adapter, threads, plan: context.plan });
  const bytes = bytesHashed(context.model.program);
  const bound = eagerBound({ bytes, bytesPerMs: rate, runMs: pair.peerMs });
  const which = { case: context.label, engine: adapter.name, threads, peer: null, ratio: null };
  context.say(
    `${context.label}: ${adapter.name} with roots ${(1 / pair.ratio).toFixed(2)}x, bound ${bound.toFixed(2)}x (${threads} threads)`,
  );
  return [
    row(context, { adapter, threads, metric: "traceEager", pair, peer: "no trace" }),
    figure({ ...which, metric: "bytesHashed", value: bytes, unit: "B" }),
    figure({ ...which, metric: "shaMBps", value: rate / 1000, unit: "MB/s" }),
    figure({
      ...which,
      metric: "traceEagerBound",
      value: bound,
      unit: "x",
      peer: "slowdown",
      ratio: bound * pair.ratio,
    }),
  ];
}

/** Runs with roots beside runs without, on one engine. */
async function eagerPair(
  on: { readonly model: LoadedModel; readonly inputs: readonly Tensor[] },
  of: { readonly adapter: EngineAdapter; readonly threads: number; readonly plan: PairPlan },
): Promise<PairResult> {
  const { adapter, threads, plan } = of;
  const engine = await adapter.create(on.model, { threads });
  const { inputs } = on;
  const hashing = { name: adapter.name, threads, run: () => engine.run({ inputs, hashOps: true }) };
  const pair = await measurePairs(hashing, subject(engine, { name: "no trace", threads, inputs }), plan);
  await engine.close();
  return pair;
}

/** Bytes that an engine hashes per ms, from what roots add to the run of one op that hardly computes. */
async function hashRate(adapter: EngineAdapter, threads: number, plan: PairPlan): Promise<number> {
  const { model, inputs } = probe(PROBE_ELEMENTS);
  const { oursMs, peerMs } = await eagerPair({ model, inputs }, { adapter, threads, plan });
  return bytesHashed(model.program) / Math.max(oursMs - peerMs, 1e-3);
}

async function hashes(adapter: EngineAdapter, threads: number): Promise<boolean> {
  const { model, inputs } = probe(1);
  const engine = await adapter.create(model, { threads });
  const { opRoots } = await engine.run({ inputs, hashOps: true });
  await engine.close();
  return opRoots !== undefined;
}

function probe(elements: number): { readonly model: LoadedModel; readonly inputs: readonly Tensor[] } {
  return { model: copyModel(elements), inputs: [createTensor("i8", [1, elements])] };
}

function subject(
  engine: Engine,
  of: { readonly name: string; readonly threads: number; readonly inputs: readonly Tensor[] },
): Subject {
  return { name: of.name, threads: of.threads, run: () => engine.run({ inputs: of.inputs }) };
}

function row(
  { label }: ModelContext,
  of: {
    readonly adapter: EngineAdapter;
    readonly threads: number;
    readonly metric: string;
    readonly pair: PairResult;
    readonly peer: string;
  },
): Figure {
  const { adapter, threads, metric, pair, peer } = of;
  return figure({
    case: label,
    engine: adapter.name,
    threads,
    metric,
    value: pair.oursMs,
    unit: "ms",
    peer,
    ratio: pair.ratio,
  });
}
