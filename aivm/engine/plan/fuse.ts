/** Which ops can be computed in the step of the convolution before them: nobody else may want its output. */
import { add } from "../../ops/add.ts";
import { conv2d } from "../../ops/conv2d.ts";
import { linear } from "../../ops/linear.ts";
import { table } from "../../ops/table.ts";
import { type Program, type Ref, typeOfRef } from "../../program/program.ts";
import { equalShapes } from "../../tensor/shape.ts";

/** Ops that the outputs need. */
export function neededOps(program: Program): boolean[] {
  const needed = program.ops.map(() => false);
  const mark = (ref: Ref): void => {
    if (ref.kind === "op") needed[ref.index] = true;
  };
  for (const port of program.outputs) mark(port.source);
  for (let index = program.ops.length - 1; index >= 0; index--) {
    if (needed[index]) program.ops[index]?.operands.forEach(mark);
  }
  return needed;
}

/** For each op that takes a convolution into its step: the number of that convolution. */
export function fusions(program: Program, needed: readonly boolean[]): ReadonlyMap<number, number> {
  const readers = readersOf(program, needed);
  const found = new Map<number, number>();
  for (const [index, { opcode, operands, output }] of program.ops.entries()) {
    if (!needed[index] || (opcode !== add.opcode && opcode !== table.opcode)) continue;
    const candidates = (opcode === add.opcode ? operands : operands.slice(0, 1))
      .filter((ref) => ref.kind === "op" && readers[ref.index] === 1 && isDenseConv(program, ref.index))
      .map((ref) => ref.index)
      .sort((a, b) => b - a);
    const [latest] = candidates;
    if (latest === undefined) continue;
    const fits =
      opcode === table.opcode
        ? program.ops[latest]?.output.dtype === "i8" && operands[1]?.kind === "const"
        : operands.every((ref) => equalShapes(typeOfRef(program, ref)?.shape ?? [], output.shape));
    if (fits) found.set(index, latest);
  }
  return found;
}

/** How many operands and outputs read each op. */
function readersOf(program: Program, needed: readonly boolean[]): number[] {
  const readers = program.ops.map(() => 0);
  const count = (ref: Ref): void => {
    if (ref.kind === "op") readers[ref.index] = (readers[ref.index] ?? 0) + 1;
  };
  for (const [index, { operands }] of program.ops.entries()) if (needed[index]) operands.forEach(count);
  for (const port of program.outputs) count(port.source);
  return readers;
}

function isDenseConv(program: Program, index: number): boolean {
  const descriptor = program.ops[index];
  if (descriptor === undefined) return false;
  const { opcode, operands } = descriptor;
  return (
    (opcode === conv2d.opcode || opcode === linear.opcode) &&
    operands.slice(1).every((ref) => ref.kind === "const")
  );
}
