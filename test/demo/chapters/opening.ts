/** Chapter 2: the model is registered, and runners show that they hold its weights. */
import { registerOn, waitActive } from "../../../cli/devnet/services.ts";
import { searchTx } from "../../../sdk/actions/searchTx.ts";
import type { Stage } from "../stage.ts";

/** Registers the program, without its weights, by its author. */
export function register(stage: Stage): Promise<void> {
  return stage.recorder.step("register", async () => {
    const tx = await registerOn(stage.network, stage.model.model);
    return {
      what: "program on the chain, weights with the runners",
      who: "registrar",
      ref: tx.hash,
      value: undefined,
    };
  });
}

/** Waits until enough runners have opened a random chunk of the weights. */
export function modelActive(stage: Stage): Promise<void> {
  const { recorder, network, model } = stage;
  return recorder.step("active", async () => {
    const { attesters } = await waitActive(network, model.model.modelId);
    const [proof] = await searchTx(network.client, "message.action='/aivm.model.v1.MsgProveModel'");
    const what = `${attesters.length} runner opened a random chunk of the weights`;
    return { what, who: "runner", ref: proof?.hash ?? "", value: undefined };
  });
}
