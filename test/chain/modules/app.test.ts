/** The modules inside the application: signed transactions, real blocks, vote extensions, a restart. */
import type { EncodeObject, GeneratedType } from "@cosmjs/proto-signing";
import { expect } from "chai";
import { type ExecTxResult, ExtendedCommitInfo, RequestExtendVote } from "cosmjs-types/tendermint/abci/types";
import { BlockIDFlag } from "cosmjs-types/tendermint/types/validator";
import { outputRoot, outputsFromBytes, tensorChunks } from "../../../aivm/index.ts";
import { addressBytes } from "../../../chain/address.ts";
import { moduleAccount } from "../../../chain/modules/bank/keeper.ts";
import { createModules, devnetAppState, testnetAppState } from "../../../chain/modules/index.ts";
import { memoryKv } from "../../../chain/store/kv.ts";
import { encodeVoteTx } from "../../../chain/voteTx.ts";
import { buildTree, treePath, utf8 } from "../../../common/index.ts";
import {
  decodeMessage,
  encodeMessage,
  type Loose,
  type MessageName,
  type Messages,
  RequestStatus,
  resultCommitment,
} from "../../../proto/index.ts";
import { aivmTypes } from "../../../sdk/messages/registry.ts";
import { registrationToProgram } from "../../../sdk/registration.ts";
import { type AppHarness, createHarness, type TestAccount, testAccount } from "../../support/appHarness.ts";
import { attestersOf, EVM_CHAIN, ORACLE, type TestAttester } from "./oracle/world.ts";
import { INPUT, MODEL, MODEL_ID, OUTPUT, SALT } from "./support/market.ts";

const GAS = { gas: 20_000_000n };

function message<N extends MessageName>(name: N, value: Loose<Messages[N]>): EncodeObject {
  return { typeUrl: `/${name}`, value };
}

function query<Q extends MessageName, R extends MessageName>(
  chain: AppHarness,
  at: { readonly path: string; readonly request: Q; readonly response: R },
  value: Loose<Messages[Q]>,
): Messages[R] {
  const { code, log, value: bytes } = chain.query(at.path, encodeMessage(at.request, value));
  if (code !== 0) throw new Error(log);
  return decodeMessage(at.response, bytes);
}

const REQUEST = {
  path: "/aivm.inference.v1.Query/Request",
  request: "aivm.inference.v1.QueryRequestRequest",
  response: "aivm.inference.v1.QueryRequestResponse",
} as const;
const SERVING = {
  path: "/aivm.model.v1.Query/Serving",
  request: "aivm.model.v1.QueryServingRequest",
  response: "aivm.model.v1.QueryServingResponse",
} as const;
const PROOF = {
  path: "/aivm.oracle.v1.Query/ResultProof",
  request: "aivm.oracle.v1.QueryResultProofRequest",
  response: "aivm.oracle.v1.QueryResultProofResponse",
} as const;

interface Cast {
  readonly registrar: TestAccount;
  readonly runner: TestAccount;
  readonly user: TestAccount;
  readonly observer: TestAccount;
  readonly attester: TestAttester;
}

async function cast(): Promise<Cast> {
  const [registrar, runner, user, observer] = await Promise.all(
    ["registrar", "runner", "user", "observer"].map(testAccount),
  );
  const [attester] = attestersOf([1n]);
  if (!registrar || !runner || !user || !observer || !attester) throw new Error("no cast");
  return { registrar, runner, user, observer, attester: { ...attester, observer: observer.address } };
}

function start(people: Cast, kv = memoryKv(), resume?: { height: bigint; timeMs: bigint }): AppHarness {
  const { attester } = people;
  const accounts = [people.registrar, people.runner, people.user, people.observer];
  const { modules, voteExtensions } = createModules({ signer: attester });
  return createHarness({
    balances: [],
    app: { kv, modules, voteExtensions },
    types: aivmTypes() as [string, GeneratedType][],
    appState: devnetAppState({
      balances: accounts.map(({ address }) => ({ address, amountUaivm: 1_000_000_000n })),
      attesters: [attester],
      destinations: [{ evmChainId: EVM_CHAIN, oracle: ORACLE, confirmations: 0 }],
    }),
    ...(resume === undefined ? {} : { resume }),
  });
}

function ok(result: ExecTxResult): ExecTxResult {
  expect(result.code, result.log).to.equal(0);
  return result;
}

/** Model registered and ACTIVE, one EVM request observed; returns its id. */
async function prepare(chain: AppHarness, people: Cast): Promise<Uint8Array> {
  const { registrar, runner, observer } = people;
  const operator = runner.address;
  const send = async (by: TestAccount, name: MessageName, value: object): Promise<ExecTxResult> =>
    ok(await chain.send(by, [{ typeUrl: `/${name}`, value }], GAS));
  await send(registrar, "aivm.model.v1.MsgRegisterModel", {
    registrar: registrar.address,
    program: registrationToProgram(MODEL.registration),
    artifactBytes: BigInt(MODEL.artifactBytes),
    bondUaivm: 1_000_000n,
    feeUaivm: 5_000n,
  });
  await send(runner, "aivm.runner.v1.MsgRegisterRunner", { operator, bondUaivm: 10_000_000n });
  await send(runner, "aivm.model.v1.MsgServeModel", { runner: operator, modelId: MODEL_ID });
  const { constant, chunk } = query(chain, SERVING, { modelId: MODEL_ID, runner: operator });
  const tensor = MODEL.constants[constant];
  if (tensor === undefined) throw new Error("no constant");
  const chunks = tensorChunks(tensor);
  const path = treePath(buildTree(chunks), chunk);
  await send(runner, "aivm.model.v1.MsgProveModel", {
    runner: operator,
    modelId: MODEL_ID,
    chunk: chunks[chunk],
    path,
  });
  const { events } = await send(observer, "aivm.oracle.v1.MsgObserveRequest", {
    observer: observer.address,
    evmChainId: EVM_CHAIN,
    oracle: ORACLE,
    evmRequestId: new Uint8Array(32).fill(1),
    requestHash: new Uint8Array(32).fill(2),
    blockHash: new Uint8Array(32).fill(3),
    modelId: MODEL_ID,
    input: INPUT,
    evmDeadlineS: chain.timeMs() / 1000n + 3_600n,
  });
  const id = events
    .find(({ type }) => type === "request_opened")
    ?.attributes.find(({ key }) => key === "request_id");
  return Uint8Array.from(Buffer.from(id?.value ?? "", "hex"));
}

function commitMessage(people: Cast, requestId: Uint8Array): EncodeObject {
  const runner = people.runner.address;
  const commitment = resultCommitment({
    requestId,
    runner: addressBytes(runner),
    salt: SALT,
    outputRoot: outputRoot(outputsFromBytes(MODEL.program, OUTPUT)),
  });
  return message("aivm.inference.v1.MsgCommitResult", { runner, requestId, commitment });
}

function revealMessage(people: Cast, requestId: Uint8Array): EncodeObject {
  const runner = people.runner.address;
  return message("aivm.inference.v1.MsgRevealResult", { runner, requestId, salt: SALT, output: OUTPUT });
}

function statusOf(chain: AppHarness, requestId: Uint8Array): number | undefined {
  return query(chain, REQUEST, { requestId }).request?.status;
}

describe("the modules inside the application", () => {
  it("an EVM request goes from observation to an attested, final result, over a restart in the middle", async () => {
    const people = await cast();
    const kv = memoryKv();
    const first = start(people, kv);
    const requestId = await prepare(first, people);
    ok(await first.send(people.runner, [commitMessage(people, requestId)], GAS));
    const chain = start(people, kv, { height: first.height(), timeMs: first.timeMs() });
    ok(await chain.send(people.runner, [revealMessage(people, requestId)], GAS));
    while (statusOf(chain, requestId) !== RequestStatus.REQUEST_STATUS_FINAL && chain.height() < 60n)
      await chain.block([], 2_000n);
    const { leaf, attested } = query(chain, PROOF, { requestId });
    expect(leaf?.status).to.equal(2);
    expect(attested).to.equal(false);
    const { voteExtension } = chain.app.extendVote(RequestExtendVote.fromPartial({}));
    await chain.block();
    const votes = ExtendedCommitInfo.fromPartial({
      votes: [
        {
          validator: { address: people.attester.validator, power: 1n },
          blockIdFlag: BlockIDFlag.BLOCK_ID_FLAG_COMMIT,
          voteExtension,
        },
      ],
    });
    await chain.block([encodeVoteTx(votes)]);
    const proof = query(chain, PROOF, { requestId });
    expect(proof).to.deep.include({ attested: true, output: OUTPUT });
    expect(proof.signatures).to.have.length(1);
  });

  it("a refused message keeps nothing but the transaction's fee and sequence", async () => {
    const people = await cast();
    const chain = start(people);
    await prepare(chain, people);
    const { user } = people;
    const before = { user: chain.balance(user.address), account: chain.account(user.address) };
    const ask = (modelId: Uint8Array): EncodeObject =>
      message("aivm.inference.v1.MsgRequestInference", {
        requester: user.address,
        modelId,
        input: INPUT,
        feeUaivm: 100_000n,
      });
    const result = await chain.send(user, [ask(MODEL_ID), ask(new Uint8Array(32))], GAS);
    expect(`${result.codespace}/${result.code}`).to.equal("inference/4");
    expect(result.log).to.match(/message index: 1: INFERENCE_UNKNOWN_MODEL/);
    expect(before.user - chain.balance(user.address), "the fee of the transaction").to.equal(500_000n);
    expect(chain.account(user.address).sequence).to.equal(before.account.sequence + 1n);
    const { requests } = query(
      chain,
      {
        path: "/aivm.inference.v1.Query/Requests",
        request: "aivm.inference.v1.QueryRequestsRequest",
        response: "aivm.inference.v1.QueryRequestsResponse",
      },
      {},
    );
    expect(requests).to.have.length(1);
  });

  it("gas is the same on a node that has parsed the program before and on one that has not", async () => {
    const people = await cast();
    const kv = memoryKv();
    const warm = start(people, kv);
    const requestId = await prepare(warm, people);
    const tx = await warm.sign(people.runner, [commitMessage(people, requestId)], GAS);
    const cold = start(people, kv, { height: warm.height(), timeMs: warm.timeMs() });
    const [warmResult, coldResult] = [warm.execute([tx]), cold.execute([tx])];
    expect(coldResult.txResults[0]?.gasUsed).to.equal(warmResult.txResults[0]?.gasUsed);
    expect(coldResult.appHash).to.deep.equal(warmResult.appHash);
    expect(coldResult.txResults[0]?.code).to.equal(0);
  });

  it("modules' own accounts take no transfers from users", async () => {
    const people = await cast();
    const chain = start(people);
    for (const name of ["runner", "inference", "dispute", "model", "tee", "audit_pool", "fee_collector"]) {
      const { codespace, code } = await chain.send(people.user, [
        {
          typeUrl: "/cosmos.bank.v1beta1.MsgSend",
          value: {
            fromAddress: people.user.address,
            toAddress: moduleAccount(name),
            amount: [{ denom: "uaivm", amount: "1" }],
          },
        },
      ]);
      expect(`${codespace}/${code}`, name).to.equal("sdk/4");
    }
  });

  it("a devnet and a test network start, the latter with longer windows and larger bonds", () => {
    const windows = [devnetAppState, testnetAppState].map((appState) => {
      const { modules } = createModules();
      const chain = createHarness({
        balances: [],
        app: { modules },
        appState: appState({ balances: [], attesters: [] }),
      });
      chain.execute([]);
      return JSON.stringify(appState({ balances: [], attesters: [] }).inference);
    });
    expect(windows[0]).to.match(/"windowMs":"10000"/);
    expect(windows[1]).to.match(/"windowMs":"300000"/);
  });

  it("a genesis with an unknown or malformed parameter is refused by name", () => {
    const cases: readonly (readonly [RegExp, object])[] = [
      [/runner\.params\.minBond/, { runner: { params: { minBond: "1" } } }],
      [/model\.params\.rRef/, { model: { params: { rRef: 5 } } }],
      [/model\.params\.epochBlocks/, { model: { params: { epochBlocks: "0" } } }],
      [/inference\.params/, { inference: { params: { validatorsBps: 9_000 } } }],
      [/tee\.params\.mockRoot/, { tee: { params: { allowMock: true } } }],
      [/oracle\.attesters\[0\]/, { oracle: { attesters: [{ power: "1" }] } }],
    ];
    for (const [says, appState] of cases) {
      const { modules } = createModules();
      const harness = (): AppHarness =>
        createHarness({
          balances: [],
          app: { modules },
          init: { appStateBytes: utf8(JSON.stringify({ bank: {}, ...appState })) },
        });
      expect(harness).to.throw(says);
    }
  });
});
