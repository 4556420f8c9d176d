/** A second question, asked on the aivm chain itself and paid there; answered by the honest runner, disputed by nobody. */

import { bytesToHex } from "../../../common/index.ts";
import { type Inference, infer } from "../../../sdk/actions/infer.ts";
import { searchTx } from "../../../sdk/actions/searchTx.ts";
import { query } from "../../../sdk/query.ts";
import { type Digit, floatInput } from "../digits.ts";
import { PATIENCE_MS, type Stage } from "../stage.ts";

/** Asks through the SDK and waits for the final answer, which the SDK verifies. */
export async function paidQuery(stage: Stage, digit: Digit): Promise<Inference> {
  const { recorder, network, model } = stage;
  const user = network.account("user");
  const answer = await recorder.step("final-2", async () => {
    const found = await infer(network.client, {
      signer: user.signer,
      modelId: model.model.modelId,
      inputs: [{ floats: floatInput(digit.pixels) }],
      feeUaivm: 1_000_000n,
      resultTimeoutMs: PATIENCE_MS,
    });
    const honest = network.account("runner").signer.address;
    if (found.result.runner !== honest)
      throw new Error(`${found.result.runner} answered, not the honest runner`);
    const { claims } = await query(network.client, "dispute", "Dispute")({ requestId: found.requestId });
    if (claims.length !== 1) throw new Error(`the second request has ${claims.length} claims`);
    const what = `undisputed: test image ${digit.index}, a handwritten ${digit.label}, is a ${found.outputs[0]?.data[0]}`;
    return { what, who: "user, honest runner", ref: `block ${found.result.finalHeight}`, value: found };
  });
  const reveals = await searchTx(network.client, "message.action='/aivm.inference.v1.MsgRevealResult'");
  recorder.say(
    `          request ${bytesToHex(answer.requestId).slice(0, 16)}.. of ${reveals.length} answered on the chain; roots recomputed by the SDK`,
  );
  return answer;
}
