/** Programs between their registered form and their parsed one. */
import {
  dtypeFromNumber,
  type RegisteredModel,
  type Registration,
  registeredModel,
} from "../../../aivm/index.ts";
import { AivmError, bytesToHex } from "../../../common/index.ts";
import type { Context } from "../../context.ts";
import { modelError } from "./errors.ts";
import { artifactLengthOf } from "./math.ts";
import { getProgram, type RegisteredProgram } from "./view.ts";

/** Parsed programs that a process keeps. */
const CACHED_PROGRAMS = 32;

/**
 * The parsed form of a program: id, structure and cost are all computed from it alone.
 * @throws model/invalidProgram with the VM's own reason
 */
export function parseProgram(program: RegisteredProgram): RegisteredModel {
  try {
    const parts = registrationParts(program);
    return registeredModel({ ...parts, artifactBytes: Number(artifactLengthOf(parts)) });
  } catch (error) {
    if (error instanceof AivmError) throw invalidProgram(error);
    throw error;
  }
}

/**
 * Reads parsed programs. The bytes are read, and charged, each time, so that gas is the same on every machine; only
 * the parsing, which depends on nothing but the bytes that the id names, is remembered.
 */
export function createProgramReader(): (ctx: Context, modelId: Uint8Array) => RegisteredModel | undefined {
  const parsed = new Map<string, RegisteredModel>();
  return (ctx, modelId) => {
    const program = getProgram(ctx, modelId);
    if (program === undefined) return undefined;
    const id = bytesToHex(modelId);
    const known = parsed.get(id);
    if (known !== undefined) return known;
    const model = parseProgram(program);
    const [oldest] = parsed.keys();
    if (parsed.size >= CACHED_PROGRAMS && oldest !== undefined) parsed.delete(oldest);
    parsed.set(id, model);
    return model;
  };
}

function registrationParts(program: RegisteredProgram): Omit<Registration, "artifactBytes"> {
  const { descriptors, constants, meta } = program;
  return {
    descriptors,
    constants: constants.map(({ dtype, shape, root }) => ({ dtype: dtypeFromNumber(dtype), shape, root })),
    meta,
  };
}

function invalidProgram(cause: AivmError): AivmError {
  return modelError("invalidProgram", {
    what: "program",
    want: "one that passes the VM's structure rules",
    got: cause.message.slice(0, 400),
    remedy: "Compile the model with this version and register what the compiler wrote.",
  });
}
