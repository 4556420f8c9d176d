import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { addressText } from "../../../chain/address.ts";
import { homePaths } from "../../../chain/io/home.ts";
import { openSigningKey, readKeyFile } from "../../../chain/io/keyFiles.ts";
import { bytesToHex } from "../../../common/bytes.ts";
import { type Child, nextJsonLine, startChild } from "../../support/child.ts";

const AIVMD = join(import.meta.dirname, "..", "..", "..", "chain", "bin", "aivmd.ts");
const ACCOUNT = addressText(new Uint8Array(20).fill(3));

describe("aivmd", () => {
  const folder = mkdtempSync(join(tmpdir(), "aivmd-"));
  const home = join(folder, "home");
  const run = (...args: string[]): Child => startChild(AIVMD, args);

  after(() => rmSync(folder, { recursive: true, force: true }));

  it("makes keys once, then a genesis that names them", async () => {
    const keys = await nextJsonLine(run("keys", "--home", home));
    const init = await nextJsonLine(
      run("init", "--home", home, "--chain-id", "aivm-test-1", "--account", `${ACCOUNT}=5uaivm`),
    );
    expect(init.validatorPubKey).to.equal(keys.validatorPubKey);
    expect(init.attesterEvmAddress).to.match(/^0x[0-9a-f]{40}$/);
    const paths = homePaths(home);
    expect(bytesToHex(readKeyFile(paths.validatorKey).pubKey)).to.equal(keys.validatorPubKey);
    const genesis = JSON.parse(readFileSync(paths.genesis, "utf8"));
    expect(genesis.chain_id).to.equal("aivm-test-1");
    expect(genesis.consensus_params.abci.vote_extensions_enable_height).to.equal("1");
    expect(genesis.app_state.bank.balances).to.deep.equal([
      { address: ACCOUNT, coins: [{ denom: "uaivm", amount: "5" }] },
    ]);
  });

  it("is ready after block 1, ends on SIGTERM and goes on from there", async () => {
    const start = (): Child => run("start", "--home", home, "--rpc", "127.0.0.1:0", "--block-ms", "50");
    const first = start();
    const ready = await nextJsonLine(first);
    expect([ready.event, ready.chainId]).to.deep.equal(["ready", "aivm-test-1"]);
    const status = await (await fetch(`${ready.rpc}/status`)).json();
    const height = Number(status.result.sync_info.latest_block_height);
    expect(height).to.be.at.least(1);
    first.process.kill("SIGTERM");
    expect(await first.exited, first.errors()).to.equal(0);
    const signed = openSigningKey({
      key: homePaths(home).validatorKey,
      state: homePaths(home).validatorState,
    }).loadState();
    expect(Number(signed.height)).to.be.at.least(height);
    const second = start();
    const again = await nextJsonLine(second);
    const rival = start();
    expect(await rival.exited).to.equal(1);
    expect(rival.errors()).to.contain("another process holds");
    const later = await (await fetch(`${again.rpc}/block?height=${height}`)).json();
    expect(later.result.block.header.height).to.equal(String(height));
    second.process.kill("SIGTERM");
    expect(await second.exited, second.errors()).to.equal(0);
  });

  it("refuses what it can not do, each with its exit code and a remedy", async () => {
    const cases: readonly (readonly [readonly string[], number, string])[] = [
      [["dance"], 2, "CHAIN_USAGE"],
      [["start", "--speed", "9"], 2, "CHAIN_USAGE"],
      [["start"], 2, "--home"],
      [["start", "--home", join(folder, "none")], 1, "aivmd init"],
      [["init", "--home", home, "--chain-id", "x"], 1, "CHAIN_HOME"],
      [["start", "--home", home, "--rpc", "nowhere"], 2, "HOST:PORT"],
    ];
    const children = cases.map(([args]) => run(...args));
    for (const [index, [args, code, text]] of cases.entries()) {
      expect(await children[index]?.exited, args.join(" ")).to.equal(code);
      expect(children[index]?.errors(), args.join(" ")).to.contain(text);
    }
  });

  it("explains itself with examples", async () => {
    const child = run("--help");
    const lines: string[] = [];
    for await (const line of child.lines) lines.push(line);
    expect(lines.join("\n")).to.contain("Examples");
    expect(await child.exited).to.equal(0);
  });
});
