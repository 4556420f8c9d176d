/**
 * Differential fuzz of single ops with extreme values, many of them in one program so that it is fast: three large
 * inputs are cut into the operands (some come as constants), every op's output is flattened, and outputs of one dtype
 * are joined into one tensor, so that a run that keeps nothing shows them all too.
 */
import {
  createTensor,
  type DType,
  elementCount,
  OPS,
  type Tensor,
  type TensorType,
  tensorType,
} from "../../../../aivm/index.ts";
import { type NodeCase, randomNode } from "../../support/nodes.ts";
import { createRandom, type Random } from "../../support/random.ts";
import { type ProgramBuilder, programBuilder, type Value } from "./builder.ts";
import type { SuiteCase } from "./suite.ts";

const DTYPES: readonly DType[] = ["i8", "i16", "i32"];

/** Ops under test in one program: a concat takes at most 256 operands. */
const PER_PROGRAM = 200;

/** Which cases. */
export interface FuzzSpec {
  readonly seed: number;
  readonly cases: number;
}

/** Cases of kind "fuzz": each a program of up to 200 random ops, in turn through all op names. */
export function* fuzzCases({ seed, cases }: FuzzSpec): Generator<SuiteCase> {
  for (let first = 0; first < cases; first += PER_PROGRAM) {
    const count = Math.min(PER_PROGRAM, cases - first);
    const names = Array.from({ length: count }, (_, i) => OPS[(first + i) % OPS.length]?.name ?? "");
    const random = createRandom(seed * 1_000_003 + first);
    yield {
      ...fuzzProgram(random, names),
      name: `ops ${first} to ${first + count - 1} of seed ${seed}`,
      count,
    };
  }
}

/** One program around a random node of each op named, and its inputs. */
export function fuzzProgram(random: Random, names: readonly string[]): Omit<SuiteCase, "name" | "count"> {
  const sources = new Map(DTYPES.map((dtype): [DType, Source] => [dtype, { parts: [], length: 0 }]));
  const nodes = names.map((name) => randomNode(name, random));
  const plans = nodes.map((item) =>
    item.operands.map((tensor, i) => placeOf(random, item, i, tensor, sources)),
  );
  const builder = programBuilder();
  const inputs = new Map<DType, Value>();
  for (const [dtype, source] of sources) {
    if (source.length > 0) inputs.set(dtype, builder.input(tensorType(dtype, [source.length])));
  }
  const outputs = new Map<DType, Value[]>(DTYPES.map((dtype) => [dtype, []]));
  for (const [n, item] of nodes.entries()) {
    const output = builder.attempt(() => nodeIn(builder, item, plans[n] ?? [], inputs));
    const made =
      output ??
      nodeIn(
        builder,
        item,
        item.operands.map((tensor) => ({ tensor, constant: true })),
        inputs,
      );
    outputs.get(made.type.dtype)?.push(flat(builder, made));
  }
  const joined = [...outputs.values()].filter((list) => list.length > 0).map((list) => join(builder, list));
  const tensors = [...inputs.keys()].map((dtype) =>
    wholeOf(dtype, sources.get(dtype) ?? { parts: [], length: 0 }),
  );
  return { kind: "fuzz", model: builder.finish(joined), inputs: [tensors] };
}

/** Where an operand's values are: in a constant of the model, or in an input from `start` on. */
interface Place {
  readonly tensor: Tensor;
  readonly constant: boolean;
  readonly start?: number;
}

/** Elements of one dtype that are inputs, part by part. */
interface Source {
  readonly parts: Tensor[];
  length: number;
}

/** Takes a tensor's elements in; returns where they start. */
function take(source: Source, tensor: Tensor): number {
  source.parts.push(tensor);
  source.length += tensor.data.length;
  return source.length - tensor.data.length;
}

/** All elements, [length]. */
function wholeOf(dtype: DType, { parts, length }: Source): Tensor {
  const all = createTensor(dtype, [length]);
  let at = 0;
  for (const { data } of parts) {
    all.data.set(data, at);
    at += data.length;
  }
  return all;
}

/** Constants mostly stay constants and other operands mostly do not become one. */
function placeOf(
  random: Random,
  item: NodeCase,
  index: number,
  tensor: Tensor,
  sources: ReadonlyMap<DType, Source>,
): Place {
  const constant = item.constant[index] === true ? random.int(0, 5) > 0 : random.int(0, 4) === 0;
  const source = sources.get(tensor.dtype);
  if (constant || source === undefined || tensor.data.length > 4096) return { tensor, constant: true };
  return { tensor, constant: false, start: take(source, tensor) };
}

function nodeIn(
  builder: ProgramBuilder,
  item: NodeCase,
  places: readonly Place[],
  inputs: ReadonlyMap<DType, Value>,
): Value {
  const { output, opcode, attrs } = item.node.descriptor;
  const operands = places.map((place, i) => {
    const type = item.node.operands[i] ?? tensorType(place.tensor.dtype, place.tensor.shape);
    const source = inputs.get(place.tensor.dtype);
    if (place.constant || source === undefined) return builder.constant(place.tensor, type);
    return cut(builder, source, place.start ?? 0, type);
  });
  const name = OPS.find((op) => op.opcode === opcode)?.name ?? "";
  return builder.op({ name, operands, attrs, dtype: output.dtype, range: output, shape: output.shape });
}

/** The operand of a type that starts at an element of an input: a slice, narrowed where its range is, in its shape. */
function cut(builder: ProgramBuilder, source: Value, start: number, type: TensorType): Value {
  const { dtype, shape, lo, hi } = type;
  const length = elementCount(shape);
  const piece = builder.op({ name: "slice", operands: [source], attrs: [start, 1], dtype, shape: [length] });
  const whole = piece.type.lo === lo && piece.type.hi === hi;
  const ranged = whole
    ? piece
    : builder.op({ name: "rescale", operands: [piece], attrs: [0, 1, 0, 0], dtype, range: { lo, hi } });
  return builder.op({ name: "reshape", operands: [ranged], attrs: [], dtype, shape });
}

function flat(builder: ProgramBuilder, x: Value): Value {
  const shape = [elementCount(x.type.shape)];
  return builder.op({ name: "reshape", operands: [x], attrs: [], dtype: x.type.dtype, shape });
}

function join(builder: ProgramBuilder, list: readonly Value[]): Value {
  return builder.op({ name: "concat", operands: list, attrs: [0], dtype: list[0]?.type.dtype ?? "i8" });
}
