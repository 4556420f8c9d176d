import { connect } from "node:net";
import { expect } from "chai";
import { WebSocket } from "ws";
import { bytesToBase64 } from "../../../chain/engine/embedded/base64.ts";
import type { Engine } from "../../../chain/engine/embedded/engine.ts";
import { type RpcServer, startRpcServer } from "../../../chain/io/rpcServer.ts";
import { announcementsOf } from "../../../chain/rpc/comet/announcements.ts";
import { answerPost, answerUri } from "../../../chain/rpc/comet/dispatch.ts";
import type { RpcEnvironment } from "../../../chain/rpc/comet/environment.ts";
import { createSubscriptions } from "../../../chain/rpc/comet/subscriptions.ts";
import { bytesToHex, utf8 } from "../../../common/bytes.ts";
import { cosmosVectors, objectsIn, readJson } from "../../support/cosmosVectors.ts";
import { createDisk, engineOn } from "../../support/engineFixture.ts";

let engine: Engine;
let environment: RpcEnvironment;

before(async () => {
  engine = engineOn(createDisk());
  await engine.start();
  for (const batch of [["name=satoshi"], ["k2=v2", "fail=once"], []]) {
    for (const text of batch) await engine.submitTx(utf8(text));
    await engine.produceBlock();
  }
  environment = {
    engine,
    node: {
      id: "ab".repeat(20),
      moniker: "m",
      listenAddress: "tcp://127.0.0.1:1",
      rpcAddress: "tcp://127.0.0.1:2",
    },
    delay: () => ({ done: Promise.resolve(), cancel: () => undefined }),
  };
});

async function post(body: unknown, path = "/"): Promise<{ readonly status: number; readonly json: unknown }> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const reply = await answerPost(environment, { path, body: text, maxBatch: 10 });
  return { status: reply.status, json: reply.body === "" ? undefined : JSON.parse(reply.body) };
}

async function call(method: string, params?: unknown): Promise<Readonly<Record<string, unknown>>> {
  const { json } = await post({ jsonrpc: "2.0", id: 7, method, params });
  return objectsIn(json)[0] ?? {};
}

async function uri(
  name: string,
  query: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly json: unknown }> {
  const reply = await answerUri(environment, { name, query: new Map(Object.entries(query)) });
  return { status: reply?.status ?? 404, json: JSON.parse(reply?.body ?? "null") };
}

function error(value: unknown): readonly [unknown, unknown, unknown] {
  const found = objectsIn(value).find((item) => typeof item.code === "number" && "message" in item);
  return [found?.code, found?.message, found?.data];
}

describe("JSON-RPC envelope", () => {
  it("echoes ids with their type and stays silent on notifications", async () => {
    expect((await post({ jsonrpc: "2.0", id: "x", method: "health" })).json).to.deep.equal({
      jsonrpc: "2.0",
      id: "x",
      result: {},
    });
    expect((await post({ jsonrpc: "2.0", id: 12, method: "health" })).json).to.deep.equal({
      jsonrpc: "2.0",
      id: 12,
      result: {},
    });
    expect(await post({ jsonrpc: "2.0", method: "health" })).to.deep.equal({ status: 200, json: undefined });
  });

  it("answers batches in order, leaving notifications out, up to the limit", async () => {
    const health = (id?: number) => ({
      jsonrpc: "2.0",
      method: "health",
      ...(id === undefined ? {} : { id }),
    });
    expect((await post([health(1), health(), health(2)])).json).to.deep.equal(
      [1, 2].map((id) => ({ jsonrpc: "2.0", id, result: {} })),
    );
    const large = await post(Array.from({ length: 11 }, (_, id) => health(id)));
    expect(error(large.json)[0]).to.equal(-32600);
  });

  it("has a typed error for each way to be wrong", async () => {
    expect(await post("{not json")).to.deep.include({ status: 500 });
    expect(error((await post("{not json")).json).slice(0, 2)).to.deep.equal([
      -32700,
      "Parse error. Invalid JSON",
    ]);
    expect(error(await call("nothing")).slice(0, 2)).to.deep.equal([-32601, "Method not found"]);
    expect(error(await call("block", { height: "abc" })).slice(0, 2)).to.deep.equal([
      -32602,
      "Invalid params",
    ]);
    expect(error(await call("block", ["1", "2"])).slice(0, 2)).to.deep.equal([-32602, "Invalid params"]);
    expect(error((await post({ jsonrpc: "2.0", id: 1, method: "health" }, "/other")).json)).to.deep.equal([
      -32600,
      "Invalid Request",
      "path /other is invalid",
    ]);
  });

  it("takes params as object, positional array, nothing or null, and ignores what it does not know", async () => {
    const want = await call("block", { height: "2" });
    for (const params of [{ height: 2 }, ["2"], [2], { height: "2", page: "1", extra: {} }]) {
      expect(await call("block", params)).to.deep.equal(want);
    }
    const latest = await call("block");
    for (const params of [null, {}, [], { height: null }])
      expect(await call("block", params)).to.deep.equal(latest);
  });

  it("survives bodies made to break it", async () => {
    const hostile: unknown[] = [
      null,
      [],
      [[]],
      [null, 1, "x"],
      "x",
      1,
      {},
      { method: 5, id: 1 },
      { method: "toString", id: 1 },
      { method: "__proto__", id: 1 },
      { method: "constructor", id: 1, params: { __proto__: { height: 1 } } },
      { method: "block", id: {}, params: {} },
      { method: "block", id: 1, params: { height: "9".repeat(400) } },
      { method: "block", id: 1, params: { height: 1e300 } },
      { method: "block", id: 1, params: { height: 1.5 } },
      { method: "block", id: 1, params: { height: "-1" } },
      { method: "block", id: 1, params: "x" },
      { method: "tx", id: 1, params: { hash: "!!!" } },
      { method: "tx", id: 1, params: {} },
      { method: "abci_query", id: 1, params: { data: "zz" } },
      { method: "abci_query", id: 1, params: { data: "ff", path: "/".repeat(1000) } },
      { method: "tx_search", id: 1, params: { query: "'".repeat(600) } },
      { method: "tx_search", id: 1, params: { query: "a.b='c'", page: "99999999999" } },
      { method: "broadcast_tx_sync", id: 1, params: { tx: "" } },
      { method: "genesis_chunked", id: 1, params: { chunk: "-1" } },
      { method: "blockchain", id: 1, params: { minHeight: "-5", maxHeight: "3" } },
    ];
    const deep = [
      `${"[".repeat(400_000)}${"]".repeat(400_000)}`,
      `{"id":1,"method":"block","params":${"[".repeat(400_000)}`,
    ];
    for (const body of [...hostile.map((item) => JSON.stringify(item)), ...deep]) {
      const reply = await answerPost(environment, { path: "/", body, maxBatch: 10 });
      expect([200, 500], body.slice(0, 80)).to.include(reply.status);
      if (reply.body !== "") JSON.parse(reply.body);
    }
    expect(error(await call("constructor"))[0]).to.equal(-32601);
  });
});

describe("URI calls", () => {
  it("reads bare and quoted integers, quoted strings, hex bytes and bare booleans", async () => {
    const want = (await uri("block", { height: "2" })).json;
    expect((await uri("block", { height: '"2"' })).json).to.deep.equal(want);
    const search = await uri("tx_search", { query: "\"app.key='name'\"", prove: "true" });
    expect(objectsIn(search.json).find(({ total_count }) => total_count !== undefined)?.total_count).to.equal(
      "1",
    );
    const byHex = await uri("abci_query", { data: `0x${bytesToHex(utf8("name"))}`, path: '""' });
    const byText = await uri("abci_query", { data: '"name"' });
    expect(byHex.json).to.deep.equal(byText.json);
    expect(JSON.stringify(byHex.json)).to.contain(bytesToBase64(utf8("satoshi")));
  });

  it("has status 500 for errors and 404 for no such method", async () => {
    expect((await uri("block", { height: "0x5" })).status).to.equal(500);
    expect((await uri("tx_search", { query: "app.key='x'" })).status).to.equal(500);
    expect((await uri("subscribe", { query: '"x"' })).status).to.equal(404);
  });
});

describe("answers and texts that clients match", () => {
  it("words heights, pages and look-ups as CometBFT does", async () => {
    expect(error(await call("block", { height: "0" }))).to.deep.equal([
      -32603,
      "Internal error",
      "height must be greater than 0, but got 0",
    ]);
    expect(error(await call("block", { height: "99" }))[2]).to.equal(
      "height 99 must be less than or equal to the current blockchain height 3",
    );
    expect(error(await call("tx", { hash: bytesToBase64(new Uint8Array(32)) }))[2]).to.equal(
      `tx (${"00".repeat(32)}) not found`,
    );
    expect(error(await call("tx_search", { query: "tx.height=1", page: "2" }))[2]).to.equal(
      "page should be within [1, 1] range, given 2",
    );
    expect(error(await call("tx_search", { query: "malformed query" }))[2]).to.match(
      /^failed to parse query: offset 10: got tag/,
    );
    expect(error(await call("broadcast_tx_sync", { tx: bytesToBase64(utf8("name=satoshi")) }))[2]).to.equal(
      "tx already exists in cache",
    );
    expect(error(await call("tx_search", { query: "tx.height=1", order_by: "up" }))[2]).to.contain(
      "order_by",
    );
  });

  it("orders transactions ascending and blocks descending by default", async () => {
    const heights = (reply: unknown): unknown[] =>
      objectsIn(reply)
        .map(({ height, tx }) => (tx === undefined ? undefined : height))
        .filter(Boolean);
    expect(heights(await call("tx_search", { query: "tx.height>0" }))).to.deep.equal(["1", "2", "2"]);
    expect(heights(await call("tx_search", { query: "tx.height>0", order_by: "desc" }))).to.deep.equal([
      "2",
      "2",
      "1",
    ]);
    const blocks = objectsIn(await call("block_search", { query: "block.height>0" })).filter(
      ({ chain_id }) => chain_id !== undefined,
    );
    expect(blocks.map(({ height }) => height)).to.deep.equal(["3", "2", "1"]);
  });

  it("leaves the proof member out unless one is asked for", async () => {
    expect(JSON.stringify(await call("tx_search", { query: "tx.height=2" }))).to.not.contain('"proof"');
    expect(JSON.stringify(await call("tx_search", { query: "tx.height=2", prove: true }))).to.contain(
      '"proof"',
    );
  });

  it("has the members and types of a recorded 0.38 node", async function () {
    const folder = cosmosVectors("tendermint-rs/rpc/kvstore_fixtures/v0_38/incoming");
    if (folder === undefined) return this.skip();
    const cases: readonly (readonly [string, string, unknown])[] = [
      ["block_at_height_10", "block", { height: "3" }],
      ["commit_at_height_10", "commit", { height: "2" }],
      ["consensus_params", "consensus_params", {}],
      ["abci_query_with_existing_key", "abci_query", { data: bytesToHex(utf8("name")) }],
      ["abci_query_with_non_existent_key", "abci_query", { data: "00" }],
      ["broadcast_tx_sync", "broadcast_tx_sync", { tx: bytesToBase64(utf8(`fresh=${1}`)) }],
      ["tx_search_with_prove", "tx_search", { query: "app.key='name'", prove: true }],
    ];
    for (const [name, method, params] of cases) {
      const recorded = objectsIn(readJson(`${folder}/${name}.json`))[0]?.result;
      expect(shape((await call(method, params)).result), name).to.deep.equal(shape(recorded));
    }
    const genesis = objectsIn(readJson(`${folder}/genesis.json`))[0]?.result;
    const own = objectsIn((await call("genesis")).result)[1];
    const { app_state: _, ...withoutState } = own ?? {};
    expect(shape({ genesis: withoutState })).to.deep.equal(shape(genesis));
  });
});

/** Members and JSON types, arrays by their first item; texts that look like upper-case hex or numbers are told apart. */
function shape(value: unknown): unknown {
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])];
  if (typeof value !== "object") return typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .sort()
      .map(([key, member]) => [key, shape(member)]),
  );
}

describe("subscriptions", () => {
  interface Sink {
    readonly sent: unknown[];
    send(text: string): void;
  }
  const sink = (): Sink => {
    const sent: unknown[] = [];
    return { sent, send: (text) => sent.push(JSON.parse(text)) };
  };
  const request = (method: string, query: string, id = 1) => ({ id, method, params: [query] });

  it("sends events under the subscription's id, block before header before transactions", async () => {
    const subscriptions = createSubscriptions();
    const client = sink();
    subscriptions.handle(client, request("subscribe", "tm.event='Tx'", 5));
    subscriptions.handle(client, {
      id: "b",
      method: "subscribe",
      params: { query: "tm.event='NewBlock'", page: "1" },
    });
    const fresh = engineOn(createDisk());
    await fresh.start();
    await fresh.submitTx(utf8("a=b"));
    subscriptions.publish(announcementsOf(await fresh.produceBlock()));
    const types = client.sent.map(
      (message) =>
        objectsIn(message).find(({ type }) => typeof type === "string" && type.startsWith("tendermint/event"))
          ?.type,
    );
    expect(client.sent.map((message) => objectsIn(message)[0]?.id)).to.deep.equal([5, "b", "b", 5]);
    expect(types).to.deep.equal([undefined, undefined, "tendermint/event/NewBlock", "tendermint/event/Tx"]);
    const tx = objectsIn(client.sent[3]).find((item) => "tx.hash" in item);
    expect(tx?.["tx.height"]).to.deep.equal(["1"]);
    expect(tx?.["app.key"]).to.deep.equal(["a", "b"]);
  });

  it("has the members of recorded events", async function () {
    const folder = cosmosVectors("tendermint-rs/rpc/kvstore_fixtures/v0_38/incoming");
    if (folder === undefined) return this.skip();
    const subscriptions = createSubscriptions();
    const client = sink();
    subscriptions.handle(client, request("subscribe", "tm.event = 'Tx'"));
    const fresh = engineOn(createDisk());
    await fresh.start();
    await fresh.submitTx(utf8("a=b"));
    subscriptions.publish(announcementsOf(await fresh.produceBlock()));
    const recorded = objectsIn(readJson(`${folder}/subscribe_txs_1.json`))[0]?.result;
    expect(shape(objectsIn(client.sent[1])[0]?.result)).to.deep.equal(shape(recorded));
  });

  it("bounds clients and subscriptions, and knows what is subscribed", () => {
    const subscriptions = createSubscriptions({ maxClients: 1, maxPerClient: 2 });
    const client = sink();
    const second = sink();
    for (const query of ["a.b='1'", "a.b='1'", "a.b='2'", "a.b='3'"])
      subscriptions.handle(client, request("subscribe", query));
    subscriptions.handle(second, request("subscribe", "a.b='1'"));
    subscriptions.handle(client, request("unsubscribe", "a.b='9'"));
    subscriptions.handle(client, request("unsubscribe", "a.b='1'"));
    subscriptions.handle(client, { id: 1, method: "unsubscribe_all", params: {} });
    subscriptions.handle(second, request("subscribe", "malformed query"));
    expect([...client.sent, ...second.sent].map((message) => error(message)[2] ?? "ok")).to.deep.equal([
      "ok",
      "already subscribed",
      "ok",
      "max_subscriptions_per_client 2 reached",
      "subscription not found",
      "ok",
      "ok",
      "max_subscription_clients 1 reached",
      "failed to parse query: offset 10: got tag, wanted <= operator, >= operator, < operator, > operator, = operator, CONTAINS operator or EXISTS operator",
    ]);
  });
});

describe("RPC server", () => {
  let server: RpcServer;

  before(async () => {
    server = await startRpcServer(environment, { host: "127.0.0.1", port: 0 });
  });

  after(() => server.close());

  it("lets any web page read and answers preflight requests", async () => {
    const reply = await fetch(`${server.url}/health`);
    expect(reply.headers.get("access-control-allow-origin")).to.equal("*");
    expect((await fetch(server.url, { method: "OPTIONS" })).status).to.equal(204);
  });

  it("lists its endpoints at the root and knows no other path", async () => {
    expect(await (await fetch(server.url)).text()).to.contain("/tx_search");
    expect((await fetch(`${server.url}/nothing`)).status).to.equal(404);
    expect((await fetch(server.url, { method: "DELETE" })).status).to.equal(405);
  });

  it("refuses a body above the limit and keeps serving", async () => {
    const reply = await fetch(server.url, { method: "POST", body: "x".repeat(1_000_001) }).catch(
      () => undefined,
    );
    if (reply !== undefined) expect(reply.status).to.equal(400);
    expect((await fetch(`${server.url}/health`)).status).to.equal(200);
  });

  it("survives bytes that are no HTTP", async () => {
    const { port } = new URL(server.url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), "127.0.0.1", () => socket.end("\0\0nonsense\r\n\r\n"));
      socket.on("error", () => undefined);
      socket.on("close", () => resolve());
      socket.resume();
    });
    expect((await fetch(`${server.url}/health`)).status).to.equal(200);
  });

  it("answers ordinary methods, nonsense and binary frames on the websocket", async () => {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/websocket`);
    const replies: string[] = [];
    await new Promise<void>((resolve, reject) => {
      socket.on("error", reject);
      socket.on("open", () => {
        socket.send("nonsense");
        socket.send(new Uint8Array([1, 2]));
        socket.send(JSON.stringify({ jsonrpc: "2.0", id: 3, method: "health", params: {} }));
      });
      socket.on("message", (data) => {
        replies.push(data.toString());
        if (replies.length === 3) resolve();
      });
    });
    socket.close();
    expect(replies.map((reply) => error(JSON.parse(reply))[0])).to.have.members([-32700, -32700, undefined]);
  });

  it("upgrades no other path", async () => {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/other`);
    const failure = await new Promise<Error>((resolve) => {
      socket.on("error", resolve);
    });
    expect(failure.message).to.contain("404");
  });
});
