import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { MountRequest } from '../../volume/volume-model.ts';
import type { HostConfig } from '../configuration/container-config.ts';
import { sampleConfig } from '../testing/sample-container.ts';
import {
  lettingGo,
  makeBindSources,
  mountView,
  plannedMounts,
  requireBindSources,
  requirePropagation,
} from './mount-plan.ts';

const plan = (host: Partial<HostConfig>) => plannedMounts(sampleConfig({}, host));
const mount = (change: Partial<MountRequest>): MountRequest => {
  return { type: 'bind', source: '/a', target: '/b', readOnly: false, ...change };
};

test('mounts of all three options are planned and shown as Docker shows them', () => {
  const planned = plan({
    binds: ['/a:/one:ro,z', '/a:/two:rshared'],
    mounts: [
      mount({ target: '/three', readOnly: true }),
      mount({ type: 'tmpfs', source: '', target: '/four', size: 64 }),
    ],
    tmpfs: { '/five': 'size=1m,ro', '/six': '' },
  });
  const shown = planned
    .map((one) => mountView(one, (name) => `/volumes/${name}`))
    .map(({ type, source, destination, mode, readWrite, propagation }) => {
      return [type, source, destination, mode, readWrite, propagation];
    });
  assert.deepEqual(shown, [
    ['bind', '/a', '/one', 'ro,z', false, 'rprivate'],
    ['bind', '/a', '/two', 'rshared', true, 'rshared'],
    ['bind', '/a', '/three', '', false, 'rprivate'],
    ['tmpfs', '', '/four', '', true, ''],
    ['tmpfs', '', '/five', '', false, ''],
    ['tmpfs', '', '/six', '', true, ''],
  ]);
});

test('at one place a tmpfs of --mount hides that of --tmpfs, which hides whatever else is there', () => {
  const kinds = (mounts: readonly MountRequest[]) =>
    plan({ mounts, tmpfs: { '/b': 'size=1m' } }).map(({ type, mode }) => [type, mode]);
  assert.deepEqual(kinds([mount({ type: 'tmpfs', source: '' })]), [['tmpfs', '']]);
  assert.deepEqual(kinds([mount({ type: 'volume', source: 'v' })]), [
    ['volume', ''],
    ['tmpfs', 'size=1m'],
  ]);
});

test('a volume is shown with its name and the place of its content', () => {
  const [planned] = plan({ binds: ['data:/b:ro'] });
  assert.ok(planned !== undefined);
  assert.deepEqual(
    mountView({ ...planned, volumeName: 'data' }, (name) => `/volumes/${name}/_data`),
    {
      type: 'volume',
      name: 'data',
      driver: 'local',
      source: '/volumes/data/_data',
      destination: '/b',
      mode: 'ro',
      readWrite: false,
      propagation: '',
    },
  );
});

test('what cannot be mounted is refused, and why', () => {
  const cases: [Partial<HostConfig>, string, string][] = [
    [{ binds: ['/a:/b', '/c:/b'] }, 'invalid-argument', 'Duplicate mount point: /b'],
    [{ binds: ['/a:/b/'], tmpfs: { '/b': '' } }, 'invalid-argument', 'Duplicate mount point: /b'],
    [{ binds: ['data:/b', 'more:/b'] }, 'invalid-argument', 'Duplicate mount point: /b'],
    [
      { binds: ['data:/b'], mounts: [mount({ type: 'volume', source: '' })] },
      'invalid-argument',
      'Duplicate mount point: /b',
    ],
    [
      { mounts: [1, 2].map(() => mount({ type: 'tmpfs', source: '' })) },
      'invalid-argument',
      'Duplicate mount point: /b',
    ],
    [{ tmpfs: { relative: '' } }, 'invalid-argument', "invalid mount path: 'relative' mount path must be absolute"],
    [{ tmpfs: { '/a/..': '' } }, 'invalid-argument', "invalid specification: destination can't be '/'"],
  ];
  for (const [host, code, message] of cases) assert.throws(() => plan(host), { code, message });
});

test('what shows the engine’s own files lets go of what is unmounted there', () => {
  const told = (source: string, propagation?: string) =>
    lettingGo({ ...mount({ source, ...(propagation && { propagation }) }), mode: '' }, '/var/lib/fairlead').propagation;
  for (const source of ['/', '/var', '/var/lib/fairlead', '/var/lib/fairlead/volumes']) {
    assert.equal(told(source), 'rslave', source);
    assert.equal(told(source, 'rshared'), 'rshared');
    assert.throws(() => told(source, 'rprivate'), { code: 'invalid-argument', message: /must use either propagation/ });
  }
  for (const source of ['/v', '/var/lib/fairlead2', '/etc']) assert.equal(told(source), undefined, source);
});

test('what is to pass mounts on must be able to', () => {
  const table = [
    '22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw',
    '23 22 0:5 / /proc rw shared:7 - proc proc rw',
    '24 22 0:6 / /sys rw master:3 - sysfs sysfs rw',
  ].join('\n');
  const ask = (bind: string) => requirePropagation(sampleConfig({}, { binds: [bind] }), () => table);
  for (const bind of ['/proc:/a:rshared', '/proc:/a:rslave', '/sys:/a:slave', '/etc:/a', '/etc:/a:rprivate', 'v:/a']) {
    ask(bind);
  }
  for (const [bind, message] of [
    ['/etc:/a:rshared', 'path /etc is mounted on / but it is not a shared mount'],
    ['/etc:/a:slave', 'path /etc is mounted on / but it is not a shared or slave mount'],
    ['/sys:/a:shared', 'path /sys is mounted on /sys but it is not a shared mount'],
  ] as const) {
    assert.throws(() => ask(bind), { code: 'internal', message });
  }
});

test('-v makes the directory that it names, --mount demands it unless it says otherwise', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fairlead-mounts-'));
  try {
    const source = join(directory, 'some/where');
    const config = (host: Partial<HostConfig>) => sampleConfig({}, host);
    const message = `invalid mount config for type "bind": bind source path does not exist: ${source}`;
    assert.throws(() => requireBindSources(config({ mounts: [mount({ source })] })), {
      code: 'invalid-argument',
      message,
    });
    requireBindSources(config({ binds: [`${source}:/b`] }));
    assert.equal(existsSync(source), false);
    makeBindSources(config({ binds: [`${source}:/b`] }));
    assert.ok(statSync(source).isDirectory());
    requireBindSources(config({ mounts: [mount({ source })] }));

    const bind = {
      nonRecursive: false,
      createMountpoint: true,
      readOnlyNonRecursive: false,
      readOnlyForceRecursive: false,
    };
    const wanted = config({ mounts: [mount({ source: join(directory, 'wanted'), bind })] });
    requireBindSources(wanted);
    makeBindSources(wanted);
    assert.ok(statSync(join(directory, 'wanted')).isDirectory());

    const file = join(directory, 'file');
    writeFileSync(file, '');
    assert.throws(() => makeBindSources(config({ binds: [`${file}/below:/b`] })), {
      code: 'internal',
      message: `error while creating mount source path '${file}/below': mkdir ${file}: not a directory`,
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
});
