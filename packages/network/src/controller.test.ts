import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress, parsePrefix } from '@fairlead/base';
import { boundPorts } from './port/bound-ports.ts';
import type { PortBinding } from './port/port-model.ts';
import { Life } from './testing/life.ts';
import { plainSettings, Rig } from './testing/rig.ts';

const web: PortBinding = { protocol: 'tcp', containerPort: 80, hostPorts: { first: 8080, last: 8080 } };
const anywhere: PortBinding = { protocol: 'udp', containerPort: 53 };

test('a started engine has the three predefined networks and a bridge', async () => {
  using rig = await Rig.started();
  assert.deepEqual(
    rig.controller
      .networks()
      .map(({ name }) => name)
      .sort(),
    ['bridge', 'host', 'none'],
  );
  const bridge = rig.controller.findNetwork('bridge');
  assert.equal(bridge.subnets[0]?.subnet, '172.17.0.0/16');
  assert.ok(rig.kernel.observe('', ['link']).some((link) => link.kind === 'link' && link.name === 'docker0'));
  rig.assertConsistent();
});

test('a container is attached, published and named, and leaves nothing when it is closed', async () => {
  using rig = await Rig.started();
  const empty = rig.snapshot();
  const network = await rig.controller.createNetwork({ name: 'app', ipv6: true });
  const sandbox = await rig.sandbox('web', { ports: [web, anywhere] });
  const endpoint = await rig.join(sandbox, network);
  rig.assertConsistent();
  assert.equal(endpoint.interface, 'eth0');
  assert.equal(endpoint.ipv4, '172.18.0.2');
  assert.deepEqual(
    boundPorts(rig.controller.sandbox(sandbox.id)?.mappings ?? []).map(
      ({ hostAddress, hostPort }) => `${hostAddress} ${hostPort}`,
    ),
    ['0.0.0.0 8080', ':: 8080', '0.0.0.0 32768', ':: 32768'],
  );
  assert.equal(rig.names.endpoints.get(endpoint.id)?.containerName, 'web');
  await rig.controller.closeSandbox(sandbox.id);
  rig.controller.releaseLeases(sandbox.owner);
  await rig.controller.removeNetwork('app');
  assert.equal(rig.snapshot(), empty);
  assert.deepEqual(
    rig.events.map(({ action, network: { name } }) => `${action} ${name}`),
    ['create app', 'connect app', 'disconnect app', 'destroy app'],
  );
});

test('the host network and none ask nothing of kernel and name service', async () => {
  using rig = await Rig.started();
  for (const [name, mode] of [
    ['host', 'host'],
    ['none', 'own'],
  ] as const) {
    const sandbox = await rig.sandbox(name, { mode, ports: [web] });
    const endpoint = await rig.join(sandbox, rig.controller.findNetwork(name));
    assert.equal(endpoint.ipv4, undefined);
    assert.deepEqual(rig.controller.sandbox(sandbox.id)?.mappings, []);
    rig.assertConsistent();
  }
});

test('interfaces come up in the order asked for, and a hole is filled by the next one', async () => {
  using rig = await Rig.started();
  const networks = [];
  for (const name of ['z', 'm', 'a']) networks.push(await rig.controller.createNetwork({ name }));
  const sandbox = await rig.sandbox('web');
  const requests = networks.map((network) => ({ network, hostname: 'web', config: {} }));
  const endpoints = await rig.controller.join(sandbox.id, requests);
  assert.deepEqual(
    endpoints.map((endpoint) => endpoint.interface),
    ['eth0', 'eth1', 'eth2'],
  );
  await rig.boot(rig.life);
  assert.deepEqual(
    rig.controller.endpointsIn(sandbox.id).map((endpoint) => endpoint.interface),
    ['eth0', 'eth1', 'eth2'],
  );
  assert.ok(endpoints[1] && networks[1]);
  await rig.controller.leave(endpoints[1]);
  assert.equal((await rig.join(sandbox, networks[1])).interface, 'eth1');
  rig.assertConsistent();
});

test('default route and ports move with the gateway, family by family', async () => {
  using rig = await Rig.started();
  const { controller } = rig;
  const inner = await controller.createNetwork({ name: 'inner', internal: true });
  const plain = await controller.createNetwork({ name: 'plain' });
  const dual = await controller.createNetwork({ name: 'dual', ipv6: true });
  const sandbox = await rig.sandbox('web', { ports: [web, anywhere] });
  const ports = () =>
    boundPorts(controller.sandbox(sandbox.id)?.mappings ?? []).map(
      ({ hostAddress, hostPort }) => `${hostAddress} ${hostPort}`,
    );
  const route = () =>
    rig.kernel
      .observe('fl-web', ['route'])
      .flatMap((item) => (item.kind === 'route' && item.via ? [`${item.via}`] : []));

  await rig.join(sandbox, inner);
  assert.deepEqual([ports(), route()], [[], []]);
  await rig.join(sandbox, plain);
  const bound = ['0.0.0.0 8080', ':: 8080', '0.0.0.0 32768', ':: 32768'];
  const relayed = () => rig.names.relays.get(sandbox.id)?.map(({ containerAddress }) => containerAddress);
  assert.deepEqual([ports(), route()], [bound, ['172.19.0.1']]);
  assert.deepEqual(relayed(), ['172.19.0.2', '172.19.0.2']);
  const last = await rig.join(sandbox, dual, { gatewayPriority: 1 });
  assert.deepEqual(ports(), bound, 'an ephemeral port keeps its number');
  assert.match(relayed()?.[0] ?? '', /^fd/, 'the relay follows the gateway');
  assert.equal(route()[0], '172.20.0.1');
  rig.assertConsistent();
  await controller.leave(last);
  assert.deepEqual([ports(), route(), relayed()], [bound, ['172.19.0.1'], ['172.19.0.2', '172.19.0.2']]);
  rig.assertConsistent();
});

test('a port that another container has, or another process, keeps a container from starting and changes nothing', async () => {
  using rig = await Rig.started();
  const network = await rig.controller.createNetwork({ name: 'app' });
  const first = await rig.sandbox('first', { ports: [web] });
  await rig.join(first, network);
  const second = await rig.sandbox('second', { ports: [web] });
  const before = rig.snapshot();
  await assert.rejects(rig.join(second, network), (error: Error) => {
    assert.match(
      error.message,
      /^driver failed programming external connectivity on endpoint second \([0-9a-f]{64}\): Bind for 0\.0\.0\.0:8080 failed: port is already allocated$/,
    );
    return 'code' in error && error.code === 'internal';
  });
  assert.equal(rig.snapshot(), before);

  rig.names.occupy('tcp', parseIpAddress('0.0.0.0'), 9090);
  const third = await rig.sandbox('third', { ports: [{ ...web, hostPorts: { first: 9090, last: 9090 } }] });
  await assert.rejects(
    rig.join(third, network),
    /failed to bind host port 0\.0\.0\.0:9090\/tcp: address already in use$/,
  );
  rig.assertConsistent();
});

test('a range of host ports for one container port gives the first free one until none is left', async () => {
  using rig = await Rig.started();
  const network = await rig.controller.createNetwork({ name: 'app' });
  const ports = [{ ...web, hostPorts: { first: 8000, last: 8001 } }];
  const given = [];
  for (const name of ['a', 'b']) {
    const sandbox = await rig.sandbox(name, { ports });
    await rig.join(sandbox, network);
    given.push(rig.controller.sandbox(sandbox.id)?.mappings[0]?.hostPorts.first);
  }
  assert.deepEqual(given, [8000, 8001]);
  const sandbox = await rig.sandbox('c', { ports });
  await assert.rejects(rig.join(sandbox, network), /all ports are allocated$/);
  rig.assertConsistent();
});

test('a network that is in use, predefined or unknown is not removed', async () => {
  using rig = await Rig.started();
  const network = await rig.controller.createNetwork({ name: 'app' });
  const endpoint = await rig.join(await rig.sandbox('web'), network);
  await assert.rejects(rig.controller.removeNetwork('app'), {
    code: 'forbidden',
    message: `error while removing network: network app has active endpoints (name:"web" id:"${endpoint.id.slice(0, 12)}")`,
  });
  await assert.rejects(rig.controller.removeNetwork('bridge'), {
    code: 'forbidden',
    message: 'bridge is a pre-defined network and cannot be removed',
  });
  await assert.rejects(rig.controller.removeNetwork('nix'), { code: 'not-found', message: 'network nix not found' });
  rig.assertConsistent();
});

test('a network is joined once', async () => {
  using rig = await Rig.started();
  const network = await rig.controller.createNetwork({ name: 'app' });
  const sandbox = await rig.sandbox('web');
  await rig.join(sandbox, network);
  const before = rig.snapshot();
  await assert.rejects(rig.join(sandbox, network), {
    code: 'forbidden',
    message: 'endpoint with name web already exists in network app',
  });
  assert.equal(rig.snapshot(), before);
});

test('a network that was removed since it was looked up is not joined', async () => {
  using rig = await Rig.started();
  const network = await rig.controller.createNetwork({ name: 'app' });
  const sandbox = await rig.sandbox('web');
  await rig.controller.removeNetwork('app');
  await assert.rejects(rig.join(sandbox, network), { code: 'not-found', message: 'network app not found' });
  rig.assertConsistent();
});

test('when one of several networks cannot be joined none is, and no address is lost', async () => {
  using rig = await Rig.started();
  const good = await rig.controller.createNetwork({ name: 'good' });
  const full = await rig.controller.createNetwork({ name: 'full', ipam: { config: [{ subnet: '10.1.0.0/30' }] } });
  await rig.join(await rig.sandbox('first'), full);
  const sandbox = await rig.sandbox('second');
  const before = rig.snapshot();
  const requests = [good, full].map((network) => ({ network, hostname: 'second', config: {} }));
  await assert.rejects(rig.controller.join(sandbox.id, requests), {
    code: 'internal',
    message: `no available IPv4 addresses on this network's address pools: full (${full.id})`,
  });
  assert.equal(rig.snapshot(), before);
  assert.equal((await rig.join(sandbox, good)).ipv4, '172.18.0.2');
});

test('published ports change while the container runs; when the new ones cannot be had the old ones stay', async () => {
  using rig = await Rig.started();
  const network = await rig.controller.createNetwork({ name: 'app' });
  await rig.join(await rig.sandbox('other', { ports: [{ ...web, hostPorts: { first: 9999, last: 9999 } }] }), network);
  const sandbox = await rig.sandbox('web', { ports: [web, anywhere] });
  await rig.join(sandbox, network);
  const ports = (range: number) => [{ ...web, hostPorts: { first: range, last: range } }];
  const after = await rig.controller.publish(sandbox.id, ports(8081));
  assert.deepEqual(
    after.mappings.map(({ hostPorts }) => hostPorts.first),
    [8081, 8081],
  );
  rig.assertConsistent();
  const before = rig.snapshot();
  await assert.rejects(rig.controller.publish(sandbox.id, ports(9999)), /port is already allocated$/);
  assert.equal(rig.snapshot(), before);
  await rig.controller.publish(sandbox.id, []);
  rig.assertConsistent();
});

test('a range that grows or shrinks never stands in its own way', async () => {
  using rig = await Rig.started();
  const network = await rig.controller.createNetwork({ name: 'app' });
  const range = (first: number, last: number): PortBinding[] =>
    Array.from({ length: last - first + 1 }, (_, offset) => ({
      protocol: 'tcp',
      containerPort: first + offset,
      hostPorts: { first: first + offset, last: first + offset },
    }));
  const sandbox = await rig.sandbox('web', { ports: range(8000, 8010) });
  await rig.join(sandbox, network);
  for (const ports of [range(8000, 8020), range(8005, 8006), range(8001, 8001)]) {
    await rig.controller.publish(sandbox.id, ports);
    rig.assertConsistent();
  }
});

test('datagrams that came before a port was published are judged anew', async () => {
  using rig = await Rig.started();
  const network = await rig.controller.createNetwork({ name: 'app' });
  await rig.join(await rig.sandbox('dns', { ports: [web, anywhere] }), network);
  assert.deepEqual(rig.kernel.forgotten, [{ protocol: 'udp', port: 32768 }]);
});

test('connections of a container that is gone are forgotten', async () => {
  using rig = await Rig.started();
  const sandbox = await rig.sandbox('web');
  await rig.join(sandbox, rig.controller.findNetwork('bridge'));
  await rig.controller.closeSandbox(sandbox.id);
  await rig.join(await rig.sandbox('next', { owner: 'web-id' }), rig.controller.findNetwork('bridge'));
  await rig.boot(rig.life, () => false);
  assert.deepEqual(rig.kernel.forgotten, [{ address: '172.17.0.2' }, { address: '172.17.0.2' }]);
  rig.assertConsistent();
});

test('a renamed container has its new name on every network, and leaves the old one to others', async () => {
  using rig = await Rig.started();
  const network = await rig.controller.createNetwork({ name: 'app' });
  const sandbox = await rig.sandbox('web');
  const endpoint = await rig.join(sandbox, network);
  await rig.controller.renameSandbox(sandbox.id, 'old-web');
  assert.equal(rig.names.endpoints.get(endpoint.id)?.containerName, 'old-web');
  const next = await rig.sandbox('web', { owner: '0123456789abcdef' });
  assert.equal(next.namespace, 'fl-web-0123456789ab');
  await rig.join(next, network);
  rig.assertConsistent();
});

test('an address stays with its container until it leaves the network', async () => {
  using rig = await Rig.started();
  const network = await rig.controller.createNetwork({ name: 'app', ipam: { config: [{ subnet: '10.1.0.0/24' }] } });
  const first = await rig.sandbox('first');
  const endpoint = await rig.join(first, network, { ipv4Address: '10.1.0.9' });
  await rig.controller.closeSandbox(first.id);
  const other = await rig.sandbox('other');
  await assert.rejects(rig.join(other, network, { ipv4Address: '10.1.0.9' }), {
    code: 'forbidden',
    message: 'Address already in use',
  });
  await rig.boot(rig.life);
  const again = await rig.sandbox('first');
  const joined = await rig.join(again, network);
  assert.deepEqual([joined.ipv4, joined.mac], [endpoint.ipv4, endpoint.mac]);
  await rig.controller.leave(joined);
  assert.equal((await rig.join(other, network, { ipv4Address: '10.1.0.9' })).ipv4, '10.1.0.9');
  rig.assertConsistent();
});

test('a routed network opens published ports under the container’s own address and binds nothing', async () => {
  using rig = await Rig.started();
  const options = { 'com.docker.network.bridge.gateway_mode_ipv4': 'routed' };
  const network = await rig.controller.createNetwork({ name: 'app', options });
  const sandbox = await rig.sandbox('web', { ports: [web, { ...web, containerPort: 81 }] });
  await rig.join(sandbox, network);
  rig.assertConsistent();
  assert.deepEqual(rig.names.heldPorts, []);
  const keys = rig.kernel
    .observe('', ['element'])
    .flatMap((item) => (item.kind === 'element' && item.set === 'routed_ports4' ? [item.key] : []));
  assert.deepEqual(keys, [['172.18.0.2', 'tcp', '80-81']]);
});

test('a host that gets its IPv6 from router advertisements keeps it when it starts to forward', async () => {
  using rig = await Rig.started();
  const announced = {
    kind: 'route',
    namespace: '',
    destination: parsePrefix('::/0'),
    link: 'uplink',
    protocol: 9,
  } as const;
  await rig.kernel.apply([{ action: 'add', object: announced }]);
  const written: string[] = [];
  const original = rig.kernel.apply.bind(rig.kernel);
  rig.kernel.apply = (changes) => {
    for (const { object } of changes) if (object.kind === 'sysctl') written.push(`${object.key}=${object.value}`);
    return original(changes);
  };
  await rig.controller.createNetwork({ name: 'four' });
  assert.ok(!written.includes('net.ipv6.conf.uplink.accept_ra=2'));
  await rig.controller.createNetwork({ name: 'six', ipv6: true });
  const [kept, forwarding] = ['net.ipv6.conf.uplink.accept_ra=2', 'net.ipv6.conf.all.forwarding=1'].map((line) =>
    written.indexOf(line),
  );
  assert.ok(kept !== undefined && forwarding !== undefined && kept >= 0 && kept < forwarding);
  assert.deepEqual(await rig.controller.repair(), []);
});

test('when the host asks other name servers, sandboxes with names are told, and ask on', async () => {
  let text = 'nameserver 192.0.2.53\n';
  using rig = await Rig.started({ ...plainSettings, hostResolvConf: () => text });
  const app = await rig.controller.createNetwork({ name: 'app' });
  const web = await rig.sandbox('web');
  await rig.join(web, app);
  await rig.join(await rig.sandbox('plain'), rig.controller.findNetwork('bridge'));
  text = 'nameserver 192.0.2.54\n';
  const calls = rig.names.calls.length;
  await rig.controller.followHostNames();
  assert.deepEqual(rig.names.calls.slice(calls), ['openSandbox']);
  assert.deepEqual(rig.names.sandboxes.get(web.id)?.hostUpstreams, ['192.0.2.54']);
  rig.assertConsistent();
});

test('rules of others that are in the way are told of, at the start and when a network is made', async () => {
  using rig = await Rig.started();
  rig.kernel.foreign.push({ family: 'ip', table: 'filter', chain: 'FORWARD', admitted: ['docker0'] });
  const notes: unknown[] = [];
  const app = await rig.controller.createNetwork({ name: 'app' });
  notes.push(rig.logged.splice(0).length, rig.controller.obstacles(app).length);
  await rig.boot(new Life());
  notes.push(rig.logged.splice(0).length, rig.controller.obstacles(rig.controller.findNetwork('bridge')));
  assert.deepEqual(notes, [1, 1, 1, []]);
});

test('rules of others that cannot be read keep nobody from making a network', async (context) => {
  using rig = await Rig.started();
  context.mock.method(rig.kernel, 'foreignFilters', () => {
    throw new Error('no such thing');
  });
  assert.deepEqual(rig.controller.obstacles(await rig.controller.createNetwork({ name: 'app' })), []);
  assert.match(rig.logged.join(), /rules of others not read: no such thing/);
});
