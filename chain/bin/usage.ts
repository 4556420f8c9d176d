/** Help texts of aivmd. */

export const USAGE = `aivmd - the aivm chain: one process, one validator, blocks in CometBFT 0.38's format

Usage
  aivmd keys  --home DIR                       make this node's keys (kept when they exist), print their public parts
  aivmd init  --home DIR --chain-id ID [...]   write the genesis of a new chain
  aivmd start --home DIR [...]                 run it

init
  --app-state FILE      JSON with the modules' genesis state: a genesis file, or its app_state alone
  --account ADDR=AMT    give an account coins at genesis (100uaivm, or 5uaivm,7uother); may be repeated
  --genesis-time TIME   RFC 3339; now by default
  --power N             voting power of the validator; 10 by default

start
  --rpc HOST:PORT       address of the CometBFT RPC; 127.0.0.1:26657 by default, port 0 = any free one
  --block-ms N          milliseconds between blocks; 500 by default
  --moniker NAME        name shown to clients; aivmd by default
  --log-level LEVEL     fatal, error, warn, info or debug; info by default
  --log-file FILE       write the log there instead of to standard error

Output
  Each command prints one JSON line on standard output; "start" prints {"event":"ready","rpc":...,"chainId":...}
  when the first block is committed. Logs go to standard error. SIGTERM or SIGINT ends the node after the block in
  progress; after a kill or a power cut the next start replays what is missing.

Examples
  aivmd init --home /tmp/aivm --chain-id aivm-local-1 --account aivm1...=1000000000uaivm
  aivmd start --home /tmp/aivm --rpc 127.0.0.1:0 --block-ms 500
`;
