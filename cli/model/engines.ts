/** Which engine a command runs an artifact on. */
import { createReferenceEngine, type Engine, type RunnableModel } from "../../aivm/index.ts";
import { loadWasmEngine } from "../../aivm/io/wasm.ts";
import { type Flag, type Invocation, requiredFlag, usageError } from "../command.ts";

/** The flag. */
export const ENGINE_FLAG: Readonly<Record<"engine", Flag>> = {
  engine: { type: "string", placeholder: "wasm|reference", about: "who computes", default: "wasm" },
};

/** Engine that --engine names. @throws CLI_USAGE, AIVM_WASM, AIVM_SELF_TEST */
export async function engineOf(invocation: Invocation, model: RunnableModel): Promise<Engine> {
  const name = requiredFlag(invocation, "engine");
  if (name === "wasm") return loadWasmEngine(model);
  if (name === "reference") return createReferenceEngine(model);
  throw usageError("--engine", "wasm or reference", name);
}
