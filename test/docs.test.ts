/** The documents against the code: links resolve, every op has its page, the pages' tables and examples are true. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect } from "chai";
import { evaluateOp } from "../aivm/engine/reference/referenceEngine.ts";
import { OPS, opGas, opOf, validateArtifact } from "../aivm/index.ts";
import { programOf } from "./aivm/support/models.ts";
import { nodeOfVector, type OpVector, tensorOfVector } from "./aivm/support/vectorBatches.ts";

const ROOT = join(import.meta.dirname, "..");
const PAGES = join(ROOT, "docs", "spec", "ops");
const ORACLE = join(ROOT, "test", "vectors", "oracle");

/** Folders at the root without documents of their own, or with other people's. */
const ELSEWHERE = new Set(["node_modules", "dist", "build", "coverage"]);

function documents(): string[] {
  return readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith(".") && !ELSEWHERE.has(entry.name))
    .flatMap(({ name }) => (statSync(join(ROOT, name)).isDirectory() ? below(name) : [name]))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(ROOT, name));
}

function below(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) =>
    join(folder, name),
  );
}

/** Source files that a document names in code and that are neither at that path nor below the document's folder. */
function missingFiles(document: string): string[] {
  const folder = relative(ROOT, dirname(document));
  const near = [...below(folder), ...(existsSync(join(ROOT, "test", folder)) ? below(`test/${folder}`) : [])];
  const named = [...readFileSync(document, "utf8").matchAll(/`([\w./-]+\.(?:ts|sol|py))`/g)];
  return named
    .map((match) => match[1] ?? "")
    .filter((name) => !existsSync(join(ROOT, name)) && !existsSync(join(dirname(document), name)))
    .filter((name) => !near.some((file) => `/${file}`.endsWith(`/${name}`)))
    .map((name) => `${relative(ROOT, document)}: ${name}`);
}

/** Targets of the links of a document, code aside. */
function linksOf(text: string): string[] {
  const prose = text.replace(/```[\s\S]*?```/g, "").replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
}

/** Anchors of a document's headings, as readers on the web get them. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? "")
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function broken(document: string): string[] {
  const text = readFileSync(document, "utf8");
  return linksOf(text)
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? document : join(dirname(document), path);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(target, "utf8")).includes(anchor);
    })
    .map((link) => `${relative(ROOT, document)}: ${link}`);
}

/** The fact of a page's first table. */
function fact(page: string, name: string): string {
  return new RegExp(`^\\| ${name} \\| (.+) \\|$`, "m").exec(page)?.[1] ?? "";
}

function namesOf(text: string): string[] {
  return text === "none" ? [] : text.split(", ");
}

function pageName(op: { readonly opcode: number; readonly name: string }): string {
  return `${String(op.opcode).padStart(2, "0")}-${op.name}.md`;
}

/** The example of a page. */
function exampleOf(page: string): OpVector {
  const block = /## Example[\s\S]*?```json\n([\s\S]*?)```/.exec(page)?.[1];
  if (block === undefined) throw new RangeError("no example");
  return { name: "example", ...(JSON.parse(block) as Omit<OpVector, "name">) };
}

describe("the documents", () => {
  it("link to files and headings that exist", () => {
    const all = documents();
    expect(all.length).to.be.greaterThan(50);
    expect(all.flatMap((document) => linksOf(readFileSync(document, "utf8"))).length).to.be.greaterThan(60);
    expect(all.flatMap(broken)).to.deep.equal([]);
  });

  it("name source files that exist", () => {
    expect(documents().flatMap(missingFiles)).to.deep.equal([]);
  });

  it("have one page for every op and no other, each in the index", () => {
    const want = OPS.map(pageName).sort();
    expect(
      readdirSync(PAGES)
        .filter((name) => name !== "README.md")
        .sort(),
    ).to.deep.equal(want);
    const index = readFileSync(join(PAGES, "README.md"), "utf8");
    for (const op of OPS) expect(index).to.contain(`| ${op.opcode} | [${op.name}](${pageName(op)}) |`);
  });

  for (const op of OPS) {
    it(`say of ${op.name} what the registry says, with a true example`, () => {
      const page = readFileSync(join(PAGES, pageName(op)), "utf8");
      expect(page.startsWith(`# ${op.name}\n`)).to.equal(true);
      expect(fact(page, "opcode")).to.equal(`${op.opcode}`);
      expect(namesOf(fact(page, "operands"))).to.deep.equal(op.operands);
      expect(namesOf(fact(page, "attributes"))).to.deep.equal(op.attributes);
      for (const section of ["Rules", "Value", "Gas, reads, bound", "Edge cases", "Example"]) {
        expect(page).to.contain(`\n## ${section}\n`);
      }
      const example = exampleOf(page);
      const node = nodeOfVector(op.opcode, example);
      expect(opOf(op.opcode).infer(node)).to.deep.equal(example.output.shape);
      const operands = example.operands.map(tensorOfVector);
      validateArtifact(programOf({ inputs: node.operands, ops: [node.descriptor] }), []);
      expect(Array.from(evaluateOp(node, operands).data)).to.deep.equal(example.output.data);
      expect(opGas(node)).to.equal(BigInt(example.gas ?? -1));
    });
  }
});

describe("the oracle of the vectors", () => {
  const files = readdirSync(ORACLE);

  it("imports nothing from outside its folder", () => {
    expect(files.length).to.be.greaterThan(8);
    const wrong = files.flatMap((name) => {
      const text = readFileSync(join(ORACLE, name), "utf8");
      const targets = [...text.matchAll(/(?:from|import|require)\s*\(?\s*["']([^"']+)["']/g)].map(
        (m) => m[1] ?? "",
      );
      return targets
        .filter((target) => !/^\.\/\w+\.ts$/.test(target))
        .map((target) => `${name} imports ${target}`);
    });
    expect(wrong).to.deep.equal([]);
  });

  it("is fed by cases and a generator that know nothing of the VM either", () => {
    const vectors = join(ORACLE, "..");
    const sources = readdirSync(vectors, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".ts"),
    );
    expect(sources.length).to.be.greaterThan(20);
    const wrong = sources.flatMap((name) => {
      const text = readFileSync(join(vectors, name), "utf8");
      const targets = [...text.matchAll(/(?:from|import|require)\s*\(?\s*["']([^"']+)["']/g)].map(
        (m) => m[1] ?? "",
      );
      return targets
        .filter((target) => relative(vectors, join(vectors, dirname(name), target)).startsWith(".."))
        .concat(targets.filter((target) => !target.startsWith(".")))
        .map((target) => `${name} imports ${target}`);
    });
    expect(wrong).to.deep.equal([]);
  });

  it("computes without floating point", () => {
    const wrong = files.filter((name) =>
      /\bMath\.(round|sqrt|pow|trunc|fround)\b|\bNumber\.parseFloat\b|\bFloat(32|64)Array\b/.test(
        readFileSync(join(ORACLE, name), "utf8"),
      ),
    );
    expect(wrong).to.deep.equal([]);
  });
});
