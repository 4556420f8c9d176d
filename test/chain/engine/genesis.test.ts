import { expect } from "chai";
import { type GenesisDoc, genesisToJson, parseGenesis } from "../../../chain/engine/embedded/genesis.ts";
import { consensusParamsToJson, maxDataBytes } from "../../../chain/engine/embedded/params.ts";
import {
  applyValidatorUpdates,
  createValidator,
  sortValidators,
} from "../../../chain/engine/embedded/validators.ts";
import { cosmosVectors, objectsIn, readJson } from "../../support/cosmosVectors.ts";
import { testGenesis } from "../../support/engineFixture.ts";

const text = (genesis: GenesisDoc): string => JSON.stringify(genesisToJson(genesis));

describe("genesis documents", () => {
  it("reads what it writes", () => {
    const genesis = testGenesis();
    expect(parseGenesis(text(genesis))).to.deep.equal(genesis);
  });

  it("prints the genesis of a recorded node as that node did", function () {
    const folder = cosmosVectors("tendermint-rs/rpc/kvstore_fixtures/v0_38/incoming");
    if (folder === undefined) return this.skip();
    const recorded = objectsIn(readJson(`${folder}/genesis.json`)).find(
      ({ chain_id }) => chain_id !== undefined,
    );
    expect(genesisToJson(parseGenesis(JSON.stringify(recorded)))).to.deep.equal({
      ...recorded,
      app_state: {},
    });
  });

  it("reads the Cosmos SDK's AppGenesis like CometBFT's form of it", function () {
    const folder = cosmosVectors("cosmos-sdk/genesis");
    if (folder === undefined) return this.skip();
    const [app, comet] = ["app_genesis", "cmt_genesis"].map((name) =>
      parseGenesis(JSON.stringify(readJson(`${folder}/${name}.json`))),
    );
    expect(app?.validators).to.deep.equal(comet?.validators);
    expect(consensusParamsToJson(app?.consensusParams ?? {})).to.deep.equal(
      consensusParamsToJson(comet?.consensusParams ?? {}),
    );
    expect(app?.chainId).to.equal(comet?.chainId);
  });

  for (const [name, change] of [
    ["no chain id", { chain_id: undefined }],
    ["a chain id of 51 characters", { chain_id: "x".repeat(51) }],
    ["a bad time", { genesis_time: "yesterday" }],
    ["an initial height of -1", { initial_height: "-1" }],
    ["validators that are no list", { validators: {} }],
    [
      "a validator with power 0",
      {
        validators: [
          { pub_key: { type: "tendermint/PubKeyEd25519", value: `${"A".repeat(43)}=` }, power: "0" },
        ],
      },
    ],
    [
      "a secp256k1 validator",
      { validators: [{ pub_key: { type: "tendermint/PubKeySecp256k1", value: "" }, power: "1" }] },
    ],
    ["a parameter that is no number", { consensus_params: { block: { max_bytes: "many" } } }],
    ["another key type", { consensus_params: { validator: { pub_key_types: ["secp256k1"] } } }],
  ] as const) {
    it(`refuses ${name}`, () => {
      const json = { ...genesisToJson(testGenesis()), ...change };
      expect(() => parseGenesis(JSON.stringify(json))).to.throw(/CHAIN_GENESIS|CHAIN_TIME/);
    });
  }

  it("refuses text that is no JSON and a validator whose address is another's", () => {
    expect(() => parseGenesis("{")).to.throw("CHAIN_GENESIS");
    const json = genesisToJson(testGenesis());
    const swapped = JSON.stringify(json).replace(
      /"address":"[0-9A-F]{40}"/,
      `"address":"${"00".repeat(20)}"`,
    );
    expect(() => parseGenesis(swapped)).to.throw("CHAIN_GENESIS");
  });

  it("leaves room for header and commit below the largest block", () => {
    const params = testGenesis().consensusParams;
    expect(maxDataBytes(params, 1)).to.equal(22_020_096n - 11n - 626n - 94n - 111n);
    expect(maxDataBytes({ ...params, block: { maxBytes: -1n, maxGas: -1n } }, 1)).to.equal(
      104_857_600n - 842n,
    );
    expect(maxDataBytes({ ...params, block: { maxBytes: 10n, maxGas: -1n } }, 1)).to.equal(0n);
  });
});

describe("validator sets", () => {
  const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
  const update = (fill: number, power: bigint) => ({ pubKey: { ed25519: key(fill) }, power });

  it("order by power, then by address", () => {
    const set = [createValidator(key(1), 5n), createValidator(key(2), 9n), createValidator(key(3), 5n)];
    const [first, second, third] = sortValidators(set);
    expect(first?.votingPower).to.equal(9n);
    expect(Buffer.compare(second?.address ?? key(0), third?.address ?? key(0))).to.equal(-1);
  });

  it("add, change and remove by update", () => {
    const set = applyValidatorUpdates([createValidator(key(1), 5n)], [update(2, 7n), update(1, 6n)]);
    expect(set.map(({ votingPower }) => votingPower)).to.deep.equal([7n, 6n]);
    expect(applyValidatorUpdates(set, [update(2, 0n)]).map(({ votingPower }) => votingPower)).to.deep.equal([
      6n,
    ]);
  });

  for (const [name, updates] of [
    ["the same validator twice", [update(2, 1n), update(2, 2n)]],
    ["the removal of a stranger", [update(2, 0n)]],
    ["the removal of everybody", [update(1, 0n)]],
    ["a negative power", [update(2, -1n)]],
    ["more power than consensus can add up", [update(2, 2n ** 62n)]],
    ["a key that is not ed25519", [{ pubKey: { secp256k1: new Uint8Array(33) }, power: 1n }]],
  ] as const) {
    it(`refuse ${name}`, () => {
      expect(() => applyValidatorUpdates([createValidator(key(1), 5n)], [...updates])).to.throw(
        "CHAIN_VALIDATORS",
      );
    });
  }
});
