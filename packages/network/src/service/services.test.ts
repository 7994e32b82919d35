import assert from 'node:assert/strict';
import { test } from 'node:test';
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
