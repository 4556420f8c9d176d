/**
 * npm run --silent bench -- <area>|all [--quick] [--json] [--write <folder>]
 * The one door for figures: a table for people, rows for programs, Markdown and SVG for the docs.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { markdownTable, textTable } from "../../cli/table.ts";
import { barChart } from "./chart.ts";
import { demoArea } from "./demo.ts";
import { enginesArea } from "./engines/area.ts";
import { type BenchArea, type BenchRow, row } from "./rows.ts";

const AREAS: readonly BenchArea[] = [demoArea, enginesArea];
const HEADER = ["case", "engine", "threads", "metric", "value", "unit", "peer", "ratio"];

const USAGE = `npm run --silent bench -- <area>|all [--quick] [--json] [--write <folder>]

Areas:
${AREAS.map(({ name, about }) => `  ${name.padEnd(10)} ${about}`).join("\n")}

  --quick   at most 60 seconds
  --json    print the rows as a JSON array
  --write   also write one Markdown table and one SVG chart per area

Examples:
  npm run --silent bench -- demo --quick
  AIVM_TEST_DATA=/path/to/data npm run --silent bench -- engines --quick
  npm run --silent bench -- all --write docs/bench`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      write: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const areas = AREAS.filter(({ name }) => positionals[0] === "all" || positionals[0] === name);
  if (values.help || areas.length === 0) {
    process.stderr.write(`${USAGE}\n`);
    return values.help ? 0 : 2;
  }
  const rows: BenchRow[] = [];
  for (const area of areas) {
    const figures = await area.run({ quick: values.quick, say: (line) => process.stderr.write(`${line}\n`) });
    rows.push(...figures.map(row));
  }
  process.stdout.write(values.json ? `${JSON.stringify(rows, undefined, 1)}\n` : `${report(areas, rows)}\n`);
  if (values.write !== undefined) write(values.write, areas, rows);
  return 0;
}

function cells(item: BenchRow): string[] {
  const { engine, threads, metric, unit, peer, ratio } = item;
  return [
    item.case,
    engine,
    String(threads),
    metric,
    item.value.toPrecision(4),
    unit,
    peer ?? "",
    ratio?.toFixed(2) ?? "",
  ];
}

function report(areas: readonly BenchArea[], rows: readonly BenchRow[]): string {
  const parts = areas.map((area) => {
    const own = rows.filter((item) => item.area === area.name);
    return `${area.name}: ${area.about}\n\n${textTable(HEADER, own.map(cells))}`;
  });
  const first = rows[0];
  return [
    ...parts,
    first === undefined ? "" : `${first.machine}; commit ${first.commit}; ${first.date}`,
  ].join("\n\n");
}

function write(folder: string, areas: readonly BenchArea[], rows: readonly BenchRow[]): void {
  mkdirSync(folder, { recursive: true });
  for (const area of areas) {
    const own = rows.filter((item) => item.area === area.name);
    const first = own[0];
    if (first === undefined) continue;
    const where = `Measured on ${first.machine}, commit ${first.commit}, ${first.date.slice(0, 10)}, by \`npm run --silent bench -- ${area.name}\`.`;
    const notes = area.notes === undefined ? "" : `${area.notes}\n\n`;
    const table = markdownTable(HEADER, own.map(cells));
    writeFileSync(
      join(folder, `${area.name}.md`),
      `# ${area.about}\n\n${where}\n\n${notes}![${area.about}](${area.name}.svg)\n\n${table}\n`,
    );
    writeFileSync(join(folder, `${area.name}.svg`), (area.chart ?? valueChart)(area.about, own));
  }
}

function valueChart(title: string, rows: readonly BenchRow[]): string {
  return barChart(
    title,
    rows.map((item) => ({ label: item.case, value: item.value, unit: item.unit })),
  );
}

process.exitCode = await main();
