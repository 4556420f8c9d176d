/** One model on the bench: its artifact, its inputs, and the peers that can run it. */
import { type LoadedModel, loadArtifact } from "../../../aivm/program/artifact.ts";
import { quantizeInput } from "../../../aivm/quantize/fidelity.ts";
import type { Tensor } from "../../../aivm/tensor/tensor.ts";
import type { Figure } from "../rows.ts";
import type { EngineAdapter, EngineOptions } from "./adapters.ts";
import { artifactOf, PRECISION } from "./artifact.ts";
import type { BenchModel } from "./models/list.ts";
import type { PairPlan, Subject } from "./pairs.ts";
import { openPeer, type Peer, type PeerName } from "./peers.ts";
import { qdqOf } from "./qdq.ts";

/** What measurements of a model share. */
export interface ModelContext {
  /** Name and precision: the `case` of its rows. */
  readonly label: string;
  readonly source: BenchModel;
  readonly artifact: Uint8Array;
  readonly model: LoadedModel;
  readonly inputs: readonly Tensor[];
  readonly plan: PairPlan;
  readonly say: (line: string) => void;
  /** The file that a peer runs, or undefined after a line that says why there is none. */
  readonly peerFile: (peer: PeerName) => Promise<Uint8Array | undefined>;
  /** The peer, ready, or undefined after a line that says why it is left out. */
  readonly open: (peer: PeerName, threads: number) => Promise<Peer | undefined>;
}

/** Compiles (or finds) the artifact and quantises the sample. */
export async function modelContext(
  source: BenchModel,
  options: { readonly plan: PairPlan; readonly say: (line: string) => void },
): Promise<ModelContext> {
  const artifact = await artifactOf(source, options.say);
  const model = loadArtifact(artifact);
  const inputs = model.program.inputs.map((port, i) => quantizeInput(port, source.sample[i] ?? [], true));
  const label = `${source.name} ${PRECISION}`;
  const files = peerFiles(source, options.say);
  const open = (name: PeerName, threads: number): Promise<Peer | undefined> =>
    openOrSay(name, { threads, source, file: files, say: options.say });
  return { label, source, artifact, model, inputs, ...options, peerFile: files, open };
}

/** Files by peer; says once what is missing. */
function peerFiles(
  source: BenchModel,
  say: (line: string) => void,
): (peer: PeerName) => Promise<Uint8Array | undefined> {
  let qdq: ReturnType<typeof qdqOf> | undefined;
  return async (peer) => {
    if (peer !== "ort-node-qdq") return source.onnx;
    const first = qdq === undefined;
    qdq ??= qdqOf(source);
    const found = await qdq;
    if ("onnx" in found) return found.onnx;
    if (first) say(`${source.name}: no rows beside ${peer}: ${found.missing}`);
    return undefined;
  };
}

async function openOrSay(
  name: PeerName,
  of: {
    readonly threads: number;
    readonly source: BenchModel;
    readonly file: (peer: PeerName) => Promise<Uint8Array | undefined>;
    readonly say: (line: string) => void;
  },
): Promise<Peer | undefined> {
  const onnx = await of.file(name);
  if (onnx === undefined) return undefined;
  try {
    return await openPeer(name, { onnx, sample: of.source.sample, threads: of.threads });
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
    of.say(`${of.source.name}: no rows beside ${name}: ${why}`);
    return undefined;
  }
}

/** An engine's runs of the model as a subject, with the engine behind it. */
export async function openEngine(
  context: Pick<ModelContext, "model" | "inputs">,
  adapter: EngineAdapter,
  options: EngineOptions,
): Promise<Subject & { readonly close: () => Promise<void> }> {
  const engine = await adapter.create(context.model, options);
  return {
    name: adapter.name,
    threads: Math.max(options.threads ?? 1, options.requests ?? 1),
    run: () => engine.run({ inputs: context.inputs }),
    close: () => engine.close(),
  };
}

/** A figure of this area. */
export function figure(of: Omit<Figure, "area">): Figure {
  return { area: "engines", ...of };
}
