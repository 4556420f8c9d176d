/** docs/spec/trace.md: runs, their commitments, witnesses. */
import { delimited, modelHashes, type Program, type Ref, varint } from "./encoding.ts";
import { gasOf, valuesOf } from "./judge.ts";
import { ORACLE_OPS } from "./ops.ts";
import type { Bytes } from "./sha256.ts";
import {
  chunksOf,
  heightOf,
  inputItemsOf,
  numbered,
  pathTo,
  proofOf,
  rootOf,
  tensorRootOf,
} from "./trees.ts";
import { at, type Call, type Tensor } from "./types.ts";

/** A run and its commitment. */
export interface Run {
  readonly program: Program;
  readonly inputs: readonly Tensor[];
  readonly seed: Bytes;
  readonly maxTokens: number;
  readonly ops: readonly Tensor[];
  readonly gas: bigint;
  readonly slotRoots: readonly Bytes[];
  readonly traceRoot: Bytes;
}

/** Runs a program on inputs with values. */
export function runProgram(given: Pick<Run, "program" | "inputs" | "seed" | "maxTokens">): Run {
  const { program, inputs, seed, maxTokens } = given;
  const ops: Tensor[] = [];
  let gas = 0n;
  for (const op of program.ops) {
    const operands = op.operands.map((ref) => tensorAt({ program, inputs, ops }, ref));
    const call: Call = { attrs: op.attrs, operands, output: op.output };
    const name = nameOf(op.opcode);
    ops.push({ ...op.output, data: valuesOf(name, call) });
    gas += gasOf(name, call);
  }
  const opRoots = ops.map(rootOfTensor);
  const inputRoot = rootOf(inputItemsOf(inputs.map(rootOfTensor), seed, maxTokens));
  const outputRoot = rootOf(numbered(program.outputs.map((port) => at(opRoots, port.source.index))));
  const slotRoots = [inputRoot, ...opRoots, outputRoot];
  return { ...given, ops, gas, slotRoots, traceRoot: rootOf(numbered(slotRoots)) };
}

/** Bytes of the witness of one element whose op reads these chunks of its operands. */
export function witnessBytes(run: Run, op: number, chunks: readonly (readonly number[])[]): number[] {
  return at(run.program.ops, op).operands.flatMap((ref, i) => {
    const indices = at(chunks, i);
    if (indices.length === 0) return delimited(1, []);
    const { dtype, data = [] } = tensorAt(run, ref);
    const all = chunksOf(dtype, data);
    const siblings = proofOf(all, indices).flat();
    const path = pathOf(run, ref).flat();
    return delimited(1, [
      ...delimited(
        1,
        indices.flatMap((index) => varint(BigInt(index))),
      ),
      ...delimited(
        2,
        indices.flatMap((index) => at(all, index)),
      ),
      ...(siblings.length === 0 ? [] : delimited(3, siblings)),
      ...(path.length === 0 ? [] : delimited(4, path)),
    ]);
  });
}

/** The roots that a witness is judged against. */
export function rootsOf(run: Run): Readonly<Record<"traceRoot" | "inputRoot" | "weightsRoot", Bytes>> {
  const { weightsRoot } = modelHashes(run.program);
  return { traceRoot: run.traceRoot, inputRoot: at(run.slotRoots, 0), weightsRoot };
}

function pathOf(run: Run, ref: Ref): number[][] {
  const { program, inputs, seed, maxTokens, slotRoots } = run;
  if (ref.kind === "op") return pathTo(numbered(slotRoots), ref.index + 1);
  if (ref.kind === "input") return pathTo(inputItemsOf(inputs.map(rootOfTensor), seed, maxTokens), ref.index);
  return heightOf(program.constants.length) === 0
    ? []
    : pathTo(numbered(program.constants.map(rootOfTensor)), ref.index);
}

function tensorAt(run: Pick<Run, "program" | "inputs" | "ops">, ref: Ref): Tensor {
  const { program, inputs, ops } = run;
  return at(ref.kind === "input" ? inputs : ref.kind === "op" ? ops : program.constants, ref.index);
}

function rootOfTensor({ dtype, data = [] }: Tensor): number[] {
  return tensorRootOf(dtype, data);
}

function nameOf(opcode: number): string {
  const found = Object.keys(ORACLE_OPS).find((name) => ORACLE_OPS[name]?.opcode === opcode);
  if (found === undefined) throw new RangeError(`no op ${opcode}`);
  return found;
}
