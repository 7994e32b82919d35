import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VolumeView } from '@fairlead/engine';
import { Filters } from './filters.ts';
import { decodeJson } from './go-json.ts';
import { parseVolumeCreate, presentVolume, presentVolumeUsage, volumeCreateSchema } from './volume.ts';
import { pruneChoice, selectVolumes, volumeFilterKeys, volumePruneKeys } from './volume-filters.ts';

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, string>>;
  readonly users?: readonly string[];
}

const view = (id: string, { labels, options, users = [] }: Sample = {}): VolumeView => ({
  volume: { id, driver: 'local', created: 1_700_000_000_999, labels: labels ?? null, options: options ?? null },
  mountpoint: `/volumes/${id}/_data`,
  users,
});

const mark = { 'com.docker.volume.anonymous': '' };
const views = [
  view('web'),
  view('used', { users: ['c1'] }),
  view('marked', { labels: mark }),
  view('labelled', { labels: { tier: 'front' } }),
  view('both', { labels: { ...mark, tier: 'back' } }),
  view('memory', { options: { type: 'tmpfs', device: 'tmpfs' } }),
];
const names = (list: readonly VolumeView[]) => list.map(({ volume }) => volume.id);
const filters = (values: object, keys: readonly string[]) => Filters.parse(JSON.stringify(values), keys);

test('a volume is shown as Docker shows it', () => {
  assert.deepEqual(presentVolume(view('web', { labels: { a: 'b' } })), {
    CreatedAt: '2023-11-14T22:13:20Z',
    Driver: 'local',
    Labels: { a: 'b' },
    Mountpoint: '/volumes/web/_data',
    Name: 'web',
    Options: null,
    Scope: 'local',
  });
  assert.deepEqual(presentVolumeUsage(view('web', { users: ['a', 'b'] }), 7).UsageData, { RefCount: 2, Size: 7 });
});

test('a plugin’s volume is shown with what the plugin says of it', () => {
  const remote = { ...view('web'), volume: { ...view('web').volume, driver: 'plug' } };
  const bare = presentVolume({ ...remote, mountpoint: '', remote: { scope: 'local' } });
  assert.deepEqual(
    [bare.Driver, bare.CreatedAt, bare.Mountpoint, bare.Scope, 'Status' in bare],
    ['plug', '0001-01-01T00:00:00Z', '', 'local', false],
  );
  const status = { size: 7, parts: ['a'] };
  const full = presentVolume({ ...remote, remote: { scope: 'global', created: 1_700_000_000_999, status } });
  assert.deepEqual([full.CreatedAt, full.Scope, full.Status], ['2023-11-14T22:13:20Z', 'global', status]);
});

test('a request is taken with what it says and no more', () => {
  const parse = (body: object) => parseVolumeCreate(decodeJson(volumeCreateSchema, { ...body }, 'CreateRequest'));
  assert.deepEqual(parse({}), { name: '', driver: '', options: null, labels: null });
  assert.deepEqual(parse({ name: 'web', Driver: 'local', DriverOpts: {}, Labels: { a: 'b' } }), {
    name: 'web',
    driver: 'local',
    options: {},
    labels: { a: 'b' },
  });
  assert.throws(() => parse({ DriverOpts: { size: 1 } }), /cannot unmarshal number into Go struct field/);
});

test('a list shows what its filters let through', async () => {
  const cases: readonly (readonly [object, readonly string[]])[] = [
    [{}, names(views)],
    [{ name: ['e'] }, ['web', 'used', 'marked', 'labelled', 'memory']],
    [{ name: ['^web$'] }, ['web']],
    [{ driver: ['local'] }, names(views)],
    [{ driver: ['other'] }, []],
    [{ label: ['tier'] }, ['labelled', 'both']],
    [{ label: ['tier=back'] }, ['both']],
    [{ dangling: ['true'] }, ['web', 'marked', 'labelled', 'both', 'memory']],
    [{ dangling: ['0'] }, ['used']],
  ];
  for (const [values, wanted] of cases) {
    const wished = await filters(values, volumeFilterKeys).withExpressions('name');
    assert.deepEqual(names(selectVolumes(views, wished)), wanted, JSON.stringify(values));
  }
  assert.throws(() => selectVolumes(views, filters({ dangling: ['maybe'] }, volumeFilterKeys)), {
    code: 'invalid-argument',
  });
  assert.throws(() => filters({ until: ['1h'] }, volumePruneKeys), { message: "invalid filter 'until'" });
});

test('a prune takes anonymous volumes, and all of them when asked or for old clients', () => {
  const cases: readonly (readonly [object, 41 | 42, readonly string[]])[] = [
    [{}, 42, ['marked', 'both']],
    [{}, 41, ['web', 'used', 'marked', 'labelled', 'both']],
    [{ all: ['false'] }, 42, ['marked', 'both']],
    [{ all: ['true'] }, 42, ['web', 'used', 'marked', 'labelled', 'both']],
    [{ all: ['1'], label: ['tier'] }, 42, ['labelled', 'both']],
    [{ label: ['tier'] }, 42, ['both']],
    [{ 'label!': ['tier'] }, 42, ['marked']],
  ];
  for (const [values, version, wanted] of cases) {
    const isWanted = pruneChoice(filters(values, volumePruneKeys), version);
    assert.deepEqual(names(views.filter(isWanted)), wanted, `${JSON.stringify(values)} ${version}`);
  }
  const faults = [
    [['true', 'false'], "invalid filter 'all=[true false]': only one value is expected"],
    [['yes'], `invalid filter 'all': strconv.ParseBool: parsing "yes": invalid syntax`],
  ] as const;
  for (const [all, message] of faults) {
    assert.throws(() => pruneChoice(filters({ all }, volumePruneKeys), 42), { message });
  }
});
