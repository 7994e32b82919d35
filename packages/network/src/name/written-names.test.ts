import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Life } from '../testing/life.ts';
import { Rig } from '../testing/rig.ts';
import { recordText } from './dns-options.ts';

const key = 'com.fairlead.dns.';

function told(rig: Rig, network: string): string[] {
  return (rig.names.records.get(network) ?? []).map(recordText);
}

test('what is written for a network is told at once, kept, and told again to a name service that was lost', async () => {
  using rig = await Rig.started();
  const options = { [`${key}records`]: 'a A 10.0.0.1; b CNAME a' };
  const { id } = await rig.controller.createNetwork({ name: 'app', options });
  assert.deepEqual(told(rig, id), ['a A 10.0.0.1', 'b CNAME a']);
  await rig.controller.changeRecords('app', { add: ['c TXT x'], remove: ['b'] });
  assert.deepEqual(told(rig, id), ['a A 10.0.0.1', 'c TXT "x"']);
  rig.names.restart();
  await rig.boot(new Life());
  assert.deepEqual(told(rig, id), ['a A 10.0.0.1', 'c TXT "x"']);
  await rig.controller.changeRecords('app', { add: [], remove: ['a', 'c'] });
  assert.deepEqual([told(rig, id), rig.controller.findNetwork('app').records], [[], undefined]);
});

test('a change that cannot be, or cannot be told, changes nothing', async () => {
  using rig = await Rig.started();
  const options = { [`${key}records`]: 'a A 10.0.0.1' };
  const { id } = await rig.controller.createNetwork({ name: 'app', options });
  const before = rig.snapshot();
  const change = (network: string, add: string[]) => rig.controller.changeRecords(network, { add, remove: [] });
  await assert.rejects(change('app', ['nonsense']), { code: 'invalid-argument' });
  await assert.rejects(change('bridge', ['b A 10.0.0.1']), { message: 'network bridge has no names' });
  await assert.rejects(change('gone', ['b A 10.0.0.1']), { code: 'not-found' });
  rig.names.before = (call) => {
    if (call === 'setNetwork') throw new Error('lost');
    return undefined;
  };
  await assert.rejects(change('app', ['b A 10.0.0.1']), /lost/);
  rig.names.before = () => undefined;
  assert.equal(rig.snapshot(), before);
  assert.deepEqual(told(rig, id), ['a A 10.0.0.1']);
});

test('the name service is told who is not well, at once and again when it was lost', async () => {
  using rig = await Rig.started();
  const app = await rig.controller.createNetwork({ name: 'app' });
  const sandbox = await rig.sandbox('web');
  await rig.join(sandbox, app);
  const unready = () => [...rig.names.endpoints.values()].map((endpoint) => endpoint.unready);
  assert.deepEqual(unready(), [undefined]);
  await rig.controller.setReady(sandbox.id, false);
  assert.deepEqual(unready(), [true]);
  rig.names.restart();
  await rig.boot(new Life());
  assert.deepEqual(unready(), [true]);
  const calls = rig.names.calls.length;
  await rig.controller.setReady(sandbox.id, false);
  await rig.controller.setReady('gone', false);
  assert.equal(rig.names.calls.length, calls, 'nothing new is nothing to tell');
  await rig.controller.setReady(sandbox.id, true);
  assert.deepEqual(unready(), [undefined]);
});

test('a network says whether health counts, and can change its mind', async () => {
  using rig = await Rig.started();
  const { id } = await rig.controller.createNetwork({ name: 'app', options: { [`${key}health`]: 'false' } });
  const ignoring = () => rig.names.ignoringHealth.has(id);
  assert.equal(ignoring(), true);
  await rig.controller.updateNetwork('app', { options: { [`${key}health`]: 'true' } });
  assert.equal(ignoring(), false);
  await rig.controller.updateNetwork('app', { options: { [`${key}health`]: null, [`${key}ttl`]: '5' } });
  await assert.rejects(rig.controller.updateNetwork('app', { options: { [`${key}health`]: 'maybe' } }), {
    message: /^failed to parse com\.fairlead\.dns\.health value: maybe/,
  });
  assert.equal(ignoring(), false);
});

test('the shortest time of its networks and the servers of the best one are a sandbox’s', async () => {
  using rig = await Rig.started();
  const network = (name: string, ttl: string, servers: string) =>
    rig.controller.createNetwork({ name, options: { [`${key}ttl`]: ttl, [`${key}servers`]: servers } });
  const sandbox = await rig.sandbox('web');
  await rig.join(sandbox, await network('b', '60', '192.0.2.2'));
  await rig.join(sandbox, await network('a', '30', '192.0.2.1'));
  const served = rig.names.sandboxes.get(sandbox.id);
  assert.deepEqual([served?.ttl, served?.sandboxUpstreams, served?.hostUpstreams], [30, ['192.0.2.1'], []]);
  await rig.join(sandbox, await rig.controller.createNetwork({ name: 'c' }));
  assert.equal(rig.names.sandboxes.get(sandbox.id)?.ttl, undefined, 'a network that says nothing wants none');
});

test('a container without IPv4 has its name service at an address of its own, and keeps it', async () => {
  using rig = await Rig.started();
  const six = await rig.controller.createNetwork({ name: 'six', ipv4: false, ipv6: true });
  const sandbox = await rig.sandbox('web');
  await rig.join(sandbox, six);
  rig.assertConsistent();
  const resolver = () => rig.controller.sandbox(sandbox.id)?.resolver;
  assert.ok(resolver()?.ipv6);
  const table = () => rig.kernel.observe(sandbox.namespace).filter(({ kind }) => kind === 'table').length;
  assert.equal(table(), 3);
  await rig.join(sandbox, await rig.controller.createNetwork({ name: 'four' }));
  const before = resolver();
  assert.ok(before?.ipv6, 'a file inside may name it');
  rig.names.restart();
  await rig.boot(new Life());
  rig.assertConsistent();
  assert.notDeepEqual(resolver()?.ipv6, before.ipv6, 'another process listens on other ports');
  assert.equal(table(), 3);
});
