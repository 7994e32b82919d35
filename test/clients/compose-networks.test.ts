import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { type Daemon, Host } from '@fairlead/lab';
import { withMarkedTable } from '../lab/marked-table.ts';
import { besideDockerd20, dockerClient, startDockerd, startFairlead } from '../lab/peer.ts';
import { compose } from './compose.ts';
import { application, externalNetwork, type Feature, features, type Look, vocabulary } from './compose-matrix.ts';
import { composeTable, type Seen } from './compose-page.ts';

/** Everything that a Compose file can say of networks, on Fairlead and on dockerd 20.10, and the table of it in the docs. */

const page = resolve(import.meta.dirname, '../../docs/compatibility.md');

/** What all looks say on one engine, by feature. */
async function seenOn(start: (host: Host) => Promise<Daemon>): Promise<readonly Seen[]> {
  await using host = await Host.create();
  // Names that nobody knows are denied at once: nobody listens there.
  await host.exec('sh', '-c', 'echo nameserver 127.0.0.1 >/etc/resolv.conf');
  await using daemon = await start(host);
  await daemon.loadBusybox();
  await daemon.docker('network', 'create', ...externalNetwork);
  const folder = join(host.folder, 'application');
  mkdirSync(folder);
  writeFileSync(join(folder, 'docker-compose.yml'), application);
  await compose(daemon, folder, 'up', '-d', '--scale', 'many=2');
  const said = await Promise.all([...Map.groupBy(allLooks, ({ from }) => from)].map((group) => look(daemon, ...group)));
  const answers = new Map(said.flat());
  return features.map(({ looks }) => looks.map((each) => answers.get(each) ?? ''));
}

const allLooks = features.flatMap(({ looks }: Feature) => looks);

/** All that is looked at from one place, at the same time and by one command. */
async function look(daemon: Daemon, from: string | undefined, looks: readonly Look[]): Promise<[Look, string][]> {
  const parts = looks.map(({ command }, at) => `( ${command} ) >$T/${at} 2>&1 &`);
  const print = `for at in $(seq 0 ${looks.length - 1}); do echo "== $at"; cat $T/$at; echo; done`;
  const script = ['T=$(mktemp -d)', vocabulary, ...parts, 'wait', print, 'rm -r $T'].join('\n');
  const text = from === undefined ? await outside(daemon, script) : await inside(daemon, from, script);
  const answers = text.split(/^== \d+\n/m).slice(1);
  return looks.map((each, at) => [each, (answers[at] ?? '').trim()]);
}

async function inside(daemon: Daemon, service: string, script: string): Promise<string> {
  return await daemon.docker('exec', `app_${service}_1`, 'sh', '-c', script);
}

async function outside(daemon: Daemon, script: string): Promise<string> {
  const docker = `docker() { ${dockerClient()} -H ${daemon.address} "$@"; }`;
  return await daemon.host.exec('sh', '-c', `${docker}\n${script}`);
}

test('networks of a Compose file are on Fairlead what they are on dockerd', besideDockerd20(), async () => {
  const [fairlead, dockerd] = await Promise.all([seenOn(startFairlead), seenOn(startDockerd)]);
  assert.ok(
    [...fairlead, ...dockerd].flat().every((said) => said !== ''),
    'every look says something',
  );
  const text = readFileSync(page, 'utf8');
  const written = withMarkedTable(text, 'compose', composeTable(features, fairlead, dockerd));
  if (process.env['GOLDEN'] === 'write') writeFileSync(page, written);
  else assert.equal(written, text, 'docs/compatibility.md: GOLDEN=write writes it anew, read the difference');
});

test('the table says what differs, where, and how', () => {
  const looks = [{ from: 'a', command: 'links' }, { command: 'true' }];
  const table = composeTable([{ words: 'w', meaning: 'm', looks }], [['one', '']], [['two', '']]);
  assert.equal(table.split('\n')[2], '| w | m | 1 of 2 | a: `links` says `one`, on dockerd `two` |');
});
