/** How a module plugs into the application: its messages, its queries, its genesis and its block hooks. */
import type { Context } from "./context.ts";

/** One message type. `M` is its decoded form; modules list them as MessageHandler with M hidden by `messageHandler`. */
export interface MessageHandler {
  /** "/aivm.model.v1.MsgRegisterModel". */
  readonly typeUrl: string;
  /** @throws when the bytes are not the message. */
  decode(bytes: Uint8Array): unknown;
  /** Bech32 addresses that must sign, in order. */
  signers(message: unknown): readonly string[];
  /** Checks that need no state. @throws ChainError */
  validateBasic(message: unknown): void;
  /** Executes it. Whatever it wrote is dropped when it throws. @throws ChainError */
  handle(ctx: Context, message: unknown): MessageResponse;
}

/** Answer of a message, as it goes into the transaction's result. */
export interface MessageResponse {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}

/** One gRPC-style query: path "/aivm.model.v1.Query/Model", protobuf in, protobuf out. Keeps nothing. */
export interface QueryHandler {
  readonly path: string;
  handle(ctx: Context, request: Uint8Array): Uint8Array;
}

/**
 * A module. Hooks run in the order of the module list and never throw for business conditions: what a hook wrote
 * before it threw is dropped, an event `hook_failed` is emitted, and the chain goes on.
 */
export interface Module {
  readonly name: string;
  /** Merkleised stores that it owns; names are unique among modules. */
  readonly stores: readonly string[];
  /** Bulk stores that it owns. */
  readonly bulkStores?: readonly string[];
  readonly messages: readonly MessageHandler[];
  readonly queries: readonly QueryHandler[];
  /** State at genesis from this module's part of app_state (undefined when absent). */
  initGenesis?(ctx: Context, state: unknown): void;
  preBlock?(ctx: Context): void;
  beginBlock?(ctx: Context): void;
  endBlock?(ctx: Context): void;
}

/** A handler for one message type, typed inside and plain outside. */
export function messageHandler<M>(handler: {
  readonly typeUrl: string;
  readonly decode: (bytes: Uint8Array) => M;
  readonly signers: (message: M) => readonly string[];
  readonly validateBasic: (message: M) => void;
  readonly handle: (ctx: Context, message: M) => MessageResponse;
}): MessageHandler {
  // The application hands `signers`, `validateBasic` and `handle` only what this handler's own `decode` returned.
  return {
    typeUrl: handler.typeUrl,
    decode: handler.decode,
    signers: (message) => handler.signers(message as M),
    validateBasic: (message) => handler.validateBasic(message as M),
    handle: (ctx, message) => handler.handle(ctx, message as M),
  };
}

/** One validator's extension. `validator`: consensus address, 20 bytes. */
export interface VoteExtension {
  readonly validator: Uint8Array;
  readonly extension: Uint8Array;
}

/**
 * What a validator adds to its precommit for block h, and what becomes of it in block h + 1. `extend` and the first
 * `verify` see the state after block h - 1; when block h + 1 carries the extension, `verify` is called again, and
 * `apply`, both after block h. So an extension must name what it is about (a height), and `verify` must not ask
 * whether that is the newest.
 */
export interface VoteExtensionHandler {
  /** This validator's extension; may be empty. */
  extend(ctx: Context): Uint8Array;
  /** True when another validator's extension is acceptable. Deterministic. Not asked about empty ones. */
  verify(ctx: Context, vote: VoteExtension): boolean;
  /** Takes the non-empty extensions of the last height, already verified, before the block's transactions. */
  apply(ctx: Context, votes: readonly VoteExtension[]): void;
}
