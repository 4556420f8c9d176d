/** The rules of composition, read from the source itself: who may import whom, and what core may not touch. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect } from "chai";

const ROOT = join(import.meta.dirname, "..");

/** Folders that each folder may import from, itself included. Arrows point one way. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  common: ["common"],
  proto: ["common", "proto"],
  aivm: ["common", "proto", "aivm"],
  "opml-dispute": ["common", "proto", "aivm", "opml-dispute"],
  "tee-enclave": ["common", "proto", "aivm", "tee-enclave"],
  chain: ["common", "proto", "aivm", "opml-dispute", "tee-enclave", "chain"],
  sdk: ["common", "proto", "aivm", "opml-dispute", "tee-enclave", "sdk"],
  "node-runner": ["common", "proto", "aivm", "opml-dispute", "tee-enclave", "sdk", "node-runner"],
  "oracle-relayer": ["common", "proto", "aivm", "opml-dispute", "tee-enclave", "sdk", "oracle-relayer"],
  explorer: ["common", "proto", "aivm", "opml-dispute", "tee-enclave", "sdk", "explorer"],
  cli: [
    "common",
    "proto",
    "aivm",
    "opml-dispute",
    "tee-enclave",
    "sdk",
    "node-runner",
    "oracle-relayer",
    "explorer",
    "cli",
  ],
};

/** Where a result is computed, recorded or judged: no float, clock, randomness, locale or environment. */
// The exact f64 requantise of the SIMD kernels is the one place where a double computes; its operands are proven below 2^53.
const DETERMINISTIC = ["common", "aivm", "opml-dispute", "chain"];
const DETERMINISTIC_EXCEPT = /^aivm\/(quantize|import|engine\/wasm)\/|\/contracts\//;

const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b|\bnew Date\b/, "clock"],
  [/\bperformance\.now\b/, "clock"],
  [/\bMath\.random\b/, "randomness"],
  [/\bMath\.(exp|log|log2|log10|pow|sqrt|sin|cos|tan|tanh|cbrt|hypot|fround)\b/, "floating point"],
  [/\bparseFloat\b|\bFloat(32|64)Array\b|\btoFixed\b/, "floating point"],
  [/\btoLocale\w*\b|\bIntl\b|\blocaleCompare\b/, "locale"],
  [/\bprocess\.|\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b/, "environment"],
  [/\bfor \(const \w+ in\b/, "key order"],
];

interface Source {
  readonly file: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function sources(): Source[] {
  return Object.keys(MAY_IMPORT).flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.includes("engine/wasm/kernels/"))
      .map((name) => {
        const file = join(folder, name);
        const text = readFileSync(join(ROOT, file), "utf8");
        return { file, text, imports: importsOf(text) };
      }),
  );
}

function importsOf(text: string): string[] {
  const found = text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g);
  return [...found].map((match) => match[1] ?? "");
}

function isCore(file: string): boolean {
  return !/\/(io|bin)\//.test(file) && !file.startsWith("cli/");
}

/** Line numbers of code (comments aside) that match. */
function matchesInCode(text: string, pattern: RegExp): number[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "));
  return code
    .split("\n")
    .map((line, i) => (pattern.test(line.replace(/\/\/.*$/, "")) ? i + 1 : 0))
    .filter((line) => line > 0);
}

describe("architecture", () => {
  const all = sources();

  it("sees the source at all", () => {
    expect(all.length).to.be.greaterThan(150);
    expect(all.flatMap((source) => source.imports).length).to.be.greaterThan(500);
  });

  it("imports go one way between the top-level folders", () => {
    const wrong = all.flatMap(({ file, imports }) => {
      const from = file.split("/")[0] ?? "";
      return imports
        .filter((target) => target.startsWith("."))
        .map((target) => relative(ROOT, join(ROOT, dirname(file), target)))
        .filter((target) => !(MAY_IMPORT[from] ?? []).includes(target.split("/")[0] ?? ""))
        .map((target) => `${file} imports ${target}`);
    });
    expect(wrong).to.deep.equal([]);
  });

  it("core has no Node and no io", () => {
    const wrong = all
      .filter(({ file }) => isCore(file))
      .flatMap(({ file, imports }) =>
        imports
          .filter((target) => target.startsWith("node:") || /(^|\/)io\//.test(target))
          .map((target) => `${file} imports ${target}`),
      );
    expect(wrong).to.deep.equal([]);
  });

  it("nothing that computes, records or judges a result touches floats, clocks, randomness, locale or key order", () => {
    const wrong = all
      .filter(
        ({ file }) =>
          isCore(file) &&
          DETERMINISTIC.includes(file.split("/")[0] ?? "") &&
          !DETERMINISTIC_EXCEPT.test(file),
      )
      .flatMap(({ file, text }) =>
        FORBIDDEN.flatMap(([pattern, what]) =>
          matchesInCode(text, pattern).map((line) => `${file}:${line} ${what}`),
        ),
      );
    expect(wrong).to.deep.equal([]);
  });

  it("protobuf has one door, onnxruntime one importer", () => {
    const importers = (name: RegExp): string[] =>
      all.filter(({ imports }) => imports.some((target) => name.test(target))).map(({ file }) => file);
    expect(importers(/^protobufjs/).filter((file) => !file.startsWith("aivm/import/onnx/"))).to.deep.equal([
      "proto/codec.ts",
    ]);
    expect(importers(/^onnxruntime/)).to.deep.equal(["aivm/io/ortReference.ts"]);
  });

  it("no file has outgrown one subject", () => {
    const long = all
      .filter(({ file }) => !file.startsWith("proto/gen/"))
      .filter(({ text }) => text.split("\n").length > 500)
      .map(({ file }) => file);
    expect(long).to.deep.equal([]);
  });
});
