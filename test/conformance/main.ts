/**
 * `conformance <suite> <folder> [--emit <dir>]`: runs an outside suite of test vectors. Prints a line per failing case
 * and closes with `N passed, N failed, N refused`; exits 0 only when nothing failed.
 */
import { freshKernels } from "../../scripts/buildWasm.ts";
import { runOnnxSuite } from "./onnx.ts";

const SUITES = { onnx: runOnnxSuite } as const;

function usage(): never {
  console.error(
    `usage: conformance <${Object.keys(SUITES).join("|")}> <folder> [--emit <dir>] [--only <text>] [--verbose]`,
  );
  process.exit(2);
}

/** Value of `--name value` in the arguments, taken out of them. */
function takeOption(args: string[], name: string): string | undefined {
  const at = args.indexOf(name);
  if (at < 0) return undefined;
  const [, value] = args.splice(at, 2);
  return value ?? usage();
}

function takeFlag(args: string[], name: string): boolean {
  const at = args.indexOf(name);
  if (at >= 0) args.splice(at, 1);
  return at >= 0;
}

const args = process.argv.slice(2);
const emit = takeOption(args, "--emit");
const only = takeOption(args, "--only");
const verbose = takeFlag(args, "--verbose");
const [suite, folder] = args;
if (suite !== "onnx" || folder === undefined || args.length !== 2) usage();
await freshKernels();
const totals = await SUITES[suite]({
  folder,
  verbose,
  ...(emit === undefined ? {} : { emit }),
  ...(only === undefined ? {} : { only }),
  print: (line) => console.log(line),
});
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.refused} refused`);
process.exit(totals.failed === 0 ? 0 : 1);
