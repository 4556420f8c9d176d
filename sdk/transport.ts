/**
 * The door to the node: turns every way in which a JSON-RPC call can fail into one of two typed errors, so that
 * nothing above it has to tell a refused connection from an answer.
 */
import type { RpcClient } from "@cosmjs/tendermint-rpc";
import { AivmError } from "../common/index.ts";
import { sdkError } from "./errors/errors.ts";

type RpcRequest = Parameters<RpcClient["execute"]>[0];

/** SDK_RPC: an error object that the node answered with. `data` holds the text that CometBFT puts there. */
export class RpcAnswerError extends AivmError {
  readonly rpcCode: number;
  readonly data: string;

  constructor(
    method: string,
    answer: { readonly code: number; readonly message: string; readonly data: string },
  ) {
    super("SDK_RPC", {
      what: `JSON-RPC method ${method}`,
      want: "a result",
      got: `error ${answer.code} ${answer.message}: ${answer.data}`,
      remedy: "Check the arguments and the node's version.",
    });
    this.rpcCode = answer.code;
    this.data = answer.data;
  }
}

/** `inner` with its failures as SDK_RPC (the node answered with an error) or SDK_UNREACHABLE (anything else). */
export function typedTransport(inner: RpcClient): RpcClient {
  return {
    execute: async (request) => {
      try {
        return await inner.execute(request);
      } catch (error) {
        throw toTypedError(request, error);
      }
    },
    disconnect: () => inner.disconnect(),
  };
}

function toTypedError(request: RpcRequest, error: unknown): AivmError {
  const answer = error instanceof Error ? parseAnswer(error.message) : undefined;
  if (answer !== undefined) return new RpcAnswerError(request.method, answer);
  return sdkError(
    "SDK_UNREACHABLE",
    {
      what: `node, method ${request.method}`,
      want: "an answer",
      got: describeFailure(error),
      remedy: "Check that the node runs and that the RPC address is right.",
    },
    error,
  );
}

/** CosmJS throws the error object as the JSON text of an Error's message. */
function parseAnswer(message: string): { code: number; message: string; data: string } | undefined {
  if (!message.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(message);
    if (typeof value !== "object" || value === null || !("code" in value) || typeof value.code !== "number") {
      return undefined;
    }
    return {
      code: value.code,
      message: "message" in value ? String(value.message) : "",
      data: "data" in value ? String(value.data) : "",
    };
  } catch {
    return undefined;
  }
}

function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const code =
    typeof cause === "object" && cause !== null && "code" in cause ? ` (${String(cause.code)})` : "";
  return `${error.message}${code}`;
}
