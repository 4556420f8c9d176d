import { expect } from "chai";
import fc from "fast-check";
import nacl from "tweetnacl";
import { equalBytes, sha256 } from "../../common/index.ts";
import {
  chainIdHashOf,
  encodeKeyConfig,
  keyIdOf,
  matchReceipt,
  openResponse,
  outputBlindingOf,
  outputCommitOf,
  parseKeyConfig,
  parseReceipt,
  RECEIPT_LENGTH,
  receiptHash,
  refusalBytes,
  signReceipt,
  verifyReceipt,
} from "../../tee-enclave/index.ts";
import { bytesOf, CHAIN_ID, reverseModel, testQuery, testWorker } from "./support.ts";

describe("tee-enclave/session", () => {
  it("answers a sealed query with the model's output and a receipt that verifies", async () => {
    const worker = testWorker();
    const query = testQuery(worker);
    const answer = await worker.handle(query.envelope, 20n);
    if (!answer.ok) throw new Error(answer.code);
    const opened = openResponse({ ...query, response: answer.response, receiptLength: RECEIPT_LENGTH });
    if (!opened.ok) throw new Error(opened.code);
    expect([...opened.inner.output]).to.deep.equal([8, 7, 6, 5, 4, 3, 2, 1]);
    const sigPub = parseKeyConfig(worker.keyConfig)?.sigPub ?? new Uint8Array();
    const verdict = verifyReceipt(opened.inner.receipt, sigPub);
    if (!verdict.ok) throw new Error(verdict.code);
    const rOut = outputBlindingOf(query.inner.outSeed, query.queryId);
    const want = {
      chainIdHash: chainIdHashOf(CHAIN_ID),
      queryId: query.queryId,
      keyId: worker.keyId,
      modelId: reverseModel.modelId,
      inputCommit: query.inputCommit,
      outputCommit: outputCommitOf(query.queryId, rOut, sha256(opened.inner.output)),
    };
    expect(matchReceipt(verdict.receipt, want).ok).to.equal(true);
    expect(matchReceipt(verdict.receipt, { ...want, modelId: bytesOf("x", 32) })).to.include({
      at: "modelId",
    });
    expect(verdict.receipt.units).to.equal(8);
  });

  it("hides the plaintext: neither envelope nor response contains input or output bytes", async () => {
    const worker = testWorker();
    const input = bytesOf("secret image", 8);
    const query = testQuery(worker, "hidden", { input });
    const answer = await worker.handle(query.envelope, 20n);
    if (!answer.ok) throw new Error(answer.code);
    for (const wire of [query.envelope, answer.response]) {
      expect(Buffer.from(wire).includes(Buffer.from(input))).to.equal(false);
      expect(Buffer.from(wire).includes(Buffer.from(input.slice().reverse()))).to.equal(false);
    }
  });

  it("refuses an envelope with any byte changed, and signs the refusal", async () => {
    const worker = testWorker();
    const { envelope } = testQuery(worker);
    const sigPub = parseKeyConfig(worker.keyConfig)?.sigPub ?? new Uint8Array();
    for (let at = 0; at < envelope.length; at++) {
      const forged = envelope.slice();
      forged[at] = (forged[at] ?? 0) ^ 0x10;
      const answer = await worker.handle(forged, 20n);
      expect(answer.ok, `byte ${at}`).to.equal(false);
      if (answer.ok || at % 50 !== 0) continue;
      expect(
        nacl.sign.detached.verify(refusalBytes(answer.code, answer.envelopeHash), answer.signature, sigPub),
      ).to.equal(true);
    }
    expect((await worker.handle(envelope, 20n)).ok, "the untouched one").to.equal(true);
  });

  it("refuses a replayed query, an expired one, an expired key, another key's, an unknown model and a broken commitment", async () => {
    const worker = testWorker();
    const refused = async (envelope: Uint8Array, height = 20n): Promise<string> => {
      const answer = await worker.handle(envelope, height);
      return answer.ok ? "accepted" : answer.code;
    };
    const first = testQuery(worker, "first");
    expect(await refused(first.envelope)).to.equal("accepted");
    expect(await refused(first.envelope)).to.equal("TEE_QUERY_REPLAYED");
    expect(
      await refused(testQuery(worker, "wrong model", { modelId: bytesOf("other", 32) }).envelope),
    ).to.equal("TEE_UNKNOWN_MODEL");
    const lie = testQuery(worker, "lie", { committedInput: new Uint8Array(8) });
    expect(await refused(lie.envelope)).to.equal("TEE_INPUT_COMMIT");
    expect(await refused(testQuery(worker, "short", { input: new Uint8Array(7) }).envelope)).to.equal(
      "TEE_INPUT_COMMIT",
    );
    const other = testWorker();
    const stranger = testQuery(other, "stranger").envelope;
    stranger[8] = (stranger[8] ?? 0) ^ 1;
    expect(await refused(stranger)).to.equal("TEE_WRONG_KEY");
    expect(await refused(testQuery(worker, "late", { expiryHeight: 30n }).envelope, 31n)).to.equal(
      "TEE_QUERY_EXPIRED",
    );
    expect(
      await refused(testQuery(worker, "rollback", { expiryHeight: 30n }).envelope, 5n),
      "the height never falls",
    ).to.equal("TEE_QUERY_EXPIRED");
    expect(await refused(testQuery(worker, "old key", { expiryHeight: 9999n }).envelope, 601n)).to.equal(
      "TEE_KEY_EXPIRED",
    );
  });

  it("chains receipts: counter and hash of the one before", async () => {
    const worker = testWorker();
    const receipts: Uint8Array[] = [];
    for (const label of ["a", "b", "c"]) {
      const query = testQuery(worker, label);
      const answer = await worker.handle(query.envelope, 20n);
      if (!answer.ok) throw new Error(answer.code);
      const opened = openResponse({ ...query, response: answer.response, receiptLength: RECEIPT_LENGTH });
      if (opened.ok) receipts.push(opened.inner.receipt);
    }
    const [, second, third] = receipts.map(parseReceipt);
    expect(third?.counter).to.equal(3n);
    expect(
      equalBytes(third?.prevReceiptHash ?? new Uint8Array(), receiptHash(receipts[1] ?? new Uint8Array())),
    ).to.equal(true);
    expect(second?.counter).to.equal(2n);
  });

  it("refuses a receipt with any bit changed or another signer", () => {
    const keys = nacl.sign.keyPair.fromSeed(bytesOf("signer", 32));
    const receipt = parseReceipt(new Uint8Array([1, ...bytesOf("receipt", RECEIPT_LENGTH - 1)]));
    if (receipt === undefined) throw new Error("does not parse");
    const signed = signReceipt(receipt, keys.secretKey);
    expect(verifyReceipt(signed, keys.publicKey).ok).to.equal(true);
    expect(verifyReceipt(signed, bytesOf("other", 32)).ok).to.equal(false);
    for (let at = 0; at < signed.length; at += 7) {
      const forged = signed.slice();
      forged[at] = (forged[at] ?? 0) ^ 1;
      expect(verifyReceipt(forged, keys.publicKey).ok, `byte ${at}`).to.equal(false);
    }
  });

  it("a key config and its bytes determine each other; other bytes are refused", () => {
    const worker = testWorker();
    const config = parseKeyConfig(worker.keyConfig);
    if (config === undefined) throw new Error("does not parse");
    expect(encodeKeyConfig(config)).to.deep.equal(worker.keyConfig);
    expect(keyIdOf(worker.keyConfig)).to.have.length(16);
    expect(parseKeyConfig(worker.keyConfig.slice(1))).to.equal(undefined);
    expect(parseKeyConfig(new Uint8Array([...worker.keyConfig, 0]))).to.equal(undefined);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const parsed = parseKeyConfig(bytes);
        if (parsed !== undefined) expect(encodeKeyConfig(parsed)).to.deep.equal(new Uint8Array(bytes));
      }),
      { seed: 3 },
    );
  });

  it("only the user who sealed the query can open the response", async () => {
    const worker = testWorker();
    const query = testQuery(worker, "mine");
    const other = testQuery(worker, "yours");
    const answer = await worker.handle(query.envelope, 20n);
    if (!answer.ok) throw new Error(answer.code);
    const opened = openResponse({
      ...query,
      secrets: other.secrets,
      response: answer.response,
      receiptLength: RECEIPT_LENGTH,
    });
    expect(opened).to.include({ ok: false, code: "TEE_BAD_CIPHERTEXT" });
  });
});
