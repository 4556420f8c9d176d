/** What every step of the engine works with. */
import type { AbciApplication } from "../../abci.ts";
import type { BlockStore } from "./blockStore.ts";
import type { GenesisDoc } from "./genesis.ts";
import type { ClockNanos, EngineLog, SigningKey } from "./ports.ts";

/** Version of CometBFT whose blocks and RPC the engine speaks: clients choose their decoder by its first two numbers. */
export const COMETBFT_VERSION = "0.38.25";
/** Version of the ABCI that the application is asked for. */
export const ABCI_VERSION = "2.0.0";
/** Peer protocol number of CometBFT 0.38; reported, never spoken. */
export const P2P_PROTOCOL = 8n;

/** The engine's surroundings. */
export interface EngineContext {
  readonly genesis: GenesisDoc;
  readonly app: AbciApplication;
  readonly store: BlockStore;
  readonly key: SigningKey;
  readonly clock: ClockNanos;
  readonly log: EngineLog;
}
