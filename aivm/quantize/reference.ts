/** The port to a float runtime: what the compiler asks of it to calibrate, and what the card asks of it to compare. */
import type { OnnxDtype, OnnxTensor } from "../import/onnx/graph.ts";

/** One loaded ONNX model. Not safe for concurrent runs. */
export interface FloatSession {
  /** Element types of the model's inputs, by name, where the runtime tells them. */
  readonly inputTypes?: ReadonlyMap<string, OnnxDtype>;
  /**
   * All graph outputs for these inputs, by name.
   * @throws AIVM_REFERENCE_RUN when the runtime can not run the graph on them.
   */
  run(feeds: readonly OnnxTensor[]): Promise<ReadonlyMap<string, OnnxTensor>>;
  /** Frees what the runtime holds. */
  close(): Promise<void>;
}

/** A float runtime. */
export interface FloatReference {
  /** Name and version, for reports and cards. */
  readonly name: string;
  /** @throws AIVM_REFERENCE_LOAD when the runtime refuses the model. */
  load(onnx: Uint8Array): Promise<FloatSession>;
}
