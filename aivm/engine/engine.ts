/** The port that every engine implements. Engines share no kernels; they agree on every bit. */
import { AivmError } from "../../common/errors.ts";
import type { Program } from "../program/program.ts";
import { assertTensor, type Tensor } from "../tensor/tensor.ts";

/** What a run is asked for. */
export interface RunOptions {
  /** The program's input tensors, in order. */
  readonly inputs: readonly Tensor[];
  /** Keep the output of every op and return them in `ops` (for a trace). */
  readonly keepOps?: boolean;
  /** Told after each op, with its output. */
  readonly onOp?: (opIndex: number, output: Tensor) => void;
  /** Hash the output of every op while the run goes on, on another thread where the engine has one: `opRoots`. */
  readonly hashOps?: boolean;
}

/** What a run gives. */
export interface RunResult {
  /** The program's outputs, in order. */
  readonly outputs: readonly Tensor[];
  /** vmGas of the ops that were run. */
  readonly gas: bigint;
  /** Output of every op, when asked for. */
  readonly ops?: readonly Tensor[];
  /** tensorRoot of every op's output, when asked for; 32 bytes each. */
  readonly opRoots?: readonly Uint8Array[];
}

/** Bytes that an engine needs for a model, known before it is loaded. */
export interface EngineMemory {
  /** Constants as the engine keeps them, packed or not. */
  readonly constantBytes: number;
  /** Inputs, outputs and activations of one run in flight. */
  readonly arenaBytes: number;
  /** Scratch of the threads, and the rest. */
  readonly scratchBytes: number;
  /** All of it, for as many runs in flight as the engine was made for. */
  readonly totalBytes: number;
}

/** What an engine needs of a model. It must have passed `validateArtifact`, as every LoadedModel has. */
export interface RunnableModel {
  readonly program: Program;
  readonly constants: readonly Tensor[];
}

/** An executor of one loaded model. */
export interface Engine {
  readonly name: string;
  /** What it needs beside the process itself. */
  readonly memory: EngineMemory;
  /** @throws AIVM_INPUTS, AIVM_DTYPE, AIVM_SHAPE, AIVM_RANGE for inputs that are not the program's. */
  run(options: RunOptions): Promise<RunResult>;
  /** Lets runs in flight end, refuses those that wait or come, then ends its threads and gives back its memory. */
  close(): Promise<void>;
}

/** Checks the inputs of a run. @throws AIVM_INPUTS (their number), AIVM_DTYPE, AIVM_SHAPE, AIVM_RANGE. */
export function assertInputs(program: Program, inputs: readonly Tensor[]): void {
  if (inputs.length !== program.inputs.length) {
    throw new AivmError("AIVM_INPUTS", {
      what: "input tensors",
      want: `${program.inputs.length}: ${program.inputs.map((port) => port.name).join(", ")}`,
      got: `${inputs.length}`,
      remedy: "pass one tensor for every input of the program",
    });
  }
  for (const [index, port] of program.inputs.entries()) {
    const tensor = inputs[index];
    if (tensor !== undefined) assertTensor(tensor, port.type, `input ${port.name}`);
  }
}
