/** Which engine a command runs an artifact on. */
import type { Engine, LoadedModel } from "../../aivm/index.ts";
import { loadBestEngine } from "../../aivm/io/bestEngine.ts";
import { type Flag, type Invocation, numberFlag, requiredFlag, usageError } from "../command.ts";

const NAMES = ["auto", "native", "wasm", "reference"] as const;
const MOST_THREADS = 256;

/** The flags. */
export const ENGINE_FLAGS: Readonly<Record<"engine" | "threads", Flag>> = {
  engine: {
    type: "string",
    placeholder: NAMES.join("|"),
    about: "who computes; auto: native where it was built and passes its self-test, else wasm",
    default: "auto",
  },
  threads: { type: "string", placeholder: "N", about: "threads of a run", default: "1" },
};

/** Engine that the flags name. @throws CLI_USAGE, AIVM_NATIVE, AIVM_WASM, AIVM_SELF_TEST */
export async function engineOf(invocation: Invocation, model: LoadedModel): Promise<Engine> {
  const name = NAMES.find((known) => known === requiredFlag(invocation, "engine"));
  if (name === undefined) throw usageError("--engine", NAMES.join(", "), requiredFlag(invocation, "engine"));
  const threads = numberFlag(invocation, "threads", 1) ?? 1;
  if (threads > MOST_THREADS) throw usageError("--threads", `1 to ${MOST_THREADS}`, `${threads}`);
  return loadBestEngine(model, { threads, ...(name === "auto" ? {} : { engine: name }) });
}
