/** A program as an SVG picture: one box per op, as wide as its share of the gas, shapes on the edges. */
import { type Ref, shapeText, type TensorType } from "../../../aivm/index.ts";
import { type ListedOp, type Listing, scaleText } from "../listing.ts";
import { type Family, familyOf, PORTS } from "./families.ts";
import { type Layout, layeredLayout } from "./layout.ts";
import { escaped, shortened } from "./markup.ts";

const BOX_HEIGHT = 42;
const LAYER_HEIGHT = 82;
const LEAST_WIDTH = 132;
const WIDEST = 300;
const MARGIN = 24;
/** A smaller share draws no bar. */
const LEAST_BAR = 0.005;
const LEGEND_HEIGHT = 58;
const FONT = "font-family='DejaVu Sans, Verdana, Arial, sans-serif'";

/** A box of the picture. */
interface Box {
  readonly title: string;
  readonly detail: string;
  readonly hint: string;
  readonly family: Family;
  readonly width: number;
  /** Share of the gas, drawn as a bar; undefined for ports. */
  readonly share: number | undefined;
  readonly from: readonly number[];
  /** What flows out of it; undefined for outputs. */
  readonly type: TensorType | undefined;
}

/** The picture of a listing. A whole SVG document; `title` heads it. */
export function listingToSvg(listing: Listing, title: string): string {
  const boxes = boxesOf(listing);
  const layout = layeredLayout(boxes);
  const legend = legendOf(boxes);
  const width = Math.ceil(Math.max(layout.width, legend.width, 420) + 2 * MARGIN);
  const height = LEGEND_HEIGHT + layout.layers * LAYER_HEIGHT + MARGIN;
  const offset = (width - layout.width) / 2;
  const top = (layer: number): number => LEGEND_HEIGHT + MARGIN / 2 + layer * LAYER_HEIGHT;
  const edges = layout.edges.map(({ xs, from }) =>
    edgePath(
      xs.map((x) => x + offset),
      top(layout.nodes[from]?.layer ?? 0),
    ),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="${MARGIN}" y="26" ${FONT} font-size="15" font-weight="bold" fill="#1d2733">${escaped(shortened(title, Math.floor(width / 10)))}</text>`,
    legend.markup,
    `<g fill="none" stroke="#9aa5b1" stroke-width="1.4">`,
    ...edges,
    "</g>",
    ...boxes.map((box, i) =>
      boxMarkup(box, { x: (layout.nodes[i]?.x ?? 0) + offset, y: top(layout.nodes[i]?.layer ?? 0) }),
    ),
    ...labels(boxes, { layout, offset, top }),
    "</svg>",
    "",
  ].join("\n");
}

/** Boxes in the order inputs, ops, outputs; `from` by position in it. */
function boxesOf({ inputs, ops, outputs }: Listing): Box[] {
  const at = (ref: Ref): number[] =>
    ref.kind === "const" ? [] : [ref.kind === "input" ? ref.index : inputs.length + ref.index];
  const most = Math.max(...ops.map(({ gasShare }) => gasShare), 1e-9);
  const port = (name: string): Pick<Box, "title" | "family" | "width" | "share"> => ({
    title: shortened(name, 22),
    family: PORTS,
    width: Math.max(LEAST_WIDTH, Math.min([...name].length, 22) * 8 + 20),
    share: undefined,
  });
  return [
    ...inputs.map(({ name, type, scale, zero }) => ({
      ...port(name),
      detail: `input ${type.dtype}`,
      hint: `input ${name}: ${scaleText({ scale, zero })}`,
      from: [],
      type,
    })),
    ...ops.map((op) => opBox(op, { most, from: op.operands.flatMap(at) })),
    ...outputs.map(({ name, type, scale, zero, source }) => ({
      ...port(name),
      detail: `output ${type.dtype}${shapeText(type.shape)}`,
      hint: `output ${name}: ${scaleText({ scale, zero })}`,
      from: at(source),
      type: undefined,
    })),
  ];
}

function opBox(op: ListedOp, place: { readonly most: number; readonly from: readonly number[] }): Box {
  const constants = op.constantBytes > 0 ? `, ${bytesText(op.constantBytes)} const` : "";
  const percent = `${(100 * op.gasShare).toFixed(op.gasShare >= 0.1 ? 0 : 1)} %`;
  return {
    title: `${op.op} ${op.name}`,
    detail: `${percent}${constants}`,
    hint: `op ${op.op} ${op.name}: ${op.type.dtype}${shapeText(op.type.shape)} in [${op.type.lo}, ${op.type.hi}], ${op.gas} vmGas`,
    family: familyOf(op.name),
    width: Math.round(LEAST_WIDTH + (WIDEST - LEAST_WIDTH) * Math.sqrt(op.gasShare / place.most)),
    share: op.gasShare,
    from: place.from,
    type: op.type,
  };
}

function boxMarkup(box: Box, at: { readonly x: number; readonly y: number }): string {
  const { title, detail, hint, family, width, share } = box;
  const left = at.x - width / 2;
  const round = share === undefined ? BOX_HEIGHT / 2 : 5;
  const bar =
    share === undefined || share < LEAST_BAR
      ? ""
      : `<rect x="${num(left + 6)}" y="${num(at.y + BOX_HEIGHT - 7)}" width="${num((width - 12) * share)}" height="3" rx="1.5" fill="${family.line}"/>`;
  return [
    `<g><title>${escaped(hint)}</title>`,
    `<rect x="${num(left)}" y="${num(at.y)}" width="${num(width)}" height="${BOX_HEIGHT}" rx="${round}" fill="${family.fill}" stroke="${family.line}" stroke-width="1.3"/>`,
    bar,
    `<text x="${num(at.x)}" y="${num(at.y + 17)}" ${FONT} font-size="12.5" font-weight="bold" text-anchor="middle" fill="#1d2733">${escaped(title)}</text>`,
    `<text x="${num(at.x)}" y="${num(at.y + 31)}" ${FONT} font-size="10.5" text-anchor="middle" fill="#44515e">${escaped(detail)}</text>`,
    "</g>",
  ].join("");
}

/** The type of what leaves a box, once, over the start of its edges. */
function labels(
  boxes: readonly Box[],
  of: { readonly layout: Layout; readonly offset: number; readonly top: (layer: number) => number },
): string[] {
  const { layout, offset, top } = of;
  const read = new Set(layout.edges.map(({ from }) => from));
  return boxes.flatMap(({ type }, i) => {
    const placed = layout.nodes[i];
    if (type === undefined || placed === undefined || !read.has(i)) return [];
    const text = `${type.dtype} ${type.shape.join("\u00d7") || "1"}`;
    const x = placed.x + offset;
    const y = top(placed.layer) + BOX_HEIGHT + 4;
    const width = 6.2 * text.length + 6;
    return [
      `<rect x="${num(x - width / 2)}" y="${num(y)}" width="${num(width)}" height="13" rx="3" fill="#ffffff"/>`,
      `<text x="${num(x)}" y="${num(y + 10)}" ${FONT} font-size="10" text-anchor="middle" fill="#5b6875">${text}</text>`,
    ];
  });
}

/** A curve from the bottom of a box through its lanes to the top of another. */
function edgePath(xs: readonly number[], boxTop: number): string {
  const [first = 0] = xs;
  let path = `M${num(first)} ${num(boxTop + BOX_HEIGHT)}`;
  let y = boxTop + BOX_HEIGHT;
  for (const [i, x] of xs.entries()) {
    if (i === 0) continue;
    const last = i === xs.length - 1;
    const enter = boxTop + i * LAYER_HEIGHT;
    const before = xs[i - 1] ?? x;
    const bend = (enter - y) / 2;
    path += `C${num(before)} ${num(y + bend)} ${num(x)} ${num(enter - bend)} ${num(x)} ${num(enter)}`;
    y = enter;
    if (!last) {
      y += BOX_HEIGHT;
      path += `V${num(y)}`;
    }
  }
  return `<path d="${path}"/>`;
}

function legendOf(boxes: readonly Box[]): { readonly markup: string; readonly width: number } {
  const families = [...new Set(boxes.map(({ family }) => family))];
  let x = MARGIN;
  const items = families.map(({ name, fill, line }) => {
    const at = x;
    x += 30 + 6.6 * name.length;
    return [
      `<rect x="${num(at)}" y="40" width="12" height="12" rx="3" fill="${fill}" stroke="${line}"/>`,
      `<text x="${num(at + 17)}" y="50" ${FONT} font-size="11" fill="#44515e">${escaped(name)}</text>`,
    ].join("");
  });
  return { markup: items.join("\n"), width: x - MARGIN };
}

/** Bytes for people. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

function num(value: number): string {
  return `${Math.round(10 * value) / 10}`;
}
