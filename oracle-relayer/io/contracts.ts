/** Compiled contracts as `scripts/buildContracts.ts` leaves them in build/contracts. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Abi, Hex } from "viem";
import { AivmError } from "../../common/errors.ts";

/** What is needed to deploy a contract and to speak to it. */
export interface ContractCode {
  readonly abi: Abi;
  readonly bytecode: Hex;
}

/**
 * Loads a contract by name.
 * @param folder where the JSON files are; default build/contracts of this package
 * @throws RELAYER_CONTRACT_MISSING when it was not built.
 */
export function loadContract(name: string, folder: string = defaultFolder()): ContractCode {
  const file = join(folder, `${name}.json`);
  if (!existsSync(file)) {
    throw new AivmError("RELAYER_CONTRACT_MISSING", {
      what: "compiled contract",
      want: file,
      got: "no such file",
      remedy: "run `npx tsx scripts/buildContracts.ts` first",
    });
  }
  const { abi, bytecode }: ContractCode = JSON.parse(readFileSync(file, "utf8"));
  return { abi, bytecode };
}

/** build/contracts beside the nearest package.json above: the same from the source tree and from dist/. */
function defaultFolder(): string {
  let at = import.meta.dirname;
  while (!existsSync(join(at, "package.json")) && dirname(at) !== at) at = dirname(at);
  return join(at, "build", "contracts");
}
