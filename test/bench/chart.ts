/** Horizontal bar charts as SVG: enough for the docs, readable in a light and in a dark page. */

const ROW = 24;
const BARS = 420;
const TOP = 40;

/** Room for labels in front of the bars. */
const LABEL = { value: 260, ratio: 470 } as const;

const COLOURS = ["#3d7ab8", "#c9732f", "#4f9a5b", "#8a63b0"];

/** One bar, drawn: its length is a share of the room that there is. */
interface Bar {
  readonly label: string;
  readonly share: number;
  readonly text: string;
  readonly colour: string;
}

/** The chart; bars are scaled to the largest value of the same unit. */
export function barChart(
  title: string,
  bars: readonly { readonly label: string; readonly value: number; readonly unit: string }[],
): string {
  const drawn = bars.map(({ label, value, unit }) => {
    const largest = Math.max(...bars.filter((bar) => bar.unit === unit).map((bar) => bar.value), 1e-9);
    const text = `${value.toPrecision(3)} ${unit}`;
    return { label, share: value / largest, text, colour: COLOURS[0] ?? "" };
  });
  return svg(title, { bars: drawn, room: LABEL.value });
}

/** Most that a ratio's bar shows; longer ones end there and say their number. */
const MOST = 8;

/** Ratios on one scale with a line at 1, coloured by group; bars end at 8 at the latest. */
export function ratioChart(
  title: string,
  bars: readonly { readonly label: string; readonly ratio: number; readonly group: string }[],
): string {
  const groups = [...new Set(bars.map((bar) => bar.group))];
  const end = Math.min(MOST, Math.max(1.25, ...bars.map((bar) => bar.ratio)));
  const drawn = bars.map(({ label, ratio, group }) => ({
    label,
    share: Math.min(ratio, end) / end,
    text: `${ratio.toPrecision(3)}x`,
    colour: COLOURS[groups.indexOf(group) % COLOURS.length] ?? "",
  }));
  return svg(title, { bars: drawn, room: LABEL.ratio, line: 1 / end });
}

function svg(
  title: string,
  chart: {
    readonly bars: readonly Bar[];
    /** Width of the labels. */
    readonly room: number;
    /** Where a reference line stands, as a share of the bars' room. */
    readonly line?: number;
  },
): string {
  const { bars, room, line } = chart;
  const height = TOP + 10 + bars.length * ROW;
  const width = room + BARS + 120;
  const mark = line === undefined ? "" : `${referenceLine(room + line * BARS, height)}\n`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" role="img">
<title>${xmlText(title)}</title>
<rect width="${width}" height="${height}" fill="#ffffff"/><text x="16" y="24" font-size="15" font-weight="bold">${xmlText(title)}</text>
${bars.map((bar, i) => barLine(bar, { room, y: TOP + i * ROW })).join("\n")}
${mark}</svg>
`;
}

function barLine(
  { label, share, text, colour }: Bar,
  at: { readonly room: number; readonly y: number },
): string {
  const width = Math.max(1, share * BARS);
  return [
    `<text x="${at.room - 8}" y="${at.y + 15}" text-anchor="end">${xmlText(label)}</text>`,
    `<rect x="${at.room}" y="${at.y + 3}" width="${width.toFixed(1)}" height="${ROW - 8}" rx="2" fill="${colour}"/>`,
    `<text x="${at.room + width + 6}" y="${at.y + 15}">${xmlText(text)}</text>`,
  ].join("");
}

function referenceLine(x: number, height: number): string {
  return `<line x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${TOP - 6}" y2="${height - 6}" stroke="#222222" stroke-dasharray="4 3"/>`;
}

/** Text as SVG wants it, in elements and in attributes. */
function xmlText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
