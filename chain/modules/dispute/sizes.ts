/** What the rules of a game are made of: a model's sizes under the module's parameters. */
import { type RegisteredModel, traceSlots } from "../../../aivm/index.ts";
import {
  claimBond,
  type GameRules,
  type LevelCounts,
  levelCounts,
  type MatchTimes,
  matchTimes,
  mostChunks,
} from "../../../opml-dispute/index.ts";
import type { Context } from "../../context.ts";
import type { DisputePorts } from "./effects.ts";
import { getParams } from "./view.ts";

/** Sizes of a model's game. */
export interface GameSizes {
  readonly levels: LevelCounts;
  readonly times: MatchTimes;
  readonly replayMs: bigint;
  readonly bondUaivm: bigint;
  readonly slots: number;
}

/** Sizes of the game of a registered model, or undefined for an unknown one. */
export function gameSizes(ctx: Context, ports: DisputePorts, modelId: Uint8Array): GameSizes | undefined {
  const parsed = ports.inference.program(ctx, modelId);
  const record = ports.inference.model(ctx, modelId);
  if (parsed === undefined || record === undefined) return undefined;
  const params = getParams(ctx);
  const levels = gameLevels(parsed, params.arityLog2);
  const { replayMs } = record;
  return {
    levels,
    times: matchTimes({ ...levels, replayMs }, params),
    replayMs,
    bondUaivm: claimBond({ ...levels, vmGas: parsed.vmGas }, params),
    slots: traceSlots(parsed.program),
  };
}

/** Rules of a new claim set: a copy, so that later parameters touch no open game. */
export function rulesOf(ctx: Context, sizes: GameSizes, windowMs: bigint): GameRules {
  const { levelMs, revealBlocks, arityLog2, flatRivals } = getParams(ctx);
  const { times, slots, bondUaivm } = sizes;
  return { windowMs, clockMs: times.clockMs, levelMs, revealBlocks, arityLog2, slots, bondUaivm, flatRivals };
}

function gameLevels(model: RegisteredModel, arityLog2: number): LevelCounts {
  const { program } = model;
  const maxChunks = mostChunks(program.ops.map(({ output }) => output.shape));
  return levelCounts({ slots: traceSlots(program), maxChunks, arityLog2 });
}
