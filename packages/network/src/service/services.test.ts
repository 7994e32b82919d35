import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Life } from '../testing/life.ts';
import { Rig } from '../testing/rig.ts';
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
