/** aivm model inspect */
import { type LoadedModel, MAX_WITNESS_BYTES, type Ref, shapeText } from "../../aivm/index.ts";
import { readArtifact } from "../../aivm/io/files.ts";
import { bytesToHex } from "../../common/index.ts";
import { type Command, onlyWord, optionalFlag } from "../command.ts";
import { textTable } from "../table.ts";
import { writeWhole } from "./files.ts";
import { type ListedPort, type Listing, listModel, realRange, scaleText } from "./listing.ts";
import { listingToHtml } from "./picture/html.ts";
import { printable } from "./picture/markup.ts";
import { bytesText, listingToSvg } from "./picture/svg.ts";

/** The command. */
export const inspectCommand: Command = {
  name: "model inspect",
  about: "list an artifact's program: ops, shapes, ranges, gas, memory; or draw it",
  usage: "<artifact>",
  flags: {
    svg: { type: "string", placeholder: "FILE", about: "write a picture of the graph" },
    html: { type: "string", placeholder: "FILE", about: "write picture and tables as one page" },
  },
  examples: [
    "aivm model inspect digits.aivm",
    "aivm model inspect digits.aivm --svg digits.svg",
    "aivm model inspect digits.aivm --html digits.html --json",
  ],
  run: async (invocation) => {
    const path = onlyWord(invocation, "artifact");
    const model = await readArtifact(path);
    const listing = listModel(model);
    const head = headRows(model, listing);
    const title = `${model.program.name}: ${model.program.ops.length} ops, ${model.vmGas} vmGas`;
    const svg = optionalFlag(invocation, "svg");
    const html = optionalFlag(invocation, "html");
    if (svg !== undefined) writeWhole(svg, { content: listingToSvg(listing, title), what: "picture" });
    if (html !== undefined)
      writeWhole(html, { content: listingToHtml(listing, { title, head }), what: "picture" });
    invocation.result(factsOf(model, listing), printedText(head, listing));
  },
};

function factsOf(model: LoadedModel, listing: Listing): unknown {
  const { program, facts } = model;
  return {
    modelId: bytesToHex(model.modelId),
    name: program.name,
    precision: program.precision,
    specVersion: program.specVersion,
    vmGas: model.vmGas,
    artifactBytes: model.artifactBytes,
    activationBytes: facts.activationBytes,
    constantBytes: facts.constantBytes,
    witnessBytes: facts.witnessBytes,
    roots: { program: model.programRoot, weights: model.weightsRoot, meta: model.metaRoot },
    ...listing,
    card: Object.fromEntries(listing.card),
  };
}

function headRows(model: LoadedModel, { inputs, outputs, card }: Listing): (readonly [string, string])[] {
  const { program, facts } = model;
  return [
    ["model id", bytesToHex(model.modelId)],
    ["name", `${program.name} (${program.precision}, spec ${program.specVersion})`],
    ...inputs.map((port) => ["input", portText(port)] as const),
    ...outputs.map((port) => ["output", portText(port)] as const),
    ["vmGas", `${model.vmGas} a run`],
    ["file", `${model.artifactBytes} bytes, ${facts.constantBytes} of them constants`],
    ["activations", `${facts.activationBytes} bytes when every op's output is kept`],
    [
      "largest element",
      `${facts.operands} operands, ${facts.witnessBytes} witness bytes (of ${MAX_WITNESS_BYTES})`,
    ],
    ...(card.length === 0 ? [["card", "none"] as const] : []),
    ...card.map(([label, value]) => [`card ${label}`, value] as const),
  ];
}

function portText(port: ListedPort): string {
  const { name, type, scale, zero, source } = port;
  const from = source.kind === "op" ? ` from op ${source.index}` : "";
  const real =
    scale === 1 && zero === 0
      ? "integers as they are"
      : `${scaleText(port)}, ${rangeText(realRange(type, port))}`;
  return `${name}${from}, ${type.dtype}${shapeText(type.shape)}, ${real}`;
}

function printedText(head: readonly (readonly [string, string])[], listing: Listing): string {
  const width = Math.max(...head.map(([label]) => printable(label).length));
  const facts = head.map(([label, value]) => `${printable(label).padEnd(width)}  ${printable(value)}`);
  const ops = listing.ops.map((op) => [
    `${op.op}`,
    op.name,
    op.operands.map(refText).join(" "),
    `${op.type.dtype}${shapeText(op.type.shape)}`,
    `${op.type.lo}..${op.type.hi}`,
    op.real === undefined ? "" : rangeText(op.real),
    `${op.gas}`,
    `${(100 * op.gasShare).toFixed(1)} %`,
    bytesText(op.cumulativeBytes),
  ]);
  const header = [
    "op",
    "name",
    "operands",
    "output",
    "range",
    "real range",
    "vmGas",
    "share",
    "memory so far",
  ];
  const constants = listing.constants.map(({ constant, type, bytes, readers }) => [
    `${constant}`,
    `${type.dtype}${shapeText(type.shape)}`,
    `${type.lo}..${type.hi}`,
    bytesText(bytes),
    readers.map((op) => `op ${op}`).join(" "),
  ]);
  return [
    facts.join("\n"),
    textTable(header, ops),
    textTable(["const", "type", "range", "size", "read by"], constants),
  ].join("\n\n");
}

function rangeText(range: readonly [number, number] | undefined): string {
  return range === undefined ? "" : range.map((value) => `${Number(value.toPrecision(4))}`).join(" to ");
}

function refText({ kind, index }: Ref): string {
  return `${kind}${index}`;
}
