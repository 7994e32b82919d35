import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Kernel, Recorder } from '../packages/kernel/src/index.ts';
import { busyboxImage, Daemon, Host } from '../packages/lab/src/index.ts';
import { root } from './source-tree.ts';
import { comparable, type Place, rewrite } from './tour-page.ts';

/**
 * `./fairlead tool tour`: run every command of docs/tour.md in a throw-away host and write what it printed under it.
 * With `--check` nothing is written: the status is 1 when the page says something else than the commands do, apart from
 * ids, addresses of cards, times and the like.
 */

const page = join(root, 'docs/tour.md');

/** What a container of the tour's own image `myapp` says about itself. */
const myapp = 'echo "WORKDIR: $PWD"; echo "MY_ENV: $MY_ENV"; echo "Contents of /data:"; ls /data';

/** A host with the engine, the tour's images and an empty folder to begin in. */
async function prepare(host: Host, daemon: Daemon): Promise<void> {
  const image = join(host.folder, 'image.tar');
  const files = { '/var/www/index.html': 'it works\n', '/app/run.sh': `${myapp}\n` };
  await busyboxImage(image, { files });
  await daemon.docker('load', '-i', image);
  for (const name of ['alpine', 'ubuntu', 'nginx']) await daemon.docker('tag', 'busybox', name);
  await daemon.docker('rmi', 'busybox');
  await busyboxImage(image, { reference: 'myapp', files, config: { WorkingDir: '/app', Cmd: ['sh', '/app/run.sh'] } });
  await daemon.docker('load', '-i', image);
  await host.exec('mkdir', '-p', '/run/tour');
}

/** Runs what a reader would type; variables that one command sets are known to the next. */
function typist(host: Host, daemon: Daemon): (command: string, place: Place) => Promise<string> {
  const tools = join(host.folder, 'bin');
  mkdirSync(tools);
  writeFileSync(join(tools, 'fairlead'), `#!/bin/sh\nexec ${join(root, 'fairlead')} "$@"\n`, { mode: 0o755 });
  writeFileSync(join(tools, 'ping'), '#!/bin/sh\nexec busybox ping "$@"\n', { mode: 0o755 });
  writeFileSync(join(tools, 'wget'), '#!/bin/sh\nexec busybox wget "$@"\n', { mode: 0o755 });
  const env = { DOCKER_HOST: daemon.address, PATH: `${tools}:${process.env['PATH']}` };
  let variables = '';
  return async (command, place) => {
    const space = place === 'host' ? host : host.outside;
    const [, variable] = /^(\w+)=/.exec(command) ?? [];
    const told = variable === undefined ? command : `${command}; echo "$${variable}"`;
    const script = `exec 2>&1; set -o pipefail; ${variables}${place === 'host' ? 'cd /run/tour' : ''}\n${told}`;
    const { code, stdout } = await space.run(['timeout', '30', 'bash', '-c', script], { env });
    if (code !== 0) throw new Error(`${command}\nexited with ${code}: ${stdout}`);
    if (variable === undefined) return stdout;
    variables += `${variable}='${stdout.trim()}'; `;
    return '';
  };
}

async function playedPage(text: string): Promise<string> {
  await using host = await Host.create({ kernel: new Kernel(new Recorder()) });
  await using daemon = await Daemon.fairlead(host);
  await prepare(host, daemon);
  return await rewrite(text, typist(host, daemon));
}

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const text = readFileSync(page, 'utf8');
const played = await playedPage(text);
if (values.check) {
  const [written, actual] = [comparable(text), comparable(played)];
  const missing = written.filter((line) => !actual.includes(line)).map((line) => `- ${line}\n`);
  const extra = actual.filter((line) => !written.includes(line)).map((line) => `+ ${line}\n`);
  if (written.join('\n') !== actual.join('\n')) {
    process.stdout.write(`docs/tour.md is not what its commands print; write it anew with ./fairlead tool tour\n`);
    process.stdout.write([...missing, ...extra].join('') || 'the same lines in another order\n');
    process.exitCode = 1;
  }
} else {
  writeFileSync(page, played);
}
