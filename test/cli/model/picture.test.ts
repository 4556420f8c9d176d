import { expect } from "chai";
import fc from "fast-check";
import { type LoadedModel, type OpDescriptor, tensorType } from "../../../aivm/index.ts";
import { listModel } from "../../../cli/model/listing.ts";
import { listingToHtml } from "../../../cli/model/picture/html.ts";
import { type LayoutNode, layeredLayout } from "../../../cli/model/picture/layout.ts";
import { escaped, printable } from "../../../cli/model/picture/markup.ts";
import { listingToSvg } from "../../../cli/model/picture/svg.ts";
import { loaded, programOf } from "../../aivm/support/models.ts";

const SVG_ELEMENTS = ["svg", "title", "rect", "text", "g", "path"];
const HTML_ELEMENTS = "html head meta style body h1 h2 table thead tbody tr th td p div span".split(" ");
const ATTRIBUTES =
  "xmlns width height viewBox role fill stroke stroke-width x y rx d font-family font-size font-weight text-anchor".split(
    " ",
  );

const HOSTILE = [
  `"><script>alert(1)</script>`,
  `'/><svg onload='alert(1)'>`,
  `]]></title></svg><img src=x onerror=alert(1)>`,
  `--><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;`,
  `&lt;b&gt;&#60;script&#62;`,
  "javascript:alert(1)",
  "<style>*{display:none}</style>",
];

/** A model of two ops whose every name is `text`. */
function named(text: string): LoadedModel {
  const type = tensorType("i8", [1, 4]);
  const op = (from: "input" | "op"): OpDescriptor => ({
    opcode: 8,
    operands: [{ kind: from, index: 0 }],
    output: type,
    attrs: [0, 1, 0, 0],
  });
  const program = programOf({ inputs: [type], ops: [op("input"), op("op")] });
  const port = program.outputs[0];
  return loaded({
    ...program,
    name: text,
    precision: text,
    inputs: program.inputs.map((input) => ({ ...input, name: text })),
    outputs: port === undefined ? [] : [{ ...port, name: text }],
    card: JSON.stringify({ [text]: text }),
  });
}

interface Tag {
  readonly name: string;
  readonly attributes: readonly (readonly [string, string])[];
}

/** Tags of a document, read strictly: balanced, attributes quoted, no bare & or < in text. Throws on anything else. */
function tagsOf(document: string, voids: readonly string[] = []): Tag[] {
  const tags: Tag[] = [];
  const open: string[] = [];
  const pattern = /([^<]*)(?:<(\/?)([a-z][a-z0-9]*)((?:\s+[A-Za-z-]+=(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|$)/y;
  while (pattern.lastIndex < document.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(document);
    if (match === null) throw new Error(`not markup at ${at}: ${document.slice(at, at + 60)}`);
    const [, text = "", close, name, rest = "", empty] = match;
    if (/&(?!(amp|lt|gt|quot|#39);)/.test(text) || (open.at(-1) !== "style" && text.includes(">")))
      throw new Error(`bare markup in text: ${text}`);
    if (name === undefined) break;
    if (close === "/") {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing`);
      continue;
    }
    const found = rest.matchAll(/([A-Za-z-]+)=(?:"([^"]*)"|'([^']*)')/g);
    tags.push({ name, attributes: [...found].map(([, key = "", a, b]) => [key, a ?? b ?? ""] as const) });
    if (empty !== "/" && !voids.includes(name)) open.push(name);
  }
  if (open.length > 0) throw new Error(`left open: ${open.join(" ")}`);
  return tags;
}

describe("pictures of a program", () => {
  it("keep hostile names text: no element, no attribute, no script comes from the artifact", () => {
    const plain = listingToSvg(listModel(named("plain")), "plain");
    for (const text of HOSTILE) {
      const listing = listModel(named(text));
      const svg = listingToSvg(listing, text);
      const tags = tagsOf(svg);
      expect(tags.map(({ name }) => name)).to.deep.equal(tagsOf(plain).map(({ name }) => name));
      for (const { name, attributes } of tags) {
        expect(SVG_ELEMENTS).to.include(name);
        for (const [key] of attributes) expect(ATTRIBUTES).to.include(key);
      }
      const page = listingToHtml(listing, { title: text, head: [[text, text]] }).replace(
        "<!doctype html>",
        "",
      );
      for (const { name, attributes } of tagsOf(page, ["meta"])) {
        expect([...SVG_ELEMENTS, ...HTML_ELEMENTS]).to.include(name);
        for (const [key] of attributes) expect(key).to.not.match(/^(on|href|src)/);
      }
    }
  });

  it("keep any text of any characters apart from markup and from the terminal", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        expect(tagsOf(`<title>${escaped(text)}</title>`)).to.have.length(1);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the characters that must be gone
        expect(printable(text)).to.not.match(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
        expect(printable(text)).to.not.match(/[\ud800-\udfff]/u);
      }),
    );
    expect(printable("\u001b[31mred\u202e")).to.equal("\ufffd[31mred\ufffd");
    expect(escaped(`<a b="c" d='e'>&`)).to.equal("&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
    expect(escaped("\ud800")).to.equal("\ufffd");
  });

  it("show every op, every end, the shapes between them, and are the same again", () => {
    const listing = listModel(named("model"));
    const svg = listingToSvg(listing, "two ops");
    for (const text of ["two ops", "0 rescale", "1 rescale", ">model<", "i8 1\u00d74", "output i8[1,4]"])
      expect(svg).to.contain(text);
    expect(svg.match(/<path /g)).to.have.length(3);
    expect(listingToSvg(listing, "two ops")).to.equal(svg);
    expect(listingToHtml(listing, { title: "t", head: [] })).to.contain("default-src 'none'");
  });
});

describe("layered layout", () => {
  /** Graphs as programs are: each box reads up to three earlier ones. */
  const graphs = fc
    .array(
      fc.record({
        width: fc.integer({ min: 10, max: 300 }),
        from: fc.array(fc.nat(1000), { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 60 },
    )
    .map((nodes): LayoutNode[] =>
      nodes.map(({ width, from }, i) => ({ width, from: i === 0 ? [] : from.map((n) => n % i) })),
    );

  it("puts every box below all that it reads, and no two boxes over each other", () => {
    fc.assert(
      fc.property(graphs, (nodes) => {
        const layout = layeredLayout(nodes);
        for (const [i, { from }] of nodes.entries()) {
          const at = layout.nodes[i];
          for (const source of from) expect(layout.nodes[source]?.layer).to.be.lessThan(at?.layer ?? 0);
          for (let k = 0; k < i; k++) {
            const other = layout.nodes[k];
            if (at === undefined || other === undefined || at.layer !== other.layer) continue;
            const apart = Math.abs(at.x - other.x);
            expect(apart).to.be.at.least(((nodes[i]?.width ?? 0) + (nodes[k]?.width ?? 0)) / 2);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it("keeps everything inside its width, and gives every edge one point a layer, the same each time", () => {
    fc.assert(
      fc.property(graphs, (nodes) => {
        const layout = layeredLayout(nodes);
        expect(layeredLayout(nodes)).to.deep.equal(layout);
        for (const [i, { x }] of layout.nodes.entries()) {
          expect(x - (nodes[i]?.width ?? 0) / 2).to.be.at.least(-1e-6);
          expect(x + (nodes[i]?.width ?? 0) / 2).to.be.at.most(layout.width + 1e-6);
        }
        for (const { from, to, xs } of layout.edges) {
          const span = (layout.nodes[to]?.layer ?? 0) - (layout.nodes[from]?.layer ?? 0);
          expect(xs).to.have.length(span + 1);
          expect([xs[0], xs.at(-1)]).to.deep.equal([layout.nodes[from]?.x, layout.nodes[to]?.x]);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("draws a chain straight", () => {
    const chain = Array.from({ length: 12 }, (_, i) => ({
      width: 100 + 10 * (i % 3),
      from: i === 0 ? [] : [i - 1],
    }));
    const { nodes } = layeredLayout(chain);
    expect(new Set(nodes.map(({ x }) => x.toFixed(6))).size).to.equal(1);
    expect(nodes.map(({ layer }) => layer)).to.deep.equal(chain.map((_, i) => i));
  });
});
