import { expect } from "chai";
import nacl from "tweetnacl";
import { concatBytes, sha256, utf8 } from "../../../../common/index.ts";
import { type Messages, PrivateQueryStatus } from "../../../../proto/index.ts";
import {
  chainIdHashOf,
  encodeKeyConfig,
  type KeyConfig,
  keyIdOf,
  queryIdOf,
  type Receipt,
  receiptHash,
  signReceipt,
} from "../../../../tee-enclave/index.ts";
import { createMockVendor, measureEnclave, simulateEvidence } from "../../../../tee-enclave/io/simulator.ts";
import { emptyMarket, type Market, MODEL, MODEL_ID, registerModel } from "../support/market.ts";
import { addressBytesOf, addressOf, CHAIN_ID, expectRefused } from "../support/world.ts";

const VENDOR = createMockVendor(sha256(utf8("vendor")));
const SIGN = nacl.sign.keyPair.fromSeed(sha256(utf8("enclave key")));
const NODE = "r4";
const FEE = 5_000n;

/** Keys of an enclave of operator r4; `change` may spoil them. */
function keys(change: Partial<KeyConfig> = {}): Uint8Array {
  return encodeKeyConfig({
    chainIdHash: chainIdHashOf(CHAIN_ID),
    node: addressBytesOf(NODE),
    instance: 1n,
    epoch: 0n,
    notBefore: 1n,
    notAfter: 600n,
    suites: [1],
    kemPub: sha256(utf8("kem")),
    sigPub: SIGN.publicKey,
    modelSetRoot: sha256(utf8("models")),
    vmVersionHash: sha256(utf8("aivm/1")),
    policyId: new Uint8Array(32),
    ...change,
  });
}

const KEY_ID = keyIdOf(keys());

/** A chain with a model that takes simulated enclaves. */
function teeMarket(mock: Partial<Messages["aivm.tee.v1.Params"]> = {}): Market {
  const world = emptyMarket({
    mockTee: { root: VENDOR.publicKey, measurements: [measureEnclave()] },
    tee: mock,
  });
  registerModel(world);
  world.nextBlocks(2);
  return world;
}

type Register = Messages["aivm.tee.v1.MsgRegisterEnclave"];

/** Registers the enclave over the hash of the block before this one. */
function register(
  world: Market,
  change: Partial<Register> & {
    readonly anchor?: Uint8Array;
    readonly ageS?: bigint;
    readonly secret?: Uint8Array;
  } = {},
): Uint8Array {
  const { anchor, ageS, secret, ...message } = change;
  const anchorHeight = message.anchorHeight ?? world.height() - 1n;
  const keyConfig = message.keyConfig ?? keys();
  const evidence = simulateEvidence({
    keyConfig,
    anchor: anchor ?? world.blockHash(anchorHeight),
    timeUnix: world.timeMs() / 1000n - (ageS ?? 0n),
    vendorSecret: secret ?? VENDOR.secretKey,
  });
  return world.tx("aivm.tee.v1.MsgRegisterEnclave", {
    node: addressOf(NODE),
    keyConfig,
    kind: "mock",
    evidence,
    anchorHeight,
    endpoint: "http://127.0.0.1:1",
    ...message,
  }).keyId;
}

type Open = Messages["aivm.tee.v1.MsgOpenPrivateQuery"];

function open(world: Market, change: Partial<Open> = {}): Uint8Array {
  return world.tx("aivm.tee.v1.MsgOpenPrivateQuery", {
    sender: addressOf("user"),
    nonce: 77n,
    modelId: MODEL_ID,
    inputCommit: sha256(utf8("commitment")),
    envelopeHash: sha256(utf8("envelope")),
    keyIds: [KEY_ID],
    feeUaivm: FEE,
    expiryHeight: world.height() + 20n,
    ...change,
  }).queryId;
}

/** A receipt as the enclave would sign it; `change` may spoil what it says. */
function receiptFor(world: Market, queryId: Uint8Array, change: Partial<Receipt> = {}): Uint8Array {
  const receipt: Receipt = {
    chainIdHash: chainIdHashOf(CHAIN_ID),
    queryId,
    keyId: KEY_ID,
    node: addressBytesOf(NODE),
    modelId: MODEL_ID,
    weightsRoot: MODEL.weightsRoot,
    vmVersionHash: sha256(utf8("aivm/1")),
    inputCommit: sha256(utf8("commitment")),
    outputCommit: sha256(utf8("output commitment")),
    traceRoot: new Uint8Array(32),
    units: 8,
    status: 0,
    height: world.height(),
    counter: 1n,
    prevReceiptHash: new Uint8Array(32),
    ...change,
  };
  return signReceipt(receipt, SIGN.secretKey);
}

function settle(world: Market, receipt: Uint8Array): void {
  world.tx("aivm.tee.v1.MsgSettlePrivateQuery", { sender: addressOf("user"), receipt });
}

const refusal = (code: number, says: RegExp) => ({ codespace: "tee", code, says });

describe("module tee: enclaves", () => {
  it("lists keys whose evidence it has verified, marked as simulated", () => {
    const world = teeMarket();
    expect(register(world)).to.deep.equal(KEY_ID);
    const { enclave } = world.query("tee", "Enclave", { keyId: KEY_ID });
    expect(enclave).to.deep.include({
      node: addressOf(NODE),
      kind: "mock",
      simulated: true,
      keyConfig: keys(),
    });
    expect(world.query("tee", "Enclaves", {}).enclaves).to.have.length(1);
  });

  it("takes an anchor as old as the parameter says, and no older", () => {
    const world = teeMarket({ maxAnchorAgeBlocks: 5n });
    world.nextBlocks(10);
    register(world, { anchorHeight: world.height() - 5n });
    expectRefused(world, refusal(4, /8 to 12|got/), () =>
      register(world, { anchorHeight: world.height() - 6n }),
    );
    expectRefused(world, refusal(4, /got/), () => register(world, { anchorHeight: world.height() }));
    expectRefused(world, refusal(4, /got/), () => register(world, { anchorHeight: world.height() + 1n }));
  });

  describe("refuses, and leaves everything as it was:", () => {
    it("evidence over another anchor, other keys, another vendor, other code, too old", () => {
      const world = teeMarket();
      const cases: readonly (readonly [RegExp, Parameters<typeof register>[1]])[] = [
        [/TEE_KEY_BINDING at reportData/, { anchor: new Uint8Array(32) }],
        [/TEE_EVIDENCE_SIGNATURE/, { secret: createMockVendor(new Uint8Array(32)).secretKey }],
        [/TEE_EVIDENCE_AGE/, { ageS: 601n }],
        [/TEE_EVIDENCE_FORM/, { evidence: new Uint8Array(100) }],
        [/TEE_KIND_NOT_ALLOWED/, { kind: "something" }],
        [/TEE_KIND_UNSUPPORTED/, { kind: "tdx" }],
      ];
      for (const [says, change] of cases)
        expectRefused(world, refusal(5, says), () => register(world, change));
      const strict = teeMarket({ allowedMeasurements: [new Uint8Array(32)] });
      expectRefused(strict, refusal(5, /TEE_MEASUREMENT/), () => register(strict));
    });

    it("simulated enclaves where genesis does not allow them", () => {
      const world = teeMarket({ allowMock: false });
      expectRefused(world, refusal(5, /TEE_KIND_NOT_ALLOWED/), () => register(world));
    });

    it("keys for another chain, another operator, or a time that is over", () => {
      const world = teeMarket();
      const cases: readonly (readonly [RegExp, Uint8Array])[] = [
        [/another chainIdHash/, keys({ chainIdHash: chainIdHashOf("other-1") })],
        [/another node/, keys({ node: addressBytesOf("r3") })],
        [/another notAfter/, keys({ notAfter: 2n })],
        [/another form/, keys().slice(1)],
      ];
      for (const [says, keyConfig] of cases)
        expectRefused(world, refusal(3, says), () => register(world, { keyConfig }));
    });

    it("an endpoint that is no URL, evidence without end", () => {
      const world = teeMarket();
      expectRefused(world, refusal(2, /endpoint/), () => register(world, { endpoint: "ftp://x" }));
      expectRefused(world, refusal(2, /evidence/), () =>
        register(world, { evidence: new Uint8Array(65_537) }),
      );
    });
  });
});

describe("module tee: private queries", () => {
  function opened(): { readonly world: Market; readonly queryId: Uint8Array } {
    const world = teeMarket();
    register(world);
    return { world, queryId: open(world) };
  }

  it("a query takes its fee, its receipt is recorded and the enclave's node is paid", () => {
    const { world, queryId } = opened();
    expect(queryId).to.deep.equal(queryIdOf(addressBytesOf("user"), 77n));
    expect(world.moduleBalance("tee")).to.equal(FEE);
    const before = world.balance(NODE);
    const receipt = receiptFor(world, queryId);
    settle(world, receipt);
    expect(world.balance(NODE)).to.equal(before + FEE);
    expect(world.moduleBalance("tee")).to.equal(0n);
    const { query } = world.query("tee", "PrivateQuery", { queryId });
    expect(query).to.deep.include({
      status: PrivateQueryStatus.PRIVATE_QUERY_STATUS_SETTLED,
      receiptHash: receiptHash(receipt),
      outputCommit: sha256(utf8("output commitment")),
      keyId: KEY_ID,
      units: 8,
      settledHeight: world.height(),
      simulated: true,
    });
  });

  it("without a receipt by its expiry the fee goes back", () => {
    const { world, queryId } = opened();
    const paid = world.balance("user");
    world.nextBlocks(20);
    expect(world.balance("user")).to.equal(paid);
    world.nextBlock();
    expect(world.balance("user")).to.equal(paid + FEE);
    expect(world.query("tee", "PrivateQuery", { queryId }).query?.status).to.equal(
      PrivateQueryStatus.PRIVATE_QUERY_STATUS_REFUNDED,
    );
    expectRefused(world, refusal(12, /a refunded one/), () => settle(world, receiptFor(world, queryId)));
  });

  it("a receipt in the last block of the query still counts, and nothing is refunded then", () => {
    const { world, queryId } = opened();
    world.nextBlocks(20);
    settle(world, receiptFor(world, queryId));
    const paid = world.balance("user");
    world.nextBlocks(2);
    expect(world.balance("user")).to.equal(paid);
  });

  describe("receipts that are refused change nothing:", () => {
    it("one that says anything else than the query", () => {
      const { world, queryId } = opened();
      const other = new Uint8Array(32).fill(1);
      const cases: readonly (readonly [RegExp, Partial<Receipt>])[] = [
        [/chainIdHash/, { chainIdHash: other }],
        [/node/, { node: addressBytesOf("r3") }],
        [/modelId/, { modelId: other }],
        [/weightsRoot/, { weightsRoot: other }],
        [/vmVersionHash/, { vmVersionHash: other }],
        [/inputCommit/, { inputCommit: other }],
        [/another keyId/, { keyId: new Uint8Array(16) }],
        [/status/, { status: 1 }],
        [/height/, { height: 10_000n }],
      ];
      for (const [says, change] of cases)
        expectRefused(world, refusal(13, says), () => settle(world, receiptFor(world, queryId, change)));
      settle(world, receiptFor(world, queryId));
    });

    it("one with any bit flipped", () => {
      const { world, queryId } = opened();
      const receipt = receiptFor(world, queryId);
      for (let at = 0; at < receipt.length; at += 13) {
        const spoiled = receipt.map((byte, i) => (i === at ? byte ^ 4 : byte));
        expect(() => settle(world, spoiled), `byte ${at}`).to.throw(/TEE_/);
      }
      expectRefused(world, refusal(13, /TEE_RECEIPT_FORM/), () => settle(world, receipt.slice(1)));
      expectRefused(world, refusal(13, /TEE_RECEIPT_FORM/), () =>
        settle(world, concatBytes(receipt, new Uint8Array(1))),
      );
      settle(world, receipt);
    });

    it("one signed by another key", () => {
      const { world, queryId } = opened();
      const forged = concatBytes(
        receiptFor(world, queryId).slice(0, -64),
        nacl.sign.detached(
          receiptFor(world, queryId).slice(0, -64),
          nacl.sign.keyPair.fromSeed(sha256(utf8("forger"))).secretKey,
        ),
      );
      expectRefused(world, refusal(13, /TEE_RECEIPT_SIGNATURE/), () => settle(world, forged));
    });

    it("a second one, and one for a query that nobody opened", () => {
      const { world, queryId } = opened();
      settle(world, receiptFor(world, queryId));
      expectRefused(world, refusal(12, /a settled one/), () => settle(world, receiptFor(world, queryId)));
      expectRefused(world, refusal(11, /none under that id/), () =>
        settle(world, receiptFor(world, new Uint8Array(16))),
      );
    });
  });

  describe("queries that are refused change nothing:", () => {
    it("an unknown key, an unknown model, a used nonce, too small a fee, an expiry out of range", () => {
      const { world } = opened();
      const cases: readonly (readonly [number, RegExp, Partial<Open>])[] = [
        [8, /one that this account has not used/, {}],
        [6, /one that the chain lists/, { nonce: 1n, keyIds: [new Uint8Array(16)] }],
        [7, /registered model/, { nonce: 1n, modelId: new Uint8Array(32) }],
        [9, /at least 1000uaivm, got 999uaivm/, { nonce: 1n, feeUaivm: 999n }],
        [10, /expiry height/, { nonce: 1n, expiryHeight: world.height() }],
        [10, /expiry height/, { nonce: 1n, expiryHeight: world.height() + 10_001n }],
        [2, /1 to 8 of them/, { nonce: 1n, keyIds: [] }],
        [2, /key id/, { nonce: 1n, keyIds: [new Uint8Array(15)] }],
        [2, /input commitment/, { nonce: 1n, inputCommit: new Uint8Array(31) }],
      ];
      for (const [code, says, change] of cases)
        expectRefused(world, refusal(code, says), () => open(world, change));
      expectRefused(world, { codespace: "sdk", code: 5, says: /insufficient funds/ }, () =>
        open(world, { nonce: 1n, feeUaivm: 10n ** 12n }),
      );
    });
  });
});
