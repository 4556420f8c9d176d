/** Events flattened to composite keys, as subscriptions match them: any event may satisfy each condition. */
import type { Event } from "cosmjs-types/tendermint/abci/types";
import { conditionHolds } from "./compare.ts";
import type { EventQuery } from "./parse.ts";

/** Values per composite key ("transfer.recipient"), in order of emission. */
export type EventMap = ReadonlyMap<string, readonly string[]>;

/** The map of `events` with `predefined` keys such as `tm.event` added. Attributes without a key are left out. */
export function flattenEvents(
  events: readonly Event[],
  predefined: readonly (readonly [string, string])[],
): EventMap {
  const map = new Map<string, string[]>();
  const put = (key: string, value: string): void => {
    const values = map.get(key);
    if (values === undefined) map.set(key, [value]);
    else values.push(value);
  };
  for (const event of events) {
    if (event.type === "") continue;
    for (const attribute of event.attributes) {
      if (attribute.key !== "") put(`${event.type}.${attribute.key}`, attribute.value);
    }
  }
  for (const [key, value] of predefined) put(key, value);
  return map;
}

/** True when every condition of `query` holds for some value in `events`. */
export function queryMatches(query: EventQuery, events: EventMap): boolean {
  return query.conditions.every((condition) =>
    (events.get(condition.tag) ?? []).some((value) => conditionHolds(condition, value)),
  );
}
