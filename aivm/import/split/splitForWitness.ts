/**
 * Makes every element of a program disputable: ops that read too much for one witness, or from too many places, become
 * several that do not; then everything that no output needs is left out.
 */
import { AivmError } from "../../../common/errors.ts";
import { opNamed, opOf } from "../../ops/registry.ts";
import type { OpDescriptor, Program, Ref } from "../../program/program.ts";
import { MAX_OPERANDS, operandsBound } from "../../program/witnessBound.ts";
import { shapeText } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { splitConv, splitLinear, splitMatmul } from "./products.ts";
import { type Splitter, splitArgmax, splitMax, splitSum } from "./reduce.ts";
import { createRewrite, fits, type Piece, write } from "./rewrite.ts";
import { splitAvgPool, splitMaxPool } from "./windows.ts";

const SPLITTERS: ReadonlyMap<number, Splitter> = new Map(
  (
    [
      ["conv2d", splitConv],
      ["linear", splitLinear],
      ["matmul", splitMatmul],
      ["sumReduce", splitSum],
      ["maxReduce", splitMax],
      ["argmax", splitArgmax],
      ["maxPool2d", splitMaxPool],
      ["avgPool2d", splitAvgPool],
    ] as const
  ).map(([name, splitter]) => [opNamed(name).opcode, splitter]),
);

/** A program and the values of its constants. */
export interface ProgramParts {
  readonly program: Program;
  readonly constants: readonly Tensor[];
}

/** A program that was split, and where the values of the one before are in it. */
export interface SplitProgram extends ProgramParts {
  /** What holds the value of `ref` of the program before; undefined when nothing needs it any more. */
  readonly refOf: (ref: Ref) => Ref | undefined;
}

/**
 * The same program with every op within `maxOperands` operands an element and the bytes of a witness.
 * Data movement, maxima, argmax and sums whose blocks fit an i32 keep their exact values; dot products in parts are
 * rounded twice, the first time at the finest resolution that an i32 allows (products.ts says when that is exact).
 * @throws AIVM_WITNESS_SIZE naming an op that can not be split; AIVM_LIMIT unless 2 <= maxOperands <= MAX_OPERANDS.
 */
export function splitForWitness(parts: ProgramParts, maxOperands: number = MAX_OPERANDS): SplitProgram {
  const { program, constants } = parts;
  if (!(Number.isInteger(maxOperands) && maxOperands >= 2 && maxOperands <= MAX_OPERANDS)) {
    throw new AivmError("AIVM_LIMIT", {
      what: "operands of one element",
      want: `a whole number from 2 to ${MAX_OPERANDS}`,
      got: `${maxOperands}`,
      remedy: "leave the limit out, or give 4096 for disputes judged by an EVM",
    });
  }
  const r = createRewrite(program, constants, maxOperands);
  const done: Piece[] = [];
  const pieceOf = (ref: Ref): Piece => {
    const type = ref.kind === "input" ? program.inputs[ref.index]?.type : program.constants[ref.index];
    const piece = ref.kind === "op" ? done[ref.index] : type && { ref, type };
    if (piece === undefined) throw new RangeError(`no ${ref.kind} ${ref.index} in program ${program.name}`);
    return piece;
  };
  for (const [index, descriptor] of program.ops.entries()) {
    const operands = descriptor.operands.map(pieceOf);
    const node = {
      descriptor: { ...descriptor, operands: operands.map((piece) => piece.ref) },
      operands: operands.map((piece) => piece.type),
    };
    const piece = fits(r, node) ? write(r, node) : SPLITTERS.get(descriptor.opcode)?.(r, node, operands);
    if (piece === undefined) throw unsplittable(index, descriptor, operandsBound(node));
    done.push(piece);
  }
  const outputs = program.outputs.map((port) => ({ ...port, source: pieceOf(port.source).ref }));
  const { refOf, ...left } = withoutUnused({
    program: { ...program, ops: r.ops, constants: r.constantTypes, outputs },
    constants: r.constants,
  });
  return { ...left, refOf: (ref) => refOf(pieceOf(ref).ref) };
}

/** The program without ops that no output needs and constants that no op reads. */
function withoutUnused({ program, constants }: ProgramParts): SplitProgram {
  const used = { input: new Set<number>(), op: new Set<number>(), const: new Set<number>() };
  for (const port of program.outputs) used.op.add(port.source.index);
  for (let index = program.ops.length - 1; index >= 0; index--) {
    if (!used.op.has(index)) continue;
    for (const ref of program.ops[index]?.operands ?? []) used[ref.kind].add(ref.index);
  }
  const numbers = {
    op: renumbered(program.ops.length, used.op),
    const: renumbered(constants.length, used.const),
  };
  const moved = (ref: Ref): Ref =>
    ref.kind === "input" ? ref : { kind: ref.kind, index: numbers[ref.kind][ref.index] ?? 0 };
  const ops = program.ops
    .filter((_, index) => used.op.has(index))
    .map((descriptor) => ({ ...descriptor, operands: descriptor.operands.map(moved) }));
  return {
    program: {
      ...program,
      ops,
      constants: program.constants.filter((_, index) => used.const.has(index)),
      outputs: program.outputs.map((port) => ({ ...port, source: moved(port.source) })),
    },
    constants: constants.filter((_, index) => used.const.has(index)),
    refOf: (ref) => (ref.kind === "input" || used[ref.kind].has(ref.index) ? moved(ref) : undefined),
  };
}

/** New number of each of `count` items when only those in `kept` stay. */
function renumbered(count: number, kept: ReadonlySet<number>): number[] {
  let next = 0;
  return Array.from({ length: count }, (_, index) => (kept.has(index) ? next++ : -1));
}

function unsplittable(index: number, descriptor: OpDescriptor, operands: number): AivmError {
  const { name } = opOf(descriptor.opcode);
  return new AivmError("AIVM_WITNESS_SIZE", {
    what: "witness of one element",
    want: "an op that can be split, or few enough operands side by side",
    got: `${operands} operands for an element of ${shapeText(descriptor.output.shape)}`,
    remedy: "compile with a larger --max-operands, or use a smaller window or axis",
    item: `op ${index} (${name})`,
  });
}
