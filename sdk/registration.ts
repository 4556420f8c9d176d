/** A model between its two forms: what the VM calls a registration and what a transaction carries. */
import {
  dtypeFromNumber,
  dtypeToNumber,
  type RegisteredModel,
  type Registration,
  registeredModel,
} from "../aivm/index.ts";
import type { Messages } from "../proto/index.ts";

type RegisteredProgram = Messages["aivm.model.v1.RegisteredProgram"];

/** The program of a registration as `MsgRegisterModel` carries it. */
export function registrationToProgram(registration: Registration): RegisteredProgram {
  return {
    descriptors: registration.descriptors,
    constants: registration.constants.map(({ dtype, shape, root }) => ({
      dtype: dtypeToNumber(dtype),
      shape,
      root,
    })),
    meta: registration.meta,
  };
}

/** The registration that a program on the chain is. @throws AIVM_DTYPE */
export function programToRegistration(program: RegisteredProgram, artifactBytes: bigint): Registration {
  return {
    descriptors: program.descriptors,
    constants: program.constants.map(({ dtype, shape, root }) => ({
      dtype: dtypeFromNumber(dtype),
      shape,
      root,
    })),
    meta: program.meta,
    artifactBytes: Number(artifactBytes),
  };
}

/** The model that a program on the chain is, with its id computed from the program itself.
 * @throws what aivm's `registeredModel` does for a program that is not valid */
export function programToModel(program: RegisteredProgram, artifactBytes: bigint): RegisteredModel {
  return registeredModel(programToRegistration(program, artifactBytes));
}
