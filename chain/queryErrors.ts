/** Refusals of queries, with the texts that clients match on. */
import { addressBytes } from "./address.ts";
import { ChainError, SDK_CODES } from "./codes.ts";

/** What was asked for does not exist: "rpc error: code = NotFound desc = `text`: key not found" (sdk 22). */
export function notFound(text: string): ChainError {
  return new ChainError(
    {
      codespace: "sdk",
      abciCode: SDK_CODES.keyNotFound,
      code: "CHAIN_NOT_FOUND",
      log: `rpc error: code = NotFound desc = ${text}: key not found`,
    },
    { what: "query", want: "something that exists", got: text, remedy: "Check the key." },
  );
}

/** The request can not be answered as it is: "rpc error: code = InvalidArgument desc = `text`: invalid request" (sdk 18). */
export function invalidArgument(text: string): ChainError {
  return new ChainError(
    {
      codespace: "sdk",
      abciCode: SDK_CODES.invalidRequest,
      code: "CHAIN_INVALID_ARGUMENT",
      log: `rpc error: code = InvalidArgument desc = ${text}: invalid request`,
    },
    { what: "query", want: "a well-formed request", got: text, remedy: "Correct the request." },
  );
}

/** The 20 bytes of an address in a query. @throws ChainError invalid argument (sdk 18) */
export function queryAddress(text: string): Uint8Array {
  try {
    return addressBytes(text);
  } catch {
    throw invalidArgument(text === "" ? "empty address string is not allowed" : `invalid address: ${text}`);
  }
}
