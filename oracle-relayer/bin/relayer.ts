/** Entry of the relayer: carries requests from an EVM chain to the aivm chain, and attested results back. */
import { parseArgs } from "node:util";
import { pino } from "pino";
import { privateKeyToAccount } from "viem/accounts";
import { AivmError } from "../../common/errors.ts";
import { createClient } from "../../sdk/io/createClient.ts";
import { readKeyFile } from "../../sdk/io/keyFile.ts";
import { createChainPort } from "../io/chain.ts";
import { systemClock } from "../io/clock.ts";
import { readConfig, readEvmKey } from "../io/config.ts";
import { createEvmPort } from "../io/evm.ts";
import { createFileStore } from "../io/store.ts";
import { runRelayer } from "../relayer.ts";

const HELP = `aivm relayer: EVM requests to the aivm chain, attested results to the EVM.

Usage
  relayer --config FILE

Options
  --config FILE  JSON: evmRpcUrl, oracle, evmKeyFile, chainRpcUrl, observerKeyFile, statePath, and optionally
                 startBlock, confirmations (12), maxSpan, pollMs, retryMs, maxFeePerGasCapWei, bumpAfterBlocks
  --help         this text

Prints {"event":"ready"} on stdout once both chains answer; logs go to stderr.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { config: { type: "string" }, help: { type: "boolean" } } });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  if (values.config === undefined) {
    process.stderr.write(HELP);
    process.exitCode = 2;
    return;
  }
  const config = await readConfig(values.config);
  const logger = pino({ name: "relayer" }, pino.destination(2));
  const account = privateKeyToAccount(await readEvmKey(config.evmKeyFile));
  const evm = await createEvmPort({ rpcUrl: config.evmRpcUrl, oracle: config.oracle, account });
  const client = createClient({ rpc: config.chainRpcUrl });
  const chain = createChainPort(client, await readKeyFile(config.observerKeyFile));
  await chain.latestHeight(); // fails here, with the node's address, rather than on the first request

  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stop.abort());
  process.stdout.write(`${JSON.stringify({ event: "ready", address: account.address })}\n`);
  await runRelayer({
    evm,
    chain,
    store: createFileStore(config.statePath),
    clock: systemClock,
    log: (event, data) => logger.info(data ?? {}, event),
    policy: config.policy,
    signal: stop.signal,
  });
}

main().catch((error: unknown) => {
  const message = error instanceof AivmError ? error.message : String(error);
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
});
