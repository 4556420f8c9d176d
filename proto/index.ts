export * from "./codec.ts";
export * from "./gen/types.ts";
export * from "./hashes.ts";
