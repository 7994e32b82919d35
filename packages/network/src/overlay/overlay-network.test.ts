import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix } from '@fairlead/base';
import type { NetworkRequest } from '../network/network-request.ts';
import { plainSettings, Rig } from '../testing/rig.ts';

const inSwarm = { ...plainSettings, inSwarm: () => true };
const overlay = (name: string, more: Partial<NetworkRequest> = {}) => ({ name, driver: 'overlay', ...more });

test('a machine that manages no swarm makes no overlay network', async () => {
  using rig = await Rig.started();
  for (const request of [overlay('app'), { name: 'app', scope: 'swarm' }]) {
    await assert.rejects(rig.controller.createNetwork(request), {
      code: 'forbidden',
      message: /^This node is not a swarm manager\. Use "docker swarm init"/,
    });
  }
});

test('overlay networks have subnets and numbers of the swarm’s, and a bridge each', async () => {
  using rig = await Rig.started(inSwarm);
  const ipam = { config: [{ subnet: '10.0.0.0/24', gateway: '10.0.0.1' }] };
  const ingress = await rig.controller.createNetwork(overlay('ingress', { ingress: true, ipam }));
  const app = await rig.controller.createNetwork(overlay('app', { ipv6: true, options: { encrypted: '' } }));
  rig.assertConsistent();
  assert.match(app.id, /^[0-9a-z]{25}$/);
  assert.deepEqual([app.driver, app.scope, app.ingress, ingress.ingress], ['overlay', 'swarm', undefined, true]);
  assert.deepEqual(
    [ingress, app].map(({ options }) => options['com.docker.network.driver.overlay.vxlanid_list']),
    ['4096', '4097'],
  );
  assert.deepEqual(app.subnets[0], { subnet: '10.0.1.0/24', gateway: '10.0.1.1' });
  assert.match(app.subnets[1]?.subnet ?? '', /^fd.*\/64$/);
  const links = rig.kernel.observe('').flatMap((object) => (object.kind === 'link' ? [object.name] : []));
  assert.ok(links.includes(`br-${app.id.slice(0, 12)}`));
});

test('a swarm may have pools of its own', async () => {
  const swarmSources = () => [{ base: parsePrefix('10.64.0.0/16'), size: 26 }];
  using rig = await Rig.started({ ...inSwarm, swarmSources });
  const { subnets } = await rig.controller.createNetwork(overlay('app'));
  assert.deepEqual(subnets, [{ subnet: '10.64.0.0/26', gateway: '10.64.0.1' }]);
});

test('what cannot be is refused in dockerd’s words', async () => {
  using rig = await Rig.started(inSwarm);
  const { id } = await rig.controller.createNetwork(overlay('ingress', { ingress: true }));
  const refused: readonly [NetworkRequest, string, RegExp][] = [
    [overlay('a b'), 'invalid-argument', /InvalidArgument desc = name must be valid as a DNS name component$/],
    [overlay('b', { ingress: true }), 'conflict', new RegExp(`AlreadyExists desc = ingress network \\(${id}\\) is`)],
    [overlay('c', { ingress: true, attachable: true }), 'invalid-argument', /ingress network cannot be attachable$/],
    [overlay('d', { labels: { 'com.docker.swarm.predefined': '' } }), 'forbidden', /for internally created predefined/],
    [
      overlay('e', { ipam: { driver: 'null' } }),
      'invalid-argument',
      /InvalidArgument desc = error during lookup of plugin null$/,
    ],
    [overlay('f', { options: { 'com.docker.network.bridge.name': 'x' } }), 'invalid-argument', /is not one of an over/],
    [overlay('ingress'), 'conflict', /^network with name ingress already exists$/],
    [{ name: 'g', scope: 'swarm' }, 'invalid-argument', /driver name: if driver is specified name is required$/],
    [{ name: 'm', driver: 'macvlan', scope: 'swarm' }, 'invalid-argument', /driver macvlan cannot have scope swarm$/],
    [overlay('l', { scope: 'local' }), 'forbidden', /^cannot downgrade network scope for overlay networks$/],
    [{ name: 'h', ingress: true }, 'forbidden', /^Ingress network can only be global scope network$/],
  ];
  for (const [request, code, message] of refused) {
    await assert.rejects(rig.controller.createNetwork(request), { code, message }, request.name);
  }
  rig.assertConsistent();
});

test('only containers of services are on a network that is not attachable', async () => {
  using rig = await Rig.started(inSwarm);
  const [closed, open] = await Promise.all([
    rig.controller.createNetwork(overlay('closed')),
    rig.controller.createNetwork(overlay('open', { attachable: true })),
  ]);
  const sandbox = await rig.sandbox('web');
  await rig.join(sandbox, open);
  const request = { network: closed, hostname: 'web', config: {} };
  await assert.rejects(rig.controller.join(sandbox.id, [request]), {
    code: 'forbidden',
    message: /^Could not attach to network closed: .*network closed not manually attachable$/,
  });
  await rig.controller.join(sandbox.id, [{ ...request, task: true }]);
  assert.equal(rig.controller.endpointsIn(sandbox.id).length, 2);
  rig.assertConsistent();
});

test('a network that a service needs stays', async () => {
  using rig = await Rig.started(inSwarm);
  const ingress = await rig.controller.createNetwork(overlay('ingress', { ingress: true }));
  const app = await rig.controller.createNetwork(overlay('app'));
  const ports = [{ protocol: 'tcp', published: 80, target: 8080 }] as const;
  const networks = [{ network: app.id, aliases: [] }];
  await rig.controller.setService({ id: 'w3b', name: 'web', networks, ports, backends: [] });
  for (const [network, reason] of [
    [app, `network ${app.id} is in use by service w3b`],
    [ingress, 'ingress network cannot be removed because service w3b depends on it'],
  ] as const) {
    await assert.rejects(rig.controller.removeNetwork(network.name), {
      code: 'invalid-argument',
      message: `rpc error: code = FailedPrecondition desc = ${reason}`,
    });
  }
  await rig.controller.removeService('w3b');
  await rig.controller.removeNetwork('app');
  await rig.controller.removeNetwork('ingress');
  rig.assertConsistent();
});
