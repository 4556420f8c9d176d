/** Entry of a worker thread of the wasm engine. */
import { parentPort } from "node:worker_threads";
import { serveWorker } from "../engine/wasm/worker.ts";

const port = parentPort;
if (port !== null)
  port.on(
    "message",
    serveWorker((message) => port.postMessage(message)),
  );
