import { expect } from "chai";
import { barChart, ratioChart } from "./chart.ts";

describe("charts of benchmarks", () => {
  it("escapes what XML reserves, in titles and in labels", () => {
    const hostile = `a<b>&"c"`;
    for (const svg of [
      barChart(hostile, [{ label: hostile, value: 1, unit: "<s>" }]),
      ratioChart(hostile, [{ label: hostile, ratio: 1, group: "g" }]),
    ]) {
      expect(svg).to.include("a&lt;b&gt;&amp;&quot;c&quot;");
      expect(svg).not.to.include(hostile);
      expect(svg).not.to.include("<s>");
    }
  });

  it("scales bars to the largest of their unit", () => {
    const svg = barChart("t", [
      { label: "a", value: 10, unit: "s" },
      { label: "b", value: 5, unit: "s" },
      { label: "c", value: 2, unit: "ms" },
    ]);
    const [a = 0, b = 0, c = 0] = widths(svg);
    expect(b).to.be.closeTo(a / 2, 0.1);
    expect(c).to.equal(a);
  });

  it("draws a line where a ratio of 1 ends", () => {
    const svg = ratioChart("t", [
      { label: "a", ratio: 1, group: "wasm" },
      { label: "b", ratio: 2.5, group: "native" },
    ]);
    const line = Number(/<line x1="([\d.]+)"/.exec(svg)?.[1]);
    const start = Number(/<rect x="(\d+)"/.exec(svg)?.[1]);
    expect(start + (widths(svg)[0] ?? 0)).to.be.closeTo(line, 0.11);
  });

  it("ends bars that would leave the page, and says their number", () => {
    const svg = ratioChart("t", [
      { label: "a", ratio: 8, group: "g" },
      { label: "b", ratio: 400, group: "g" },
    ]);
    expect(widths(svg)[1]).to.equal(widths(svg)[0]);
    expect(svg).to.include("400x");
  });
});

/** Widths of the bars, the background left out. */
function widths(svg: string): number[] {
  return [...svg.matchAll(/<rect x="\d+" y="\d+" width="([\d.]+)"/g)].map((match) => Number(match[1]));
}
