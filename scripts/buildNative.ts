/** Compiles the native engine (aivm/engine/native/src, C++17) to build/native/aivm.node with the machine's own compiler. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(import.meta.dirname, "..");
const SOURCE = join(ROOT, "aivm/engine/native/src");

/** The architecture that is built for; another one than the machine's wants CXX to name its cross compiler. */
const ARCH = process.env.AIVM_NATIVE_ARCH ?? process.arch;
const OBJECTS = join(ROOT, `build/native/obj-${ARCH}`);

/** Where the compiled add-on lies. */
export const ADDON_PATH: string = join(
  ROOT,
  `build/native/aivm${ARCH === process.arch ? "" : `.${ARCH}`}.node`,
);

/** No -ffast-math, and no contraction to fused multiply-adds: every f64 operation rounds as the specification's does. */
const STRICT = "-std=c++17 -O3 -fPIC -pthread -fvisibility=hidden -ffp-contract=off -Wall -Wextra".split(" ");
/** These change no value: nothing here reads errno or traps. */
const VALUE_SAFE = ["-fno-math-errno", "-fno-trapping-math"];

/** GCC 12 takes its own intrinsics of undefined vectors for mistakes. */
const QUIET = ["-Wno-maybe-uninitialized", "-Wno-uninitialized"];

/** Flags of every file, whatever the architecture. */
export const FLAGS: readonly string[] = [...STRICT, ...VALUE_SAFE, ...QUIET];

/** Flags of each level, by architecture. Every level's code runs only where the CPU has its instructions. */
const LEVELS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  x64: {
    scalar: [],
    avx2: ["-mavx2", "-mfma"],
    vnni: "-mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni -mprefer-vector-width=512".split(" "),
  },
  arm64: { scalar: [], neon: [] },
};

/** Sources that are compiled once for each level, with AIVM_LEVEL naming it. */
export const PER_LEVEL: ReadonlySet<string> = new Set(["map.cpp", "fill.cpp", "reduce.cpp", "pool.cpp"]);

interface Unit {
  readonly source: string;
  readonly object: string;
  readonly flags: readonly string[];
}

/** Why the add-on can not be built here, in one line; undefined when it can. */
export function whyNoNative(): string | undefined {
  if (LEVELS[ARCH] === undefined) return `no native engine for ${ARCH}`;
  if (process.platform === "win32") return "no native engine for Windows";
  if (!existsSync(join(includeDirectory(), "node_api.h"))) return `no node_api.h in ${includeDirectory()}`;
  return compiler() === undefined ? "no C++ compiler (set CXX, or install g++ or clang++)" : undefined;
}

/**
 * Compiles what has changed, at most two files at a time, and links. Returns the levels of the build.
 * @throws Error when a compiler complains, or `whyNoNative` has a reason.
 */
export async function buildNative(): Promise<readonly string[]> {
  const reason = whyNoNative();
  if (reason !== undefined) throw new Error(reason);
  mkdirSync(OBJECTS, { recursive: true });
  const units = unitsOf();
  const newestHeader = Math.max(...sources(".h").map((name) => modified(join(SOURCE, name))));
  const stale = units.filter(({ source, object }) => {
    const made = modified(object);
    return made < Math.max(modified(source), newestHeader, modified(fileURLToPath(import.meta.url)));
  });
  await eachOfTwo(stale, (unit) => compile(unit));
  if (stale.length > 0 || !existsSync(ADDON_PATH)) await link(units.map(({ object }) => object));
  return levels();
}

/** Path of the add-on, made first when it is missing or older than its source. @throws what `buildNative` does. */
export async function freshAddon(): Promise<string> {
  await buildNative();
  return ADDON_PATH;
}

function levels(): readonly string[] {
  return Object.keys(LEVELS[ARCH] ?? {});
}

function unitsOf(): Unit[] {
  return sources(".cpp", ".cc").flatMap((name) => {
    if (PER_LEVEL.has(name)) return levels().map((level) => unitOf(name, level));
    const named = /^dense(Scalar|Avx2|Vnni|Neon)\.cc$/.exec(name)?.[1]?.toLowerCase();
    return named !== undefined && !levels().includes(named) ? [] : [unitOf(name, named)];
  });
}

function unitOf(name: string, level: string | undefined): Unit {
  const own =
    level === undefined ? ownFlags(name) : [`-DAIVM_LEVEL=${level}`, ...(LEVELS[ARCH]?.[level] ?? [])];
  const object = join(
    OBJECTS,
    `${basename(name).replace(/\.\w+$/, "")}${level === undefined ? "" : `.${level}`}.o`,
  );
  return { source: join(SOURCE, name), object, flags: [...FLAGS, ...own] };
}

function ownFlags(name: string): readonly string[] {
  return name === "sha256ni.cpp" && ARCH === "x64" ? ["-msha", "-msse4.1"] : [];
}

async function compile({ source, object, flags }: Unit): Promise<void> {
  const partial = `${object}.${process.pid}`;
  await run([...flags, "-I", includeDirectory(), "-c", source, "-o", partial]);
  renameSync(partial, object);
}

async function link(objects: readonly string[]): Promise<void> {
  // Under another name first: somebody else may be loading it, or building too.
  const partial = `${ADDON_PATH}.${process.pid}`;
  const shared = process.platform === "darwin" ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared"];
  await run([...shared, "-pthread", "-o", partial, ...objects]);
  renameSync(partial, ADDON_PATH);
}

function run(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(compiler() ?? "c++", args, { stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", reject);
    child.on("exit", (code) =>
      code === 0 ? resolve() : reject(new Error(`the compiler failed: ${args.join(" ")}`)),
    );
  });
}

async function eachOfTwo<T>(items: readonly T[], task: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await task(item);
  };
  await Promise.all([worker(), worker()]);
}

function compiler(): string | undefined {
  const named = process.env.CXX;
  const known = named === undefined ? ["g++", "clang++", "c++"] : [named];
  return known.find((name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0);
}

/** Where the running Node keeps the headers of its C interface. */
function includeDirectory(): string {
  return join(dirname(process.execPath), "../include/node");
}

function sources(...endings: readonly string[]): string[] {
  return readdirSync(SOURCE).filter((name) => endings.some((ending) => name.endsWith(ending)));
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const reason = whyNoNative();
  if (reason === undefined) {
    const built = await buildNative();
    console.log(`${ADDON_PATH}: ${statSync(ADDON_PATH).size} bytes, levels ${built.join(", ")}`);
  } else {
    console.error(`native engine not built: ${reason}; the wasm engine computes the same bits`);
    process.exitCode = 1;
  }
}
