import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '@fairlead/base';
import { PluginAbsence, PluginSilence, RemoteVolumeDriver } from '@fairlead/plugins';
import { Store } from '@fairlead/store';
import { sampleContainer, sampleTable } from '../../container/testing/sample-container.ts';
import type { Volume } from '../volume-model.ts';
import { newVolume, type StoredVolume, VolumeTable } from '../volume-table.ts';
import { RemoteVolumes } from './remote-volumes.ts';
import { type VolumeHold, VolumeHolds } from './volume-holds.ts';

type Json = Readonly<Record<string, unknown>>;

/** A plugin in memory: its books, what it was asked, and what else it may do when it is asked. */
class FakePlugin {
  readonly volumes = new Map<string, Json>();
  readonly asked: string[] = [];
  answer: (method: string) => unknown = () => undefined;

  readonly driver = new RemoteVolumeDriver({
    call: async (full, body) => {
      const method = full.replace('VolumeDriver.', '');
      const { Name = '', ID } = body as { Name?: string; ID?: string };
      this.asked.push([method, Name].filter((word) => word !== '').join(' '));
      const other = await this.answer(method);
      if (other instanceof Error) throw other;
      return other ?? this.#do(method, Name, ID);
    },
  });

  #do(method: string, Name: string, ID: string | undefined): unknown {
    if (method === 'Create') this.volumes.set(Name, { Name, Mountpoint: `/m/${Name}` });
    if (method === 'Get') return { Volume: this.volumes.get(Name) };
    if (method === 'List') return { Volumes: [...this.volumes.values()] };
    if (method === 'Mount') return { Mountpoint: `/m/${Name}/${ID?.length}` };
    if (method === 'Remove' && !this.volumes.delete(Name)) return { Err: 'unknown' };
    return {};
  }
}

function rig(names: readonly string[] = ['plug']) {
  const store = Store.open(':memory:');
  const containers = sampleTable();
  const table = new VolumeTable(store.collection<StoredVolume>('volume'), containers);
  const holds = new VolumeHolds(store.collection<VolumeHold>('volume-hold'));
  const fakes = new Map(names.map((name) => [name, new FakePlugin()]));
  const plugin = fakes.get('plug') ?? new FakePlugin();
  const plugins = {
    volumeDriver: async (name: string) => {
      const fake = fakes.get(name);
      if (fake === undefined) throw new PluginAbsence(name);
      return fake.driver;
    },
    volumeDrivers: async () => [...fakes.keys()],
    nameOf: (name: string) => name,
  };
  const remote = new RemoteVolumes({ table, holds, plugins, logger: silentLogger });
  /** A volume that was stored, as is done before it is made. */
  const stored = (name: string): Volume => {
    const volume = newVolume(name, { name, driver: 'plug', options: null, labels: { of: name } });
    table.put(volume);
    return volume;
  };
  return { table, holds, fakes, plugin, remote, stored, containers };
}

const names = (list: readonly { readonly volume: Volume }[]) => list.map(({ volume }) => volume.id);
const silence = new PluginSilence('nobody there');

test('a volume is made once, and one that its plugin has already is taken as it is', async () => {
  const { remote, plugin, stored, table } = rig();
  const volume = stored('web');
  await Promise.all([remote.make(volume), remote.make(volume)]);
  assert.deepEqual(plugin.asked.filter((call) => call === 'Create web').length, 1);
  assert.equal(table.get('web')?.mountpoint, '/m/web', 'found by the second one');
});

test('one that nobody remembers is looked for at all plugins, and one that its plugin lost is forgotten', async () => {
  const { remote, fakes, plugin, stored, table, containers } = rig(['sick', 'plug']);
  const sick = fakes.get('sick');
  if (sick !== undefined) sick.answer = () => silence;
  plugin.volumes.set('theirs', { Name: 'theirs', Mountpoint: '/theirs' });
  const found = await remote.find('theirs');
  assert.deepEqual([found?.volume.driver, found?.mountpoint, table.get('theirs')?.driver], ['plug', '/theirs', 'plug']);
  assert.equal(await remote.find('none'), undefined);
  stored('lost');
  assert.equal(await remote.find('lost'), undefined);
  assert.equal(table.get('lost'), undefined);
  stored('used');
  const mount = {
    type: 'volume',
    source: 'used',
    target: '/d',
    readOnly: false,
    mode: '',
    volumeName: 'used',
  } as const;
  containers.put(sampleContainer({ mounts: [mount] }));
  assert.equal(await remote.find('used'), undefined);
  assert.ok(table.get('used'), 'a container has it');
});

test('a list has what plugins know; for those that do not answer what is remembered, and why', async () => {
  const { remote, plugin, fakes, stored, table } = rig(['other', 'plug']);
  for (const name of ['web', 'going']) await remote.make(stored(name));
  plugin.volumes.set('theirs', { Name: 'theirs' });
  fakes.get('other')?.volumes.set('web', { Name: 'web' }).set('theirs', { Name: 'theirs' });
  const going = table.get('going');
  assert.ok(going);
  table.markRemoved(going);
  const all = await remote.list();
  assert.deepEqual(all.volumes.map(({ volume }) => [volume.id, volume.driver, volume.labels?.['of']]).sort(), [
    ['theirs', 'other', undefined],
    ['web', 'plug', 'web'],
  ]);
  plugin.answer = () => silence;
  const rest = await remote.list();
  assert.deepEqual([names(rest.volumes).sort(), rest.warnings], [['theirs', 'web'], ['list plug: nobody there']]);
});

test('what a plugin will not remove stays, unless by force', async () => {
  const { remote, plugin, stored, table } = rig();
  const volume = stored('web');
  await remote.make(volume);
  const found = await remote.find('web');
  assert.ok(found);
  plugin.answer = (method) => (method === 'Remove' ? { Err: 'busy' } : undefined);
  const refused = { message: 'remove web: busy' };
  await assert.rejects(remote.remove(found, false), refused);
  assert.equal(table.get('web')?.labels?.['of'], 'web');
  await assert.rejects(remote.remove(found, true), refused);
  assert.equal(table.look('web'), undefined);
  plugin.answer = () => undefined;
  await remote.remove(found, false);
  assert.deepEqual([plugin.volumes.size, table.look('web')], [0, undefined]);
});

test('a removal that was cut off is finished; a silent plugin is asked later, one that refuses has the volume still', async () => {
  const { remote, plugin, stored, table } = rig();
  const removed = (name: string): StoredVolume => {
    table.markRemoved(stored(name));
    return table.look(name) ?? assert.fail();
  };
  const [gone, waiting, kept] = [removed('gone'), removed('waiting'), removed('kept')];
  await remote.make(stored('gone'));
  plugin.asked.length = 0;
  const told: string[] = [];
  const finish = async (volume: StoredVolume) => await remote.finishRemoval(volume, () => told.push(volume.id));
  await finish(gone);
  plugin.answer = () => silence;
  await finish(waiting);
  plugin.answer = () => ({ Err: 'no' });
  await finish(kept);
  assert.deepEqual(told, ['gone']);
  assert.deepEqual([table.look('gone'), table.removed().map(({ id }) => id)], [undefined, ['waiting']]);
  assert.ok(table.get('kept'));
});

test('each holder mounts once, and what could not be let go is told before anything else', async () => {
  const { remote, plugin, stored, holds, table } = rig();
  const volume = stored('web');
  await remote.make(volume);
  plugin.asked.length = 0;
  await Promise.all([remote.hold(volume, 'one'), remote.hold(volume, 'one')]);
  await remote.hold(volume, 'two');
  assert.deepEqual([plugin.asked, table.get('web')?.mountpoint], [['Mount web', 'Mount web'], '/m/web/64']);
  plugin.answer = (method) => (method === 'Unmount' ? silence : undefined);
  await remote.tell(holds.release((holder) => holder === 'one'));
  assert.deepEqual([holds.drivers(), holds.has('web', 'one'), holds.has('web', 'two')], [['plug'], false, true]);
  plugin.answer = () => undefined;
  plugin.asked.length = 0;
  await remote.hold(volume, 'one');
  assert.deepEqual(plugin.asked, ['Unmount web', 'Mount web']);
  plugin.answer = (method) => (method === 'Unmount' ? { Err: 'unknown' } : undefined);
  await remote.tell(holds.release(() => true));
  assert.deepEqual(holds.drivers(), [], 'who refuses has been told');
});

test('a mount that fails leaves nothing, and one without an answer is taken back', async () => {
  const { remote, plugin, stored, holds } = rig();
  const volume = stored('web');
  const failing = async (answer: unknown) => {
    plugin.answer = (method) => (method === 'Mount' ? answer : undefined);
    return await remote.hold(volume, 'one').then(
      () => 'held',
      (error: Error) => error.message,
    );
  };
  assert.equal(await failing({ Err: 'no' }), "error while mounting volume '': no");
  assert.equal(await failing({}), `error while mounting volume '': the plugin names no path: ""`);
  assert.deepEqual([holds.drivers(), holds.has('web', 'one')], [[], false]);
  assert.equal(await failing(silence), "error while mounting volume '': nobody there");
  assert.deepEqual([holds.drivers(), holds.has('web', 'one')], [['plug'], false]);
});

test('who gives up a mount waits for it no longer, nor for the turn of the one who hangs', async () => {
  const { remote, plugin, stored, holds } = rig();
  const volume = stored('web');
  await remote.make(volume);
  const hung = Promise.withResolvers<Error>();
  plugin.answer = (method) => (method === 'Mount' ? hung.promise : undefined);
  const first = remote.hold(volume, 'one');
  const giveUp = new AbortController();
  const second = remote.hold(volume, 'two', giveUp.signal);
  giveUp.abort();
  await assert.rejects(second, { message: 'context canceled' });
  assert.equal(holds.has('web', 'two'), false);
  hung.resolve(silence);
  await assert.rejects(first, { message: "error while mounting volume '': nobody there" });
  plugin.answer = () => undefined;
  plugin.asked.length = 0;
  await remote.hold(volume, 'three');
  assert.deepEqual(plugin.asked, ['Unmount web', 'Mount web'], 'what was given up in the queue is never asked');
});

test('who ends something waits two seconds for a plugin that hangs, and then no more until it answers', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { remote, plugin, stored, holds, table } = rig();
  const volume = stored('web');
  await remote.make(volume);
  for (const holder of ['one', 'two']) await remote.hold(volume, holder);
  const hung = Promise.withResolvers<Error>();
  plugin.answer = (method) => (method === 'Unmount' || method === 'Remove' ? hung.promise : undefined);
  const telling = remote.tell(holds.release((holder) => holder === 'one'));
  await new Promise(setImmediate);
  t.mock.timers.tick(2000);
  await telling;
  await remote.tell(holds.release((holder) => holder === 'two'));
  table.markRemoved(volume);
  await remote.finishRemoval(volume, () => {});
  hung.resolve(silence);
});

test('a driver that is nowhere is refused in Docker’s words', async () => {
  const message = 'error looking up volume plugin nope: plugin "nope" not found';
  await assert.rejects(rig().remote.driver('nope'), { code: 'not-found', message });
});
