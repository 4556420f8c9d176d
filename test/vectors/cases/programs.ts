/** Small whole programs with inputs, and the witnesses to show of their runs. */
import type { Op, Program, Ref } from "../oracle/encoding.ts";
import type { Run } from "../oracle/traces.ts";
import { at, type Tensor } from "../oracle/types.ts";
import { big, cycle, mixed, shaped, type } from "./build.ts";

/** A program with inputs, and what one element of some ops reads. */
export interface ProgramCase {
  readonly program: Program;
  readonly inputs: readonly Tensor[];
  readonly seed: readonly number[];
  readonly maxTokens: number;
  /** Chunks of each operand that the element reads, from the op's page. */
  readonly witnesses: (run: Run) => readonly WitnessCase[];
}

/** One element of one op (by index), and the chunks that it reads. */
export interface WitnessCase {
  readonly op: number;
  readonly element: number;
  readonly chunks: readonly (readonly number[])[];
}

const input = (index: number): Ref => ({ kind: "input", index });
const made = (index: number): Ref => ({ kind: "op", index });
const weight = (index: number): Ref => ({ kind: "const", index });

function op(opcode: number, operands: readonly Ref[], output: Tensor, attrs: readonly number[]): Op {
  return { opcode, operands, output, attrs: big(...attrs) };
}

function programOf(parts: {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly constants?: readonly Tensor[];
  readonly ops: readonly Op[];
  readonly outputs: readonly number[];
  readonly card?: string;
}): Program {
  const { name, inputs, constants = [], ops, outputs, card = "" } = parts;
  return {
    specVersion: 1,
    name,
    inputs: inputs.map((port, i) => ({
      name: `x${i}`,
      type: shaped(port, port.shape),
      scale: 0.5 / (i + 1),
      zero: BigInt(i),
      ingest: "tensor",
    })),
    constants,
    ops,
    outputs: outputs.map((index, i) => ({
      name: `y${i}`,
      source: made(index),
      scale: 0.0078125,
      zero: BigInt(-i),
    })),
    precision: "a8",
    card,
  };
}

/** All of them. */
export function programCases(): ProgramCase[] {
  return [square(), dense(), convolution(), movement()];
}

/** One op, one input, no constant. */
function square(): ProgramCase {
  const inputs = [cycle(type("i8", [3]), [-3, 5, 127])];
  return {
    program: programOf({
      name: "square",
      inputs,
      ops: [op(7, [input(0), input(0)], type("i16", [3]), [0, 0, 1, 1, 0])],
      outputs: [0],
    }),
    inputs,
    seed: new Array<number>(32).fill(0),
    maxTokens: 0,
    witnesses: () => [
      { op: 0, element: 0, chunks: [[0], [0]] },
      { op: 0, element: 2, chunks: [[0], [0]] },
    ],
  };
}

/** linear, rescale as relu, table: constants, one of them larger than 64 bytes. */
function dense(): ProgramCase {
  const inputs = [cycle(type("i8", [2, 3]), [1, -2, 3, 127, -128, 0])];
  const constants = [
    cycle(type("i8", [4, 3], [-9, 9]), [1, 2, 3, -4, 5, -6, 7, 8, 9, -9, 0, 1]),
    cycle(type("i32", [4], [-100, 100]), [10, -20, 100, 0]),
    cycle(type("i32", [4], [0, 2097151]), [1, 3, 5, 2097151]),
    cycle(type("i8", [4], [0, 62]), [1, 2, 3, 22]),
    cycle(
      type("i8", [256]),
      Array.from({ length: 256 }, (_, i) => 127 - i),
    ),
  ];
  const ops = [
    op(2, [input(0), weight(0), weight(1), weight(2), weight(3)], type("i8", [2, 4]), [-3]),
    op(8, [made(0)], type("i8", [2, 4], [0, 100]), [-3, 1, 0, 0]),
    op(9, [made(1), weight(4)], type("i8", [2, 4]), []),
  ];
  return {
    program: programOf({
      name: "dense",
      inputs,
      constants,
      ops,
      outputs: [2],
      card: '{"note":"measured elsewhere"}',
    }),
    inputs,
    seed: Array.from({ length: 32 }, (_, i) => i),
    maxTokens: 0,
    witnesses: () => [
      { op: 0, element: 0, chunks: [[0], [0], [0], [0], [0]] },
      { op: 0, element: 7, chunks: [[0], [0], [0], [0], [0]] },
      { op: 1, element: 3, chunks: [[0]] },
      { op: 2, element: 5, chunks: [[0], [0]] },
    ],
  };
}

/** conv2d, maxPool2d, reshape, linear, argmax: two outputs. */
function convolution(): ProgramCase {
  const inputs = [mixed(type("i8", [1, 6, 6, 1]), 4000)];
  const constants = [
    mixed(type("i8", [2, 3, 3, 1]), 4001),
    cycle(type("i32", [2], [-500, 500]), [100, -500]),
    cycle(type("i32", [2], [0, 2097151]), [1500, 900]),
    cycle(type("i8", [2], [0, 62]), [16, 15]),
    mixed(type("i8", [3, 18]), 4002),
    cycle(type("i32", [3], [-500, 500]), [0, 1, -1]),
    cycle(type("i32", [3], [0, 2097151]), [2000]),
    cycle(type("i8", [3], [0, 62]), [20]),
  ];
  const ops = [
    op(
      1,
      [input(0), weight(0), weight(1), weight(2), weight(3)],
      type("i8", [1, 6, 6, 2]),
      [1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 0],
    ),
    op(4, [made(0)], type("i8", [1, 3, 3, 2]), [2, 2, 2, 2, 0, 0, 0, 0, 1, 1]),
    op(10, [made(1)], type("i8", [1, 18]), []),
    op(2, [made(2), weight(4), weight(5), weight(6), weight(7)], type("i16", [1, 3]), [4]),
    op(17, [made(3)], type("i32", [1, 1], [0, 2]), [1]),
  ];
  return {
    program: programOf({ name: "convolution", inputs, constants, ops, outputs: [3, 4] }),
    inputs,
    seed: Array.from({ length: 32 }, (_, i) => 255 - i),
    maxTokens: 7,
    witnesses: () => [
      { op: 0, element: 0, chunks: [[0], [0], [0], [0], [0]] },
      { op: 1, element: 17, chunks: [[0]] },
      { op: 3, element: 2, chunks: [[0], [0], [0], [0], [0]] },
      { op: 4, element: 0, chunks: [[0]] },
    ],
  };
}

/** Several chunks: sumReduce, gather by clamped indices, compare, where, transpose. */
function movement(): ProgramCase {
  const inputs = [mixed(type("i16", [3, 200]), 4100), cycle(type("i8", [2]), [2, -5])];
  const constants = [cycle(type("i16", [], [-7, -7]), [-7])];
  const ops = [
    op(19, [input(0)], type("i32", [3, 1]), [1, 5, 3, 2, 1]),
    op(16, [input(0), input(1)], type("i16", [2, 200]), [0]),
    op(21, [made(1), weight(0)], type("i8", [2, 200], [0, 1]), [2]),
    op(20, [made(2), made(1), weight(0)], type("i16", [2, 200]), []),
    op(11, [made(3)], type("i16", [200, 2]), [1, 0]),
  ];
  const reads = (run: Run, element: number): WitnessCase => {
    const chunk = Math.floor(element / 256);
    const holds = at(at(run.ops, 2).data ?? [], element) !== 0n;
    return { op: 3, element, chunks: [[chunk], holds ? [chunk] : [], holds ? [] : [0]] };
  };
  return {
    program: programOf({ name: "movement", inputs, constants, ops, outputs: [0, 4] }),
    inputs,
    seed: new Array<number>(32).fill(9),
    maxTokens: 4294967295,
    witnesses: (run) => [
      { op: 0, element: 0, chunks: [[0]] },
      { op: 0, element: 1, chunks: [[0, 1]] },
      { op: 0, element: 2, chunks: [[1, 2]] },
      { op: 1, element: 10, chunks: [[1], [0]] },
      { op: 1, element: 250, chunks: [[0], [0]] },
      { op: 2, element: 399, chunks: [[1], [0]] },
      ...[0, 1, 2, 3, 300, 301].map((element) => reads(run, element)),
      { op: 4, element: 1, chunks: [[0]] },
      { op: 4, element: 399, chunks: [[1]] },
    ],
  };
}
