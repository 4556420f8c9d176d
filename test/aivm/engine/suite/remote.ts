/** The native kernels as an engine in a process of their own: this CPU's, or another's under an emulator. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { planProgram } from "../../../../aivm/engine/plan/plan.ts";
import {
  type Engine,
  outputTypes,
  programGas,
  type RunnableModel,
  type RunOptions,
  type RunResult,
} from "../../../../aivm/index.ts";
import { bytesOf, COMMAND, planFrame, runFrame, tensorsFrom, u32s } from "./frames.ts";
import type { CreateEngine } from "./suite.ts";

/** Levels by their numbers in dense.h. */
export const LEVELS = ["scalar", "neon", "avx2", "vnni"] as const;
export type NativeLevel = (typeof LEVELS)[number];

/** A runner process. */
export interface Remote {
  /** Levels that its CPU has. */
  readonly levels: readonly NativeLevel[];
  /** Makes engines of one level. One run at a time. */
  engine(options: { readonly level: NativeLevel; readonly threads: number }): CreateEngine;
  close(): Promise<void>;
}

/** Plans that an engine has in the runner: one that keeps every op and one that does not. */
const PLAIN = 0;
const KEPT = 1;

/** Starts a runner. @throws Error when it ends before it answers. */
export async function startRemote(command: string, args: readonly string[]): Promise<Remote> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  const pipe = pipeOf(child, [command, ...args].join(" "));
  await pipe.send(u32s(COMMAND.levels));
  const bits = u32At(await pipe.receive(4));
  return {
    levels: LEVELS.filter((_, level) => ((bits >> level) & 1) === 1),
    engine: ({ level, threads }) => {
      return async (model) => remoteEngine(pipe, model, { level: LEVELS.indexOf(level), threads });
    },
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.stdin.end();
      await exited;
    },
  };
}

async function remoteEngine(
  pipe: Pipe,
  model: RunnableModel,
  on: { readonly level: number; readonly threads: number },
): Promise<Engine> {
  const { program } = model;
  for (const number of [PLAIN, KEPT]) {
    const steps = planProgram(model, { keepOps: number === KEPT });
    await pipe.send(planFrame({ number, ...on }, steps, program));
    const fault = await pipe.receive(u32At(await pipe.receive(4)));
    if (fault.length > 0) throw new Error(`the runner refuses a plan: ${new TextDecoder().decode(fault)}`);
  }
  return {
    name: "native",
    memory: { constantBytes: 0, arenaBytes: 0, scratchBytes: 0, totalBytes: 0 },
    run: (options) => runRemotely(pipe, model, options),
    close: () => pipe.send(u32s(COMMAND.drop, PLAIN, COMMAND.drop, KEPT)),
  };
}

async function runRemotely(pipe: Pipe, { program }: RunnableModel, options: RunOptions): Promise<RunResult> {
  const kept = options.keepOps === true || options.hashOps === true;
  await pipe.send(runFrame(kept ? KEPT : PLAIN, options.hashOps === true, options.inputs));
  const status = u32At(await pipe.receive(4)) | 0;
  if (status !== -1) throw new Error(`the runner finds input ${status} out of its range`);
  const outputs = tensorsFrom(outputTypes(program), await pipe.receive(bytesOf(outputTypes(program))));
  const gas = programGas(program);
  if (!kept) return { outputs, gas };
  const types = program.ops.map(({ output }) => output);
  const ops = tensorsFrom(types, await pipe.receive(bytesOf(types)));
  if (options.hashOps !== true) return { outputs, gas, ops };
  const roots = await pipe.receive(32 * types.length);
  return { outputs, gas, opRoots: types.map((_, op) => roots.slice(32 * op, 32 * op + 32)) };
}

/** Bytes to a process and from it, in order. */
interface Pipe {
  send(bytes: Uint8Array): Promise<void>;
  receive(length: number): Promise<Uint8Array>;
}

function pipeOf(child: ChildProcessWithoutNullStreams, name: string): Pipe {
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  // Writing to a process that has ended is reported by the read that follows.
  child.stdin.on("error", () => undefined);
  const ended = once(child, "exit").then(([code, signal]) => {
    throw new Error(`${name} ended with ${code ?? signal}: ${log.slice(-2000)}`);
  });
  ended.catch(() => undefined);
  return {
    send: async (bytes) => {
      if (!child.stdin.write(bytes)) await Promise.race([once(child.stdin, "drain"), ended]);
    },
    receive: async (length) => {
      const whole = new Uint8Array(length);
      for (let at = 0; at < length; ) {
        const chunk = child.stdout.read() as Buffer | null;
        if (chunk === null) {
          await Promise.race([once(child.stdout, "readable"), ended]);
          continue;
        }
        const used = chunk.subarray(0, length - at);
        whole.set(used, at);
        at += used.length;
        if (used.length < chunk.length) child.stdout.unshift(chunk.subarray(used.length));
      }
      return whole;
    },
  };
}

function u32At(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}
