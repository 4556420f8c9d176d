/** Typed queries over `abci_query`. */
import { decodeMessage, encodeMessage, type Loose, type MessageName, type Messages } from "../proto/index.ts";
import type { Client } from "./client.ts";
import { isNotFoundCode } from "./errors/chainCodes.ts";
import { ChainAnswerError } from "./errors/errors.ts";

/** Names `X` for which `aivm.<module>.v1` has Query<X>Request and Query<X>Response. */
export type QueryName<M extends string> = {
  [N in MessageName]: N extends `aivm.${M}.v1.Query${infer X}Request` ? X : never;
}[MessageName];

type RequestOf<M extends string, X extends string> = `aivm.${M}.v1.Query${X}Request` & MessageName;
type ResponseOf<M extends string, X extends string> = `aivm.${M}.v1.Query${X}Response` & MessageName;

/** Raw answer of a query. @throws SDK_QUERY_FAILED, SDK_UNREACHABLE, SDK_RPC */
export async function queryRaw(client: Client, path: string, data: Uint8Array): Promise<Uint8Array> {
  const { code, codespace, log, value } = await client.comet.abciQuery({ path, data, prove: false });
  if (code !== undefined && code !== 0) {
    throw new ChainAnswerError("SDK_QUERY_FAILED", `query ${path}`, {
      chainCode: code,
      codespace,
      log: log ?? "",
    });
  }
  return value;
}

/** A query of ours by its full names. @throws as `queryRaw`, and AIVM_DECODE for an answer of another schema */
export async function queryMessage<Q extends MessageName, R extends MessageName>(
  client: Client,
  query: {
    readonly path: string;
    readonly request: Q;
    readonly response: R;
    readonly value: Loose<Messages[Q]>;
  },
): Promise<Messages[R]> {
  const answer = await queryRaw(client, query.path, encodeMessage(query.request, query.value));
  return decodeMessage(query.response, answer);
}

/**
 * Query `name` of `aivm.<module>.v1`, as in `query(client, "model", "Model")({ modelId })`.
 * @throws as `queryMessage`
 */
export function query<M extends string, X extends QueryName<M>>(
  client: Client,
  module: M,
  name: X,
): (value: Loose<Messages[RequestOf<M, X>]>) => Promise<Messages[ResponseOf<M, X>]> {
  const prefix = `aivm.${module}.v1.Query`;
  return (value) =>
    queryMessage(client, {
      path: `/${prefix}/${name}`,
      request: `${prefix}${name}Request` as RequestOf<M, X>,
      response: `${prefix}${name}Response` as ResponseOf<M, X>,
      value,
    });
}

/** The answer, or undefined when the chain says that there is no such thing. */
export async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** True when a query failed because what it asked for does not exist. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ChainAnswerError && isNotFoundCode(error.answer);
}
