import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createKeyFile, readKeyFile, readOrCreateKeyFile } from "../../sdk/io/keyFile.ts";
import { createSigner } from "../../sdk/tx/signer.ts";

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "it did not fail",
    (error: unknown) => error,
  );
}

describe("sdk/io: key files", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "aivm-keys-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("give back the same account, and are readable by their owner only", async () => {
    const path = join(folder, "a.key");
    const made = await createKeyFile(path);
    expect((await readKeyFile(path)).address).to.equal(made.address);
    expect((await readOrCreateKeyFile(path)).address).to.equal(made.address);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(made.address).to.match(/^aivm1[a-z0-9]{38}$/);
    expect((await readOrCreateKeyFile(join(folder, "b.key"))).address).not.to.equal(made.address);
  });

  it("hold a given key", async () => {
    const privateKey = new Uint8Array(32).fill(9);
    const made = await createKeyFile(join(folder, "a.key"), privateKey);
    expect(made.address).to.equal((await createSigner({ privateKey })).address);
  });

  it("are not overwritten, and not read when others may read them too", async () => {
    const path = join(folder, "a.key");
    await createKeyFile(path);
    const before = await readFile(path, "utf8");
    expect(await failure(createKeyFile(path))).to.have.property("code", "SDK_KEY");
    expect(await readFile(path, "utf8")).to.equal(before);
    await chmod(path, 0o644);
    expect(String(await failure(readKeyFile(path)))).to.match(/SDK_KEY.*0600.*chmod 600/s);
  });

  it("that are damaged or missing give an error without their content", async () => {
    const path = join(folder, "a.key");
    await writeFile(path, `{"format":"aivm-key/1","privateKey":"${"cd".repeat(32)}`, { mode: 0o600 });
    const error = await failure(readKeyFile(path));
    expect(error).to.have.property("code", "SDK_KEY");
    expect(String(error)).not.to.contain("cdcd");
    expect(await failure(readKeyFile(join(folder, "none.key")))).to.have.property("code", "SDK_KEY");
  });
});
