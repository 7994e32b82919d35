import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerView } from '@fairlead/engine';
import { FakeEngine } from '../testing/index.ts';
import { parseCreate } from './container-create.ts';
import { containerFilterKeys, selectContainers } from './container-filters.ts';
import { statusText } from './container-summary.ts';
import { Filters } from './filters.ts';

/** `db` and `web` run, `web` with a port and a label; `old` has ended with 3. */
async function population(): Promise<FakeEngine> {
  const engine = new FakeEngine();
  engine.images.add('busybox:latest');
  engine.images.add('other:1');
  const add = async (name: string, Image: string, Cmd: string[], more: object = {}): Promise<void> => {
    const body = JSON.parse(JSON.stringify({ Image, Cmd, ...more }));
    await engine.containers.start((await engine.containers.create({ ...parseCreate(body, 51), name })).id);
  };
  await engine.networks.create({ name: 'app' });
  await add('old', 'busybox', ['exit', '3']);
  await add('db', 'other:1', ['sleep', '100'], { HostConfig: { NetworkMode: 'app' } });
  await add('web', 'busybox', ['sleep', '100'], {
    Labels: { tier: 'front' },
    HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '8080' }] } },
  });
  await engine.containers.find('old').process?.exited;
  return engine;
}

const namesOf = (views: readonly ContainerView[]): string => views.map(({ container }) => container.name).join();

test('lists show what runs unless a filter or a limit says otherwise', async () => {
  const engine = await population();
  const views = engine.containers.list();
  const images = await engine.images.list();
  const select = async (filter: object, all = false, limit = 0): Promise<string> => {
    const filters = await Filters.parse(JSON.stringify(filter), containerFilterKeys).withExpressions('name');
    return namesOf(selectContainers(views, { all, limit, filters }, images));
  };
  const web = views[0]?.container.id ?? '';
  for (const [filter, expected] of [
    [{}, 'web,db'],
    [{ status: ['exited'] }, 'old'],
    [{ exited: ['3'] }, 'old'],
    [{ exited: ['4'] }, ''],
    // What runs has no exit code, whatever it had the time before.
    [{ exited: ['0'] }, ''],
    [{ name: ['^web$'] }, 'web'],
    [{ name: ['^/web$'] }, 'web'],
    [{ name: ['^/?web$'] }, 'web'],
    [{ name: ['b'] }, 'web,db'],
    [{ id: [web.slice(0, 8)] }, 'web'],
    [{ label: ['tier=front', 'vendor'] }, 'web'],
    [{ network: ['app'] }, 'db'],
    [{ network: ['app', 'bridge'] }, 'web,db'],
    [{ publish: ['8080'] }, 'web'],
    [{ publish: ['80/udp'] }, ''],
    [{ expose: ['80/tcp'] }, 'web,db'],
    [{ ancestor: ['busybox'] }, 'web'],
    [{ ancestor: ['other:1'] }, 'db'],
    [{ health: ['healthy'] }, ''],
  ] as const) {
    assert.equal(await select(filter), expected, JSON.stringify(filter));
  }
  assert.equal(await select({}, true), 'web,db,old');
  assert.equal(await select({}, false, 1), 'web');
  await assert.rejects(select({ status: ['done'] }), { message: "invalid filter: 'status'='done'" });
  await assert.rejects(select({ since: ['absent'] }), { message: 'No such container: absent' });
});

test('the column STATUS reads as users know it', () => {
  const base = {
    pid: 0,
    exitCode: 137,
    error: '',
    oomKilled: false,
    restartCount: 0,
    startedAt: 0,
    finishedAt: 60_000,
  };
  for (const [status, text] of [
    ['running', 'Up 3 minutes'],
    ['paused', 'Up 3 minutes (Paused)'],
    ['restarting', 'Restarting (137) 2 minutes ago'],
    ['exited', 'Exited (137) 2 minutes ago'],
    ['created', 'Created'],
    ['dead', 'Dead'],
    ['removing', 'Removal In Progress'],
  ] as const) {
    assert.equal(statusText({ ...base, status }, 180_000), text);
  }
});
