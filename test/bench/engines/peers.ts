/** onnxruntime in the same process: its native build and its WebAssembly build, both optional packages. */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { Subject } from "./pairs.ts";

type Ort = typeof import("onnxruntime-node");

/** A way to run the float model or its quantised form. */
export type PeerName = "ort-web-f32" | "ort-node-f32" | "ort-node-qdq";

/** A loaded peer. */
export interface Peer extends Subject {
  close(): Promise<void>;
}

/** What a peer loads and answers. */
export interface PeerTask {
  readonly onnx: Uint8Array;
  /** Values of each input, row-major; free dimensions count as 1. */
  readonly sample: readonly Float32Array[];
  readonly threads: number;
}

const ONLY_FATAL = 4;

/** Session of onnxruntime that answers the same request again and again. @throws Error when package or model do not load. */
export async function openPeer(name: PeerName, task: PeerTask): Promise<Peer> {
  const ort = name === "ort-web-f32" ? await ortWeb(task.threads) : await import("onnxruntime-node");
  const session = await ort.InferenceSession.create(task.onnx, {
    executionProviders: [name === "ort-web-f32" ? "wasm" : "cpu"],
    graphOptimizationLevel: "all",
    intraOpNumThreads: task.threads,
    interOpNumThreads: 1,
    logSeverityLevel: ONLY_FATAL,
  });
  const feeds = feedsOf(ort, session, task.sample);
  return {
    name,
    threads: task.threads,
    run: () => session.run(feeds),
    close: () => session.release(),
  };
}

/** The threads of the WebAssembly build are set once, before its first session. */
async function ortWeb(threads: number): Promise<Ort> {
  const ort = (await import("onnxruntime-web")) as unknown as Ort;
  ort.env.wasm.numThreads = threads;
  return ort;
}

function feedsOf(
  ort: Ort,
  session: InferenceSession,
  sample: readonly Float32Array[],
): Record<string, Tensor> {
  return Object.fromEntries(
    session.inputMetadata.map((input, i) => {
      const shape = input.isTensor ? input.shape.map((size) => (typeof size === "number" ? size : 1)) : [];
      return [input.name, new ort.Tensor("float32", sample[i] ?? new Float32Array(0), shape)];
    }),
  );
}
