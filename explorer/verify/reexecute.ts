/** Computes a result again from its public data and says whether it holds. */
import {
  type Engine,
  inputRoot,
  inputsFromBytes,
  loadArtifact,
  outputRoot,
  outputsFromBytes,
  type RunnableModel,
} from "../../aivm/index.ts";
import { bytesToHex } from "../../common/index.ts";
import type { PublicResult } from "../../sdk/publicResult.ts";

/** A root that was recorded beside the one that was computed here. Hex. */
export interface RootPair {
  readonly name: string;
  readonly recorded: string;
  readonly computed: string;
}

/** What came out of it. */
export interface Reexecution {
  /** All roots are equal. */
  readonly match: boolean;
  /** Input root, output root of the run, and output root of the bytes that were recorded as the output. */
  readonly roots: readonly RootPair[];
  readonly modelName: string;
  /** vmGas of the run. */
  readonly gas: bigint;
  /** Time of the run alone. */
  readonly milliseconds: number;
}

/**
 * Runs the model on the recorded input and compares roots.
 * @throws AIVM_HASH for an artifact of another model, and what loading an artifact, reading the input or making the
 * engine throws: then nothing was computed.
 */
export async function reexecute(task: {
  readonly artifact: Uint8Array;
  readonly result: PublicResult;
  readonly createEngine: (model: RunnableModel) => Promise<Engine>;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}): Promise<Reexecution> {
  const { artifact, result, createEngine, now } = task;
  const model = loadArtifact(artifact, { modelId: result.modelId });
  const inputs = inputsFromBytes(model.program, result.input);
  const recorded = outputsFromBytes(model.program, result.output);
  const engine = await createEngine(model);
  try {
    const started = now();
    const { outputs, gas } = await engine.run({ inputs });
    const milliseconds = now() - started;
    const roots = [
      pair("input root", result.inputRoot, inputRoot({ tensors: inputs, ...result })),
      pair("output root", result.outputRoot, outputRoot(outputs)),
      pair("root of the output bytes", result.outputRoot, outputRoot(recorded)),
    ];
    const match = roots.every((root) => root.recorded === root.computed);
    return { match, roots, modelName: model.program.name, gas, milliseconds };
  } finally {
    await engine.close();
  }
}

function pair(name: string, recorded: Uint8Array, computed: Uint8Array): RootPair {
  return { name, recorded: bytesToHex(recorded), computed: bytesToHex(computed) };
}
