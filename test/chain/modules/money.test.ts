/** Money over long random histories of the whole chain, real disputes included: nothing appears, nothing gets lost. */
import { expect } from "chai";
import fc from "fast-check";
import {
  buildTrace,
  createReferenceEngine,
  type Execution,
  inputsFromBytes,
  outputRoot,
  tensorsToBytes,
} from "../../../aivm/index.ts";
import { ChainError } from "../../../chain/codes.ts";
import { ACCOUNTS } from "../../../chain/modules/coins.ts";
import { createDisputeModule } from "../../../chain/modules/dispute/module.ts";
import type { Request } from "../../../chain/modules/ports.ts";

import { openSlot } from "../../../opml-dispute/index.ts";
import { joinCommitment } from "../../../proto/hashes.ts";
import { RequestStatus } from "../../../proto/index.ts";
import {
  answer,
  ask,
  commit,
  drawnOpening,
  INPUT,
  MODEL,
  MODEL_ID,
  OUTPUT,
  registerModel,
  registerRunner,
  reveal,
  SALT,
} from "./support/market.ts";
import { addressBytesOf, addressOf, createWorld, type World } from "./support/world.ts";

const ACCOUNT_NAMES = ["registrar", "r1", "r2", "r3", "user", "rival"] as const;
const RUNNERS = ["r1", "r2", "r3"] as const;
const GENESIS_UAIVM = 50_000_000n;

/** The true run of the model on INPUT, but for the seed. */
let truth: Omit<Execution, "seed" | "maxTokens">;

/** One random step: which, by whom, on which request, with which number. */
type Step = readonly [kind: number, who: number, request: number, amount: number];

const steps = fc.array(fc.tuple(fc.nat(99), fc.nat(2), fc.nat(5), fc.nat(999_999)) as fc.Arbitrary<Step>, {
  minLength: 700,
  maxLength: 700,
});

interface History {
  readonly world: World;
  /** Kinds of steps that succeeded. */
  readonly done: Map<string, number>;
}

function perform(history: History, [kind, who, request, amount]: Step): void {
  const { world, done } = history;
  const attempts = actions(world, { name: RUNNERS[who] ?? "r1", request, amount: BigInt(amount) });
  const [what, run] = attempts[kind % attempts.length] ?? ["block", () => world.nextBlock()];
  try {
    run();
    done.set(what, (done.get(what) ?? 0) + 1);
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
  }
}

function actions(
  world: World,
  at: { readonly name: string; readonly request: number; readonly amount: bigint },
): readonly (readonly [string, () => void])[] {
  const { name, amount } = at;
  const operator = addressOf(name);
  const requests = world.query("inference", "Requests", { limit: 1000 }).requests;
  const live = requests.filter(({ status }) => status < RequestStatus.REQUEST_STATUS_FINAL);
  const request = live[at.request % (live.length || 1)];
  const id = request?.id ?? new Uint8Array(32);
  const accepted = live.filter(({ status }) => status === RequestStatus.REQUEST_STATUS_ACCEPTED);
  const rivalled = accepted[at.request % (accepted.length || 1)] ?? request;
  const committer = RUNNERS.find((one) => addressOf(one) === request?.committer) ?? name;
  const runner = RUNNERS.find((one) => addressOf(one) === request?.assigned) ?? name;
  return [
    ["block", () => world.nextBlock()],
    ["block", () => world.nextBlock(amount / 100n)],
    ["block", () => world.nextBlock(2_500n)],
    ["block", () => world.nextBlocks(3)],
    ["register", () => registerRunner(world, name, 3_000_000n + amount)],
    ["addBond", () => world.tx("aivm.runner.v1.MsgAddBond", { operator, amountUaivm: amount * 4n })],
    ["unbond", () => world.tx("aivm.runner.v1.MsgUnbond", { operator, amountUaivm: amount * 2n })],
    ["serve", () => world.tx("aivm.model.v1.MsgServeModel", { runner: operator, modelId: MODEL_ID })],
    ["prove", () => prove(world, name)],
    ["prove", () => prove(world, name)],
    ["ask", () => ask(world, { feeUaivm: amount })],
    ["ask", () => ask(world, { feeUaivm: amount, valueAtRiskUaivm: amount * 3n })],
    ["ask", () => ask(world, { feeUaivm: amount, deadlineMs: world.timeMs() + 130_000n })],
    ["commit", () => commit(world, id, runner)],
    ["commit", () => commit(world, id, runner)],
    ["answer", () => answer(world, id, runner)],
    ["reveal", () => reveal(world, id, committer)],
    ["reveal", () => reveal(world, id, committer)],
    ["join", () => join(world, rivalled)],
    ["revealJoin", () => revealJoin(world, rivalled)],
    ["challenge", () => challenge(world, rivalled)],
    ["challenge", () => challenge(world, rivalled)],
    ["postTraceRoot", () => postTraceRoot(world, request)],
  ];
}

function prove(world: World, name: string): void {
  const runner = addressOf(name);
  world.tx("aivm.model.v1.MsgProveModel", { runner, modelId: MODEL_ID, ...drawnOpening(world, name) });
}

/** The rival's claim: the true output and its trace. */
function rivalClaim(request: Request) {
  const trace = buildTrace({ ...truth, seed: request.seed, maxTokens: request.maxTokens });
  const outputs = truth.program.outputs.map(({ source }) => truth.opOutputs[source.index]);
  const tensors = outputs.flatMap((tensor) => tensor ?? []);
  const commitment = joinCommitment({
    requestId: request.id,
    outputRoot: outputRoot(tensors),
    traceRoot: trace.root,
    signer: addressBytesOf("rival"),
    salt: SALT,
  });
  return { trace, commitment, output: tensorsToBytes(tensors) };
}

function join(world: World, request: Request | undefined): void {
  if (request === undefined) return;
  const { commitment } = rivalClaim(request);
  world.tx("aivm.dispute.v1.MsgJoin", { challenger: addressOf("rival"), requestId: request.id, commitment });
}

function revealJoin(world: World, request: Request | undefined): void {
  if (request === undefined) return;
  const { trace, output } = rivalClaim(request);
  world.tx("aivm.dispute.v1.MsgRevealJoin", {
    challenger: addressOf("rival"),
    requestId: request.id,
    output,
    traceRoot: trace.root,
    salt: SALT,
    inputSlot: openSlot(trace, 0),
    outputSlot: openSlot(trace, trace.slotRoots.length - 1),
  });
}

function challenge(world: World, request: Request | undefined): void {
  join(world, request);
  world.nextBlock();
  revealJoin(world, request);
}

/** The runner's answer is not the model's, so that it can post no trace that ends in it; it tries the true one. */
function postTraceRoot(world: World, request: Request | undefined): void {
  if (request === undefined) return;
  const { trace } = rivalClaim(request);
  world.tx("aivm.dispute.v1.MsgPostTraceRoot", {
    signer: request.committer,
    requestId: request.id,
    traceRoot: trace.root,
    inputSlot: openSlot(trace, 0),
    outputSlot: openSlot(trace, trace.slotRoots.length - 1),
  });
}

function checkMoney(world: World, genesisUaivm: bigint): void {
  const modules = Object.values(ACCOUNTS);
  const held =
    ACCOUNT_NAMES.reduce((sum, name) => sum + world.balance(name), 0n) +
    modules.reduce((sum, name) => sum + world.moduleBalance(name), 0n);
  expect(held, "sum of balances").to.equal(world.supply());
  expect(world.supply() + burned(world), "supply and what was burned").to.equal(genesisUaivm);
  const { runners } = world.query("runner", "Runners", {});
  const bonds = runners.reduce((sum, { bondUaivm, unbondingUaivm }) => sum + bondUaivm + unbondingUaivm, 0n);
  expect(world.moduleBalance("runner"), "bonds").to.equal(bonds);
  for (const runner of runners) {
    expect(runner.lockedUaivm <= runner.bondUaivm, "locked within the bond").to.equal(true);
    expect(runner.jailed).to.equal(runner.bondUaivm + runner.inPlayUaivm < 1_000_000n);
  }
  const { requests } = world.query("inference", "Requests", { limit: 1000 });
  const live = requests.filter(({ status }) => status < RequestStatus.REQUEST_STATUS_FINAL);
  const fees = live.reduce((sum, { feeUaivm }) => sum + feeUaivm, 0n);
  expect(world.moduleBalance("inference"), "escrowed fees").to.equal(fees);
  const locked = live
    .filter(({ status }) => status === RequestStatus.REQUEST_STATUS_COMMITTED)
    .reduce((sum, { lockedUaivm }) => sum + lockedUaivm, 0n);
  expect(
    runners.reduce((sum, { lockedUaivm }) => sum + lockedUaivm, 0n),
    "locks",
  ).to.equal(locked);
}

function burned(world: World): bigint {
  return world.events
    .filter(({ type }) => type === "burn")
    .flatMap(({ attributes }) => attributes.filter(({ key }) => key === "amount"))
    .reduce((sum, { value }) => sum + BigInt(value.replace("uaivm", "")), 0n);
}

describe("money of the whole chain", () => {
  before(async () => {
    const inputs = inputsFromBytes(MODEL.program, INPUT);
    const { ops = [] } = await createReferenceEngine(MODEL).run({ inputs, keepOps: true });
    truth = { program: MODEL.program, inputs, opOutputs: ops };
    expect(tensorsToBytes(ops.slice(-1)), "runners of this test lie").to.not.deep.equal(OUTPUT);
  });

  it("is conserved over thousands of random operations, and every invariant holds all the way", () => {
    const totals = new Map<string, number>();
    fc.assert(
      fc.property(steps, (history) => {
        const world = createWorld({
          genesis: { attesters: [], model: { epochBlocks: 200n } },
          accounts: ACCOUNT_NAMES,
          createDispute: createDisputeModule,
          amountUaivm: GENESIS_UAIVM,
        });
        const genesisUaivm = world.supply();
        registerModel(world);
        for (const [i, step] of history.entries()) {
          perform({ world, done: totals }, step);
          if (i % 7 === 0) checkMoney(world, genesisUaivm);
        }
        checkMoney(world, genesisUaivm);
        const types = new Set(world.events.map(({ type }) => type));
        for (const type of types) totals.set(`event ${type}`, (totals.get(`event ${type}`) ?? 0) + 1);
      }),
      { seed: 20_261_124, numRuns: 4, endOnFailure: true },
    );
    // The histories must have been worth looking at.
    const reached = ["reveal", "join", "challenge", "unbond", "prove", "addBond"].filter(
      (what) => !totals.has(what),
    );
    expect(reached, "steps that never succeeded").to.deep.equal([]);
    const events = [
      "dispute_settled",
      "result_final",
      "request_expired",
      "request_reopened",
      "runner_penalty",
      "runner_unbonded",
      "burn",
    ];
    expect(
      events.filter((type) => !totals.has(`event ${type}`)),
      "events that never came",
    ).to.deep.equal([]);
  });
});
