/**
 * onnxruntime in a process of its own. It is native code and reads anyone's files: some end it (a division by 0, a
 * damaged graph), and nothing can catch that from inside. Here it ends the other process, and is a typed error.
 */
import { type ChildProcess, fork } from "node:child_process";
import { AivmError, type ErrorFacts } from "../../common/errors.ts";
import type { OnnxDtype, OnnxTensor } from "../import/onnx/graph.ts";
import type { FloatReference, FloatSession } from "../quantize/reference.ts";

/** What the child is asked. */
export type ChildRequest = { readonly id: number } & (
  | { readonly kind: "name" }
  | { readonly kind: "load"; readonly session: number; readonly onnx: Uint8Array }
  | { readonly kind: "run"; readonly session: number; readonly feeds: readonly OnnxTensor[] }
  | { readonly kind: "close"; readonly session: number }
);

/** What it answers: a value, or the parts of an AivmError. */
export interface ChildReply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly code: string; readonly facts: ErrorFacts };
}

type Question = ChildRequest extends infer R ? (R extends ChildRequest ? Omit<R, "id"> : never) : never;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: AivmError) => void;
}

/** One process: it starts with the first question and is not waited for when nothing is asked. */
interface Child {
  /** @throws the child's AivmError, or AIVM_REFERENCE_RUN when it ends */
  ask(question: Question): Promise<unknown>;
  readonly ended: () => boolean;
}

/**
 * The float reference, in another process; after that ended, the next model starts a new one.
 * @throws AIVM_REFERENCE_ABSENT when the optional dependency is not installed or does not load here.
 */
export async function openIsolatedReference(): Promise<FloatReference> {
  let child = startChild();
  const name = String(await child.ask({ kind: "name" }));
  let sessions = 0;
  return {
    name,
    load: async (onnx) => {
      if (child.ended()) child = startChild();
      return loadIn(child, { session: ++sessions, onnx });
    },
  };
}

async function loadIn(
  child: Child,
  { session, onnx }: { readonly session: number; readonly onnx: Uint8Array },
): Promise<FloatSession> {
  const inputTypes = (await child.ask({ kind: "load", session, onnx })) as ReadonlyMap<string, OnnxDtype>;
  return {
    inputTypes,
    run: async (feeds) =>
      (await child.ask({ kind: "run", session, feeds })) as ReadonlyMap<string, OnnxTensor>,
    close: async () => {
      if (!child.ended()) await child.ask({ kind: "close", session });
    },
  };
}

function startChild(): Child {
  const file = new URL(import.meta.url.endsWith(".ts") ? "./ortChild.ts" : "./ortChild.js", import.meta.url);
  const child: ChildProcess = fork(file, {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  let end: string | undefined;
  const rest = (): void => {
    if (waiting.size > 0) return;
    child.unref();
    child.channel?.unref();
  };
  child.on("message", ({ id, value, error }: ChildReply) => {
    const asker = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asker?.resolve(value);
    else asker?.reject(new AivmError(error.code, error.facts));
    rest();
  });
  const onEnd = (how: string): void => {
    end ??= how;
    for (const { reject } of waiting.values()) reject(endedError(end));
    waiting.clear();
  };
  child.on("exit", (code, signal) => onEnd(signal ?? `exit status ${code}`));
  child.on("error", (error) => onEnd(error.message));
  return {
    ended: () => end !== undefined,
    ask: (question) =>
      new Promise((resolve, reject) => {
        if (end !== undefined) {
          reject(endedError(end));
          return;
        }
        const id = ++asked;
        waiting.set(id, { resolve, reject });
        child.ref();
        child.channel?.ref();
        child.send({ ...question, id } satisfies ChildRequest, (error) => {
          if (error !== null) onEnd(error.message);
        });
      }),
  };
}

function endedError(how: string): AivmError {
  return new AivmError("AIVM_REFERENCE_RUN", {
    what: "float reference",
    want: "a model that onnxruntime runs",
    got: `the end of its process (${how})`,
    remedy: "look for integer divisions by 0, damaged weights and too little memory in the model",
  });
}
