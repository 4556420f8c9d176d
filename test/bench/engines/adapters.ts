/** Our engines, behind one shape. */
import { availableParallelism } from "node:os";
import type { Engine } from "../../../aivm/engine/engine.ts";
import { mapArtifact } from "../../../aivm/io/mappedArtifact.ts";
import { mappedPackCache } from "../../../aivm/io/mappedPackCache.ts";
import { loadBinding, loadNativeEngine } from "../../../aivm/io/native.ts";
import { directoryPackCache } from "../../../aivm/io/packCache.ts";
import { hostTensorRoot } from "../../../aivm/io/roots.ts";
import { loadWasmEngine } from "../../../aivm/io/wasm.ts";
import { type LoadedModel, loadArtifact } from "../../../aivm/program/artifact.ts";

/** How an engine is to run. */
export interface EngineOptions {
  /** Threads of one request; 1 unless said otherwise. */
  readonly threads?: number;
  /** Requests in flight, a thread each; without it, one at a time. */
  readonly requests?: number;
  /** Folder in which packed weights are kept from one load to the next; without it they are packed at each. */
  readonly packedFolder?: string;
}

/** An engine that a benchmark can make. */
export interface EngineAdapter {
  readonly name: string;
  /** Numbers of threads to measure it with. */
  readonly threads: readonly number[];
  /** Checks an artifact, hashing with what comes with the engine. */
  check(artifact: Uint8Array): LoadedModel;
  /** The model of an artifact file that stays in the file, where the engine can do that. */
  map?(path: string): LoadedModel;
  create(model: LoadedModel, options: EngineOptions): Promise<Engine>;
}

/** One thread, and as many as the machine runs at a time. */
function threadCounts(): readonly number[] {
  const all = availableParallelism();
  return all > 1 ? [1, all] : [1];
}

/** The engines that load here; `say` is told of those that do not. */
export async function engineAdapters(say: (line: string) => void): Promise<readonly EngineAdapter[]> {
  const native = nativeAdapter(say);
  return native === undefined ? [wasmAdapter()] : [wasmAdapter(), native];
}

function wasmAdapter(): EngineAdapter {
  return {
    name: "wasm",
    threads: threadCounts(),
    check: (artifact) => loadArtifact(artifact, { rootOf: hostTensorRoot }),
    create: (model, { packedFolder, ...options }) => {
      const cache = packedFolder === undefined ? {} : { cache: directoryPackCache(packedFolder) };
      return loadWasmEngine(model, { ...options, ...cache });
    },
  };
}

function nativeAdapter(say: (line: string) => void): EngineAdapter | undefined {
  try {
    const binding = loadBinding();
    say(`native: ${binding.levels()[0] ?? "no level"}`);
    return {
      name: "native",
      threads: threadCounts(),
      check: (artifact) => loadArtifact(artifact, { rootOf: ({ data }) => binding.tensorRoot(data) }),
      map: (path) => mapArtifact(path, binding),
      create: (model, { packedFolder, ...options }) => {
        const cache = packedFolder === undefined ? {} : { cache: mappedPackCache(packedFolder, binding) };
        return loadNativeEngine(model, { ...options, ...cache });
      },
    };
  } catch (cause) {
    say(`no rows of the native engine: ${cause instanceof Error ? cause.message : String(cause)}`);
    return undefined;
  }
}
