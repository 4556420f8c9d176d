/**
 * Compiles every Solidity file under the contract folders with solc-js and writes one JSON a contract
 * (abi, bytecode, deployedBytecode) to build/contracts. Same sources and compiler, same bytes: no metadata hash goes
 * into the code. `npx tsx scripts/buildContracts.ts`.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import type { Abi } from "viem";

const ROOT = join(import.meta.dirname, "..");
const FOLDERS = ["oracle-relayer/contracts", "opml-dispute/contracts"];
const requireModule = createRequire(import.meta.url);
const COMPILER: string = `solc ${requireModule("solc/package.json").version}`;
const SETTINGS = {
  optimizer: { enabled: true, runs: 20_000 },
  viaIR: true,
  evmVersion: "cancun",
  metadata: { bytecodeHash: "none", appendCBOR: false },
  outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
};

/** One compiled contract. Bytecode as 0x-prefixed hex. */
export interface CompiledContract {
  readonly contractName: string;
  readonly sourceName: string;
  readonly abi: Abi;
  readonly bytecode: `0x${string}`;
  readonly deployedBytecode: `0x${string}`;
}

interface BuildIndex {
  readonly fingerprint: string;
  readonly contracts: readonly string[];
}

interface SolcOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, SolcContract>>>>;
}

interface SolcContract {
  readonly abi: CompiledContract["abi"];
  readonly evm: {
    readonly bytecode: { readonly object: string };
    readonly deployedBytecode: { readonly object: string };
  };
}

/**
 * Compiles the Solidity files under `folders` (relative to the repository's root), sorted by name.
 * @throws Error with the compiler's own messages when it reports any error or warning.
 */
export function compileContracts(folders: readonly string[] = FOLDERS): CompiledContract[] {
  return compile(compilerInput(folders));
}

/**
 * The same, by way of the folder `target`: compiles only when the sources, settings or compiler have changed since it
 * was written, and leaves there one JSON a contract.
 */
export function buildContracts(
  target: string = join(ROOT, "build", "contracts"),
  folders: readonly string[] = FOLDERS,
): CompiledContract[] {
  const input = compilerInput(folders);
  const fingerprint = createHash("sha256").update(COMPILER).update(input).digest("hex");
  const index = join(target, "index.json");
  const kept: BuildIndex | undefined = existsSync(index)
    ? JSON.parse(readFileSync(index, "utf8"))
    : undefined;
  if (kept?.fingerprint === fingerprint) {
    return kept.contracts.map((name) => JSON.parse(readFileSync(join(target, `${name}.json`), "utf8")));
  }
  const contracts = compile(input);
  mkdirSync(target, { recursive: true });
  for (const contract of contracts) {
    writeFileSync(join(target, `${contract.contractName}.json`), `${JSON.stringify(contract, null, 1)}\n`);
  }
  const names = contracts.map((contract) => contract.contractName);
  writeFileSync(index, `${JSON.stringify({ compiler: COMPILER, fingerprint, contracts: names }, null, 1)}\n`);
  return contracts;
}

function compilerInput(folders: readonly string[]): string {
  const files = folders.flatMap(solidityFiles);
  const sources = Object.fromEntries(
    files.map((file) => [file, { content: readFileSync(join(ROOT, file), "utf8") }]),
  );
  return JSON.stringify({ language: "Solidity", sources, settings: SETTINGS });
}

function compile(input: string): CompiledContract[] {
  const solc: { compile(input: string): string } = requireModule("solc");
  const output: SolcOutput = JSON.parse(solc.compile(input));
  const complaints = output.errors ?? [];
  if (complaints.length > 0) throw new Error(complaints.map((item) => item.formattedMessage).join("\n"));
  return Object.entries(output.contracts ?? {})
    .flatMap(([sourceName, byName]) =>
      Object.entries(byName).map(([contractName, compiled]) =>
        describe({ sourceName, contractName, compiled }),
      ),
    )
    .sort((a, b) => (a.contractName < b.contractName ? -1 : 1));
}

function describe(one: {
  readonly sourceName: string;
  readonly contractName: string;
  readonly compiled: SolcContract;
}): CompiledContract {
  const { abi, evm } = one.compiled;
  return {
    contractName: one.contractName,
    sourceName: one.sourceName,
    abi,
    bytecode: `0x${evm.bytecode.object}`,
    deployedBytecode: `0x${evm.deployedBytecode.object}`,
  };
}

function solidityFiles(folder: string): string[] {
  const root = join(ROOT, folder);
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".sol"))
    .map((file) => relative(ROOT, join(root, file)))
    .sort();
}

if (process.argv[1] !== undefined && import.meta.filename === process.argv[1]) {
  console.log(`${buildContracts().length} contracts in build/contracts`);
}
