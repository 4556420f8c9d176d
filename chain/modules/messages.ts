/** Message and query handlers of our own protobuf packages, typed by name. */
import {
  decodeMessage,
  encodeMessage,
  type Loose,
  type MessageName,
  type Messages,
} from "../../proto/index.ts";
import type { Context } from "../context.ts";
import { type MessageHandler, messageHandler, type QueryHandler } from "../module.ts";

/** Messages `X` that have an `XResponse`: those of transactions. */
export type TxMessageName = {
  [N in MessageName]: `${N}Response` extends MessageName ? N : never;
}[MessageName];

type ResponseName<N extends TxMessageName> = `${N}Response` & MessageName;

/** Handler of transaction message `name`. `signer` is the message's first field. */
export function txMessage<N extends TxMessageName>(
  name: N,
  parts: {
    readonly signer: (message: Messages[N]) => string;
    /** Checks that need no state. @throws ChainError */
    readonly validate: (message: Messages[N]) => void;
    readonly handle: (ctx: Context, message: Messages[N]) => Loose<Messages[ResponseName<N>]>;
  },
): MessageHandler {
  const response = `${name}Response` as ResponseName<N>;
  return messageHandler<Messages[N]>({
    typeUrl: `/${name}`,
    decode: (bytes) => decodeMessage(name, bytes),
    signers: (message) => [parts.signer(message)],
    validateBasic: parts.validate,
    handle: (ctx, message) => ({
      typeUrl: `/${response}`,
      value: encodeMessage(response, parts.handle(ctx, message)),
    }),
  });
}

type RequestName<M extends string, X extends string> = `aivm.${M}.v1.Query${X}Request` & MessageName;
type AnswerName<M extends string, X extends string> = `aivm.${M}.v1.Query${X}Response` & MessageName;

/** Query `X` of module `M`: path "/aivm.M.v1.Query/X". */
export function moduleQuery<M extends string, X extends string>(
  at: { readonly module: M; readonly query: X },
  handle: (ctx: Context, request: Messages[RequestName<M, X>]) => Loose<Messages[AnswerName<M, X>]>,
): QueryHandler {
  const prefix = `aivm.${at.module}.v1.Query`;
  const request = `${prefix}${at.query}Request` as RequestName<M, X>;
  const answer = `${prefix}${at.query}Response` as AnswerName<M, X>;
  return {
    path: `/${prefix}/${at.query}`,
    handle: (ctx, bytes) => encodeMessage(answer, handle(ctx, decodeMessage(request, bytes))),
  };
}

/** Entries of one page: what was asked, 100 when nothing was, never more than 1,000. */
export function pageLimit(asked: number): number {
  if (asked === 0) return 100;
  return Math.min(asked, 1000);
}
