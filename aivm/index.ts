/** The VM's public API. Nothing here needs Node: files and native parts are in aivm/io. */
export {
  assertInputs,
  type Engine,
  type EngineMemory,
  type RunnableModel,
  type RunOptions,
  type RunResult,
} from "./engine/engine.ts";
export { createReferenceEngine, type ReferenceOptions } from "./engine/reference/referenceEngine.ts";
export {
  createWasmEngine,
  type EngineWorker,
  type PackCache,
  planWasm,
  type WasmEngineOptions,
  type WasmPlan,
  type WasmPlanOptions,
  type WorkerPool,
  type WorkerReply,
  type WorkerRequest,
  wasmMemory,
} from "./engine/wasm/wasmEngine.ts";
export { serveWorker } from "./engine/wasm/worker.ts";
export { clamp } from "./numeric/clamp.ts";
export { MAX_MULTIPLIER, MAX_SHIFT, type Requant, requantize, roundShift } from "./numeric/requant.ts";
export { attrsOf, type Op, type OpNode } from "./ops/op.ts";
export { elementFunction, OPS, opNamed, opOf } from "./ops/registry.ts";
export {
  encodeArtifact,
  type LoadedModel,
  loadArtifact,
  type RegisteredConstant,
  type RegisteredModel,
  type Registration,
  registeredModel,
} from "./program/artifact.ts";
export {
  descriptorFromBytes,
  descriptorToBytes,
  dtypeFromNumber,
  dtypeToNumber,
  metaToBytes,
  programFromBytes,
} from "./program/encoding.ts";
export {
  metaRoot,
  modelIdOf,
  modelIdOfRoots,
  programRoot,
  weightsRoot,
  weightsTree,
} from "./program/hash.ts";
export { LIMITS } from "./program/limits.ts";
export { nodeOf, opGas, programGas } from "./program/node.ts";
export {
  inputLength,
  inputsFromBytes,
  outputLength,
  outputsFromBytes,
  tensorsToBytes,
} from "./program/ports.ts";
export {
  type InputPort,
  type OpDescriptor,
  type OutputPort,
  operandTypes,
  outputTypes,
  type Program,
  type Ref,
  SPEC_VERSION,
  typeOfRef,
} from "./program/program.ts";
export { type ProgramFacts, validateArtifact, validateStructure } from "./program/validate.ts";
export { MAX_OPERANDS, MAX_WITNESS_BYTES, witnessBytesBound } from "./program/witnessBound.ts";
export { broadcastShape, elementCount, equalShapes, shapeText, stridesOf } from "./tensor/shape.ts";
export {
  assertTensor,
  CHUNK_ELEMENTS,
  chunkBytes,
  chunkCount,
  chunkToData,
  createTensor,
  DTYPE_BYTES,
  DTYPE_RANGE,
  type DType,
  indexedRoots,
  inputItems,
  inputRoot,
  outputRoot,
  type RequestParams,
  type Tensor,
  type TensorData,
  type TensorType,
  tensorChunks,
  tensorFromBytes,
  tensorOf,
  tensorRoot,
  tensorToBytes,
  tensorTree,
  tensorType,
} from "./tensor/tensor.ts";
export {
  buildTrace,
  type Execution,
  outputRootOf,
  slotTensor,
  type Trace,
  traceHeight,
  traceSlots,
} from "./trace/commit.ts";
export { checkChunk, evaluateElement, type OpenedChunks, recordReads } from "./trace/evaluate.ts";
export { proveLeaves, rootFromLeaves } from "./trace/multiproof.ts";
export {
  decodeWitness,
  type ElementRef,
  type ElementWitness,
  encodeWitness,
  type OperandOpening,
  openChunks,
  verifyWitness,
  type WitnessModel,
  type WitnessRoots,
  witnessElement,
} from "./trace/witness.ts";
