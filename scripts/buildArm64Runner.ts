/**
 * Compiles the native engine without JavaScript (aivm/engine/native/test/suite_main.cc) for ARM64 with a cross compiler,
 * to run under qemu: build/arm64/runner. Nothing that users run needs it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { FLAGS, PER_LEVEL } from "./buildNative.ts";

const ROOT = join(import.meta.dirname, "..");
const NATIVE = join(ROOT, "aivm/engine/native");
const OUT = join(ROOT, "build/arm64");
const RUNNER = join(OUT, "runner");
const COMPILER = "aarch64-linux-gnu-g++";
const LEVELS = ["scalar", "neon"];

/** Sources that need Node's headers. */
const OF_NODE: ReadonlySet<string> = new Set(["addon.cpp", "napi.cpp", "lanes.cpp", "planHandle.cpp"]);

/** The emulator. */
export const QEMU = "qemu-aarch64-static";

/** Why ARM64 can not be tried here, in one line; undefined when it can. */
export function whyNoArm64(): string | undefined {
  if (!isOnPath(QEMU)) return `no ${QEMU} on PATH`;
  return isOnPath(COMPILER) ? undefined : `no ${COMPILER} on PATH`;
}

/** Path of the runner, made first where it is missing or older than a source. @throws Error when it does not compile. */
export function freshArm64Runner(): string {
  const newest = Math.max(
    ...["src", "test"].flatMap((folder) =>
      readdirSync(join(NATIVE, folder)).map((name) => statSync(join(NATIVE, folder, name)).mtimeMs),
    ),
  );
  if ((statSync(RUNNER, { throwIfNoEntry: false })?.mtimeMs ?? 0) > newest) return RUNNER;
  mkdirSync(OUT, { recursive: true });
  const objects = sources().map(({ file, level }) => compile(file, level));
  const partial = `${RUNNER}.${process.pid}`;
  run(["-static", "-pthread", "-o", partial, ...objects]);
  renameSync(partial, RUNNER);
  return RUNNER;
}

function sources(): { readonly file: string; readonly level?: string }[] {
  const names = readdirSync(join(NATIVE, "src")).filter(
    (name) => /\.(cc|cpp)$/.test(name) && !OF_NODE.has(name),
  );
  const units = names.flatMap((name) => {
    const file = join(NATIVE, "src", name);
    if (PER_LEVEL.has(name)) return LEVELS.map((level) => ({ file, level }));
    const own = /^dense(Scalar|Avx2|Vnni|Neon)\.cc$/.exec(name)?.[1]?.toLowerCase();
    if (own === undefined) return [{ file }];
    return LEVELS.includes(own) ? [{ file, level: own }] : [];
  });
  return [...units, { file: join(NATIVE, "test/suite_main.cc") }];
}

function compile(file: string, level: string | undefined): string {
  const object = join(
    OUT,
    `${file.replaceAll(/.*\/|\.\w+$/g, "")}${level === undefined ? "" : `.${level}`}.o`,
  );
  run([...FLAGS, ...(level === undefined ? [] : [`-DAIVM_LEVEL=${level}`]), "-c", file, "-o", object]);
  return object;
}

function run(args: readonly string[]): void {
  const { status, stderr } = spawnSync(COMPILER, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${COMPILER} failed: ${args.join(" ")}\n${stderr}`);
}

function isOnPath(name: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const reason = whyNoArm64();
  console.log(reason ?? `${freshArm64Runner()}: ${statSync(RUNNER).size} bytes`);
}
