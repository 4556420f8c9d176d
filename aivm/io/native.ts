/** The native engine's add-on on disk. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { AivmError } from "../../common/errors.ts";
import type { Engine } from "../engine/engine.ts";
import type { NativeBinding } from "../engine/native/binding.ts";
import { createNativeEngine, type NativeEngineOptions } from "../engine/native/nativeEngine.ts";

/** Where `make native` puts the add-on: beside the nearest package.json above, the same from source and from dist/. */
const ADDON_PATH = join(packageRoot(), "build/native/aivm.node");

/** The compiled add-on. @throws AIVM_NATIVE when it is not there or can not be loaded. */
export function loadBinding(path: string = ADDON_PATH): NativeBinding {
  try {
    return createRequire(import.meta.url)(path) as NativeBinding;
  } catch (cause) {
    const got = existsSync(path) ? (cause as Error).message : "no such file";
    const facts = {
      what: "native engine",
      want: "a compiled add-on",
      got,
      remedy: "run `make native`",
      item: path,
    };
    throw new AivmError("AIVM_NATIVE", facts, { cause });
  }
}

/** Native engine for a model. @throws AIVM_NATIVE, AIVM_SELF_TEST, and what `createNativeEngine` does. */
export async function loadNativeEngine(
  model: NativeEngineOptions["model"],
  options: Omit<NativeEngineOptions, "model" | "binding"> & { readonly path?: string } = {},
): Promise<Engine> {
  const { path, ...rest } = options;
  return createNativeEngine({ ...rest, model, binding: loadBinding(path) });
}

function packageRoot(): string {
  let at = import.meta.dirname;
  while (!existsSync(join(at, "package.json")) && dirname(at) !== at) at = dirname(at);
  return at;
}
