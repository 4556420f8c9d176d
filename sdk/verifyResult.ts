/** What a user checks of a result by himself: that it answers his question, and that the output is the one recorded. */
import { inputRoot, outputRoot, outputsFromBytes, type RegisteredModel, type Tensor } from "../aivm/index.ts";
import { bytesToHex, equalBytes } from "../common/index.ts";
import type { Messages } from "../proto/index.ts";
import { sdkError } from "./errors/errors.ts";

/** The output tensors of a result whose roots all hold. @throws SDK_VERIFY */
export function verifyResult(parts: {
  readonly model: Pick<RegisteredModel, "modelId" | "program">;
  readonly inputs: readonly Tensor[];
  readonly request: Pick<Messages["aivm.inference.v1.Request"], "seed" | "maxTokens">;
  readonly result: Messages["aivm.inference.v1.Result"];
}): Tensor[] {
  const { model, inputs, request, result } = parts;
  assertRoot("model id", model.modelId, result.modelId);
  const { seed, maxTokens } = request;
  assertRoot("input root", inputRoot({ tensors: inputs, seed, maxTokens }), result.inputRoot);
  const outputs = outputsFromBytes(model.program, result.output);
  assertRoot("output root", outputRoot(outputs), result.outputRoot);
  return outputs;
}

function assertRoot(what: string, want: Uint8Array, got: Uint8Array): void {
  if (equalBytes(want, got)) return;
  throw sdkError("SDK_VERIFY", {
    what: `${what} of a result`,
    want: bytesToHex(want),
    got: bytesToHex(got),
    remedy: "Do not use this result; ask another node.",
  });
}
