import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventuallyEqual, LifeRig } from './life-rig.ts';
import { whenListening } from './web-server.ts';

/** Containers that share a network, and containers whose networks change while they run or do not. */

let rig: LifeRig;
let idle: Awaited<ReturnType<LifeRig['leftovers']>>;

const forever = ['sleep', '1000'];

before(async () => {
  rig = await LifeRig.start();
  for (const Name of ['one', 'two']) await rig.api.text('POST', '/networks/create', { body: { Name } });
  idle = await rig.leftovers();
});

after(() => rig[Symbol.asyncDispose]());

afterEach(async () => {
  await rig.removeAll();
  await eventuallyEqual(() => rig.leftovers(), idle);
});

const joinerOf = (donor: string) => ({ HostConfig: { NetworkMode: `container:${donor}` } });
const address = async (name: string) =>
  (await rig.exec(name, ['ip', '-o', '-4', 'addr', 'show', 'eth0'])).split(/\s+/)[3];
const file = (name: string, path: string) => rig.exec(name, ['cat', path]);
const connect = (network: string, name: string, config = {}) => {
  const body = { Container: name, EndpointConfig: config };
  return rig.api.text('POST', `/networks/${network}/connect`, { body });
};
const disconnect = (network: string, name: string) => {
  return rig.api.text('POST', `/networks/${network}/disconnect`, { body: { Container: name } });
};

test('a joiner has the donor’s network, names and files', async () => {
  await rig.run('donor', forever, { Hostname: 'given', HostConfig: { NetworkMode: 'one' } });
  await rig.run('joiner', forever, joinerOf('donor'));
  await rig.run('third', forever, joinerOf('joiner'));
  for (const name of ['joiner', 'third']) {
    assert.equal(await address(name), await address('donor'));
    assert.equal(await rig.exec(name, ['hostname']), 'given\n');
    for (const path of ['/etc/hosts', '/etc/resolv.conf', '/etc/hostname']) {
      assert.equal(await file(name, path), await file('donor', path));
    }
    assert.equal((await rig.inspect(name)).Config.Hostname, 'given');
  }
});

test('a joiner keeps its network while the donor stops, and the donor finds it again', async () => {
  await rig.run('donor', forever, {
    HostConfig: { NetworkMode: 'one', PortBindings: { '80/tcp': [{ HostPort: '8080' }] } },
  });
  await rig.run('joiner', ['httpd', '-f', '-p', '80', '-h', '/etc'], joinerOf('donor'));
  await whenListening(rig.daemon, 'joiner');
  const before = await address('joiner');
  const page = () =>
    rig.host.outside.exec('busybox', 'wget', '-qO-', `http://${rig.host.addresses.host.ipv4}:8080/hostname`);
  const answer = await page();
  await rig.post('donor', 'stop', { t: 0 });
  assert.deepEqual([await address('joiner'), await page()], [before, answer]);
  assert.equal((await rig.inspect('donor')).NetworkSettings.Networks['one']?.IPAddress, '');

  await connect('two', 'donor');
  await rig.post('donor', 'start');
  assert.equal(await address('donor'), before);
  assert.match(await rig.exec('joiner', ['ip', '-o', 'addr']), /eth1/);
  assert.equal(await page(), answer);
  await rig.post('joiner', 'stop', { t: 0 });
  assert.equal(await address('donor'), before);
});

test('the last one out closes the network, and addresses of a removed donor are not given away before', async () => {
  const body = { HostConfig: { NetworkMode: 'one' } };
  await rig.run('donor', forever, body);
  await rig.run('joiner', forever, joinerOf('donor'));
  const kept = await address('joiner');
  await rig.remove('donor');
  await rig.run('other', forever, body);
  assert.equal(await address('joiner'), kept);
  assert.notEqual(await address('other'), kept);
  const id = (await rig.inspect('joiner')).HostConfig.NetworkMode.slice('container:'.length);
  await rig.post('joiner', 'stop', { t: 0 });
  await assert.rejects(rig.post('joiner', 'start'), { code: 'not-found', message: `No such container: ${id}` });
  await rig.run('heir', forever, body);
  assert.equal(await address('heir'), kept, 'it is free again');
});

test('ports and a static address of a removed donor go to its successor, and the joiner loses that network only', async () => {
  const body = {
    HostConfig: { NetworkMode: 'fixed', PortBindings: { '80/tcp': [{ HostPort: '8085' }] } },
    NetworkingConfig: {
      EndpointsConfig: {
        fixed: { IPAMConfig: { IPv4Address: '10.97.0.10', IPv6Address: 'fd97:0::10' } },
        two: {},
      },
    },
  };
  const Config = [{ Subnet: '10.97.0.0/24' }, { Subnet: 'fd97::/64' }];
  await rig.api.text('POST', '/networks/create', { body: { Name: 'fixed', EnableIPv6: true, IPAM: { Config } } });
  await rig.run('donor', forever, body);
  await rig.run('joiner', forever, joinerOf('donor'));
  await assert.rejects(rig.run('early', forever, body), { message: /^failed to set up container networking: / });
  await rig.remove('donor');
  await rig.post('early', 'start');
  assert.equal(await address('early'), '10.97.0.10/24');
  const links = await rig.exec('joiner', ['ip', '-o', 'link']);
  assert.doesNotMatch(links, /eth0/);
  assert.match(links, /eth1/);
  await rig.remove('joiner', 'early');
  await rig.api.text('DELETE', '/networks/fixed');
});

test('a donor that stops while a joiner starts leaves it a network or fails it, and nothing else', async () => {
  await rig.run('donor', ['sh', '-c', 'trap exit TERM; while :; do sleep 0.02; done'], {
    HostConfig: { NetworkMode: 'one' },
  });
  await rig.create('joiner', forever, joinerOf('donor'));
  for (let round = 0; round < 6; round++) {
    const [started] = await Promise.allSettled([
      rig.post('joiner', 'start'),
      sleep(round * 15).then(() => rig.post('donor', 'stop', { t: 1 })),
    ]);
    if (started.status === 'rejected') assert.match(started.reason.message, /non running container/);
    else assert.match((await address('joiner')) ?? '', /^172\./, `round ${round}`);
    await Promise.allSettled([rig.post('joiner', 'stop', { t: 0 })]);
    await rig.post('donor', 'start');
    assert.match((await address('donor')) ?? '', /^172\./);
  }
});

test('networks that a stopped container joins and leaves are those that it has when it starts', async () => {
  await rig.create('still', forever, { HostConfig: { NetworkMode: 'one' } });
  await connect('two', 'still', { Aliases: ['calm'] });
  await disconnect('one', 'still');
  await assert.rejects(disconnect('one', 'still'), /is not connected to the network one/);
  await rig.post('still', 'start');
  assert.deepEqual(Object.keys((await rig.inspect('still')).NetworkSettings.Networks), ['two']);
  await rig.run('asker', forever, { HostConfig: { NetworkMode: 'two' } });
  assert.match(await rig.exec('asker', ['ping', '-c1', '-W2', 'calm']), /1 packets received/);
});

test('a container that has left all its networks can join others, also across a restart', async () => {
  await rig.run('loner', forever, { HostConfig: { NetworkMode: 'one' } });
  await disconnect('one', 'loner');
  assert.deepEqual((await rig.inspect('loner')).NetworkSettings.Networks, {});
  assert.equal((await rig.inspect('loner')).HostConfig.NetworkMode, 'one');
  await rig.post('loner', 'restart', { t: 0 });
  assert.doesNotMatch(await rig.exec('loner', ['ip', '-o', 'link']), /eth0/);
  await connect('two', 'loner');
  assert.match((await address('loner')) ?? '', /^172\./);
  await rig.run('nobody', forever, { HostConfig: { NetworkMode: 'none' } });
  await assert.rejects(connect('one', 'nobody'), /one of the networks in private \(none\) mode/);
});

test('hosts and resolv.conf follow the networks of a running container', async () => {
  await rig.run('settled', forever, { HostConfig: { NetworkMode: 'bridge' } });
  const name = (await rig.exec('settled', ['hostname'])).trim();
  const hosts = async () =>
    (await file('settled', '/etc/hosts')).split('\n').filter((line) => line.endsWith(name)).length;
  assert.equal(await hosts(), 1);
  assert.doesNotMatch(await file('settled', '/etc/resolv.conf'), /127\.0\.0\.11/);
  await connect('one', 'settled');
  assert.equal(await hosts(), 2);
  assert.match(await file('settled', '/etc/resolv.conf'), /^nameserver 127\.0\.0\.11$/m);
  await disconnect('one', 'settled');
  assert.equal(await hosts(), 1);
  assert.doesNotMatch(await file('settled', '/etc/resolv.conf'), /127\.0\.0\.11/);
});

test('a network that is joined while the container starts is joined, one way or the other', async () => {
  for (let round = 0; round < 3; round++) {
    await rig.create('racer', forever, { HostConfig: { NetworkMode: 'one' } });
    await Promise.all([rig.post('racer', 'start'), sleep(round * 20).then(() => connect('two', 'racer'))]);
    await rig.post('racer', 'rename', { name: 'winner' });
    assert.match(await rig.exec('winner', ['ip', '-o', 'link']), /eth0[\s\S]*eth1/);
    await rig.remove('winner');
  }
});
