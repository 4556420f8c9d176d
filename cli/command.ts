/** How sub-commands are described, found, helped and run. One file a command; this is the only place that parses. */
import { type ParseArgsConfig, parseArgs } from "node:util";
import { isPlainText } from "../aivm/program/text.ts";
import { AivmError, hexToBytes, isAivmError } from "../common/index.ts";
import { printable } from "./model/picture/markup.ts";

/** One flag of a command. */
export interface Flag {
  readonly type: "string" | "boolean";
  readonly about: string;
  readonly short?: string;
  readonly default?: string | boolean;
  readonly placeholder?: string;
  /** May be given more than once: read with `allFlags`. */
  readonly multiple?: true;
}

/** A flag as given; a list where it may be given more than once. */
export type FlagValue = string | boolean | readonly (string | boolean)[] | undefined;

/** What a command gets: flags that were given or have a default, and the words after them. */
export interface Invocation {
  readonly flags: Readonly<Record<string, FlagValue>>;
  readonly words: readonly string[];
  /** True with --json: print one JSON document on standard output and nothing else. */
  readonly json: boolean;
  /** A line for people, on standard error with --json so that standard output stays clean. */
  readonly say: (line: string) => void;
  /** The result: printed as JSON with --json, else as `text`. */
  readonly result: (value: unknown, text: string) => void;
}

/** One sub-command. */
export interface Command {
  readonly name: string;
  readonly about: string;
  /** Words after the flags, for the usage line. */
  readonly usage?: string;
  readonly flags?: Readonly<Record<string, Flag>>;
  readonly examples: readonly string[];
  run(invocation: Invocation): Promise<void>;
}

/** Exit statuses: 0 done, 1 the command failed, 2 it was called wrongly. */
export type ExitCode = 0 | 1 | 2;

/**
 * Finds the command that `argv` names (by one or two words) and runs it.
 * Errors go to standard error as one sentence, or as JSON with --json; secrets are never in them.
 */
export async function runCommands(options: {
  readonly program: string;
  readonly about: string;
  readonly commands: readonly Command[];
  readonly argv: readonly string[];
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}): Promise<ExitCode> {
  const { program, commands, argv } = options;
  // Names come from anyone's files, also into errors: nothing printed may steer a terminal.
  const out = (text: string): void => options.out(shown(text));
  const err = (text: string): void => options.err(shown(text));
  const command = findCommand(commands, argv);
  if (command === undefined) {
    const asked = argv.filter((word) => !word.startsWith("-"));
    (asked.length === 0 ? out : err)(overview(options));
    if (asked.length === 0) return 0;
    err(`\n${program}: no command "${asked.join(" ")}"`);
    return 2;
  }
  const rest = argv.slice(command.name.split(" ").length);
  const json = rest.includes("--json");
  try {
    const parsed = parseArgs({
      args: rest,
      options: parseOptions(command),
      allowPositionals: true,
      strict: true,
    });
    if (parsed.values.help === true) {
      out(help(program, command));
      return 0;
    }
    await command.run({
      flags: parsed.values as Readonly<Record<string, FlagValue>>,
      words: parsed.positionals,
      json,
      say: json ? err : out,
      result: (value, text) => out(json ? jsonText(value) : text),
    });
    return 0;
  } catch (error) {
    err(errorText(error, json));
    return isUsageError(error) ? 2 : 1;
  }
}

/** A flag's text. @throws CLI_USAGE when it was not given. */
export function requiredFlag(invocation: Invocation, name: string): string {
  const value = invocation.flags[name];
  if (typeof value === "string" && value !== "") return value;
  throw usageError(`--${name}`, "a value", "nothing");
}

/** A flag's text, or undefined. */
export function optionalFlag(invocation: Invocation, name: string): string | undefined {
  const value = invocation.flags[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Every text of a flag that may be given more than once, in order. */
export function allFlags(invocation: Invocation, name: string): readonly string[] {
  const value = invocation.flags[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/**
 * A flag's whole number of at least `least`.
 * @throws CLI_USAGE when it is something else; undefined when it was not given
 */
export function numberFlag(invocation: Invocation, name: string, least = 0): number | undefined {
  const text = optionalFlag(invocation, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw usageError(`--${name}`, `a whole number of at least ${least}`, text);
}

/** A flag's bytes, in hex. @throws CLI_USAGE when it is not hex of that many bytes; undefined when it was not given */
export function hexFlag(
  invocation: Invocation,
  flag: { readonly name: string; readonly bytes: number },
): Uint8Array | undefined {
  const text = optionalFlag(invocation, flag.name);
  if (text === undefined) return undefined;
  if (/^[0-9a-fA-F]*$/.test(text) && text.length === 2 * flag.bytes) return hexToBytes(text.toLowerCase());
  throw usageError(`--${flag.name}`, `${2 * flag.bytes} hex digits`, text.slice(0, 80));
}

/** The only word after the flags. @throws CLI_USAGE when there is none or more than one. */
export function onlyWord(invocation: Invocation, what: string): string {
  const [word, ...more] = invocation.words;
  if (word !== undefined && more.length === 0) return word;
  throw usageError(what, "exactly one", `${invocation.words.length}`);
}

/** The command was called wrongly. */
export function usageError(what: string, want: string, got: string): AivmError {
  return new AivmError("CLI_USAGE", {
    what,
    want,
    got,
    remedy: "Call it with --help to see how it is used.",
  });
}

/** Lines as they may be printed: no character but the line end acts on a terminal or on the order of the text. */
function shown(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

/** JSON as every command prints it: bigint as decimal string, bytes as hex, what acts on a terminal as an escape. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(
    value,
    (_key, item: unknown) => {
      if (typeof item === "bigint") return item.toString();
      if (item instanceof Uint8Array) return Buffer.from(item).toString("hex");
      return item;
    },
    2,
  );
  return text.split("\n").map(escapedJson).join("\n");
}

/** A line of JSON whose strings hold plain characters only, the others as \u escapes: the same value. */
function escapedJson(line: string): string {
  if (isPlainText(line)) return line;
  const units = (text: string): string =>
    text
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join("");
  return [...line].map((character) => (isPlainText(character) ? character : units(character))).join("");
}

function findCommand(commands: readonly Command[], argv: readonly string[]): Command | undefined {
  const two = `${argv[0] ?? ""} ${argv[1] ?? ""}`;
  return commands.find(({ name }) => name === two) ?? commands.find(({ name }) => name === argv[0]);
}

function parseOptions(command: Command): NonNullable<ParseArgsConfig["options"]> {
  const options: NonNullable<ParseArgsConfig["options"]> = {
    help: { type: "boolean", short: "h" },
    json: { type: "boolean" },
  };
  for (const [name, flag] of Object.entries(command.flags ?? {})) {
    options[name] = {
      type: flag.type,
      ...(flag.short === undefined ? {} : { short: flag.short }),
      ...(flag.default === undefined ? {} : { default: flag.default }),
      ...(flag.multiple === undefined ? {} : { multiple: true }),
    };
  }
  return options;
}

function overview(options: {
  readonly program: string;
  readonly about: string;
  readonly commands: readonly Command[];
}): string {
  const width = Math.max(...options.commands.map(({ name }) => name.length));
  const rows = options.commands.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`);
  const { program } = options;
  return `${program}: ${options.about}\n\nCommands:\n${rows.join("\n")}\n\n"${program} <command> --help" explains one, with examples.`;
}

function help(program: string, command: Command): string {
  const flags = Object.entries(command.flags ?? {}).map(([name, flag]) => {
    const value = flag.type === "string" ? ` <${flag.placeholder ?? "value"}>` : "";
    const fallback = flag.default === undefined ? "" : ` (default ${String(flag.default)})`;
    const often = flag.multiple === undefined ? "" : "; may be given more than once";
    return [`--${name}${value}`, `${flag.about}${fallback}${often}`] as const;
  });
  const rows = [...flags, ["--json", "print the result as JSON"] as const, ["--help", "this text"] as const];
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    `${program} ${command.name}: ${command.about}`,
    "",
    `Usage: ${program} ${command.name} [flags]${command.usage === undefined ? "" : ` ${command.usage}`}`,
    "",
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    "",
    "Examples:",
    ...command.examples.map((example) => `  ${example}`),
  ].join("\n");
}

function errorText(error: unknown, json: boolean): string {
  if (isAivmError(error))
    return json ? jsonText({ error: { code: error.code, ...error.facts } }) : error.message;
  const message = error instanceof Error ? error.message : String(error);
  return json ? jsonText({ error: { code: "CLI_FAILED", message } }) : message;
}

function isUsageError(error: unknown): boolean {
  if (isAivmError(error, "CLI_USAGE")) return true;
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}
