import { expect } from "chai";
import type { OnnxTensor } from "../../../aivm/import/onnx/graph.ts";
import { openIsolatedReference } from "../../../aivm/io/isolatedReference.ts";
import { isAivmError } from "../../../common/errors.ts";
import { rejectsCode } from "../support/errors.ts";
import { requireOrt } from "../support/floatReference.ts";
import { onnxModel } from "../support/onnxBuilder.ts";

const divide = (code: number): Uint8Array =>
  onnxModel({
    nodes: [{ op: "Div", inputs: ["a", "b"], outputs: ["y"] }],
    inputs: { a: [2], b: [2] },
    types: { a: code, b: code },
    outputs: ["y"],
  });

const int64 = (name: string, ...values: bigint[]): OnnxTensor => ({
  name,
  dtype: "int64",
  shape: [2],
  data: BigInt64Array.from(values),
});

describe("onnxruntime in another process", () => {
  it("gives what it gives in this one, types and errors too", async function () {
    const here = await requireOrt(this);
    const there = await openIsolatedReference();
    expect(there.name).to.equal(here.name);
    const feeds = [int64("a", 7n, -9n), int64("b", 2n, 2n)];
    const [want, got] = await Promise.all(
      [here, there].map(async (reference) => {
        const session = await reference.load(divide(7));
        const result = { types: session.inputTypes, outputs: await session.run(feeds) };
        await session.close();
        return result;
      }),
    );
    expect(got).to.deep.equal(want);
    await rejectsCode("AIVM_REFERENCE_LOAD", there.load(Uint8Array.of(1, 2, 3)));
  });

  it("outlives a division that ends that process, and runs the next model", async function () {
    await requireOrt(this);
    const reference = await openIsolatedReference();
    const session = await reference.load(divide(7));
    // Where the processor does not trap, there is a result instead.
    const result = await session.run([int64("a", 1n, 1n), int64("b", 0n, 1n)]).catch((e: unknown) => e);
    expect(result instanceof Map || isAivmError(result, "AIVM_REFERENCE_RUN")).to.equal(true);
    await session.close();
    const next = await reference.load(divide(7));
    const outputs = await next.run([int64("a", 8n, 6n), int64("b", 2n, 3n)]);
    expect(Array.from(outputs.get("y")?.data ?? [], Number)).to.deep.equal([4, 2]);
  });
});
