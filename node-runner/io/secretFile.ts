/** Files that hold one secret line and that nobody else may read. */
import { readFile, stat } from "node:fs/promises";
import { runnerError } from "../errors.ts";
import { errorCode } from "./durableFile.ts";

/** The line, trimmed. @throws RUNNER_FILE when it is missing or readable by others; the content is never in the error */
export async function readSecretFile(path: string): Promise<string> {
  const info = await stat(path).catch((error: unknown) => {
    throw secretError(path, "a file", errorCode(error));
  });
  const mode = info.mode & 0o777;
  if ((mode & 0o077) !== 0) throw secretError(path, "mode 0600", `mode 0${mode.toString(8)}`);
  return (await readFile(path, "utf8")).trim();
}

function secretError(item: string, want: string, got: string): Error {
  return runnerError("RUNNER_FILE", {
    what: "secret file",
    item,
    want,
    got,
    remedy: "Make it with mode 0600.",
  });
}
