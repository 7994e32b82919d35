import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairleadError } from '@fairlead/base';
import { PluginRefusal, PluginSilence } from './plugin-error.ts';
import { RemoteVolumeDriver } from './volume-driver.ts';

/** Captured from dockerd 20.10.24 with the plugin of `test/lab/volume-plugin.ts`, ids shortened. */

/** A driver whose plugin answers so, by method; an error is thrown. */
function volumes(answers: Readonly<Record<string, unknown>>) {
  const sent: unknown[] = [];
  const call = async (method: string, body?: unknown) => {
    const name = method.replace('VolumeDriver.', '');
    sent.push([name, body]);
    const answer = answers[name] ?? {};
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { driver: new RemoteVolumeDriver({ call }), sent };
}

test('a plugin is told of the life of a volume as dockerd tells it', async () => {
  const { driver, sent } = volumes({ Mount: { Mountpoint: '/mnt/web' } });
  await driver.create('web', { k: 'v' });
  await driver.create('web', null);
  assert.equal(await driver.mount('web', '1fd052'), '/mnt/web');
  await driver.unmount('web', '1fd052');
  await driver.remove('web');
  assert.deepEqual(sent, [
    ['Create', { Name: 'web', Opts: { k: 'v' } }],
    ['Create', { Name: 'web', Opts: null }],
    ['Mount', { Name: 'web', ID: '1fd052' }],
    ['Unmount', { Name: 'web', ID: '1fd052' }],
    ['Remove', { Name: 'web' }],
  ]);
});

test('a refusal is in the plugin’s own words, with nothing before them', async () => {
  const no = { Err: 'no' };
  const { driver } = volumes({ Create: no, Remove: no, Mount: no, Unmount: no, List: no });
  const calls = [
    driver.create('web', {}),
    driver.remove('web'),
    driver.mount('web', 'i'),
    driver.unmount('web', 'i'),
    driver.list(),
  ];
  for (const call of calls) {
    await assert.rejects(call, (error) => error instanceof PluginRefusal && error.message === 'no');
  }
});

test('the case of a field’s name means nothing, as to Go', async () => {
  const { driver } = volumes({ Create: { err: 'no' }, Mount: { mountpoint: '/mnt/web' } });
  await assert.rejects(driver.create('web', {}), PluginRefusal);
  assert.equal(await driver.mount('web', 'i'), '/mnt/web');
});

const gets: readonly [what: string, answers: Readonly<Record<string, unknown>>, found: object | undefined][] = [
  ['a name alone', { Get: { Volume: { Name: 'web' } } }, { name: 'web', mountpoint: '' }],
  [
    'everything',
    {
      Get: {
        Volume: { Name: 'web', Mountpoint: '/m', CreatedAt: '2024-01-02T03:04:05+01:00', Status: { a: [1], b: 'c' } },
      },
    },
    { name: 'web', mountpoint: '/m', created: Date.UTC(2024, 0, 2, 2, 4, 5), status: { a: [1], b: 'c' } },
  ],
  [
    'a place by another way',
    { Get: { Volume: { Name: 'web' } }, Path: { Mountpoint: '/p' } },
    { name: 'web', mountpoint: '/p' },
  ],
  [
    'no way to ask for a place',
    { Get: { Volume: { Name: 'web' } }, Path: { Err: 'no' } },
    { name: 'web', mountpoint: '' },
  ],
  [
    'nonsense beside the name',
    { Get: { Volume: { Name: 'web', Mountpoint: 7, CreatedAt: 'yesterday', Status: ['x'] } } },
    { name: 'web', mountpoint: '' },
  ],
  ['no volume', { Get: {} }, undefined],
  ['an error', { Get: { Err: 'no such volume' } }, undefined],
  ['a failure', { Get: new FairleadError('internal', 'VolumeDriver.Get: five') }, undefined],
  ['no such call', { Get: new FairleadError('not-implemented', 'x') }, undefined],
];

for (const [what, answers, found] of gets) {
  test(`a plugin that is asked for a volume answers with ${what}`, async () => {
    assert.deepEqual(await volumes(answers).driver.get('web'), found);
  });
}

test('silence is no absence', async () => {
  await assert.rejects(volumes({ Get: new PluginSilence('x') }).driver.get('web'), PluginSilence);
});

test('a list leaves out what has no name', async () => {
  const Volumes = [{ Name: 'a', Mountpoint: '/a' }, { Name: '' }, null, 'b', { Name: 'c' }];
  assert.deepEqual(await volumes({ List: { Volumes } }).driver.list(), [
    { name: 'a', mountpoint: '/a' },
    { name: 'c', mountpoint: '' },
  ]);
  assert.deepEqual(await volumes({ List: { Volumes: null } }).driver.list(), []);
});

test('a scope is local unless the plugin says that it is global', async () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{ Capabilities: { Scope: 'global' } }, 'global'],
    [{ Capabilities: { Scope: 'GLOBAL' } }, 'global'],
    [{ Capabilities: { Scope: 'strange' } }, 'local'],
    [{ Capabilities: {} }, 'local'],
    [new FairleadError('not-implemented', 'x'), 'local'],
  ];
  for (const [Capabilities, scope] of cases) assert.equal(await volumes({ Capabilities }).driver.scope(), scope);
});
