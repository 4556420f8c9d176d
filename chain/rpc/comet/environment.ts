/** What RPC methods work with. */
import type { Engine } from "../../engine/embedded/engine.ts";
import type { ArgumentSpec, RpcArguments } from "./arguments.ts";

/** How this node names itself. */
export interface NodeIdentity {
  /** 40 hex digits. */
  readonly id: string;
  readonly moniker: string;
  /** Peer address; reported only. */
  readonly listenAddress: string;
  /** Address of this RPC. */
  readonly rpcAddress: string;
}

/** A wait that can be given up. */
export interface Delay {
  readonly done: Promise<void>;
  cancel(): void;
}

/** The engine, the node's name and a timer. */
export interface RpcEnvironment {
  readonly engine: Engine;
  readonly node: NodeIdentity;
  readonly delay: (ms: number) => Delay;
}

/** One method: its arguments in positional order, and what it answers. */
export interface RpcMethod {
  readonly args: ArgumentSpec;
  readonly call: (environment: RpcEnvironment, args: RpcArguments) => unknown;
}

/** Methods by name. */
export type MethodTable = Readonly<Record<string, RpcMethod>>;
