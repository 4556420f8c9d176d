/** The page: takes a result's public data and the model's artifact, from files or addresses, and shows the verdict. */
import { publicResultFromJson } from "../../../sdk/publicResult.ts";
import type { Reexecution } from "../reexecute.ts";
import type { WorkerAnswer, WorkerTask } from "./worker.ts";

/** Ties the form to the worker. An address that ends in `?result=URL&artifact=URL` fills the form and runs at once. */
export function startPage(script: string): void {
  const query = new URLSearchParams(location.search);
  for (const name of ["result", "artifact"])
    element<HTMLInputElement>(`${name}-url`).value = query.get(name) ?? "";
  const form = element<HTMLFormElement>("form");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void check(script);
  });
  form.querySelector("button")?.removeAttribute("disabled");
  if (query.has("result") && query.has("artifact")) form.requestSubmit();
}

async function check(script: string): Promise<void> {
  show({ state: "busy", title: "Running the model ...", lines: [] });
  try {
    const [text, artifact, wasm] = await Promise.all([
      given("result"),
      given("artifact"),
      fetched("kernels.wasm"),
    ]);
    const result = publicResultFromJson(new TextDecoder().decode(text));
    const answer = await askWorker(script, { artifact, result, wasm });
    if ("refused" in answer)
      show({ state: "refused", title: "Refused: nothing was computed", lines: [answer.refused] });
    else showReexecution(answer.reexecution);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    show({ state: "refused", title: "Refused: nothing was computed", lines: [why] });
  }
}

/** Bytes of the file that was chosen, or else of the address that was typed. */
async function given(name: "result" | "artifact"): Promise<Uint8Array> {
  const [file] = element<HTMLInputElement>(`${name}-file`).files ?? [];
  if (file !== undefined) return new Uint8Array(await file.arrayBuffer());
  const url = element<HTMLInputElement>(`${name}-url`).value.trim();
  if (url === "") throw new RangeError(`choose the file of the ${name}, or give its address`);
  return fetched(url);
}

async function fetched(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) throw new RangeError(`${url} answers with status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

function askWorker(script: string, task: WorkerTask): Promise<WorkerAnswer> {
  const worker = new Worker(script);
  const answer = new Promise<WorkerAnswer>((resolve, reject) => {
    worker.onmessage = (event: MessageEvent<WorkerAnswer>): void => resolve(event.data);
    worker.onerror = (event): void => reject(new Error(event.message));
  });
  worker.postMessage(task);
  return answer.finally(() => worker.terminate());
}

function showReexecution({ match, roots, modelName, gas, milliseconds }: Reexecution): void {
  const title = match
    ? "Match: this browser computed the recorded output"
    : "Mismatch: the record is not what the model computes";
  const lines = roots.flatMap(({ name, recorded, computed }) => [
    `${name}: ${recorded === computed ? "equal" : "DIFFERENT"}`,
    `  recorded ${recorded}`,
    `  computed ${computed}`,
  ]);
  lines.push(`model ${modelName}, ${gas} vmGas in ${milliseconds.toFixed(1)} ms`);
  show({ state: match ? "match" : "mismatch", title, lines });
}

/** Text only: nothing from a file or an address becomes markup. */
function show(verdict: {
  readonly state: string;
  readonly title: string;
  readonly lines: readonly string[];
}): void {
  const output = element("verdict");
  element("verdict-title").textContent = verdict.title;
  element("verdict-lines").textContent = verdict.lines.join("\n");
  output.dataset.state = verdict.state;
}

function element<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new RangeError(`the page has no ${id}`);
  return found as T;
}
