/** What a committed block announces to subscribers, in CometBFT's order: block, header, block events, each transaction. */
import type { AppliedBlock } from "../../engine/embedded/apply.ts";
import { txHash } from "../../engine/embedded/hash.ts";
import { type EventMap, flattenEvents } from "../../engine/embedded/query/eventMap.ts";
import {
  blockIdJson,
  blockJson,
  eventJson,
  finalizeJson,
  headerJson,
  hexJson,
  type JsonObject,
  txEventJson,
} from "./json.ts";

/** One event: how queries match it, and its JSON, built on first use. */
export interface Announcement {
  readonly events: EventMap;
  /** `data` member of the message. */
  readonly data: () => JsonObject;
}

/** All announcements of `applied`, in order. */
export function announcementsOf(applied: AppliedBlock): Announcement[] {
  const { block, blockId, response } = applied;
  const { header } = block;
  const blockEvents = (name: string, ...more: (readonly [string, string])[]): EventMap =>
    flattenEvents(response.events, [["tm.event", name], ...more]);
  return [
    announcement(blockEvents("NewBlock"), "NewBlock", () => ({
      block: blockJson(block),
      block_id: blockIdJson(blockId),
      result_finalize_block: finalizeJson(response),
    })),
    announcement(blockEvents("NewBlockHeader"), "NewBlockHeader", () => ({ header: headerJson(header) })),
    announcement(
      blockEvents("NewBlockEvents", ["block.height", String(header.height)]),
      "NewBlockEvents",
      () => ({
        height: String(header.height),
        events: response.events.map(eventJson),
        num_txs: String(block.data.txs.length),
      }),
    ),
    ...block.data.txs.flatMap((tx, index) => txAnnouncement(applied, tx, index)),
  ];
}

function txAnnouncement({ block, response }: AppliedBlock, tx: Uint8Array, index: number): Announcement[] {
  const result = response.txResults[index];
  if (result === undefined) return [];
  const { height } = block.header;
  const events = flattenEvents(result.events, [
    ["tm.event", "Tx"],
    ["tx.hash", hexJson(txHash(tx))],
    ["tx.height", String(height)],
  ]);
  return [announcement(events, "Tx", () => ({ TxResult: txEventJson({ height, index, tx, result }) }))];
}

function announcement(events: EventMap, name: string, value: () => JsonObject): Announcement {
  let data: JsonObject | undefined;
  return {
    events,
    data() {
      data ??= { type: `tendermint/event/${name}`, value: value() };
      return data;
    },
  };
}
