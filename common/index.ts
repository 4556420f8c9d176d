export * from "./bytes.ts";
export * from "./errors.ts";
export * from "./merkle.ts";
export * from "./rfc6962.ts";
export * from "./sha256.ts";
export * from "./units.ts";
