import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { runCommands } from "../../../cli/command.ts";
import { registerCommand } from "../../../cli/model/register.ts";
import { bytesToHex } from "../../../common/index.ts";
import { type Client, createSigner, getBalance, getModel, type Signer } from "../../../sdk/index.ts";
import { createClient } from "../../../sdk/io/createClient.ts";
import { createKeyFile } from "../../../sdk/io/keyFile.ts";
import { tinyArtifact, tinyModel } from "../../node-runner/support/tinyModel.ts";
import { initChain, rpcOf, type Service, startChain } from "../../support/processes.ts";

const START_UAIVM = 10_000_000_000n;

describe("aivm model register", () => {
  let folder: string;
  let chain: Service;
  let client: Client;
  let author: Signer;
  let artifact: string;

  before(async function () {
    this.timeout(60_000);
    folder = await mkdtemp(join(tmpdir(), "aivm-register-"));
    const key = new Uint8Array(32).fill(0x41);
    author = await createSigner({ privateKey: key });
    await createKeyFile(join(folder, "author.key"), key);
    const accounts = [{ address: author.address, amountUaivm: START_UAIVM }];
    await initChain({ home: join(folder, "chain"), chainId: "register-1", accounts });
    chain = await startChain({ home: join(folder, "chain") });
    client = createClient({ rpc: rpcOf(chain), pollMs: 50, timeoutMs: 30_000 });
    artifact = join(folder, "tiny.aivm");
    await writeFile(artifact, tinyArtifact());
  });

  after(async () => {
    await chain?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs the command with these words and flags. */
  async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const printed = { out: "", err: "" };
    const code = await runCommands({
      program: "aivm",
      about: "",
      commands: [registerCommand],
      argv: [
        ...["model", "register", artifact, "--rpc", rpcOf(chain), "--key", join(folder, "author.key")],
        ...args,
      ],
      out: (text) => {
        printed.out += text;
      },
      err: (text) => {
        printed.err += text;
      },
    });
    return { code, ...printed };
  }

  it("refuses a deposit below the least, and takes nothing of it", async () => {
    const { code, err } = await run("--bond", "1");
    expect(code).to.equal(1);
    expect(err).to.contain("bond of the model").and.contain("larger bond");
    expect(await getModel(client, tinyModel().modelId)).to.equal(undefined);
  }).timeout(20_000);

  it("says what an amount must look like", async () => {
    const { code, err } = await run("--royalty", "5%");
    expect(code).to.equal(2);
    expect(err).to.contain("--royalty").and.contain("a whole number");
  });

  it("puts the model on the chain under its own id, with the least deposit unless told otherwise", async () => {
    const before = await getBalance(client, author.address);
    const { code, out, err } = await run("--royalty", "250", "--fee", "7", "--json");
    expect(code, err).to.equal(0);
    const facts = JSON.parse(out);
    expect(facts.modelId).to.equal(bytesToHex(tinyModel().modelId));
    expect(facts.warnings).to.deep.equal([
      "no card: nobody has measured what the integers lose against the float model",
    ]);
    const model = await getModel(client, tinyModel().modelId);
    expect(model?.registrar).to.equal(author.address);
    expect([model?.royaltyBps, model?.feeUaivm]).to.deep.equal([250, 7n]);
    expect(String(model?.bondUaivm)).to.equal(String(facts.bondUaivm));
    const paid = before - (await getBalance(client, author.address));
    expect(paid > BigInt(facts.bondUaivm)).to.equal(true);
  }).timeout(20_000);

  it("refuses the same model a second time", async () => {
    const { code, err } = await run();
    expect(code).to.equal(1);
    expect(err).to.contain("registered under this id");
  }).timeout(20_000);
});
