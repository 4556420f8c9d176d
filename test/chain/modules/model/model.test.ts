import { expect } from "chai";
import { DEVNET_MODEL_PARAMS } from "../../../../chain/modules/model/params.ts";
import { type Messages, ModelStatus } from "../../../../proto/index.ts";
import { registrationToProgram } from "../../../../sdk/registration.ts";
import {
  drawnOpening,
  emptyMarket,
  type Market,
  MODEL,
  MODEL_ID,
  openMarket,
  proveWeights,
  ROYALTY_BPS,
  registerModel,
  registerRunner,
} from "../support/market.ts";
import { addressOf, expectRefused } from "../support/world.ts";

type Model = Messages["aivm.model.v1.Model"];

function modelOf(world: Market): Model {
  const { model } = world.query("model", "Model", { modelId: MODEL_ID });
  if (model === undefined) throw new Error("no model");
  return model;
}

describe("module model", () => {
  describe("registration", () => {
    it("computes id, cost, artifact length and replay time from the program alone, and takes the bond", () => {
      const world = emptyMarket();
      expect(registerModel(world)).to.deep.equal(MODEL_ID);
      expect(modelOf(world)).to.deep.include({
        registrar: addressOf("registrar"),
        status: ModelStatus.MODEL_STATUS_REGISTERED,
        vmGas: MODEL.vmGas,
        artifactBytes: BigInt(MODEL.artifactBytes),
        royaltyBps: ROYALTY_BPS,
        weightsRoot: MODEL.weightsRoot,
        name: "tiny",
      });
      const { vmGas, artifactBytes, replayMs } = modelOf(world);
      const ceil = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;
      expect(replayMs).to.equal(
        ceil(vmGas * 1000n, 2_000_000_000n) + ceil(artifactBytes * 1000n, 25_000_000n),
      );
      expect(world.moduleBalance("model")).to.equal(1_000_000n);
    });

    it("keeps the program for whoever wants to judge", () => {
      const world = emptyMarket();
      registerModel(world);
      const { program } = world.query("model", "Program", { modelId: MODEL_ID });
      expect(program).to.deep.equal(registrationToProgram(MODEL.registration));
      expect(world.query("model", "Models", {}).models).to.have.length(1);
    });

    describe("refuses, and leaves everything as it was:", () => {
      it("an artifact length that does not follow from the program", () => {
        const world = emptyMarket();
        expectRefused(
          world,
          { codespace: "model", code: 7, says: new RegExp(`expected ${MODEL.artifactBytes} bytes`) },
          () => registerModel(world, { artifactBytes: 1n }),
        );
      });

      it("a bond too small, a royalty too large, a bond that is not there", () => {
        const world = emptyMarket();
        expectRefused(world, { codespace: "model", code: 8, says: /at least 1000000uaivm, got 5uaivm/ }, () =>
          registerModel(world, { bondUaivm: 5n }),
        );
        expectRefused(
          world,
          { codespace: "model", code: 9, says: /at most 3000 basis points, got 3001/ },
          () => registerModel(world, { royaltyBps: 3001 }),
        );
        expectRefused(world, { codespace: "sdk", code: 5, says: /insufficient funds/ }, () =>
          registerModel(world, { bondUaivm: 10n ** 12n }),
        );
      });

      it("a program that breaks the VM's rules, with the VM's own reason", () => {
        const world = emptyMarket();
        const program = registrationToProgram(MODEL.registration);
        const broken: readonly (readonly [RegExp, typeof program])[] = [
          [/AIVM_/, { ...program, descriptors: [] }],
          [/AIVM_META/, { ...program, constants: program.constants.slice(1) }],
          [/AIVM_DTYPE/, { ...program, constants: program.constants.map((c) => ({ ...c, dtype: 9 })) }],
          [/AIVM_DECODE/, { ...program, meta: new Uint8Array([255, 1]) }],
        ];
        for (const [says, spoiled] of broken)
          expectRefused(world, { codespace: "model", code: 5, says }, () =>
            registerModel(world, { program: spoiled }),
          );
      });

      it("the same model a second time, nothing at all, and a program beyond the limit", () => {
        const world = emptyMarket({ model: { maxProgramBytes: 100n } });
        expectRefused(world, { codespace: "model", code: 6, says: /at most 100 bytes/ }, () =>
          registerModel(world),
        );
        expectRefused(
          world,
          { codespace: "model", code: 2, says: /descriptors, constants and metadata/ },
          () => registerModel(world, { program: undefined }),
        );
        const other = emptyMarket();
        registerModel(other);
        expectRefused(other, { codespace: "model", code: 4, says: /not registered yet/ }, () =>
          registerModel(other),
        );
      });
    });
  });

  describe("activity", () => {
    it("a runner that opens the drawn chunk makes the model ACTIVE when one is enough", () => {
      const world = emptyMarket();
      registerModel(world);
      registerRunner(world, "r1");
      expect(proveWeights(world, "r1")).to.equal(true);
      expect(modelOf(world)).to.deep.include({
        status: ModelStatus.MODEL_STATUS_ACTIVE,
        attesters: [addressOf("r1")],
      });
    });

    it("q runners must answer, and the registrar's own answer does not count", () => {
      const world = emptyMarket({ model: { attestersRequired: 2 } });
      registerModel(world);
      for (const name of ["r1", "r2", "registrar"]) registerRunner(world, name);
      expect(proveWeights(world, "registrar")).to.equal(false);
      expect(proveWeights(world, "r1")).to.equal(false);
      expect(modelOf(world).status).to.equal(ModelStatus.MODEL_STATUS_REGISTERED);
      expect(proveWeights(world, "r2")).to.equal(true);
      expect(modelOf(world).attesters).to.deep.equal([addressOf("r1"), addressOf("r2")]);
    });

    it("ends with the epoch, and comes back with the first answer of the next one", () => {
      const world = openMarket({ genesis: { model: { epochBlocks: 5n } } });
      expect(modelOf(world).epoch).to.equal(1n);
      while (world.height() < 5n) world.nextBlock();
      expect(modelOf(world)).to.deep.include({
        status: ModelStatus.MODEL_STATUS_REGISTERED,
        epoch: 2n,
        attesters: [],
      });
      expect(proveWeights(world, "r1")).to.equal(true);
      const { serving, drawn } = world.query("model", "Serving", {
        modelId: MODEL_ID,
        runner: addressOf("r1"),
      });
      expect(serving?.provedEpoch).to.equal(2n);
      expect(drawn).to.equal(false);
    });

    it("different runners and blocks draw different chunks", () => {
      const world = emptyMarket();
      registerModel(world);
      const drawn = new Set<string>();
      for (const name of ["r1", "r2", "r3", "r4"]) {
        registerRunner(world, name);
        world.tx("aivm.model.v1.MsgServeModel", { runner: addressOf(name), modelId: MODEL_ID });
        const { constant, chunk } = world.query("model", "Serving", {
          modelId: MODEL_ID,
          runner: addressOf(name),
        });
        drawn.add(`${constant}/${chunk}`);
        world.nextBlock();
      }
      expect(drawn.size).to.be.greaterThan(1);
    });

    describe("refuses, and leaves everything as it was:", () => {
      const modelId = MODEL_ID;

      it("a chunk with a flipped bit, another chunk, a path that is too short", () => {
        const world = emptyMarket();
        registerModel(world);
        registerRunner(world, "r1");
        const runner = addressOf("r1");
        world.tx("aivm.model.v1.MsgServeModel", { runner, modelId });
        const { chunk, path } = drawnOpening(world, "r1");
        const flipped = chunk.map((byte, i) => (i === 3 ? byte ^ 1 : byte));
        for (const opening of [
          { chunk: flipped, path },
          { chunk: new Uint8Array(256), path },
          { chunk, path: path.slice(1) },
          { chunk, path: [...path, new Uint8Array(32)] },
        ])
          expectRefused(world, { codespace: "model", code: 14, says: /constant \d+, chunk \d+/ }, () =>
            world.tx("aivm.model.v1.MsgProveModel", { runner, modelId, ...opening }),
          );
        world.tx("aivm.model.v1.MsgProveModel", { runner, modelId, chunk, path });
        expectRefused(world, { codespace: "model", code: 13, says: /answered already/ }, () =>
          world.tx("aivm.model.v1.MsgProveModel", { runner, modelId, chunk, path }),
        );
      });

      it("drawing again until a chunk fits", () => {
        const world = emptyMarket();
        registerModel(world);
        registerRunner(world, "r1");
        const runner = addressOf("r1");
        world.tx("aivm.model.v1.MsgServeModel", { runner, modelId });
        world.nextBlock();
        expectRefused(world, { codespace: "model", code: 12, says: /waits to be opened/ }, () =>
          world.tx("aivm.model.v1.MsgServeModel", { runner, modelId }),
        );
        world.tx("aivm.model.v1.MsgProveModel", { runner, modelId, ...drawnOpening(world, "r1") });
        expectRefused(world, { codespace: "model", code: 12, says: /a proof of this epoch/ }, () =>
          world.tx("aivm.model.v1.MsgServeModel", { runner, modelId }),
        );
      });

      it("an unknown model, a stranger, a jailed runner, a proof without declaration", () => {
        const world = emptyMarket();
        registerModel(world);
        const runner = addressOf("r1");
        expectRefused(world, { codespace: "model", code: 10, says: /no runner/ }, () =>
          world.tx("aivm.model.v1.MsgServeModel", { runner, modelId }),
        );
        registerRunner(world, "r1");
        expectRefused(world, { codespace: "model", code: 3, says: /none under that id/ }, () =>
          world.tx("aivm.model.v1.MsgServeModel", { runner, modelId: new Uint8Array(32) }),
        );
        expectRefused(world, { codespace: "model", code: 13, says: /no declaration/ }, () =>
          world.tx("aivm.model.v1.MsgProveModel", { runner, modelId, chunk: new Uint8Array(256) }),
        );
        world.tx("aivm.runner.v1.MsgUnbond", { operator: runner, amountUaivm: 1_500_000n });
        expectRefused(world, { codespace: "model", code: 10, says: /a jailed runner/ }, () =>
          world.tx("aivm.model.v1.MsgServeModel", { runner, modelId }),
        );
      });
    });
  });

  it("queries of what is not there say so", () => {
    const world = emptyMarket();
    const modelId = new Uint8Array(32);
    expect(() => world.query("model", "Model", { modelId })).to.throw(/UNKNOWN_MODEL/);
    expect(() => world.query("model", "Serving", { modelId, runner: addressOf("r1") })).to.throw(/not found/);
    expect(world.query("model", "Params", {}).params).to.deep.equal(DEVNET_MODEL_PARAMS);
  });
});
