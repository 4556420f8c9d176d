import { expect } from "chai";
import { createActionPool } from "../../node-runner/core/actionPool.ts";

const quiet = { debug: () => undefined, warn: () => undefined };

describe("node-runner: the action pool", () => {
  it("runs one action per key at a time, and different keys side by side", async () => {
    const pool = createActionPool(quiet);
    const started: string[] = [];
    let release = (): void => undefined;
    const gate = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined);
    });
    for (const key of ["a", "b", "a", "a"]) {
      const run = (): Promise<undefined> => {
        started.push(key);
        return gate;
      };
      pool.start({ key, height: 1n, run });
    }
    expect(started).to.deep.equal(["a", "b"]);
    release();
    await pool.idle();
    pool.start({ key: "a", height: 1n, run: async () => void started.push("again") });
    await pool.idle();
    expect(started).to.deep.equal(["a", "b", "again"]);
  });

  it("does not repeat an action on a view of the chain from before its effect", async () => {
    const pool = createActionPool(quiet);
    let runs = 0;
    const run = async (): Promise<bigint> => {
      runs++;
      return 12n;
    };
    const act = async (height: bigint): Promise<void> => {
      pool.start({ key: "a", height, run });
      await pool.idle();
    };
    await act(10n);
    await act(10n);
    await act(11n);
    expect(runs).to.equal(1);
    await act(12n);
    expect(runs).to.equal(2);
  });

  it("rests after a failure, longer each time, and forgets it after a success", async () => {
    const pool = createActionPool(quiet);
    const ran: bigint[] = [];
    let fails = true;
    for (let height = 1n; height <= 40n; height++) {
      const now = height;
      pool.start({
        key: "a",
        height,
        run: async () => {
          ran.push(now);
          if (fails) throw new Error("no");
          return undefined;
        },
      });
      await pool.idle();
      if (ran.length === 4) fails = false;
    }
    const [first, second, third, fourth, fifth, sixth] = ran;
    expect([first, second, third, fourth]).to.deep.equal([1n, 2n, 4n, 8n]);
    expect([fifth, sixth]).to.deep.equal([16n, 17n]);
  });
});
