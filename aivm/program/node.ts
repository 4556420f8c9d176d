/** Ops with the types of their operands, and what a run of them costs. */
import type { OpNode } from "../ops/op.ts";
import { opOf } from "../ops/registry.ts";
import { elementCount } from "../tensor/shape.ts";
import { type OpDescriptor, operandTypes, type Program } from "./program.ts";

/** Node of one op of a program. @throws RangeError on a dangling reference (validation excludes them). */
export function nodeOf(program: Program, descriptor: OpDescriptor): OpNode {
  return { descriptor, operands: operandTypes(program, descriptor) };
}

/** Cost of a whole op in vmGas: elements x cost of one. */
export function opGas(node: OpNode): bigint {
  const elements = BigInt(elementCount(node.descriptor.output.shape));
  return elements * BigInt(opOf(node.descriptor.opcode).elementGas(node));
}

/** Cost of a run of the program in vmGas, known before it and equal to what engines measure. */
export function programGas(program: Program): bigint {
  return program.ops.reduce((sum, descriptor) => sum + opGas(nodeOf(program, descriptor)), 0n);
}
