/** The other process of isolatedReference.ts: it runs onnxruntime, one request after another, until its parent is gone. */
import { isAivmError } from "../../common/errors.ts";
import type { FloatSession } from "../quantize/reference.ts";
import type { ChildReply, ChildRequest } from "./isolatedReference.ts";
import { openOrtReference } from "./ortReference.ts";

const sessions = new Map<number, FloatSession>();

async function answer(request: ChildRequest): Promise<unknown> {
  if (request.kind === "name") return (await openOrtReference()).name;
  if (request.kind === "load") {
    const session = await (await openOrtReference()).load(request.onnx);
    sessions.set(request.session, session);
    return session.inputTypes;
  }
  const session = sessions.get(request.session);
  if (request.kind === "run") return await session?.run(request.feeds);
  sessions.delete(request.session);
  return await session?.close();
}

async function reply(request: ChildRequest): Promise<ChildReply> {
  const { id } = request;
  try {
    return { id, value: await answer(request) };
  } catch (error) {
    if (isAivmError(error)) return { id, error: { code: error.code, facts: error.facts } };
    throw error;
  }
}

let last: Promise<unknown> = Promise.resolve();
process.on("message", (request: ChildRequest) => {
  last = last.then(async () => process.send?.(await reply(request)));
});
process.on("disconnect", () => process.exit());
