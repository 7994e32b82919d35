import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpAddress } from '@fairlead/base';
import { hostTables } from '@fairlead/firewall';
import { Life } from '../testing/life.ts';
import { plainSettings, Rig } from '../testing/rig.ts';
import type { BalancedService } from './service-model.ts';

const web: BalancedService = { id: 'w3b', name: 'web', networks: [], ports: [], backends: [] };

test('a service keeps its virtual address until it leaves the network or goes', async () => {
  using rig = await Rig.started();
  const ipam = { config: [{ subnet: '10.9.0.0/24' }, { subnet: 'fd09::/64' }] };
  const { id: network } = await rig.controller.createNetwork({ name: 'app', ipv6: true, ipam });
  const virtual = rig.controller.holdVirtualAddress(network, web.id);
  assert.deepEqual(virtual, { ipv4: '10.9.0.2', ipv6: 'fd09::2' });
  assert.deepEqual(rig.controller.holdVirtualAddress(network, web.id), virtual);
  assert.deepEqual(rig.controller.holdVirtualAddress(network, 'db').ipv4, '10.9.0.3');
  await rig.controller.setService({ ...web, networks: [{ network, aliases: [], virtual }] });
  assert.deepEqual(rig.controller.holdVirtualAddress(network, web.id), virtual);
  assert.deepEqual(
    rig.controller.services().map(({ name }) => name),
    ['web'],
  );
  await rig.controller.setService({ ...web, networks: [{ network, aliases: [] }] });
  assert.equal(rig.controller.holdVirtualAddress(network, 'cache').ipv4, '10.9.0.2', 'others may have it');
  await rig.controller.removeService('cache');
  await rig.controller.removeService('cache');
  assert.equal(rig.controller.holdVirtualAddress(network, web.id).ipv4, '10.9.0.2');
});

test('a service of a network that is not there is refused, and changes nothing', async () => {
  using rig = await Rig.started();
  const networks = [{ network: 'gone', aliases: [] }];
  await assert.rejects(rig.controller.setService({ ...web, networks }), { code: 'not-found' });
  assert.throws(() => rig.controller.holdVirtualAddress('gone', web.id), { code: 'not-found' });
  assert.deepEqual(rig.controller.services(), []);
});

/** A network with two containers, `web.1` and `web.2`, and somebody who asks. */
async function peopled() {
  const rig = await Rig.started();
  const ipam = { config: [{ subnet: '10.9.0.0/24' }, { subnet: 'fd09::/64' }] };
  const network = await rig.controller.createNetwork({ name: 'app', ipv6: true, ipam });
  const [one, two, asker] = await Promise.all(['web.1', 'web.2', 'asker'].map((name) => rig.sandbox(name)));
  assert.ok(one && two && asker);
  for (const sandbox of [one, two, asker]) await rig.join(sandbox, network);
  return { rig, network, one, two, asker };
}

/** What the name service answers for services, by name. */
function answers({ names }: Rig): Record<string, string> {
  const ofServices = [...names.endpoints.values()].filter(({ collective }) => collective);
  return Object.fromEntries(
    ofServices.map(({ containerName, aliases, addresses }) => [
      [containerName, ...aliases].join(' '),
      addresses.join(' '),
    ]),
  );
}

const all = '10.9.0.2 fd09::2 10.9.0.3 fd09::3';

test('a name leads to the virtual address, or to all backends, and tasks.NAME always to these', async () => {
  const { rig, network } = await peopled();
  using _ = rig;
  const virtual = rig.controller.holdVirtualAddress(network.id, web.id);
  const service = { ...web, backends: ['web.1-id', 'web.2-id', 'elsewhere'] };
  await rig.controller.setService({ ...service, networks: [{ network: network.id, aliases: ['www'], virtual }] });
  assert.deepEqual(answers(rig), { 'web www': '10.9.0.5 fd09::5', 'tasks.web tasks.www': all });
  rig.assertConsistent();
  await rig.controller.setService({ ...service, networks: [{ network: network.id, aliases: [] }] });
  assert.deepEqual(answers(rig), { web: all, 'tasks.web': all });
  await rig.controller.setService({ ...service, networks: [{ network: network.id, aliases: [] }], backends: [] });
  assert.deepEqual(answers(rig), {}, 'nobody is there');
  rig.assertConsistent();
});

test('backends that come and go are followed, and a name service that was lost is told again', async () => {
  const { rig, network, one, two } = await peopled();
  using _ = rig;
  const networks = [{ network: network.id, aliases: [] }];
  await rig.controller.setService({ ...web, networks, backends: ['web.1-id', 'web.2-id', 'web.3-id'] });
  await rig.controller.closeSandbox(one.id);
  assert.equal(answers(rig)['web'], '10.9.0.3 fd09::3');
  await rig.join(await rig.sandbox('web.3'), network);
  assert.equal(answers(rig)['web'], '10.9.0.3 fd09::3 10.9.0.5 fd09::5');
  rig.names.restart();
  await rig.boot(new Life(), ({ id }) => id !== two.id);
  assert.equal(answers(rig)['web'], '10.9.0.5 fd09::5');
  rig.assertConsistent();
  await rig.controller.removeService(web.id);
  assert.deepEqual(answers(rig), {});
  rig.assertConsistent();
});

test('what the name service could not be told is told with the next change', async () => {
  const { rig, network } = await peopled();
  using _ = rig;
  const service = { ...web, networks: [{ network: network.id, aliases: [] }], backends: ['web.1-id'] };
  rig.names.before = () => {
    throw new Error('no name service');
  };
  await assert.rejects(rig.controller.setService(service), /no name service/);
  rig.names.before = () => undefined;
  await rig.controller.setService(service);
  assert.equal(answers(rig)['web'], '10.9.0.2 fd09::2');
  rig.assertConsistent();
});

/** What a namespace holds of a table, in a line each. */
function elementsOf({ kernel }: Rig, namespace: string, pattern: RegExp): string[] {
  const elements = kernel.observe(namespace).filter((object) => object.kind === 'element');
  return elements
    .filter(({ set }) => pattern.test(set))
    .map(({ set, key, value = [] }) => `${set} ${[...key, ...value].join(' ')}`)
    .sort();
}

test('a virtual address leads to all backends from wherever it can be asked for', async () => {
  const { rig, network, one, asker } = await peopled();
  using _ = rig;
  const virtual = rig.controller.holdVirtualAddress(network.id, web.id);
  const service = { ...web, networks: [{ network: network.id, aliases: [], virtual }] };
  const tables = (namespace: string) => elementsOf(rig, namespace, /^virtual/);
  await rig.controller.setService({ ...service, backends: ['web.1-id', 'web.2-id'] });
  const both = [
    'virtual4 10.9.0.5 0-2147483647 10.9.0.2',
    'virtual4 10.9.0.5 2147483648-4294967295 10.9.0.3',
    'virtual6 fd09::5 0-2147483647 fd09::2',
    'virtual6 fd09::5 2147483648-4294967295 fd09::3',
  ];
  assert.deepEqual([tables(asker.namespace), tables(one.namespace)], [both, both]);
  const late = await rig.sandbox('late');
  assert.deepEqual(tables(late.namespace), []);
  const endpoint = await rig.join(late, network);
  assert.deepEqual(tables(late.namespace), both);
  rig.assertConsistent();
  await rig.controller.leave(endpoint);
  assert.deepEqual(tables(late.namespace), [], 'who is not on the network cannot ask');
  await rig.controller.closeSandbox(one.id);
  const rest = ['virtual4 10.9.0.5 0-4294967295 10.9.0.3', 'virtual6 fd09::5 0-4294967295 fd09::3'];
  assert.deepEqual(tables(asker.namespace), rest);
  assert.deepEqual(
    rig.kernel.forgotten.filter(({ protocol }) => protocol === 'udp').map(({ address }) => address),
    ['10.9.0.2', '10.9.0.3', 'fd09::2', 'fd09::3', '10.9.0.2', 'fd09::2', '10.9.0.2', 'fd09::2'],
    'datagrams do not go on, from who has left to anybody, nor from the two others to who is no more',
  );
  rig.assertConsistent();
  await rig.controller.removeService(web.id);
  assert.ok(!rig.kernel.observe(asker.namespace).some(({ kind }) => kind === 'element'));
  rig.assertConsistent();
});

test('a killed engine goes on where it was, and what was lost meanwhile is made again', async () => {
  const { rig, network, one, asker } = await peopled();
  using _ = rig;
  const virtual = rig.controller.holdVirtualAddress(network.id, web.id);
  const networks = [{ network: network.id, aliases: [], virtual }];
  const ports = [{ protocol: 'udp', published: 53, target: 5353 }] as const;
  await rig.controller.setService({ ...web, networks, ports, backends: ['web.1-id', 'web.2-id'] });
  await rig.boot(new Life());
  rig.assertConsistent();
  const definition = rig.kernel
    .observe(asker.namespace)
    .find((object) => object.kind === 'table' && object.definition.name === 'fairlead_services');
  assert.ok(definition);
  await rig.kernel.apply([{ action: 'remove', object: definition }]);
  rig.names.restart();
  await rig.boot(new Life(), ({ id }) => id !== one.id);
  rig.assertConsistent();
  assert.deepEqual(elementsOf(rig, '', /^mesh_udp4/), ['mesh_udp4 53 0-4294967295 10.9.0.3 5353']);
  // Nothing of it is known from this life yet.
  await rig.controller.setService({ ...web, networks, ports, backends: [] });
  rig.assertConsistent();
  assert.deepEqual(elementsOf(rig, asker.namespace, /^virtual/), []);
  await rig.boot(new Life());
  await rig.controller.removeService(web.id);
  rig.assertConsistent();
});

test('ports of a service lead to where its containers have their gateways, and nobody else can have them', async () => {
  const { rig, network, two } = await peopled();
  using _ = rig;
  const ports = [{ protocol: 'tcp', published: 8080, target: 80 }] as const;
  const service = { ...web, networks: [{ network: network.id, aliases: [] }], ports };
  await rig.controller.setService({ ...service, backends: ['web.1-id', 'web.2-id'] });
  assert.deepEqual(elementsOf(rig, '', /^(mesh|relay)/), [
    'mesh tcp 8080',
    'mesh_tcp4 8080 0-2147483647 10.9.0.2 80',
    'mesh_tcp4 8080 2147483648-4294967295 10.9.0.3 80',
    'mesh_tcp6 8080 0-2147483647 fd09::2 80',
    'mesh_tcp6 8080 2147483648-4294967295 fd09::3 80',
    'relay6 tcp 8080',
  ]);
  assert.deepEqual(rig.names.relays.get(`service/${web.id}`)?.[0]?.containerAddress, '127.0.0.1');
  rig.assertConsistent();
  const taken = await rig.sandbox('taken', {
    ports: [{ protocol: 'tcp', containerPort: 80, hostPorts: { first: 8080, last: 8080 } }],
  });
  await assert.rejects(rig.join(taken, network), /Bind for 0\.0\.0\.0:8080 failed: port is already allocated/);
  // A better way out than the one that it has: it is reached by that.
  const better = await rig.controller.createNetwork({
    name: 'a-better',
    ipam: { config: [{ subnet: '10.8.0.0/24' }] },
  });
  await rig.join(two, better, { gatewayPriority: 1 });
  assert.deepEqual(elementsOf(rig, '', /^mesh_tcp/), [
    'mesh_tcp4 8080 0-2147483647 10.9.0.2 80',
    'mesh_tcp4 8080 2147483648-4294967295 10.8.0.2 80',
    'mesh_tcp6 8080 0-2147483647 fd09::2 80',
    'mesh_tcp6 8080 2147483648-4294967295 fd09::3 80',
  ]);
  rig.assertConsistent();
  await rig.controller.setService({ ...service, ports: [], backends: ['web.1-id'] });
  assert.deepEqual([elementsOf(rig, '', /^(mesh|relay)/), rig.names.heldPorts], [[], []]);
  rig.assertConsistent();
});

test('a port that cannot be had leaves a service as it was', async () => {
  using rig = await Rig.started();
  const port = (published: number) => ({ protocol: 'tcp', published, target: 80 }) as const;
  rig.names.occupy('tcp', parseIpAddress('0.0.0.0'), 81);
  const before = { ...web, ports: [port(80)] };
  await rig.controller.setService(before);
  const changed = { ...web, ports: [port(80), port(81)] };
  await assert.rejects(rig.controller.setService(changed), /0\.0\.0\.0:81\/tcp: address already in use$/);
  assert.deepEqual(rig.controller.services(), [before]);
  rig.assertConsistent();
  await assert.rejects(rig.controller.setService({ ...changed, id: 'other' }), { code: 'conflict' });
  assert.deepEqual(rig.controller.services(), [before]);
  rig.assertConsistent();
});

test('where the kernel draws no numbers a service answers by its name alone', async () => {
  using rig = await Rig.started({ ...plainSettings, hostTables: hostTables({ protected: false, mesh: false }) });
  const { id: network } = await rig.controller.createNetwork({ name: 'app' });
  const virtual = rig.controller.holdVirtualAddress(network, web.id);
  const port = { protocol: 'tcp', published: 80, target: 80 } as const;
  const message = /^service web cannot be balanced: this kernel draws no numbers/;
  await assert.rejects(rig.controller.setService({ ...web, ports: [port] }), { code: 'unavailable', message });
  const balanced = { ...web, networks: [{ network, aliases: [], virtual }] };
  await assert.rejects(rig.controller.setService(balanced), { code: 'unavailable', message });
  await rig.controller.setService({ ...web, networks: [{ network, aliases: [] }] });
  assert.equal(rig.controller.services().length, 1);
});
