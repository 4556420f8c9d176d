#!/usr/bin/env node
/** The `aivm` command. */
import { runCommands } from "../command.ts";
import { devnetCommand } from "../devnet/command.ts";
import { inferCommand } from "../infer.ts";
import { compileCommand } from "../model/compile.ts";
import { evaluateCommand } from "../model/evaluate.ts";
import { inspectCommand } from "../model/inspect.ts";
import { registerCommand } from "../model/register.ts";
import { runCommand } from "../model/run.ts";
import { verifyCommand } from "../model/verify.ts";
import { resultCommand } from "../result.ts";

process.exitCode = await runCommands({
  program: "aivm",
  about: "models, queries and a local network of verifiable AI inference",
  commands: [
    compileCommand,
    inspectCommand,
    evaluateCommand,
    runCommand,
    verifyCommand,
    registerCommand,
    inferCommand,
    resultCommand,
    devnetCommand,
  ],
  argv: process.argv.slice(2),
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
});
