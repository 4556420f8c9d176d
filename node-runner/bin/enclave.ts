/** Entry of the simulated enclave and its host. */
import { parseArgs } from "node:util";
import { pino } from "pino";
import { AivmError, bytesToHex, hexToBytes } from "../../common/index.ts";
import { createClient } from "../../sdk/io/createClient.ts";
import { readOrCreateKeyFile } from "../../sdk/io/keyFile.ts";
import { startEnclaveHost } from "../io/enclaveHost.ts";
import { readSecretFile } from "../io/secretFile.ts";

const HELP = `aivm enclave: a SIMULATED enclave that answers sealed queries, and its host.
No hardware protects anything here: the operator of the machine can read what it reads.

Usage
  enclave --rpc URL --home DIR --key FILE --vendor FILE --artifact FILE [--listen HOST:PORT]

Options
  --rpc URL          CometBFT RPC of a node
  --home DIR         folder of this enclave
  --key FILE         key file of the node that registers it
  --vendor FILE      secret of the simulated vendor: 64 hex digits, mode 0600
  --artifact FILE    model that it runs (repeatable)
  --listen HOST:PORT default 127.0.0.1:0
  --help             this text

Example
  enclave --rpc http://127.0.0.1:26657 --home ~/.aivm-enclave --key ~/.aivm-enclave.key \\
          --vendor ~/.aivm-vendor --artifact digits.aivm
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rpc: { type: "string" },
      home: { type: "string" },
      key: { type: "string" },
      vendor: { type: "string" },
      artifact: { type: "string", multiple: true },
      listen: { type: "string", default: "127.0.0.1:0" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const { rpc, home, key, vendor } = values;
  if (rpc === undefined || home === undefined || key === undefined || vendor === undefined) {
    process.stderr.write(HELP);
    process.exitCode = 2;
    return;
  }
  const at = values.listen.lastIndexOf(":");
  const host = await startEnclaveHost({
    client: createClient({ rpc }),
    signer: await readOrCreateKeyFile(key),
    home,
    artifactFiles: values.artifact ?? [],
    vendorSeed: hexToBytes(await readSecretFile(vendor)),
    host: values.listen.slice(0, at),
    port: Number(values.listen.slice(at + 1)),
    log: pino({ base: null }, pino.destination(2)),
  });
  process.stdout.write(
    `${JSON.stringify({ event: "ready", role: "enclave", simulated: true, url: host.url, keyId: bytesToHex(host.keyId) })}\n`,
  );
  await new Promise<void>((resolve) => {
    const stop = (): void => void host.stop().then(resolve);
    process.once("SIGTERM", stop);
    process.once("SIGINT", stop);
  });
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof AivmError ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
