/** HTTP to an enclave's host over fetch, in Node and in browsers. Bounded in time and size. */
import { sdkError } from "../errors/errors.ts";
import type { EnclaveHttp } from "../private/ports.ts";

/** Largest answer that is read, in bytes. */
const MAX_ANSWER = 4 << 20;

/** The port over the global fetch. `timeoutMs` bounds each call. */
export function createEnclaveHttp(timeoutMs = 30_000): EnclaveHttp {
  return {
    getJson: async (url) => {
      const { body } = await call(url, { signal: AbortSignal.timeout(timeoutMs) });
      return JSON.parse(new TextDecoder().decode(body)) as unknown;
    },
    postBytes: (url, body) =>
      call(url, {
        method: "POST",
        body: new Uint8Array(body),
        headers: { "content-type": "application/octet-stream" },
        signal: AbortSignal.timeout(timeoutMs),
      }),
  };
}

async function call(
  url: string,
  init: RequestInit,
): Promise<{ readonly status: number; readonly body: Uint8Array }> {
  try {
    const response = await fetch(url, init);
    const body = new Uint8Array(await response.arrayBuffer());
    if (body.length > MAX_ANSWER) throw new RangeError(`${body.length} bytes`);
    return { status: response.status, body };
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    throw sdkError(
      "SDK_UNREACHABLE",
      { what: `enclave at ${url}`, want: "an answer", got, remedy: "Check that its host runs." },
      cause,
    );
  }
}
