/** Who listens to what: subscriptions of websocket clients, bounded in number, and the messages that a block sends them. */

import { queryMatches } from "../../engine/embedded/query/eventMap.ts";
import { type EventQuery, parseQuery } from "../../engine/embedded/query/parse.ts";
import type { Announcement } from "./announcements.ts";
import { argumentsFromJson } from "./arguments.ts";
import { MAX_QUERY_LENGTH } from "./blockMethods.ts";
import { errorReply, type RpcRequest, resultReply } from "./dispatch.ts";
import { internalError } from "./errors.ts";

/** Bounds of subscriptions. */
export interface SubscriptionLimits {
  readonly maxClients: number;
  readonly maxPerClient: number;
}

/** CometBFT's defaults. */
export const DEFAULT_SUBSCRIPTION_LIMITS: SubscriptionLimits = { maxClients: 100, maxPerClient: 5 };

/** A connection that takes text frames. */
export interface SubscriptionClient {
  send(text: string): void;
}

/** The register of subscriptions. */
export interface Subscriptions {
  /** Carries out subscribe, unsubscribe or unsubscribe_all and answers on the client; never throws. */
  handle(client: SubscriptionClient, request: RpcRequest): void;
  /** Forgets a client that is gone. */
  remove(client: SubscriptionClient): void;
  /** Sends each announcement to everybody whose query it matches, under the id of the subscription. */
  publish(announcements: readonly Announcement[]): void;
}

interface Subscription {
  readonly id: string | number;
  readonly query: EventQuery;
}

/** An empty register. */
export function createSubscriptions(limits: SubscriptionLimits = DEFAULT_SUBSCRIPTION_LIMITS): Subscriptions {
  const clients = new Map<SubscriptionClient, Map<string, Subscription>>();

  const subscribe = (client: SubscriptionClient, request: RpcRequest): void => {
    const text = queryText(request);
    const own = clients.get(client) ?? new Map<string, Subscription>();
    if (!clients.has(client) && clients.size >= limits.maxClients) {
      throw internalError(`max_subscription_clients ${limits.maxClients} reached`);
    }
    if (own.size >= limits.maxPerClient) {
      throw internalError(`max_subscriptions_per_client ${limits.maxPerClient} reached`);
    }
    if (text.length > MAX_QUERY_LENGTH) throw internalError("maximum query length exceeded");
    const query = parseQuery(text);
    if (own.has(text)) throw internalError("already subscribed");
    own.set(text, { id: request.id ?? "", query });
    clients.set(client, own);
  };

  const unsubscribe = (client: SubscriptionClient, request: RpcRequest): void => {
    const own = clients.get(client);
    if (own?.delete(queryText(request)) !== true) throw internalError("subscription not found");
    if (own.size === 0) clients.delete(client);
  };

  return {
    handle(client, request) {
      try {
        if (request.method === "subscribe") subscribe(client, request);
        else if (request.method === "unsubscribe") unsubscribe(client, request);
        else if (!clients.delete(client)) throw internalError("subscription not found");
        if (request.id !== undefined) client.send(resultReply(request.id, {}));
      } catch (error) {
        if (request.id !== undefined) client.send(errorReply(request.id, error));
      }
    },
    remove(client) {
      clients.delete(client);
    },
    publish(announcements) {
      for (const announced of announcements) {
        for (const [client, own] of clients) {
          for (const subscription of own.values()) {
            if (queryMatches(subscription.query, announced.events)) {
              client.send(eventMessage(subscription, announced));
            }
          }
        }
      }
    },
  };
}

function eventMessage({ id, query }: Subscription, announced: Announcement): string {
  const events = Object.fromEntries(announced.events);
  return resultReply(id, { query: query.text, data: announced.data(), events });
}

/** The query argument. Members beyond it are ignored, as wallets send paging along. */
function queryText(request: RpcRequest): string {
  return argumentsFromJson({ query: "string" }, request.params).string("query") ?? "";
}
