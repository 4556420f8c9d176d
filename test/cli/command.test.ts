import { expect } from "chai";
import { allFlags, type Command, hexFlag, numberFlag } from "../../cli/command.ts";
import { progressLine } from "../../cli/progress.ts";
import { AivmError } from "../../common/index.ts";
import { runAivm } from "./support.ts";

const echo: Command = {
  name: "model echo",
  about: "prints what it was given",
  usage: "<word>",
  flags: {
    shape: { type: "string", placeholder: "NAME=SIZES", about: "a shape", multiple: true },
    index: { type: "string", placeholder: "N", about: "a number" },
    seed: { type: "string", placeholder: "HEX", about: "two bytes" },
  },
  examples: ["aivm model echo --shape a=1 --shape b=2"],
  run: async (invocation) => {
    const facts = {
      shapes: allFlags(invocation, "shape"),
      index: numberFlag(invocation, "index", 1),
      seed: hexFlag(invocation, { name: "seed", bytes: 2 }),
    };
    invocation.result(facts, `${facts.shapes.length} shapes`);
  },
};

describe("command line", () => {
  const run = (...argv: string[]) => runAivm([echo], ["model", "echo", ...argv]);

  it("gives every value of a flag that may be given more than once, and says so in the help", async () => {
    expect((await run("--shape", "a=1", "--shape", "b=2", "--json")).json()).to.deep.equal({
      shapes: ["a=1", "b=2"],
    });
    expect((await run("--json")).json()).to.deep.equal({ shapes: [] });
    const help = await run("--help");
    expect(help.code).to.equal(0);
    for (const text of [
      "--shape <NAME=SIZES>",
      "may be given more than once",
      "--json",
      "Examples:",
      "--shape a=1 --shape b=2",
    ])
      expect(help.out).to.contain(text);
  });

  it("reads whole numbers and hex, and calls anything else a wrong call: exit code 2", async () => {
    expect((await run("--index", "12", "--seed", "0aFF", "--json")).json()).to.deep.include({
      index: 12,
      seed: "0aff",
    });
    for (const index of ["0", "1.5", "-1", "1e3", "x", "99999999999999999999"])
      expect((await run(`--index=${index}`)).code, index).to.equal(2);
    for (const seed of ["0a", "0a0", "zzzz", "0a0b0c"]) {
      const { code, err } = await run("--seed", seed);
      expect([code, err.startsWith("CLI_USAGE")], seed).to.deep.equal([2, true]);
    }
  });

  it("prints nothing that acts on a terminal, whoever named it; JSON keeps it as escapes", async () => {
    const name = "\u001b]0;title\u0007\u009b31m\u202eevil\u{e0041}";
    const says: Command = {
      name: "say",
      about: "prints a name",
      flags: { fail: { type: "boolean", about: "as an error" } },
      examples: [],
      run: async ({ flags, result }) => {
        if (flags.fail === true) throw new AivmError("T", { what: name, want: "", got: "", remedy: "" });
        result({ name }, `first\n${name}`);
      },
    };
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    const acting = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|\u{e0041}/u;
    for (const argv of [["say"], ["say", "--fail"], ["say", "--json"], ["say", "--fail", "--json"], [name]]) {
      const { out, err } = await runAivm([says], argv);
      expect(out + err, argv.join(" ")).to.not.match(acting);
    }
    expect((await runAivm([says], ["say"])).out.split("\n")[0]).to.equal("first");
    expect((await runAivm([says], ["say", "--json"])).json()).to.deep.equal({ name });
  });

  it("calls an unknown flag and an unknown command wrong calls as well", async () => {
    expect((await run("--no-such-flag")).code).to.equal(2);
    const unknown = await runAivm([echo], ["model", "nothing"]);
    expect([unknown.code, unknown.err.includes('no command "model nothing"')]).to.deep.equal([2, true]);
    expect((await runAivm([echo], [])).code).to.equal(0);
  });
});

describe("progress", () => {
  /** What 100 steps draw, one every `stepMs`. */
  function drawn(output: { readonly isTTY?: boolean; readonly stepMs: number }): string {
    let text = "";
    let now = 0;
    const write = (part: string): void => {
      text += part;
    };
    const { isTTY = false, stepMs } = output;
    const step = progressLine("work", { output: { isTTY, write }, now: () => now });
    for (let done = 1; done <= 100; done++) {
      now += stepMs;
      step(done, 100);
    }
    return text;
  }

  it("draws one line over itself on a terminal", () => {
    const text = drawn({ isTTY: true, stepMs: 1 });
    expect(text.split("\n")).to.have.length(2);
    expect(text).to.contain("\rwork [#############------------] 50 %");
    expect(text.endsWith("100 %\n")).to.equal(true);
  });

  it("leaves a line every quarter in a log, and none when the work is short", () => {
    expect(drawn({ stepMs: 1000 })).to.equal("work: 25 %\nwork: 50 %\nwork: 75 %\nwork: 100 %\n");
    expect(drawn({ stepMs: 1 })).to.equal("");
  });
});
