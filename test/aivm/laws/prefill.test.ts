/**
 * A causal decoder block over a cache of keys and values, one program for each place and length of a piece of the
 * prompt, all with the same constants and scales: however the prompt is cut, every token and the cache get the same bits.
 */
import { expect } from "chai";
import { createWasmEngine } from "../../../aivm/engine/wasm/wasmEngine.ts";
import {
  createReferenceEngine,
  type Engine,
  type LoadedModel,
  type OpDescriptor,
  opNamed,
  type Program,
  type Ref,
  type Tensor,
  type TensorType,
  tensorOf,
  tensorType,
} from "../../../aivm/index.ts";
import { freshKernels } from "../../../scripts/buildWasm.ts";
import { full, loaded, programOf } from "../support/models.ts";
import { createRandom, type Random, randomTensor } from "../support/random.ts";

/** Places in the cache, width of a token, heads. */
const PLACES = 12;
const WIDTH = 16;
const HEADS = 2;
const HEAD = WIDTH / HEADS;

const LAYERS = ["query", "key", "value", "out", "up", "down"] as const;

/** Weights and tables, the same in every program. */
function blockConstants(random: Random): Tensor[] {
  const vector = (dtype: "i32" | "i8", lo: number, hi: number): Tensor =>
    tensorOf(
      dtype,
      [WIDTH],
      Array.from({ length: WIDTH }, () => random.int(lo, hi)),
    );
  const table = (f: (x: number) => number): Tensor =>
    tensorOf(
      "i16",
      [65_536],
      Array.from({ length: 65_536 }, (_, i) => Math.round(f(i - 32_768))),
    );
  return [
    ...LAYERS.flatMap(() => [
      randomTensor(random, full("i8", WIDTH, WIDTH)),
      vector("i32", -99_999, 99_999),
      vector("i32", 2 ** 19, 2 ** 20),
      vector("i8", 28, 30),
    ]),
    table((x) => 32_767 * Math.exp(Math.min(0, x) / 2000)),
    table((x) => Math.max(x, x / 8)),
  ];
}

/** Tokens `first` to `first + count` of the prompt: x [count, WIDTH], keys and values [PLACES, WIDTH] before and after. */
function pieceProgram(constants: readonly Tensor[], first: number, count: number): LoadedModel {
  const ops: OpDescriptor[] = [];
  const all = [...constants];
  const types = constants.map(({ dtype, shape }) => full(dtype, ...shape));
  const put = (
    name: string,
    operands: readonly Ref[],
    output: TensorType,
    attrs: readonly number[] = [],
  ): Ref => {
    ops.push({ opcode: opNamed(name).opcode, operands, output, attrs });
    return { kind: "op", index: ops.length - 1 };
  };
  const constant = (tensor: Tensor, type: TensorType): Ref => {
    all.push(tensor);
    types.push(type);
    return { kind: "const", index: all.length - 1 };
  };
  const [x, pastKeys, pastValues] = [0, 1, 2].map((index): Ref => ({ kind: "input", index })) as [
    Ref,
    Ref,
    Ref,
  ];
  const dense = (name: (typeof LAYERS)[number], from: Ref): Ref => {
    const at = 4 * LAYERS.indexOf(name);
    const parameters = [0, 1, 2, 3].map((i): Ref => ({ kind: "const", index: at + i }));
    return put("linear", [from, ...parameters], full("i16", count, WIDTH), [0]);
  };
  const tables = [0, 1].map((i): Ref => ({ kind: "const", index: 4 * LAYERS.length + i }));
  const [exponential, activation] = tables as [Ref, Ref];
  const rows = (from: Ref, start: number, size: number): Ref[] =>
    size === 0 ? [] : [put("slice", [from], full("i16", size, WIDTH), [start, 0, 1, 1])];
  const written = (past: Ref, fresh: Ref): Ref =>
    put(
      "concat",
      [...rows(past, 0, first), fresh, ...rows(past, first + count, PLACES - first - count)],
      full("i16", PLACES, WIDTH),
      [0],
    );
  const byHead = (from: Ref, length: number, perm: readonly number[]): Ref => {
    const sizes = [length, HEADS, HEAD];
    const seen = put("reshape", [from], full("i16", ...sizes));
    return put("transpose", [seen], full("i16", ...perm.map((axis) => sizes[axis] ?? 1)), perm);
  };
  const keys = written(pastKeys, dense("key", x));
  const values = written(pastValues, dense("value", x));
  const attends = Array.from({ length: count * PLACES }, (_, i) =>
    i % PLACES <= first + Math.floor(i / PLACES) ? 1 : 0,
  );
  const seen = constant(tensorOf("i8", [count, PLACES], attends), full("i8", count, PLACES));
  const lowest = constant(tensorOf("i16", [], [-32_768]), full("i16"));
  const nothing = constant(tensorOf("i16", [], [0]), tensorType("i16", [], { lo: 0, hi: 0 }));
  const square = [HEADS, count, PLACES];
  const query = byHead(dense("query", x), count, [1, 0, 2]);
  const scores = put(
    "matmul",
    [query, byHead(keys, PLACES, [1, 0, 2])],
    full("i16", ...square),
    [0, 0, 1, 14, 0],
  );
  const visible = put("where", [seen, scores, lowest], full("i16", ...square));
  const largest = put("maxReduce", [visible], full("i16", HEADS, count, 1), [2]);
  const distance = put(
    "add",
    [visible, largest],
    tensorType("i16", square, { lo: -32_768, hi: 0 }),
    [1, -1, 0, 0, 0],
  );
  const raised = put("table", [distance, exponential], full("i16", ...square));
  // Whatever lies in the cache beyond a token counts for nothing, also where every score is the lowest.
  const parts = put("where", [seen, raised, nothing], full("i16", ...square));
  const total = put("sumReduce", [parts], full("i32", HEADS, count, 1), [2, 0, 1, 0, 0]);
  const mixed = put(
    "matmulDiv",
    [parts, byHead(values, PLACES, [1, 2, 0]), total],
    full("i16", HEADS, count, HEAD),
    [0, 0, 1, 0, 0],
  );
  const joined = put("transpose", [mixed], full("i16", count, HEADS, HEAD), [1, 0, 2]);
  const attended = dense("out", put("reshape", [joined], full("i16", count, WIDTH)));
  const y = put("add", [x, attended], full("i16", count, WIDTH), [1, 1, 0, 1, 0]);
  const up = put("table", [dense("up", y), activation], full("i16", count, WIDTH));
  const z = put("add", [y, dense("down", up)], full("i16", count, WIDTH), [1, 1, 0, 1, 0]);
  const cache = full("i16", PLACES, WIDTH);
  const program: Program = programOf({
    inputs: [full("i16", count, WIDTH), cache, cache],
    constants: types,
    ops,
    outputs: [z.index, keys.index, values.index],
  });
  return loaded(program, all);
}

interface Processed {
  readonly tokens: number[];
  readonly keys: Tensor;
  readonly values: Tensor;
}

describe("a prompt", () => {
  const random = createRandom(21);
  const constants = blockConstants(random);
  const prompt = randomTensor(random, full("i16", PLACES, WIDTH));
  // What lies in an unwritten cache must not matter.
  const caches = [
    tensorOf("i16", [PLACES, WIDTH], new Array<number>(PLACES * WIDTH).fill(0)),
    randomTensor(random, full("i16", PLACES, WIDTH)),
  ] as const;

  async function processed(
    cuts: readonly number[],
    empty: Tensor,
    engineOf: (first: number, count: number) => Promise<Engine>,
  ): Promise<Processed> {
    const tokens: number[] = [];
    let [keys, values] = [empty, empty];
    let first = 0;
    for (const count of cuts) {
      const part = prompt.data.slice(first * WIDTH, (first + count) * WIDTH);
      const engine = await engineOf(first, count);
      const { outputs } = await engine.run({ inputs: [tensorOf("i16", [count, WIDTH], part), keys, values] });
      const [z, nextKeys = keys, nextValues = values] = outputs;
      tokens.push(...(z?.data ?? []));
      [keys, values] = [nextKeys, nextValues];
      first += count;
    }
    return { tokens, keys, values };
  }

  const model = remembered(async (first, count) => pieceProgram(constants, first, count));
  const engines: Readonly<Record<string, (first: number, count: number) => Promise<Engine>>> = {
    reference: remembered(async (first, count) => createReferenceEngine(await model(first, count))),
    wasm: remembered(async (first, count) =>
      createWasmEngine({ model: await model(first, count), wasm: await freshKernels() }),
    ),
  };

  it("gives every token and the cache the same bits one by one, all at once and in any pieces, on every engine", async () => {
    const want = await processed([PLACES], caches[0], async (first, count) =>
      createReferenceEngine(await model(first, count)),
    );
    // It is a computation: the tokens differ from each other and from the prompt.
    expect(new Set(want.tokens).size).to.be.above(PLACES);
    const splits = [
      [PLACES],
      new Array<number>(PLACES).fill(1),
      [1, 11],
      [5, 4, 3],
      [2, 1, 6, 1, 2],
      randomCuts(random),
    ];
    for (const [name, engineOf] of Object.entries(engines)) {
      for (const cuts of splits) {
        for (const empty of caches) {
          expect(await processed(cuts, empty, engineOf), `${name}: ${cuts.join("+")}`).to.deep.equal(want);
        }
      }
    }
  });
});

/** Makes each piece's program and engine once. */
function remembered<T>(make: (first: number, count: number) => Promise<T>): typeof make {
  const made = new Map<string, Promise<T>>();
  return (first, count) => {
    const key = `${first} ${count}`;
    const found = made.get(key) ?? make(first, count);
    made.set(key, found);
    return found;
  };
}

function randomCuts(random: Random): number[] {
  const cuts: number[] = [];
  for (let left = PLACES; left > 0; left -= cuts.at(-1) ?? left) cuts.push(random.int(1, left));
  return cuts;
}
