/** Expectations about typed errors. */
import { expect } from "chai";
import { AivmError } from "../../../common/index.ts";

/** Requires `action` to throw an AivmError of that code whose message tells all four facts; `item` when one is named. */
export function throwsCode(code: string, action: () => unknown, item?: string): AivmError {
  return checked(code, caught(action), item);
}

/** The same for a promise. */
export async function rejectsCode(code: string, action: Promise<unknown>): Promise<AivmError> {
  return checked(
    code,
    await action.then(
      () => undefined,
      (error: unknown) => error,
    ),
  );
}

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

function checked(code: string, error: unknown, item?: string): AivmError {
  expect(error, `expected ${code}`).to.be.instanceOf(AivmError);
  if (!(error instanceof AivmError)) throw new TypeError("unreachable");
  expect(error.code, error.message).to.equal(code);
  const { what, want, got, remedy } = error.facts;
  for (const fact of [what, want, got, remedy])
    expect(fact, error.message).to.be.a("string").with.length.above(0);
  if (item !== undefined) expect(error.facts.item).to.contain(item);
  return error;
}
