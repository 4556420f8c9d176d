/** A program as one HTML page: the picture, the ops and the constants as tables. No script, nothing fetched. */
import { shapeText } from "../../../aivm/index.ts";
import type { Listing } from "../listing.ts";
import { familyOf } from "./families.ts";
import { escaped } from "./markup.ts";
import { bytesText, listingToSvg } from "./svg.ts";

const STYLE = `
body { font: 14px/1.5 'DejaVu Sans', Verdana, Arial, sans-serif; color: #1d2733; margin: 2rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2.2rem; }
table { border-collapse: collapse; } th, td { padding: 0.2rem 0.8rem 0.2rem 0; text-align: left; vertical-align: top; }
th { border-bottom: 1px solid #9aa5b1; font-weight: 600; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
tr:nth-child(even) td { background: #f7f8fa; } .id { font-family: 'DejaVu Sans Mono', monospace; overflow-wrap: anywhere; }
.key { display: inline-block; width: 0.7rem; height: 0.7rem; border-radius: 2px; margin-right: 0.4rem; }
.picture { overflow-x: auto; border: 1px solid #d5dae0; border-radius: 6px; }
`;

/** The page. @param head rows of facts above the picture: label and value */
export function listingToHtml(
  listing: Listing,
  page: { readonly title: string; readonly head: readonly (readonly [string, string])[] },
): string {
  const title = escaped(page.title);
  const facts = page.head.map(
    ([label, value]) => `<tr><td>${escaped(label)}</td><td class="id">${escaped(value)}</td></tr>`,
  );
  const svg = listingToSvg(listing, page.title);
  return [
    "<!doctype html>",
    `<html lang="en"><head><meta charset="utf-8"><title>${title}</title>`,
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<style>${STYLE}</style></head><body>`,
    `<h1>${title}</h1>`,
    `<table>${facts.join("")}</table>`,
    `<h2>Graph</h2><p>Boxes grow with their share of the gas; the bar at the foot of a box is that share of its width.</p>`,
    `<div class="picture">${svg}</div>`,
    `<h2>Ops</h2>${opsTable(listing)}`,
    `<h2>Constants</h2>${constantsTable(listing)}`,
    "</body></html>",
    "",
  ].join("\n");
}

function opsTable({ ops }: Listing): string {
  const rows = ops.map(({ op, name, operands, type, gas, gasShare, cumulativeBytes }) =>
    row([
      [`${op}`, true],
      [name, false, familyOf(name).line],
      [operands.map(({ kind, index }) => `${kind} ${index}`).join(", "), false],
      [`${type.dtype}${shapeText(type.shape)}`, false],
      [`${type.lo} to ${type.hi}`, false],
      [`${gas}`, true],
      [`${(100 * gasShare).toFixed(1)} %`, true],
      [bytesText(cumulativeBytes), true],
    ]),
  );
  const head = ["op", "name", "operands", "output", "range", "vmGas", "share", "activations so far"];
  return table(head, { rows, numeric: [0, 5, 6, 7] });
}

function constantsTable({ constants }: Listing): string {
  const rows = constants.map(({ constant, type, bytes, readers }) =>
    row([
      [`${constant}`, true],
      [`${type.dtype}${shapeText(type.shape)}`, false],
      [`${type.lo} to ${type.hi}`, false],
      [bytesText(bytes), true],
      [readers.map((op) => `op ${op}`).join(", "), false],
    ]),
  );
  return table(["constant", "type", "range", "size", "read by"], { rows, numeric: [0, 3] });
}

type Cell = readonly [text: string, numeric: boolean, colour?: string];

function row(cells: readonly Cell[]): string {
  const text = cells.map(([content, numeric, colour]) => {
    const key = colour === undefined ? "" : `<span class="key" style="background:${colour}"></span>`;
    return `<td${numeric ? ' class="n"' : ""}>${key}${escaped(content)}</td>`;
  });
  return `<tr>${text.join("")}</tr>`;
}

function table(
  head: readonly string[],
  body: { readonly rows: readonly string[]; readonly numeric: readonly number[] },
): string {
  const cells = head.map((text, i) => `<th${body.numeric.includes(i) ? ' class="n"' : ""}>${text}</th>`);
  return `<table><thead><tr>${cells.join("")}</tr></thead><tbody>\n${body.rows.join("\n")}\n</tbody></table>`;
}
