import type { RegisteredModel } from "../../aivm/index.ts";
import { bytesToHex, equalBytes } from "../../common/index.ts";
import type { Messages } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { notFound, sdkError } from "../errors/errors.ts";
import { programToModel } from "../registration.ts";
import { getModel } from "./getModel.ts";
import { getProgram } from "./getProgram.ts";

/** Record and program of a model, the program checked against the id. @throws SDK_NOT_FOUND, SDK_VERIFY */
export async function loadModel(
  client: Client,
  modelId: Uint8Array,
): Promise<{ readonly model: RegisteredModel; readonly record: Messages["aivm.model.v1.Model"] }> {
  const [record, program] = await Promise.all([getModel(client, modelId), getProgram(client, modelId)]);
  if (record === undefined || program === undefined) throw notFound("model", modelId);
  const model = programToModel(program, record.artifactBytes);
  if (!equalBytes(model.modelId, modelId)) {
    throw sdkError("SDK_VERIFY", {
      what: "model id of a program",
      want: bytesToHex(modelId),
      got: bytesToHex(model.modelId),
      remedy: "Ask another node: this one returned another model's program.",
    });
  }
  return { model, record };
}
