import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Kernel, Recorder } from '../packages/kernel/src/index.ts';
import { Daemon, Host } from '../packages/lab/src/index.ts';
import { root } from './source-tree.ts';
import { comparable, difference, rewrite } from './tour-page.ts';
import { typist } from './typist.ts';

/**
 * `./fairlead tool tour`: run every command of docs/tour.md in a throw-away host and write what it printed under it.
 * With `--check` nothing is written: the status is 1 when the page says something else than the commands do, apart from
 * ids, addresses of cards, times and the like.
 */

const page = join(root, 'docs/tour.md');

/** What a container of the tour's own image `myapp` says about itself. */
const myapp = 'echo "WORKDIR: $PWD"; echo "MY_ENV: $MY_ENV"; echo "Contents of /data:"; ls /data';

/** Load the tour's images. */
async function prepare(daemon: Daemon): Promise<void> {
  const files = { '/var/www/index.html': 'it works\n', '/app/run.sh': `${myapp}\n` };
  await daemon.loadBusybox({ files });
  for (const name of ['alpine', 'ubuntu', 'nginx']) await daemon.docker('tag', 'busybox', name);
  await daemon.docker('rmi', 'busybox');
  await daemon.loadBusybox({
    reference: 'myapp',
    files,
    config: { WorkingDir: '/app', Cmd: ['sh', '/app/run.sh'] },
  });
}

async function playedPage(text: string): Promise<string> {
  await using host = await Host.create({ kernel: new Kernel(new Recorder()) });
  await using daemon = await Daemon.fairlead(host);
  await prepare(daemon);
  return await rewrite(text, typist(host, daemon));
}

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const text = readFileSync(page, 'utf8');
const played = await playedPage(text);
if (values.check) {
  const problem = difference(comparable(text), comparable(played));
  if (problem !== undefined) {
    process.stdout.write(`docs/tour.md is not what its commands print; write it anew with ./fairlead tool tour\n`);
    process.stdout.write(problem);
    process.exitCode = 1;
  }
} else {
  writeFileSync(page, played);
}
