import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Kernel, Recorder } from '../packages/kernel/src/index.ts';
import { Daemon, Host } from '../packages/lab/src/index.ts';
import { LanServer } from '../test/lab/lan-server.ts';
import { pageNames, renamed, stable } from './datapath-page.ts';
import type { KernelContents } from './kernel-objects.ts';
import { kernelView } from './kernel-view.ts';
import { root } from './source-tree.ts';
import { difference, rewrite, rewriteBlocks } from './tour-page.ts';
import { typist } from './typist.ts';

/**
 * `./fairlead tool datapath`: run the commands of the pages in docs/datapath in one throw-away host, and write what they
 * printed under them and what the kernel holds then into the blocks called `kernel`. With `--check` nothing is written:
 * the status is 1 when a page says something else. The pages' own words are left as they are.
 */

/** `fairlead trace` says by its status that a packet did not arrive, which some pages are to show; 1 is a mistake. */
function isAccepted(status: number, command: string): boolean {
  return status === 0 || (status !== 1 && command.startsWith('fairlead trace '));
}

/** The pages all at once, each with networks of its own, and the kernel as it is after them all. */
async function rendered(pages: readonly string[]): Promise<string[]> {
  await using host = await Host.create({ kernel: new Kernel(new Recorder()) });
  await using daemon = await Daemon.fairlead(host);
  // Whether packets that stay on a bridge are seen by the IP rules of the host is the host's own choice.
  await host.exec('sh', '-c', 'cd /proc/sys/net/bridge 2>/dev/null || exit 0; for name in *; do echo 0 >$name; done');
  await using _router = await lanRouter(host);
  await daemon.loadBusybox();
  const played = await Promise.all(pages.map((page) => rewrite(page, typist(host, daemon, isAccepted))));
  const observed = await host.exec(process.execPath, join(root, 'tools/kernel-objects.ts'));
  const names = pageNames(JSON.parse(observed), await networkNames(daemon));
  const { objects }: KernelContents = JSON.parse(renamed(observed, names));
  return await Promise.all(
    played.map(async (page) => {
      const stablePage = await rewriteBlocks(page, 'console', (block) => stable(renamed(block, names)));
      return await rewriteBlocks(stablePage, 'kernel', (_, words) => stable(kernelView(objects, words)));
    }),
  );
}

/** A second wire of the host, on which a router gives addresses as they are at many people's homes. */
async function lanRouter(host: Host): Promise<AsyncDisposable> {
  const { outside } = host;
  await outside.exec(
    'ip',
    'link',
    'add',
    'lan',
    'address',
    '02:42:00:00:77:01',
    'type',
    'veth',
    'peer',
    'name',
    'lan0',
  );
  await outside.exec('ip', 'link', 'set', 'lan0', 'netns', host.name);
  // The host itself is no host of that LAN.
  await host.exec('sysctl', '-qw', 'net.ipv6.conf.lan0.accept_ra=0');
  await host.exec('ip', 'link', 'set', 'lan0', 'up');
  for (const address of ['10.77.0.1/24', 'fd00:77::1/64'])
    await outside.exec('ip', 'address', 'add', address, 'dev', 'lan', 'nodad');
  await outside.exec('ip', 'link', 'set', 'lan', 'up');
  return LanServer.start(host, 'lan', [
    '--dhcp-range=10.77.0.100,10.77.0.110,255.255.255.0,1h',
    '--dhcp-range=fd00:77::100,fd00:77::1ff,64,1h',
    '--dhcp-host=02:42:00:00:77:07,10.77.0.7,[fd00:77::7],sensor',
    ...['--enable-ra', '--domain=home.example'],
  ]);
}

async function networkNames(daemon: Daemon): Promise<ReadonlyMap<string, string>> {
  const list = await daemon.docker('network', 'ls', '--no-trunc', '--format', '{{.ID}} {{.Name}}');
  return new Map(
    list
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([id = '', name = '']) => [id, name]),
  );
}

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const paths = globSync('docs/datapath/*.md', { cwd: root }).sort();
const written = paths.map((path) => readFileSync(join(root, path), 'utf8'));
const actual = await rendered(written);
for (const [index, path] of paths.entries()) {
  const [before = '', now = ''] = [written[index], actual[index]];
  if (!values.check) writeFileSync(join(root, path), now);
  const problem = difference(before.split('\n'), now.split('\n'));
  if (!values.check || problem === undefined) continue;
  process.stdout.write(`${path} is not what the kernel holds; write it anew with ./fairlead tool datapath\n${problem}`);
  process.exitCode = 1;
}
