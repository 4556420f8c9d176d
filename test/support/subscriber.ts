/**
 * A CosmJS websocket subscriber as a process of its own, since CosmJS keeps reconnecting after `disconnect`:
 * `tsx subscriber.ts <ws url> <tx query> <tx text>` subscribes to blocks and to the query, broadcasts the text, and
 * prints a JSON line per event until the transaction's has come.
 */
import { Comet38Client } from "@cosmjs/tendermint-rpc";

const [url = "", query = "", text = ""] = process.argv.slice(2);
const client = await Comet38Client.connect(url);
const print = (line: object): void => console.log(JSON.stringify(line));
const fail = (error: unknown): void => {
  console.error(error);
  process.exit(1);
};
client.subscribeNewBlock().subscribe({
  next: ({ header }) => print({ event: "block", height: header.height }),
  error: fail,
});
client.subscribeTx(query).subscribe({
  next: ({ height, hash }) => {
    print({ event: "tx", height, hash: Buffer.from(hash).toString("hex") });
    process.exit(0);
  },
  error: fail,
});
// Both subscriptions travel before this request on the same socket.
client.broadcastTxSync({ tx: new TextEncoder().encode(text) }).catch(fail);
