/** TypeScript programs as child processes. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** A running program and its standard output, line by line. */
export interface Child {
  readonly process: ChildProcess;
  readonly lines: AsyncIterableIterator<string>;
  /** Exit code or the signal that ended it. */
  readonly exited: Promise<number | string>;
  /** What it wrote to standard error so far. */
  errors(): string;
}

/** Starts `program` (a .ts file) with `args`. */
export function startChild(program: string, args: readonly string[]): Child {
  const child = spawn(process.execPath, ["--import", "tsx", program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const exited = new Promise<number | string>((resolve) => {
    child.on("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { process: child, lines, exited, errors: () => errors };
}

/** The next line of output as JSON. @throws when the program ended instead, with what it wrote to standard error. */
export async function nextJsonLine(child: Child): Promise<Readonly<Record<string, unknown>>> {
  const line = await child.lines.next();
  if (line.done === true) throw new Error(`the program ended: ${await child.exited}\n${child.errors()}`);
  return JSON.parse(line.value);
}
