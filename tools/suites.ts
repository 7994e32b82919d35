import { spawnSync } from 'node:child_process';
import { providePeers } from './peers.ts';
import { root } from './source-tree.ts';

/** `./fairlead tool suites`: the clients' own tests beside dockerd (test/suites); its own words on the command line follow. */
await providePeers((line) => process.stderr.write(`${line}\n`));
const { status } = spawnSync(process.execPath, [`${root}/test/suites/main.ts`, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
