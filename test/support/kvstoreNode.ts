/** A node around the kvstore application as a process of its own: `tsx kvstoreNode.ts <home> <block ms>`. */
import { join } from "node:path";
import { openEngineKv } from "../../chain/io/engineKv.ts";
import { startNode } from "../../chain/io/node.ts";
import { createKvstoreApp } from "./kvstoreApp.ts";

const [home = "", blockMs = "50"] = process.argv.slice(2);
const log = { info: () => undefined, warn: () => undefined };
const node = await startNode({
  home,
  app: createKvstoreApp(await openEngineKv(join(home, "data", "kvstore.db"))),
  blockIntervalMs: Number(blockMs),
  log,
});
console.log(JSON.stringify({ event: "ready", rpc: node.rpcUrl, chainId: node.chainId }));
