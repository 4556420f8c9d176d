/** LevelDB's failures to open, as typed errors. */
import { AivmError } from "../../common/errors.ts";

/** Runs `open` for the database in `directory`. @throws CHAIN_DATABASE when another process holds it or it is damaged. */
export async function openDatabase<T>(
  directory: string,
  open: (directory: string) => Promise<T>,
): Promise<T> {
  try {
    return await open(directory);
  } catch (cause) {
    const locked = JSON.stringify(codes(cause)).includes("LEVEL_LOCKED");
    throw new AivmError(
      "CHAIN_DATABASE",
      {
        what: "database",
        item: directory,
        want: "one that this process can open",
        got: locked ? "one that another process holds" : String(cause),
        remedy: locked
          ? "stop the other node on this home first"
          : "restore it from a backup, or start from genesis",
      },
      { cause },
    );
  }
}

function codes(error: unknown): unknown[] {
  if (!(error instanceof Error)) return [];
  return ["code" in error ? error.code : undefined, ...codes(error.cause)];
}
