import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { initialState } from "../../oracle-relayer/core/state.ts";
import { startAnvil } from "../../oracle-relayer/io/anvil.ts";
import { proofOf } from "../../oracle-relayer/io/chain.ts";
import { readConfig, readEvmKey } from "../../oracle-relayer/io/config.ts";
import { loadContract } from "../../oracle-relayer/io/contracts.ts";
import { createFileStore } from "../../oracle-relayer/io/store.ts";

const folder = (): string => mkdtempSync(join(tmpdir(), "relayer-io-"));

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
    return "no error";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

describe("relayer io", () => {
  describe("the store", () => {
    it("holds nothing before the first save, then the last state, in a private file", async () => {
      const path = join(folder(), "deep", "state.json");
      const store = createFileStore(path);
      expect(await store.load()).to.equal(undefined);
      await store.save(initialState(4n));
      await store.save(initialState(5n));
      expect(await store.load()).to.deep.equal(initialState(5n));
      expect(existsSync(`${path}.new`)).to.equal(false);
    });

    it("reads the old state when a crash left half a new one beside it", async () => {
      const path = join(folder(), "state.json");
      const store = createFileStore(path);
      await store.save(initialState(4n));
      writeFileSync(`${path}.new`, readFileSync(path, "utf8").slice(0, 20));
      expect(await store.load()).to.deep.equal(initialState(4n));
      await store.save(initialState(6n));
      expect(await store.load()).to.deep.equal(initialState(6n));
    });

    it("says so when the file is broken, rather than starting anew", async () => {
      const path = join(folder(), "state.json");
      writeFileSync(path, "{");
      expect(await codeOf(createFileStore(path).load())).to.equal("RELAYER_STATE");
    });
  });

  describe("the configuration", () => {
    const valid = {
      evmRpcUrl: "http://127.0.0.1:8545",
      oracle: `0x${"ab".repeat(20)}`,
      evmKeyFile: "evm.key",
      chainRpcUrl: "http://127.0.0.1:26657",
      observerKeyFile: "observer.key",
      statePath: "state.json",
    };
    const write = (value: unknown): string => {
      const path = join(folder(), "config.json");
      writeFileSync(path, JSON.stringify(value));
      return path;
    };

    it("has safe defaults, and takes large numbers as text", async () => {
      const config = await readConfig(write({ ...valid, startBlock: "18446744073709551617", pollMs: 50 }));
      expect(config.policy.startBlock).to.equal(18446744073709551617n);
      expect(config.policy.confirmations).to.equal(12n);
      expect(config.policy.pollMs).to.equal(50);
    });

    for (const [what, change] of [
      ["a missing field", { statePath: undefined }],
      ["a short address", { oracle: "0xab" }],
      ["a negative number", { confirmations: -1 }],
      ["pauses that are none", { retryMs: ["soon"] }],
    ] as const) {
      it(`refuses ${what} by name`, async () => {
        expect(await codeOf(readConfig(write({ ...valid, ...change })))).to.equal("RELAYER_CONFIG");
      });
    }

    it("refuses a file that is missing or no JSON object", async () => {
      expect(await codeOf(readConfig(join(folder(), "none.json")))).to.equal("RELAYER_CONFIG");
      expect(await codeOf(readConfig(write(7)))).to.equal("RELAYER_CONFIG");
    });

    it("takes an EVM key only from a private file, and never quotes it", async () => {
      const path = join(folder(), "evm.key");
      const key = "1f".repeat(32);
      writeFileSync(path, `0x${key}\n`, { mode: 0o600 });
      expect(await readEvmKey(path)).to.equal(`0x${key}`);
      chmodSync(path, 0o644);
      expect(await codeOf(readEvmKey(path))).to.equal("RELAYER_CONFIG");
      chmodSync(path, 0o600);
      writeFileSync(path, `${key}99`);
      const message = await readEvmKey(path).catch((error: Error) => error.message);
      expect(message).to.not.contain("1f1f");
    });
  });

  it("reads the chain's bitmap as little-endian, and no proof before it is attested", () => {
    const leaf = {
      dstChainId: 1n,
      oracle: new Uint8Array(20),
      requestId: new Uint8Array(32),
      requestHash: new Uint8Array(32),
      status: 2,
      outputKeccak: new Uint8Array(32),
      outputRoot: new Uint8Array(32),
      modelId: new Uint8Array(32),
      tier: 8,
      payee: new Uint8Array(20),
      deadline: 3n,
      finalHeight: 4n,
      aivmRequestId: new Uint8Array(32),
    };
    const bitmap = new Uint8Array(32);
    bitmap[0] = 5;
    bitmap[1] = 1;
    const response = {
      attested: true,
      leaf,
      root: new Uint8Array(32),
      rootHeight: 9n,
      index: 0,
      path: [],
      setId: 1n,
      bitmap,
      signatures: [],
      output: new Uint8Array(),
    };
    expect(proofOf(response)?.bitmap).to.equal(0x105n);
    expect(proofOf({ ...response, attested: false })).to.equal(undefined);
  });

  it("names the command that builds a contract which is not there", () => {
    expect(() => loadContract("NoSuchContract")).to.throw("scripts/buildContracts.ts");
  });

  it("starts two EVM nodes at once on free ports, and stops them", async () => {
    const nodes = await Promise.all([startAnvil(), startAnvil({ chainId: 4242 })]);
    expect(nodes[0]?.port).to.not.equal(nodes[1]?.port);
    await Promise.all(nodes.map((node) => node.stop()));
    expect(
      nodes.every((node) => node.process.exitCode !== null || node.process.signalCode !== null),
    ).to.equal(true);
  });

  it("says why an EVM node did not start", async () => {
    const node = await startAnvil();
    try {
      expect(await codeOf(startAnvil({ port: node.port }))).to.equal("RELAYER_ANVIL");
    } finally {
      await node.stop();
    }
  });
});
