/** One script for both sides: the page, and the worker that the page starts from the same file. */
import { startPage } from "./page.ts";
import { serveWorker } from "./worker.ts";

if (typeof document === "undefined") serveWorker();
else startPage((document.currentScript as HTMLScriptElement).src);
