import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from '@fairlead/store';
import { emptyRequest, noRotation, rig } from './testing/swarm-rig.ts';

test('a machine makes a swarm, and leaves it only by force', async () => {
  const { swarm, events } = rig();
  assert.equal(swarm.status, 'inactive');
  assert.throws(() => swarm.manager(), { code: 'unavailable', message: /^This node is not a swarm manager\. Use/ });
  await assert.rejects(swarm.leave(true), { code: 'unavailable', message: 'This node is not part of a swarm' });
  const id = await swarm.init(emptyRequest);
  assert.match(id, /^[0-9a-z]{25}$/);
  assert.deepEqual([swarm.status, events.length], ['active', 1]);
  await assert.rejects(swarm.init(emptyRequest), { code: 'unavailable', message: /already part of a swarm/ });
  assert.throws(() => swarm.join(), { code: 'unavailable', message: /already part of a swarm/ });
  await assert.rejects(swarm.leave(false), { code: 'unavailable', message: /Removing the last manager erases/ });
  await swarm.leave(true);
  assert.equal(swarm.status, 'inactive');
  assert.throws(() => swarm.join(), { code: 'not-implemented' });
});

test('a swarm that is being left is none, and another one waits until all of it is gone', async () => {
  const { swarm, networks } = rig();
  const first = await swarm.init(emptyRequest);
  const { promise: gone, resolve: letGo } = Promise.withResolvers<void>();
  networks.removeAll = () => gone;
  const leaving = swarm.leave(true);
  assert.equal(swarm.status, 'inactive');
  assert.throws(() => swarm.manager(), { code: 'unavailable' });
  const second = swarm.init(emptyRequest);
  letGo();
  await leaving;
  assert.notEqual(await second, first);
  assert.equal(swarm.status, 'active');
});

test('a daemon that starts goes on with what it can of a swarm, and what it cannot waits for the next', async () => {
  const store = Store.open(':memory:');
  const fault = async () => {
    throw new Error('not now');
  };
  const first = rig(store);
  first.networks.ingress = () => undefined;
  first.networks.makeIngress = fault;
  await assert.rejects(first.swarm.init(emptyRequest), { message: 'not now' });
  const second = rig(store);
  second.networks.ingress = () => undefined;
  second.networks.makeIngress = fault;
  await second.swarm.resume();
  assert.equal(second.swarm.status, 'active');
  second.networks.removeAll = fault;
  await assert.rejects(second.swarm.leave(true), { message: 'not now' });
  const third = rig(store);
  third.networks.removeAll = fault;
  await third.swarm.resume();
  let isGone = false;
  const fourth = rig(store);
  fourth.networks.removeAll = async () => {
    isGone = true;
  };
  await fourth.swarm.resume();
  assert.deepEqual([fourth.swarm.status, isGone], ['inactive', true]);
});

test('an update says all, and only of the version that was read', async () => {
  const { swarm } = rig();
  await swarm.init(emptyRequest);
  const manager = swarm.manager();
  const before = manager.inspect();
  assert.equal(before.cluster.spec.raft.snapshotInterval, 10_000);
  const request = { raft: { snapshotInterval: 5000 } };
  assert.throws(() => manager.update(before.cluster.version + 1, request, noRotation), {
    code: 'internal',
    message: 'rpc error: code = Unknown desc = update out of sequence',
  });
  manager.update(before.cluster.version, request, { ...noRotation, workerToken: true });
  const after = manager.inspect();
  assert.deepEqual([after.cluster.spec.raft.snapshotInterval, after.cluster.spec.raft.electionTick], [5000, 0]);
  assert.notEqual(after.joinTokens.worker, before.joinTokens.worker);
  assert.equal(after.joinTokens.manager, before.joinTokens.manager);
});

test('a root that is forced to be another one takes the tokens with it', async () => {
  const { swarm } = rig();
  await swarm.init(emptyRequest);
  const manager = swarm.manager();
  const before = manager.inspect();
  manager.update(before.cluster.version, { authority: { forceRotate: 1 } }, noRotation);
  const after = manager.inspect();
  assert.notEqual(after.cluster.rootCertificate, before.cluster.rootCertificate);
  assert.notEqual(after.joinTokens.manager, before.joinTokens.manager);
  const alone = { authority: { signingKey: 'x' } };
  assert.throws(
    () => manager.update(after.cluster.version, alone, noRotation),
    /signing CA cert must also be provided/,
  );
});

test('a swarm that locks itself keeps its secrets from who has no key', async () => {
  using store = Store.open(':memory:');
  const { swarm } = rig(store);
  await swarm.init({ ...emptyRequest, spec: { encryption: { autoLockManagers: true } } });
  const key = swarm.manager().unlockKey();
  const secret = swarm.manager().secrets.create({ name: 'pw', labels: {}, data: btoa('very secret') });
  assert.doesNotMatch(
    JSON.stringify([...store.collection('swarm-secret'), ...store.collection('swarm')]),
    /dmVyeS|PRIVATE/,
  );
  const { swarm: restarted } = rig(store);
  assert.equal(restarted.status, 'locked');
  assert.throws(() => restarted.manager(), { code: 'unavailable', message: /^Swarm is encrypted and needs/ });
  await assert.rejects(restarted.leave(false), { message: /^Swarm is encrypted and locked/ });
  assert.throws(() => restarted.unlock('nonsense'), { code: 'invalid-argument' });
  assert.throws(() => restarted.unlock(`SWMKEY-1-${btoa('x'.repeat(32)).replaceAll('=', '')}`), {
    code: 'unauthorized',
    message: 'swarm could not be unlocked: invalid key provided',
  });
  restarted.unlock(key);
  assert.equal(restarted.manager().secrets.inspect(secret).spec.name, 'pw');
  assert.throws(() => restarted.unlock(key), { code: 'conflict', message: 'swarm is not locked' });
});

test('a key that is rotated opens all, and one that is given up locks nothing', async () => {
  using store = Store.open(':memory:');
  const { swarm } = rig(store);
  const spec = { encryption: { autoLockManagers: true } };
  await swarm.init({ ...emptyRequest, spec });
  const manager = swarm.manager();
  const id = manager.secrets.create({ name: 'pw', labels: {}, data: btoa('a') });
  const first = manager.unlockKey();
  manager.update(manager.inspect().cluster.version, spec, { ...noRotation, unlockKey: true });
  assert.notEqual(manager.unlockKey(), first);
  const same = { name: 'pw', labels: { x: 'y' }, data: btoa('a') };
  manager.secrets.update(id, manager.secrets.inspect(id).version, same);
  manager.update(manager.inspect().cluster.version, {}, noRotation);
  assert.equal(manager.unlockKey(), '');
  assert.equal(rig(store).swarm.status, 'active');
});

test('the only node is a manager that stays', async () => {
  const { swarm, events } = rig();
  const id = await swarm.init({ ...emptyRequest, availability: 'pause' });
  const { nodes } = swarm.manager();
  const { node } = nodes.inspect('fake');
  assert.deepEqual([node.id, node.spec.availability, node.address], [id, 'pause', '192.0.2.1']);
  const spec = { ...node.spec, labels: { zone: 'a' } };
  nodes.update(id.slice(0, 8), node.version, { ...spec, availability: 'drain' });
  assert.deepEqual(events.at(-1)?.attributes, {
    name: 'fake',
    'availability.new': 'drain',
    'availability.old': 'pause',
  });
  const { version } = nodes.inspect(id).node;
  assert.throws(() => nodes.update(id, version, { ...spec, role: 'worker' }), { code: 'invalid-argument' });
  assert.throws(() => nodes.update(id, version, { ...spec, role: 'x' as 'worker' }), { message: 'invalid Role: "x"' });
  assert.throws(() => nodes.remove(id), {
    code: 'invalid-argument',
    message: /is a cluster manager and is a member/,
  });
  assert.throws(() => nodes.remove('nobody'), { code: 'not-found', message: 'node nobody not found' });
});
