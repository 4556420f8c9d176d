/** Inputs and outputs of the requests this runner worked on, and the constants of its models, by tensor root. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type LoadedModel, type Tensor, tensorRoot, tensorToBytes } from "../../aivm/index.ts";
import { bytesToHex } from "../../common/index.ts";
import type { Blob } from "../core/blob.ts";
import { errorCode, writeDurably } from "./durableFile.ts";

/** Blobs by the hex of their root. */
export interface BlobStore {
  get(root: string): Promise<Blob | undefined>;
  /** Stores a tensor; its root is computed here. */
  put(tensor: Tensor): Promise<void>;
  /** Serves the constants of a model, without a second copy. */
  addModel(model: LoadedModel): void;
}

const DTYPES = ["i8", "i16", "i32"] as const;

/** The store in `folder`, which is made when it is not there. */
export async function openBlobStore(folder: string): Promise<BlobStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const constants = new Map<string, Tensor>();
  const pathOf = (root: string, dtype: Blob["dtype"]): string => join(folder, `${root}.${dtype}`);
  return {
    get: async (root) => {
      const constant = constants.get(root);
      if (constant !== undefined) return { dtype: constant.dtype, bytes: tensorToBytes(constant) };
      for (const dtype of DTYPES) {
        const bytes = await readFile(pathOf(root, dtype)).catch((error: unknown) => {
          if (errorCode(error) === "ENOENT") return undefined;
          throw error;
        });
        if (bytes !== undefined) return { dtype, bytes: new Uint8Array(bytes) };
      }
      return undefined;
    },
    put: (tensor) =>
      writeDurably(pathOf(bytesToHex(tensorRoot(tensor)), tensor.dtype), tensorToBytes(tensor), {
        replace: true,
      }),
    addModel: (model) => {
      for (const tensor of model.constants) constants.set(bytesToHex(tensorRoot(tensor)), tensor);
    },
  };
}
