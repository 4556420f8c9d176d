/** A horizontal bar chart as SVG: enough for the docs, readable in a light and in a dark page. */

const ROW = 24;
const LABEL = 260;
const BARS = 420;

/** The chart; bars are scaled to the largest value of the same unit. */
export function barChart(
  title: string,
  bars: readonly { readonly label: string; readonly value: number; readonly unit: string }[],
): string {
  const height = 50 + bars.length * ROW;
  const rows = bars.map(({ label, value, unit }, i) => {
    const largest = Math.max(...bars.filter((bar) => bar.unit === unit).map((bar) => bar.value), 1e-9);
    const width = Math.max(1, (value / largest) * BARS);
    const y = 40 + i * ROW;
    return [
      `<text x="${LABEL - 8}" y="${y + 15}" text-anchor="end">${xmlText(label)}</text>`,
      `<rect x="${LABEL}" y="${y + 3}" width="${width.toFixed(1)}" height="${ROW - 8}" rx="2" fill="#3d7ab8"/>`,
      `<text x="${LABEL + width + 6}" y="${y + 15}">${xmlText(`${value.toPrecision(3)} ${unit}`)}</text>`,
    ].join("");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="${height}" viewBox="0 0 800 ${height}" font-family="sans-serif" font-size="12" role="img">
<title>${xmlText(title)}</title>
<rect width="800" height="${height}" fill="#ffffff"/><text x="16" y="24" font-size="15" font-weight="bold">${xmlText(title)}</text>
${rows.join("\n")}
</svg>
`;
}

function xmlText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
