import { expect } from "chai";
import {
  buildTrace,
  createReferenceEngine,
  type LoadedModel,
  OPS,
  opNamed,
  type Tensor,
  type Trace,
} from "../../aivm/index.ts";
import { equalBytes } from "../../common/index.ts";
import {
  createReferee,
  createTraceProvider,
  levelCounts,
  mostChunks,
  mostMoves,
  type TraceProvider,
} from "../../opml-dispute/index.ts";
import { LossReason } from "../../proto/index.ts";
import { modelAround } from "../aivm/support/models.ts";
import { randomNode } from "../aivm/support/nodes.ts";
import { createRandom } from "../aivm/support/random.ts";
import { tinyInput, tinyModel } from "../node-runner/support/tinyModel.ts";
import { playing, watching } from "./support/actors.ts";
import { type Evening, playEvening } from "./support/table.ts";

/** One run, with one element of one op changed before later ops read it. */
async function traceOf(
  model: LoadedModel,
  inputs: readonly Tensor[],
  lie?: { readonly op: number; readonly element: number },
): Promise<Trace> {
  const engine = createReferenceEngine(model, {
    afterOp: (op, output) => (op === lie?.op ? withLie(model, { op, element: lie.element, output }) : output),
  });
  const { ops = [] } = await engine.run({ inputs, keepOps: true });
  return buildTrace({
    program: model.program,
    inputs,
    opOutputs: ops,
    seed: new Uint8Array(32),
    maxTokens: 0,
  });
}

/** The tensor with that element moved by one, inside the range that its op clamps to. */
function withLie(
  model: LoadedModel,
  at: { readonly op: number; readonly element: number; readonly output: Tensor },
): Tensor {
  const hi = model.program.ops[at.op]?.output.hi ?? 0;
  const data = at.output.data.slice();
  const value = data[at.element] ?? 0;
  data[at.element] = value < hi ? value + 1 : value - 1;
  return { ...at.output, data };
}

/** The game between the lie and the truth. */
function playOut(model: LoadedModel, lie: Trace, truth: Trace): Evening {
  const { program, weightsRoot } = model;
  const inputRoot = truth.slotRoots[0] ?? new Uint8Array();
  const referee = createReferee({ program, weightsRoot, inputRoot });
  const trace: TraceProvider = createTraceProvider({ trace: lie, model });
  return playEvening({
    referee,
    inputRoot,
    executor: { name: "liar", trace },
    actors: [
      playing({ name: "liar", trace, referee }),
      watching({ name: "watcher", trace: createTraceProvider({ trace: truth, model }), referee }),
    ],
  });
}

function expectCaught(
  evening: Evening,
  at: { readonly model: LoadedModel; readonly truth: Trace; readonly op: number; readonly element: number },
): void {
  const { model, truth, op, element } = at;
  const name = `op ${op}, element ${element} of ${model.program.name}`;
  const last = truth.slotRoots.at(-1) ?? new Uint8Array();
  expect(
    equalBytes(evening.outputRoot ?? new Uint8Array(), last),
    `${name}: the true output stands`,
  ).to.equal(true);
  const [match] = evening.game.matches;
  expect([match?.slot, match?.element], name).to.deep.equal([op + 1, element]);
  expect(evening.game.claims[0]?.loss, name).to.equal(LossReason.LOSS_REASON_ELEMENT);
  const { ops } = model.program;
  const maxChunks = mostChunks(ops.map(({ output }) => output.shape));
  const levels = levelCounts({ slots: ops.length + 2, maxChunks, arityLog2: 4 });
  expect(match?.moves, name).to.be.at.most(mostMoves(levels));
}

describe("a game over real traces", () => {
  it("finds a lie about any op of a real model, in the first, the middle and the last chunk", async () => {
    const model = tinyModel();
    const inputs = [tinyInput()];
    const truth = await traceOf(model, inputs);
    for (const [op, { output }] of model.program.ops.entries()) {
      const count = output.shape.reduce((product, size) => product * size, 1);
      for (const element of [0, 1, 255, 256, count - 1].filter((index) => index < count)) {
        const lie = await traceOf(model, inputs, { op, element });
        // A change that no later op lets through reaches no output: there is nothing to dispute.
        if (equalBytes(lie.slotRoots.at(-1) ?? lie.root, truth.slotRoots.at(-1) ?? truth.root)) continue;
        expectCaught(playOut(model, lie, truth), { model, truth, op, element });
      }
    }
  });

  it("is decided by the referee for every op that the VM knows", async () => {
    for (const { name } of OPS) {
      for (let seed = 1; seed <= 3; seed++) {
        const random = createRandom(seed * 53 + opNamed(name).opcode);
        const { model, inputs } = modelAround(randomNode(name, random));
        const truth = await traceOf(model, inputs);
        const op = model.program.ops.length - 1;
        const type = model.program.ops[op]?.output;
        const count = truth.execution.opOutputs[op]?.data.length ?? 0;
        const element = (seed * 7919) % count;
        if (type === undefined || type.lo === type.hi) continue;
        const lie = await traceOf(model, inputs, { op, element });
        expectCaught(playOut(model, lie, truth), { model, truth, op, element });
      }
    }
  });
});
