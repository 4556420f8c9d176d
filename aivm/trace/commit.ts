/** The commitment to a run: one root per op output, and a tree over them (docs/spec/trace.md). */
import { buildTree, type MerkleTree, treeHeight, treeRoot } from "../../common/merkle.ts";
import type { Program } from "../program/program.ts";
import { indexedRoots, inputRoot, type RequestParams, type Tensor, tensorRoot } from "../tensor/tensor.ts";

/** A finished run: what a trace commits to. `opOutputs[i]` is the output of op i. */
export interface Execution extends RequestParams {
  readonly program: Program;
  readonly inputs: readonly Tensor[];
  readonly opOutputs: readonly Tensor[];
}

/** The trace of a run. Slot 0 is the input root, slots 1..N the tensor roots of the ops, slot N+1 the output root. */
export interface Trace {
  readonly execution: Execution;
  /** Root of each slot, 32 bytes. */
  readonly slotRoots: readonly Uint8Array[];
  /** `u32be(slot) || root` of each slot: the leaves. */
  readonly items: readonly Uint8Array[];
  readonly tree: MerkleTree;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

/** Number of slots of a program's trace: its ops, and one for each end. */
export function traceSlots(program: Pick<Program, "ops">): number {
  return program.ops.length + 2;
}

/** Height of a program's trace tree. */
export function traceHeight(program: Pick<Program, "ops">): number {
  return treeHeight(traceSlots(program));
}

/** Root of a result's outputs from the tensor roots of all ops. 32 bytes. */
export function outputRootOf(program: Program, opRoots: readonly Uint8Array[]): Uint8Array {
  return treeRoot(
    indexedRoots(program.outputs.map((port) => opRoots[port.source.index] ?? new Uint8Array(32))),
  );
}

/** Trace of a run. @throws AIVM_INPUT_LENGTH when the seed is not 32 bytes. */
export function buildTrace(execution: Execution): Trace {
  const { program, inputs, opOutputs, seed, maxTokens } = execution;
  const opRoots = opOutputs.map(tensorRoot);
  const first = inputRoot({ tensors: inputs, seed, maxTokens });
  const slotRoots = [first, ...opRoots, outputRootOf(program, opRoots)];
  const items = indexedRoots(slotRoots);
  const tree = buildTree(items);
  return { execution, slotRoots, items, tree, root: tree.root };
}

/** Tensor behind a slot: the output of op `slot` - 1; undefined for the two ends, which are roots of several. */
export function slotTensor(trace: Trace, slot: number): Tensor | undefined {
  return trace.execution.opOutputs[slot - 1];
}
