import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Daemon, Host } from '@fairlead/lab';
import { besideDockerd20, startDockerd, startFairlead } from '../lab/peer.ts';
import { compose } from './compose.ts';
import { firstLine, followStarts, loadBaseImages, page, writeApplication } from './compose-application.ts';

/** An application of five services with a database, on Fairlead and on dockerd 20.10: both have to go the same way. */

/** What the application does and says on one engine. */
async function life(start: (host: Host) => Promise<Daemon>): Promise<Record<string, unknown>> {
  await using host = await Host.create();
  await using daemon = await start(host);
  await loadBaseImages(host, daemon);
  const folder = join(host.folder, 'application');
  writeApplication(folder);
  const run = (...words: string[]) => compose(daemon, folder, ...words);
  const inspect = (format: string, ...names: string[]) => daemon.docker('inspect', '-f', format, ...names);
  const lines = (text: string) => text.trim().split('\n').sort();

  const seen: Record<string, unknown> = {};
  const order = followStarts(daemon);
  await run('up', '-d', '--build');
  seen['page'] = await page(host);
  seen['order'] = order.names();
  await run('up', '-d', '--scale', 'worker=3');
  // It was started once more, and ends by itself.
  await daemon.docker('wait', 'app_seed_1');
  seen['scaled'] = lines(await daemon.docker('ps', '--format', '{{.Names}} {{.State}} {{.Ports}}'));
  seen['ps'] = lines((await run('ps')).replace(/ {2,}/g, '  '));
  seen['followed'] = await firstLine(daemon, folder, 'worker');
  seen['logs'] = await run('logs', '-f', '--no-color', 'seed');
  await run('restart', 'api');
  seen['page after a restart'] = await page(host);
  seen['exec'] = await run('exec', '-T', 'db', 'redis-cli', 'get', 'greeting');
  seen['run'] = await run('run', '--rm', 'seed', 'redis-cli', '-h', 'database', 'ping');
  seen['networks'] = lines(
    await inspect('{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}', 'app_api_1', 'app_db_1'),
  );
  await run('down', '-v', '-t', '1');
  seen['left'] = await Promise.all([
    daemon.docker('ps', '-aq'),
    daemon.docker('volume', 'ls', '-q'),
    daemon.docker('network', 'ls', '-q', '--filter', 'type=custom'),
  ]);
  return seen;
}

const title =
  'five services with a database go up in order, are scaled, restarted, followed and taken down as on dockerd';

test(title, besideDockerd20(), async () => {
  const [fairlead, dockerd] = await Promise.all([life(startFairlead), life(startDockerd)]);
  assert.deepEqual(fairlead, dockerd);
  assert.equal(fairlead['page'], 'hello\n');
  assert.deepEqual(fairlead['order'], ['start db', 'healthy db', 'start api', 'healthy api', 'start web']);
  assert.deepEqual(fairlead['left'], ['', '', '']);
});
