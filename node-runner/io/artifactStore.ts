/** Artifacts on disk, one file per model id, checked when they come in and again when they are loaded. */
import { access, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type LoadedModel, loadArtifact, type ProgramFacts } from "../../aivm/index.ts";
import { fastRoots } from "../../aivm/io/roots.ts";
import { bytesToHex } from "../../common/index.ts";
import { runnerError } from "../errors.ts";
import { errorCode, writeDurably } from "./durableFile.ts";

/** The artifacts of one runner. */
export interface ArtifactStore {
  /** Loaded model, or undefined when it is not here. @throws what `loadArtifact` does for a damaged file */
  get(modelId: Uint8Array): Promise<LoadedModel | undefined>;
  /** True when its file is here. */
  has(modelId: Uint8Array): Promise<boolean>;
  /** Checks, stores and returns a model. @throws what `loadArtifact` does */
  add(bytes: Uint8Array, expected?: { readonly modelId: Uint8Array }): Promise<LoadedModel>;
  /** Path of the file of a model that is here. */
  pathOf(modelId: Uint8Array): string;
  /** Ids of the models that are here, ascending. */
  list(): Promise<Uint8Array[]>;
}

const SUFFIX = ".aivm";

/** What a model may cost to run, at most: a small file can ask for a lot. */
export type ModelLimits = Partial<Pick<ProgramFacts, "gas" | "activationBytes">>;

/** The store in `folder`, which is made when it is not there. Models beyond `atMost` are refused with AIVM_LIMIT. */
export async function openArtifactStore(folder: string, atMost: ModelLimits = {}): Promise<ArtifactStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const loaded = new Map<string, LoadedModel>();
  const rootOf = fastRoots();
  const pathOf = (modelId: Uint8Array): string => join(folder, `${bytesToHex(modelId)}${SUFFIX}`);
  const keep = (model: LoadedModel): LoadedModel => {
    loaded.set(bytesToHex(model.modelId), model);
    return model;
  };
  return {
    pathOf,
    has: (modelId) =>
      access(pathOf(modelId)).then(
        () => true,
        () => false,
      ),
    get: async (modelId) => {
      const known = loaded.get(bytesToHex(modelId));
      if (known !== undefined) return known;
      const bytes = await readFile(pathOf(modelId)).catch((error: unknown) => {
        if (errorCode(error) === "ENOENT") return undefined;
        throw error;
      });
      return bytes === undefined
        ? undefined
        : keep(loadArtifact(new Uint8Array(bytes), { modelId, atMost, rootOf }));
    },
    add: async (bytes, expected = undefined) => {
      const model = loadArtifact(bytes, { ...expected, atMost, rootOf });
      await writeDurably(pathOf(model.modelId), bytes, { replace: true });
      return keep(model);
    },
    list: async () => {
      const names = (await readdir(folder)).filter((name) => /^[0-9a-f]{64}\.aivm$/.test(name)).sort();
      return names.map((name) => Uint8Array.from(Buffer.from(name.slice(0, 64), "hex")));
    },
  };
}

/** The bytes of an artifact file that a person names. @throws RUNNER_FILE */
export async function readArtifactFile(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw runnerError("RUNNER_FILE", {
      what: "artifact file",
      item: path,
      want: "a file made by `aivm model compile`",
      got: errorCode(error),
      remedy: "Check the path.",
    });
  });
  return new Uint8Array(bytes);
}
