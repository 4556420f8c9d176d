import { expect } from "chai";
import { Timestamp } from "cosmjs-types/google/protobuf/timestamp";
import { base64ToBytes } from "../../../chain/engine/embedded/base64.ts";
import {
  blockIdOf,
  commitHash,
  consensusHash,
  dataHash,
  ed25519Address,
  headerHash,
  makePartSet,
  PART_SIZE_BYTES,
  resultsHash,
  txHash,
  txProof,
  validatorsHash,
} from "../../../chain/engine/embedded/hash.ts";
import { voteExtensionSignBytes, voteSignBytes } from "../../../chain/engine/embedded/signBytes.ts";
import { createValidator, sortValidators } from "../../../chain/engine/embedded/validators.ts";
import { ed25519Verify } from "../../../chain/io/ed25519.ts";
import { bytesToHex, hexToBytes, utf8 } from "../../../common/bytes.ts";
import { rfc6962RootFromProof } from "../../../common/rfc6962.ts";
import { blockFromJson, commitFromJson, headerFromJson } from "../../support/cometJson.ts";
import { cosmosVectors, objectsIn, readJson, readJsonTree } from "../../support/cosmosVectors.ts";

const GO_ZERO_TIME = Timestamp.fromPartial({ seconds: -62_135_596_800n });
const upper = (bytes: Uint8Array): string => bytesToHex(bytes).toUpperCase();
const EMPTY_HASH = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";

describe("block hashes against CometBFT", () => {
  it("gives the header hash of CometBFT's own test", function () {
    const folder = cosmosVectors("cometbft");
    if (folder === undefined) return this.skip();
    const cases = objectsIn(readJson(`${folder}/header-hash.json`)).filter(({ want }) => want !== undefined);
    expect(cases.length).to.be.greaterThan(0);
    for (const { header, want } of cases) expect(upper(headerHash(headerFromJson(header)))).to.equal(want);
  });

  it("gives the sign bytes of CometBFT's vote vectors", function () {
    const folder = cosmosVectors("cometbft");
    if (folder === undefined) return this.skip();
    const cases = objectsIn(readJson(`${folder}/vote-sign-bytes.json`)).filter(
      ({ want }) => want !== undefined,
    );
    expect(cases.length).to.be.greaterThan(4);
    for (const { chain_id, vote, want } of cases) {
      const { type, height, round } = objectsIn(vote)[0] ?? {};
      const bytes = voteSignBytes({
        chainId: String(chain_id),
        type: Number(type ?? 0),
        height: BigInt(Number(height ?? 0)),
        round: Number(round ?? 0),
        timestamp: GO_ZERO_TIME,
      });
      expect(bytesToHex(bytes)).to.equal(want);
    }
  });

  it("gives every header hash, part set, commit hash and data hash of recorded replies", function () {
    const folder = cosmosVectors("tendermint-rs/rpc");
    if (folder === undefined) return this.skip();
    let headers = 0;
    let blocks = 0;
    for (const { path, json } of readJsonTree(folder)) {
      for (const item of objectsIn(json)) {
        const commit = objectsIn(item.commit)[0];
        const id = objectsIn(item.block_id ?? commit?.block_id)[0];
        if (item.header !== undefined && id !== undefined) {
          expect(upper(headerHash(headerFromJson(item.header))), path).to.equal(id.hash);
          headers += 1;
        }
        const body = objectsIn(item.block)[0];
        if (body === undefined || id === undefined) continue;
        const evidence = objectsIn(body.evidence)[0]?.evidence;
        if (Array.isArray(evidence) && evidence.length > 0) continue;
        const block = blockFromJson(body);
        const { blockId } = blockIdOf(block);
        expect({ hash: upper(blockId.hash), parts: upper(blockId.partSetHeader.hash) }, path).to.deep.equal({
          hash: id.hash,
          parts: objectsIn(id.parts)[0]?.hash,
        });
        expect(commitHash(commitFromJson(body.last_commit))).to.deep.equal(block.header.lastCommitHash);
        expect(dataHash(block.data.txs)).to.deep.equal(block.header.dataHash);
        blocks += 1;
      }
    }
    expect(headers).to.be.greaterThan(10);
    expect(blocks).to.be.greaterThan(5);
  });

  it("gives the validators hash, consensus hash and a valid signature of a recorded chain", function () {
    const folder = cosmosVectors("tendermint-rs/rpc/kvstore_fixtures/v0_38/incoming");
    if (folder === undefined) return this.skip();
    const genesis = objectsIn(readJson(`${folder}/genesis.json`)).find(
      ({ validators }) => validators !== undefined,
    );
    const key = objectsIn(genesis?.validators).find(({ value }) => typeof value === "string");
    const validator = createValidator(base64ToBytes(String(key?.value)), 10n);
    const signed = objectsIn(readJson(`${folder}/commit_at_height_10.json`)).find(
      ({ commit }) => commit !== undefined,
    );
    const header = headerFromJson(signed?.header);
    const commit = commitFromJson(signed?.commit);
    expect(validatorsHash([validator])).to.deep.equal(header.validatorsHash);
    expect(ed25519Address(validator.pubKey)).to.deep.equal(header.proposerAddress);
    expect(consensusHash({ maxBytes: 22_020_096n, maxGas: -1n })).to.deep.equal(header.consensusHash);
    const [signature] = commit.signatures;
    if (signature === undefined) throw new Error("fixture without a signature");
    const message = voteSignBytes({
      ...commit,
      chainId: header.chainId,
      type: 2,
      timestamp: signature.timestamp,
    });
    expect(ed25519Verify(validator.pubKey, message, signature.signature)).to.equal(true);
  });

  it("verifies light-client vectors: header hash, validators hash and more than two thirds of signatures", function () {
    const folder = cosmosVectors("tendermint-rs/light-client/model_based/single_step");
    if (folder === undefined) return this.skip();
    const trees = readJsonTree(folder).filter(({ path }) => path.includes("TestSuccess"));
    expect(trees.length).to.be.greaterThan(1);
    for (const { path, json } of trees) {
      for (const item of objectsIn(json)) {
        const signed = objectsIn(item.signed_header)[0];
        const set = objectsIn(item.validator_set)[0];
        if (signed === undefined || set === undefined || !Array.isArray(set.validators)) continue;
        const header = headerFromJson(signed.header);
        const commit = commitFromJson(signed.commit);
        const validators = sortValidators(
          set.validators.map((entry: unknown) => {
            const [validator, key] = objectsIn(entry);
            return createValidator(
              base64ToBytes(String(key?.value)),
              BigInt(String(validator?.voting_power)),
            );
          }),
        );
        expect(headerHash(header), path).to.deep.equal(commit.blockId.hash);
        expect(validatorsHash(validators), path).to.deep.equal(header.validatorsHash);
        for (const signature of commit.signatures) {
          const signer = validators.find(
            ({ address }) => bytesToHex(address) === bytesToHex(signature.validatorAddress),
          );
          if (signer === undefined || signature.blockIdFlag !== 2) continue;
          const vote = { ...commit, chainId: header.chainId, type: 2, timestamp: signature.timestamp };
          expect(ed25519Verify(signer.pubKey, voteSignBytes(vote), signature.signature), path).to.equal(true);
        }
      }
    }
  });
});

describe("block hashes", () => {
  it("hashes nothing to SHA-256 of the empty string", () => {
    expect(upper(dataHash([]))).to.equal(EMPTY_HASH);
    expect(upper(resultsHash([]))).to.equal(EMPTY_HASH);
  });

  it("commits to code, data and gas of a result but not to log, events or codespace", () => {
    const result = {
      code: 0,
      data: utf8("d"),
      log: "",
      info: "",
      gasWanted: 5n,
      gasUsed: 4n,
      events: [],
      codespace: "",
    };
    const same = { ...result, log: "other", codespace: "sdk", events: [{ type: "e", attributes: [] }] };
    expect(resultsHash([same])).to.deep.equal(resultsHash([result]));
    for (const other of [{ code: 1 }, { data: utf8("e") }, { gasUsed: 5n }, { gasWanted: 6n }]) {
      expect(resultsHash([{ ...result, ...other }])).to.not.deep.equal(resultsHash([result]));
    }
  });

  it("proves each transaction under the data hash", () => {
    const txs = Array.from({ length: 7 }, (_, index) => utf8(`tx ${index}`));
    txs.forEach((tx, index) => {
      const proof = txProof(txs, index);
      expect(rfc6962RootFromProof(proof)).to.deep.equal(dataHash(txs));
      expect(txProof([tx], 0).leafHash).to.deep.equal(proof.leafHash);
    });
    expect(txHash(utf8("")).length).to.equal(32);
  });

  it("cuts a block into parts of 65,536 bytes", () => {
    const totals = [0, 1, PART_SIZE_BYTES, PART_SIZE_BYTES + 1].map(
      (size) => makePartSet(new Uint8Array(size)).header.total,
    );
    expect(totals).to.deep.equal([1, 1, 1, 2]);
  });

  it("writes vote extension sign bytes with length, fixed-width height and chain id", () => {
    const bytes = voteExtensionSignBytes({
      chainId: "c",
      extension: hexToBytes("aabb"),
      height: 3n,
      round: 0,
    });
    expect(bytesToHex(bytes)).to.equal("10" + "0a02aabb" + "110300000000000000" + "220163");
  });

  it("always writes the vote's timestamp", () => {
    const vote = { chainId: "", type: 2, height: 1n, round: 0, timestamp: Timestamp.fromPartial({}) };
    expect(bytesToHex(voteSignBytes(vote))).to.equal("0d" + "0802" + "110100000000000000" + "2a00");
  });
});
