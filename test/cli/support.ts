/** Commands run in this process, with what they print. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Command, type ExitCode, runCommands } from "../../cli/command.ts";

/** What a command did. */
export interface Ran {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
  /** Standard output as JSON. */
  readonly json: () => unknown;
}

/** Runs `aivm ...argv` with these commands. */
export async function runAivm(commands: readonly Command[], argv: readonly string[]): Promise<Ran> {
  const printed = { out: "", err: "" };
  const code = await runCommands({
    program: "aivm",
    about: "test",
    commands,
    argv,
    out: (text) => {
      printed.out += `${text}\n`;
    },
    err: (text) => {
      printed.err += `${text}\n`;
    },
  });
  return { code, ...printed, json: () => JSON.parse(printed.out) as unknown };
}

/** A folder for files of a test. */
export interface Scratch {
  readonly path: (name: string) => string;
  /** Writes a file and gives its path. */
  readonly write: (name: string, content: string | Uint8Array) => string;
  readonly remove: () => void;
}

/** A fresh folder in the machine's temporary one. */
export function createScratch(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), "aivm-cli-"));
  const path = (name: string): string => join(folder, name);
  return {
    path,
    write: (name, content) => {
      writeFileSync(path(name), content);
      return path(name);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
