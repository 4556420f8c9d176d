/** Events of module oracle. */
import { bytesToHex } from "../../../common/index.ts";
import type { Context } from "../../context.ts";
import type { Destination, Leaf, ResultsRoot } from "./view.ts";

/** An observer has spoken of a request. */
export function emitObserved(
  ctx: Context,
  observation: { readonly requestId: Uint8Array; readonly observer: string; readonly accepted: boolean },
): void {
  ctx.emit("request_observed", [
    ["request_id", bytesToHex(observation.requestId)],
    ["observer", observation.observer],
    ["accepted", `${observation.accepted}`],
  ]);
}

/** A leaf was put into this block's results tree. */
export function emitRecorded(ctx: Context, leaf: Leaf): void {
  ctx.emit("result_recorded", [
    ["request_id", bytesToHex(leaf.aivmRequestId)],
    ["evm_request_id", bytesToHex(leaf.requestId)],
    ["evm_chain_id", `${leaf.dstChainId}`],
    ["status", `${leaf.status}`],
  ]);
}

/** The results tree of this block is closed. */
export function emitSealed(ctx: Context, root: ResultsRoot): void {
  ctx.emit("results_root", [
    ["height", `${root.height}`],
    ["root", bytesToHex(root.root)],
    ["leaves", `${root.leaves.length}`],
  ]);
}

/** More than two thirds of the power has signed a root. */
export function emitAttested(ctx: Context, root: ResultsRoot): void {
  ctx.emit("results_attested", [
    ["height", `${root.height}`],
    ["root", bytesToHex(root.root)],
    ["signatures", `${root.signatures.length}`],
  ]);
}

/** A contract is served from now on. */
export function emitDestination(ctx: Context, destination: Destination): void {
  ctx.emit("destination_added", [
    ["evm_chain_id", `${destination.evmChainId}`],
    ["oracle", bytesToHex(destination.oracle)],
  ]);
}
