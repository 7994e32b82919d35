import { spawnSync } from 'node:child_process';
import { providePeers } from './peers.ts';
import { root } from './source-tree.ts';

/** `./fairlead tool bench`: the benchmark beside its peers (test/bench); its own words on the command line follow. */
await providePeers((line) => process.stderr.write(`${line}\n`));
const { status } = spawnSync(process.execPath, [`${root}/test/bench/main.ts`, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
