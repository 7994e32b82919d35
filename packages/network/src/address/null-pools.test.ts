import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkRequest } from '../network/network-request.ts';
import { Rig } from '../testing/rig.ts';

/** `--ipam-driver null`: links without addresses, for wires where somebody else gives them. */

const lan: NetworkRequest = { name: 'lan', driver: 'macvlan', options: { parent: 'uplink' }, ipam: { driver: 'null' } };

test('containers on a parent have links without addresses, each with a hardware address of its own', async () => {
  using rig = await Rig.started();
  const network = await rig.controller.createNetwork(lan);
  assert.deepEqual([network.subnets, network.ipamDriver], [[], 'null']);
  const [one, two] = [
    await rig.join(await rig.sandbox('one'), network),
    await rig.join(await rig.sandbox('two'), network),
  ];
  assert.deepEqual([one.ipv4, one.ipv6, one.interface], [undefined, undefined, 'eth0']);
  assert.ok(one.mac !== undefined && one.mac !== two.mac);
  rig.assertConsistent();
});

test('a container keeps its hardware address while it is stopped', async () => {
  using rig = await Rig.started();
  const network = await rig.controller.createNetwork(lan);
  const first = await rig.sandbox('web');
  const { mac } = await rig.join(first, network);
  await rig.controller.closeSandbox(first.id);
  assert.equal((await rig.join(await rig.sandbox('web'), network)).mac, mac);
});

const refused: readonly (readonly [request: Partial<NetworkRequest>, message: string])[] = [
  [{ driver: 'bridge', options: {} }, 'ipv4 pool is empty'],
  [{ driver: 'bridge', options: {}, ipv4: false, ipv6: true }, 'ipv6 pool is empty'],
  [
    { ipam: { driver: 'null', config: [{ subnet: '10.0.0.0/24' }] } },
    'null ipam driver does not handle specific address pool requests',
  ],
  [
    { ipam: { driver: 'null', config: [{ range: '10.0.0.0/25' }] } },
    'null ipam driver does not handle specific address subpool requests',
  ],
];
for (const [request, message] of refused) {
  test(`refused: ${JSON.stringify(request)}`, async () => {
    using rig = await Rig.started();
    await assert.rejects(rig.controller.createNetwork({ ...lan, ...request }), { code: 'invalid-argument', message });
    rig.assertConsistent();
  });
}

test('an address asked for by value is no part of it', async () => {
  using rig = await Rig.started();
  const network = await rig.controller.createNetwork(lan);
  const message = 'invalid endpoint settings:\nno configured subnet contains IP address 10.0.0.9';
  await assert.rejects(rig.join(await rig.sandbox('web'), network, { ipv4Address: '10.0.0.9' }), { message });
});
