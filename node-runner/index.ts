/** The runner's decisions and ports. The process itself: `io/startRunner.ts`, `io/main.ts`, `bin/runner.ts`. */
export * from "./core/actionPool.ts";
export * from "./core/blob.ts";
export * from "./core/decideRunner.ts";
export * from "./core/decideWatch.ts";
export * from "./core/execution.ts";
export * from "./core/kept.ts";
export * from "./core/log.ts";
export * from "./errors.ts";
