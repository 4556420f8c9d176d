/** Chapter 1: a real model becomes an integer artifact, by the command that an author uses. */
import { join } from "node:path";
import { readArtifact } from "../../../aivm/io/files.ts";
import type { Card } from "../../../aivm/quantize/card.ts";
import { runToEnd } from "../../../cli/devnet/process.ts";
import { bytesToHex } from "../../../common/index.ts";
import { digitsFolder } from "../digits.ts";
import type { Recorder } from "../recorder.ts";
import type { AccuracyFigures } from "../report.ts";
import type { DemoModel } from "../stage.ts";

/** Compiles the digit model with `aivm model compile`. */
export function compileModel(recorder: Recorder, home: string): Promise<DemoModel> {
  const folder = digitsFolder();
  const file = join(home, "digits.aivm");
  return recorder.step("compile", async () => {
    const data = join(folder, "split.json");
    const onnx = join(folder, "digits.onnx");
    const args = ["model", "compile", "--onnx", onnx, "--data", data, "--out", file, "--json"];
    const printed = JSON.parse(await runToEnd("cli/bin/aivm", args)) as {
      readonly modelId: string;
      readonly ops: number;
    };
    const model = await readArtifact(file);
    const idHex = bytesToHex(model.modelId);
    if (printed.modelId !== idHex)
      throw new Error(`the artifact has id ${idHex}, the compiler printed ${printed.modelId}`);
    return {
      what: `ONNX to ${printed.ops} integer ops`,
      who: "model author",
      ref: idHex,
      value: { model, file, idHex },
    };
  });
}

/** Measures both models over the whole test split with `aivm model evaluate`. */
export function measureModel(recorder: Recorder, model: DemoModel): Promise<AccuracyFigures> {
  const folder = digitsFolder();
  return recorder.step("accuracy", async () => {
    const args = [
      "model",
      "evaluate",
      model.file,
      "--onnx",
      join(folder, "digits.onnx"),
      "--data",
      join(folder, "split.json"),
      "--json",
    ];
    const { card } = JSON.parse(await runToEnd("cli/bin/aivm", args)) as { readonly card: Card };
    const images = card.evaluation.samples;
    const count = (bps: number): number => Math.round((bps * images) / 10_000);
    const value = {
      images,
      floatRight: count(card.floatBps),
      fixedRight: count(card.fixedBps),
      sameAnswer: count(card.agreementBps),
    };
    const percent = (right: number): string => `${((100 * right) / images).toFixed(2)} %`;
    const difference = `${((100 * (value.fixedRight - value.floatRight)) / images).toFixed(2)} points`;
    const what = `float ${percent(value.floatRight)}, fixed ${percent(value.fixedRight)}, difference ${difference}`;
    return { what, who: "model author", ref: `${images} test images`, value };
  });
}
