import { bytesToHex } from "../../common/index.ts";
import { type Messages, RequestStatus } from "../../proto/index.ts";
import type { Client } from "../client.ts";
import { sdkError } from "../errors/errors.ts";
import { pollUntil } from "../poll.ts";
import { getRequest } from "./getRequest.ts";
import { getResult } from "./getResult.ts";

/** The final result of a request. @throws SDK_EXPIRED, SDK_TIMEOUT, SDK_UNREACHABLE */
export function waitForResult(
  client: Client,
  wait: { readonly requestId: Uint8Array; readonly timeoutMs?: number },
): Promise<Messages["aivm.inference.v1.Result"]> {
  const { requestId } = wait;
  return pollUntil(client, {
    what: `final result of request ${bytesToHex(requestId)}`,
    deadlineMs: client.clock.nowMs() + (wait.timeoutMs ?? client.timeoutMs),
    remedy: "Wait longer: a result is final once its challenge window is over; a dispute takes longer.",
    probe: async () => {
      const request = await getRequest(client, requestId);
      if (request?.status === RequestStatus.REQUEST_STATUS_EXPIRED) throw expired(requestId);
      if (request?.status !== RequestStatus.REQUEST_STATUS_FINAL) return undefined;
      return getResult(client, requestId);
    },
  });
}

function expired(requestId: Uint8Array): Error {
  return sdkError("SDK_EXPIRED", {
    what: "request",
    item: bytesToHex(requestId),
    want: "a final result",
    got: "EXPIRED; the fee is refunded",
    remedy: "Ask again with a later deadline, when a runner serves the model.",
  });
}
