import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlannedMount } from '../container/mount/mount-plan.ts';
import {
  anonymousVolumes,
  awaitsContent,
  inheritedMounts,
  localVolumeNames,
  type MountSources,
  settleMounts,
  volumeNames,
  wantedVolumes,
  withDrivers,
} from './mount-settlement.ts';
import type { ContainerMount } from './volume-model.ts';

const none: MountSources = { own: [], inherited: [], anonymous: [] };
const planned = (target: string, change: Partial<PlannedMount> = {}): PlannedMount => {
  return { type: 'volume', source: '', target, readOnly: false, mode: '', ...change };
};
const inherited = (target: string, volumeName: string): ContainerMount =>
  planned(target, { source: 'x', volumeName } as ContainerMount);
const settle = (sources: Partial<MountSources>) => {
  let count = 0;
  return settleMounts({ ...none, ...sources }, () => `new${++count}`);
};
const shown = (mounts: readonly ContainerMount[]) =>
  mounts.map(({ target, type, volumeName }) => `${target} ${volumeName ?? type}`);

test('what is asked for wins over what is taken over, and that over what the image wants', () => {
  const cases: readonly (readonly [Partial<MountSources>, readonly string[]])[] = [
    [{}, []],
    [{ anonymous: ['/data', '/data/', '/other'] }, ['/data new1', '/other new2']],
    [{ own: [planned('/data', { source: 'mine' })], anonymous: ['/data'] }, ['/data mine']],
    [{ own: [planned('/data', { type: 'tmpfs' })], anonymous: ['/data'] }, ['/data tmpfs']],
    [{ own: [planned('/data', { type: 'bind', source: '/srv' })], anonymous: ['/data'] }, ['/data bind']],
    [{ own: [planned('/data')], anonymous: ['/data'] }, ['/data new1']],
    [
      { own: [planned('/data', { source: 'mine' }), planned('/data', { type: 'tmpfs' })], anonymous: ['/data'] },
      ['/data mine', '/data tmpfs'],
    ],
    [{ inherited: [inherited('/data', 'theirs')], anonymous: ['/data'] }, ['/data theirs']],
    [{ inherited: [inherited('/a', 'one'), inherited('/a', 'two')] }, ['/a two']],
    [{ inherited: [inherited('/a', 'theirs')], own: [planned('/a', { source: 'mine' })] }, ['/a mine']],
    [
      { inherited: [inherited('/a', 'theirs')], own: [planned('/b', { source: 'mine' })], anonymous: ['/c'] },
      ['/a theirs', '/b mine', '/c new1'],
    ],
    [{ anonymous: ['relative/../data'] }, ['/data new1']],
  ];
  for (const [sources, wanted] of cases) assert.deepEqual(shown(settle(sources)), wanted);
  assert.throws(() => settle({ anonymous: ['/..'] }), { code: 'invalid-argument' });
});

test('the mode is shown as Docker shows it', () => {
  const modes = settle({
    own: [planned('/a', { source: 'v' }), planned('/b', { source: 'v', mode: 'ro' }), planned('/c', { type: 'bind' })],
    anonymous: ['/d'],
  });
  assert.deepEqual(
    modes.map(({ mode }) => mode),
    ['z', 'ro', '', ''],
  );
});

test('the image’s content goes into volumes unless that was forbidden', () => {
  const volume = { noCopy: false, subpath: '' };
  const cases = [
    [planned('/a', { source: 'v' }), true],
    [planned('/a', { source: 'v', mode: 'ro' }), true],
    [planned('/a', { source: 'v', mode: 'ro,nocopy' }), false],
    [planned('/a', { source: 'v', volume }), true],
    [planned('/a', { source: 'v', volume: { ...volume, noCopy: true } }), false],
    [planned('/a', { source: 'v', volume: { ...volume, subpath: 'below' } }), false],
    [planned('/a', { type: 'bind', source: '/srv' }), false],
  ] as const;
  for (const [mount, wanted] of cases) assert.equal(awaitsContent({ mounts: settle({ own: [mount] }) }), wanted);
  assert.ok(awaitsContent({ mounts: settle({ anonymous: ['/a'] }) }));
  assert.ok(!awaitsContent({}));
});

test('mounts are taken over without those in memory, read-only when either side wants it', () => {
  const mounts = [
    ...settle({ own: [planned('/v', { source: 'v', mode: 'nocopy' }), planned('/t', { type: 'tmpfs' })] }),
    ...settle({ own: [planned('/b', { type: 'bind', source: '/srv', readOnly: true })], anonymous: ['/a'] }),
  ];
  const taken = inheritedMounts(mounts, { container: 'x', readOnly: false });
  assert.deepEqual(
    taken.map(({ target, mode, readOnly }) => [target, mode, readOnly]),
    [
      ['/v', '', false],
      ['/b', '', true],
      ['/a', '', false],
    ],
  );
  assert.ok(!awaitsContent({ mounts: taken }));
  assert.ok(inheritedMounts(mounts, { container: 'x', readOnly: true }).every(({ readOnly }) => readOnly));
});

test('volumes are wanted with what the mounts say of them', () => {
  const driver = { name: 'local', options: { type: 'tmpfs', device: 'tmpfs' } };
  const mounts = settle({
    own: [
      planned('/a', { source: 'plain' }),
      planned('/b', { source: 'odd', volume: { noCopy: false, subpath: '', labels: { a: 'b' }, driver } }),
      planned('/c', { volume: { noCopy: true, subpath: '', labels: { a: 'b' } } }),
      planned('/d', { type: 'bind', source: '/srv' }),
    ],
    anonymous: ['/e'],
  });
  const mark = { 'com.docker.volume.anonymous': '' };
  assert.deepEqual(wantedVolumes(mounts, 'other'), [
    { name: 'plain', driver: 'other', options: null, labels: null },
    { name: 'odd', driver: 'local', options: driver.options, labels: { a: 'b' } },
    { name: 'new1', driver: 'other', options: null, labels: { a: 'b', ...mark } },
    { name: 'new2', driver: 'other', options: null, labels: mark },
  ]);
  const drivers = wantedVolumes(mounts, '').map(({ driver: wanted }) => wanted);
  assert.deepEqual(drivers, ['', 'local', 'local', 'local'], 'no plugin can know a name that is new');
});

test('a mount that is taken over keeps its driver, whatever else is asked for', () => {
  const own = withDrivers(settle({ own: [planned('/a', { source: 'v' })], anonymous: ['/b'] }), () => 'plug');
  const taken = inheritedMounts([...own, inherited('/old', 'w')], { container: 'x', readOnly: false });
  const wanted = wantedVolumes(taken, 'other').map(({ name, driver }) => [name, driver]);
  assert.deepEqual(wanted, [
    ['v', 'plug'],
    ['new1', 'plug'],
    ['w', 'local'],
  ]);
});

test('volumes of plugins have no mode of their own, and nothing of the engine is mounted for them', () => {
  const named = settle({ own: [planned('/a', { source: 'v' }), planned('/b', { source: 'w', mode: 'ro' })] });
  const mounts = withDrivers(named, (name) => (name === 'v' ? 'plug' : 'local'));
  assert.deepEqual(
    mounts.map(({ driver, mode }) => [driver, mode]),
    [
      ['plug', ''],
      ['local', 'ro'],
    ],
  );
  assert.deepEqual(localVolumeNames({ mounts }), ['w']);
});

test('a container knows its volumes, and which of them nobody named', () => {
  const mounts = settle({
    own: [planned('/a', { source: 'v' }), planned('/b', { source: 'v' }), planned('/c')],
    anonymous: ['/d'],
  });
  assert.deepEqual(volumeNames({ mounts }), ['v', 'new1', 'new2']);
  assert.deepEqual(anonymousVolumes({ mounts }), ['new1', 'new2']);
  assert.deepEqual([volumeNames({}), anonymousVolumes({})], [[], []]);
});
