import { DirectSecp256k1Wallet } from "@cosmjs/proto-signing";
import { SigningStargateClient } from "@cosmjs/stargate";
import { expect } from "chai";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { addressText } from "../../../chain/address.ts";
import { createApp } from "../../../chain/app.ts";
import type { Engine } from "../../../chain/engine/embedded/engine.ts";
import type { GenesisDoc } from "../../../chain/engine/embedded/genesis.ts";
import type { EngineKv } from "../../../chain/engine/embedded/ports.ts";
import { createDisputeModule } from "../../../chain/modules/dispute/module.ts";
import { wireModules } from "../../../chain/modules/wiring.ts";
import { bytesToHex } from "../../../common/bytes.ts";
import { isAivmError } from "../../../common/errors.ts";
import {
  createDisk,
  type Disk,
  engineOn,
  PowerCut,
  type PowerSwitch,
  testGenesis,
} from "../../support/engineFixture.ts";

const BLOCKS = 3;
const DENOM = "uaivm";

const createChainApp = (kv: EngineKv) =>
  createApp({
    kv,
    ...wireModules({ createDispute: createDisputeModule }),
    feeDenom: DENOM,
    minGasPriceMicro: 0n,
    version: "0",
  });

describe("embedded engine: power cuts under the chain's own application", () => {
  let genesis: GenesisDoc;
  const txs: Uint8Array[] = [];

  before(async () => {
    const wallet = await DirectSecp256k1Wallet.fromKey(new Uint8Array(32).fill(5), "aivm");
    const sender = (await wallet.getAccounts())[0]?.address ?? "";
    const balances = [{ address: sender, coins: [{ denom: DENOM, amount: "1000000" }] }];
    genesis = { ...testGenesis(), appState: { bank: { balances } } };
    const client = await SigningStargateClient.offline(wallet);
    for (let sequence = 0; sequence < BLOCKS; sequence++) {
      const value = {
        fromAddress: sender,
        toAddress: addressText(new Uint8Array(20).fill(sequence + 1)),
        amount: [{ denom: DENOM, amount: "7" }],
      };
      const fee = { gas: "200000", amount: [{ denom: DENOM, amount: "2000" }] };
      const signer = { accountNumber: 0, sequence, chainId: genesis.chainId };
      const signed = await client.sign(
        sender,
        [{ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value }],
        fee,
        "",
        signer,
      );
      txs.push(TxRaw.encode(signed).finish());
    }
  });

  /** Block n includes transfer n, however often the power fails in between. */
  async function runUntilCut(disk: Disk, power: PowerSwitch): Promise<Engine> {
    // A clock that stands still makes block times, and so everything, the same in every run.
    const engine = engineOn(disk, { power, genesis, app: createChainApp, tickNanos: 0n });
    await engine.start();
    while (engine.state().lastBlockHeight < BLOCKS) {
      const tx = txs[Number(engine.state().lastBlockHeight)];
      if (tx === undefined) throw new Error("no transaction for this block");
      await engine.submitTx(tx).catch((error: unknown) => {
        if (!isAivmError(error, "CHAIN_MEMPOOL_IN_CACHE")) throw error;
      });
      const { response } = await engine.produceBlock();
      expect(response.txResults.map(({ code, log }) => [code, log])).to.deep.equal([[0, ""]]);
    }
    return engine;
  }

  it("reaches the hash of an uninterrupted run from a cut at every durable write", async () => {
    let places = 0;
    const whole = await runUntilCut(createDisk(), () => {
      places += 1;
    });
    const want = bytesToHex(whole.state().appHash);
    expect(places).to.be.greaterThan(30);
    for (let cut = 1; cut <= places; cut++) {
      const disk = createDisk();
      let count = 0;
      const error: unknown = await runUntilCut(disk, (write, when) => {
        count += 1;
        if (count === cut) throw new PowerCut(`${when} ${write}`);
      }).catch((caught: unknown) => caught);
      if (!(error instanceof PowerCut)) throw error;
      const engine = await runUntilCut(disk, () => undefined);
      expect(bytesToHex(engine.state().appHash), error.message).to.equal(want);
      expect(engine.state().lastBlockId, error.message).to.deep.equal(whole.state().lastBlockId);
      expect(bytesToHex((await engine.info()).lastBlockAppHash), error.message).to.equal(want);
    }
  });
});
