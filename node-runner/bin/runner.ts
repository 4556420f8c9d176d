import { executeOnBest } from "../io/execute.ts";
import { runnerMain } from "../io/main.ts";

await runnerMain({ argv: process.argv.slice(2), createExecute: executeOnBest });
