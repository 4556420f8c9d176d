/** An engine over the kvstore application with stores that survive it, and a place to cut the power. */
import type { AbciApplication } from "../../chain/abci.ts";
import { createBlockStore } from "../../chain/engine/embedded/blockStore.ts";
import { createEngine, type Engine } from "../../chain/engine/embedded/engine.ts";
import type { GenesisDoc } from "../../chain/engine/embedded/genesis.ts";
import type { MempoolLimits } from "../../chain/engine/embedded/mempool.ts";
import { defaultConsensusParams } from "../../chain/engine/embedded/params.ts";
import type { EngineKv, EngineLog, SigningKey, SignState } from "../../chain/engine/embedded/ports.ts";
import { parseTime, timestampToNanos } from "../../chain/engine/embedded/time.ts";
import { createValidator } from "../../chain/engine/embedded/validators.ts";
import { type Ed25519Key, ed25519Key } from "../../chain/io/ed25519.ts";
import { EMPTY } from "../../common/bytes.ts";
import { createKvstoreApp, type KvstoreJournal } from "./kvstoreApp.ts";
import { createMemoryKv } from "./memoryKv.ts";

export const SILENT: EngineLog = { info: () => undefined, warn: () => undefined };
const GENESIS_TIME = parseTime("2026-01-01T00:00:00Z");

/** What a machine keeps when its process dies. */
export interface Disk {
  readonly engineKv: EngineKv;
  readonly appKv: EngineKv;
  signState: SignState;
}

/** An empty disk. */
export function createDisk(): Disk {
  return {
    engineKv: createMemoryKv(),
    appKv: createMemoryKv(),
    signState: { height: 0n, round: 0, step: 0 },
  };
}

export const VALIDATOR_KEY: Ed25519Key = ed25519Key(new Uint8Array(32).fill(7));

/** Genesis of one validator; extensions from `extensionsFrom` on. */
export function testGenesis(extensionsFrom = 1n): GenesisDoc {
  return {
    genesisTime: GENESIS_TIME,
    chainId: "kvstore-1",
    initialHeight: 1n,
    consensusParams: defaultConsensusParams(extensionsFrom),
    validators: [{ ...createValidator(VALIDATOR_KEY.pubKey, 10n), name: "one" }],
    appHash: EMPTY,
    appState: {},
  };
}

/** Thrown where the power is cut. */
export class PowerCut extends Error {}

/** Called around every durable write; throws to cut the power there. */
export type PowerSwitch = (write: string, when: "before" | "after") => void;

/** An engine on `disk`, with a clock that advances when it is read. */
export function engineOn(
  disk: Disk,
  options: {
    readonly power?: PowerSwitch;
    readonly journal?: KvstoreJournal;
    readonly genesis?: GenesisDoc;
    readonly limits?: MempoolLimits;
    readonly startNanos?: bigint;
    /** What the clock advances per reading; 100 ms by default. */
    readonly tickNanos?: bigint;
    /** The kvstore application by default. */
    readonly app?: (kv: EngineKv) => AbciApplication;
  } = {},
): Engine {
  const power = options.power ?? (() => undefined);
  const key: SigningKey = {
    pubKey: VALIDATOR_KEY.pubKey,
    sign: VALIDATOR_KEY.sign,
    loadState: () => disk.signState,
    saveState(state) {
      power("sign state", "before");
      disk.signState = state;
      power("sign state", "after");
    },
  };
  const createApplication = options.app ?? ((kv: EngineKv) => createKvstoreApp(kv, options.journal));
  let now = options.startNanos ?? timestampToNanos(GENESIS_TIME);
  return createEngine(
    {
      genesis: options.genesis ?? testGenesis(),
      app: createApplication(switched(disk.appKv, "application", power)),
      store: createBlockStore(switched(disk.engineKv, "engine", power)),
      key,
      clock: () => {
        now += options.tickNanos ?? 100_000_000n;
        return now;
      },
      log: SILENT,
    },
    options.limits,
  );
}

function switched(kv: EngineKv, name: string, power: PowerSwitch): EngineKv {
  return {
    get: kv.get,
    scan: kv.scan,
    async write(ops) {
      power(name, "before");
      await kv.write(ops);
      power(name, "after");
    },
  };
}
