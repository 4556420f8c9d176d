import { expect } from "chai";
import type { NativeBinding } from "../../../../aivm/engine/native/binding.ts";
import {
  digestOf,
  referenceOutput,
  SELF_TEST_DIGEST,
  selfTest,
} from "../../../../aivm/engine/native/selfTest.ts";
import { selfTestCases } from "../../../../aivm/engine/native/selfTestCases.ts";
import { KERNEL, MAP } from "../../../../aivm/engine/plan/format.ts";
import { planProgram } from "../../../../aivm/engine/plan/plan.ts";
import { loaded } from "../../support/models.ts";
import { bindingOrSkip } from "./support.ts";

describe("the native engine's self-test", () => {
  it("holds the reference's digest, over valid programs", () => {
    const outputs = selfTestCases().map(referenceOutput);
    expect(digestOf(outputs)).to.equal(SELF_TEST_DIGEST);
    for (const { program, constants } of selfTestCases()) loaded(program, constants);
  });

  it("reaches every kernel but those of computed weights, every kind of map, and both epilogues", () => {
    const seen = new Set<string>();
    for (const { words } of selfTestCases().map((given) => planProgram(given))) {
      for (let at = 0; at < words.length; at += words[at + 1] ?? words.length) {
        const [kernel = 0] = words.subarray(at);
        const kind = { [KERNEL.map]: words[at + 4], [KERNEL.conv]: words[at + 43] }[kernel];
        seen.add(kind === undefined ? `${kernel}` : `${kernel} ${kind}`);
      }
    }
    const plain = Object.values(KERNEL).filter(
      (kernel) => ![KERNEL.map, KERNEL.conv].some((one) => one === kernel),
    );
    const maps = Object.values(MAP).map((kind) => `${KERNEL.map} ${kind}`);
    const convs = [0, 1, 2].map((kind) => `${KERNEL.conv} ${kind}`);
    expect([...plain.map(String), ...maps, ...convs].filter((each) => !seen.has(each))).to.deep.equal([]);
  });

  it("passes at every level of this CPU", async function () {
    const binding: NativeBinding = await bindingOrSkip(this);
    for (const level of binding.levels()) selfTest(binding, level);
  });
});
