/**
 * The float reference: onnxruntime-node on the CPU, one thread, graph optimisations off so that every tensor keeps its
 * name and its own rounding. The package is an optional dependency and is loaded on first use.
 */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { AivmError } from "../../common/errors.ts";
import type { OnnxData, OnnxDtype, OnnxTensor } from "../import/onnx/graph.ts";
import type { FloatReference, FloatSession } from "../quantize/reference.ts";

type Ort = typeof import("onnxruntime-node");

const FATAL_ONLY = 4;

/** @throws AIVM_REFERENCE_ABSENT when the optional dependency is not installed or does not load here. */
export async function openOrtReference(): Promise<FloatReference> {
  const ort = await loadOrt();
  ort.env.logLevel = "fatal";
  return {
    name: `onnxruntime-node ${ort.env.versions.node ?? ""}`.trim(),
    load: (onnx) => loadModel(ort, onnx),
  };
}

async function loadOrt(): Promise<Ort> {
  try {
    return await import("onnxruntime-node");
  } catch (cause) {
    throw new AivmError(
      "AIVM_REFERENCE_ABSENT",
      {
        what: "float runtime",
        want: "the optional package onnxruntime-node",
        got: cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause),
        remedy: "npm install --include=optional (a compiled artifact needs no float runtime to run)",
      },
      { cause },
    );
  }
}

async function loadModel(ort: Ort, onnx: Uint8Array): Promise<FloatSession> {
  let session: InferenceSession;
  try {
    session = await ort.InferenceSession.create(onnx, {
      executionProviders: ["cpu"],
      graphOptimizationLevel: "disabled",
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: FATAL_ONLY,
    });
  } catch (cause) {
    throw referenceError("AIVM_REFERENCE_LOAD", "a model that onnxruntime loads", cause);
  }
  return {
    inputTypes: inputTypesOf(session),
    run: (feeds) => runSession(ort, session, feeds),
    close: () => session.release(),
  };
}

function inputTypesOf(session: InferenceSession): ReadonlyMap<string, OnnxDtype> {
  return new Map(
    session.inputMetadata.flatMap((input) =>
      input.isTensor ? [[input.name, input.type as OnnxDtype] as const] : [],
    ),
  );
}

async function runSession(
  ort: Ort,
  session: InferenceSession,
  feeds: readonly OnnxTensor[],
): Promise<ReadonlyMap<string, OnnxTensor>> {
  try {
    const inputs = Object.fromEntries(feeds.map((tensor) => [tensor.name, toOrt(ort, tensor)]));
    const results = await session.run(inputs);
    return new Map(
      session.outputNames.flatMap((name) => {
        const tensor = results[name];
        return tensor === undefined ? [] : [[name, fromOrt(name, tensor)] as const];
      }),
    );
  } catch (cause) {
    throw referenceError("AIVM_REFERENCE_RUN", "inputs that onnxruntime can run the model on", cause);
  }
}

function toOrt(ort: Ort, tensor: OnnxTensor): Tensor {
  const dims = [...tensor.shape];
  if (tensor.dtype === "bool")
    return new ort.Tensor("bool", Uint8Array.from(tensor.data as Uint8Array), dims);
  return new ort.Tensor(tensor.dtype as "float32", tensor.data as Float32Array, dims);
}

function fromOrt(name: string, tensor: Tensor): OnnxTensor {
  return { name, dtype: tensor.type as OnnxDtype, shape: tensor.dims, data: tensor.data as OnnxData };
}

function referenceError(code: string, want: string, cause: unknown): AivmError {
  const got = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
  return new AivmError(
    code,
    {
      what: "float reference",
      want,
      got,
      remedy: "check the model and the inputs with onnxruntime directly",
    },
    { cause },
  );
}
