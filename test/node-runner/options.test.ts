import { expect } from "chai";
import { HELP, parseArguments } from "../../node-runner/io/options.ts";

const BASE = ["--rpc", "http://127.0.0.1:26657", "--home", "/tmp/h", "--key", "/tmp/k"];

describe("node-runner: the command line", () => {
  it("has defaults that are safe: answers requests, serves nobody", () => {
    const parsed = parseArguments(BASE);
    if (parsed === "help") throw new Error("help");
    expect(parsed).to.deep.include({ watch: false, listen: undefined, pollMs: 250, logLevel: "info" });
    expect(parsed.bondUaivm).to.equal(100_000_000n);
  });

  it("reads every option that the help names, and the help names every option", () => {
    const id = "ab".repeat(32);
    const payee = `0x${"cd".repeat(20)}`;
    const parsed = parseArguments([
      ...BASE,
      ...[
        "--watch",
        "--model",
        id,
        "--artifact",
        "a.aivm",
        "--artifact",
        "b.aivm",
        "--listen",
        "127.0.0.1:0",
      ],
      ...[
        "--peers",
        "http://a,http://b",
        "--bond",
        "5",
        "--payee",
        payee,
        "--gas-price",
        "0.1",
        "--poll-ms",
        "50",
      ],
      ...["--public-url", "http://x", "--log-level", "debug"],
      ...["--max-memory", "64", "--max-gas", "1000"],
    ]);
    if (parsed === "help") throw new Error("help");
    expect(parsed).to.deep.include({
      watch: true,
      atMost: { activationBytes: 64 * 2 ** 20, gas: 1000n },
      bondUaivm: 5n,
      pollMs: 50,
      gasPriceUaivm: "0.1",
      publicUrl: "http://x",
    });
    expect(parsed.artifactFiles).to.deep.equal(["a.aivm", "b.aivm"]);
    expect(parsed.peers).to.deep.equal(["http://a", "http://b"]);
    expect(parsed.listen).to.deep.equal({ host: "127.0.0.1", port: 0 });
    expect([parsed.modelIds[0]?.length, parsed.payee.length]).to.deep.equal([32, 20]);
    expect(parseArguments(["--help"])).to.equal("help");
    for (const name of [
      "rpc",
      "home",
      "key",
      "watch",
      "model",
      "artifact",
      "listen",
      "public-url",
      "peers",
      "bond",
    ]) {
      expect(HELP).to.contain(`--${name}`);
    }
  });

  it("says which option is wrong and what it should be", () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /RUNNER_OPTION: --rpc: expected a value/],
      [[...BASE, "--model", "xyz"], /--model: expected 32 bytes in hex, got xyz/],
      [[...BASE, "--bond", "-5"], /RUNNER_OPTION/],
      [[...BASE, "--bond=1.5"], /--bond: expected a whole number, got 1.5/],
      [[...BASE, "--listen", "here"], /--listen: expected HOST:PORT/],
      [[...BASE, "--listen", "h:99999"], /--listen/],
      [[...BASE, "--nonsense"], /RUNNER_OPTION/],
    ];
    for (const [argv, pattern] of cases) expect(() => parseArguments(argv)).to.throw(pattern);
  });
});
