import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rig } from '../testing/rig.ts';
import type { NetworkRequest } from './network-request.ts';

const MTU = 'com.docker.network.driver.mtu';
const config: NetworkRequest = {
  name: 'shape',
  configOnly: true,
  ipv6: true,
  options: { [MTU]: '1400' },
  labels: { team: 'blue' },
  ipam: { config: [{ subnet: '10.9.0.0/24', range: '10.9.0.128/25' }] },
};

test('a network made from a configuration has what that one says, and is a network of its own else', async () => {
  using rig = await Rig.started();
  const before = rig.kernel.dump('');
  const shape = await rig.controller.createNetwork(config);
  assert.equal(rig.kernel.dump(''), before);
  assert.deepEqual([shape.driver, shape.subnets, shape.ipv6], ['null', [], true]);
  const made = await rig.controller.createNetwork({ name: 'app', configFrom: 'shape', internal: true });
  assert.deepEqual(
    [made.driver, made.configFrom, made.internal, made.ipv6, made.labels, made.options, made.bridge?.mtu],
    ['bridge', 'shape', true, true, { team: 'blue' }, { [MTU]: '1400' }, 1400],
  );
  assert.deepEqual(made.subnets[0], { subnet: '10.9.0.0/24', range: '10.9.0.128/25', gateway: '10.9.0.128' });
  rig.assertConsistent();
});

test('a configuration stays for as long as something is made from it, and only its beginning is an event', async () => {
  using rig = await Rig.started();
  await rig.controller.createNetwork(config);
  await rig.controller.createNetwork({ name: 'app', configFrom: 'shape' });
  await assert.rejects(rig.controller.removeNetwork('shape'), {
    code: 'forbidden',
    message: 'error while removing network: configuration network "shape" is in use',
  });
  await rig.controller.removeNetwork('app');
  await rig.controller.removeNetwork('shape');
  const told = rig.events.map(({ action, network }) => `${action} ${network.name} ${network.driver}`);
  assert.deepEqual(told, ['create shape null', 'create app bridge', 'destroy app bridge']);
  rig.assertConsistent();
});

test('nobody joins a configuration', async () => {
  using rig = await Rig.started();
  const shape = await rig.controller.createNetwork(config);
  const message = 'cannot create endpoint on configuration-only network';
  await assert.rejects(rig.join(await rig.sandbox('web'), shape), { code: 'forbidden', message });
  rig.assertConsistent();
});

const depends = 'if the network depends on a configuration network';
const ownConfiguration = `user-specified configurations are not supported ${depends}`;
const fields =
  'configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.';
const refused: readonly (readonly [request: Partial<NetworkRequest>, code: string, message: string])[] = [
  [{ configOnly: true, internal: true }, 'forbidden', fields],
  [{ configOnly: true, attachable: true }, 'forbidden', fields],
  [{ configOnly: true, scope: 'local' }, 'forbidden', fields],
  [
    { configOnly: true, configFrom: 'shape' },
    'forbidden',
    'a configuration network cannot depend on another configuration network',
  ],
  [
    { configOnly: true, ipam: { config: [{ subnet: '10.0.0.1/24' }] } },
    'invalid-argument',
    'invalid network config:\ninvalid subnet 10.0.0.1/24: it should be 10.0.0.0/24',
  ],
  [{ configFrom: 'shape', ipv4: false }, 'forbidden', ownConfiguration],
  [{ configFrom: 'shape', ipv6: true }, 'forbidden', ownConfiguration],
  [{ configFrom: 'shape', labels: { a: 'b' } }, 'forbidden', ownConfiguration],
  [{ configFrom: 'shape', ipam: { driver: 'null' } }, 'forbidden', ownConfiguration],
  [{ configFrom: 'shape', ipam: { options: { a: 'b' } } }, 'forbidden', ownConfiguration],
  [{ configFrom: 'shape', ipam: { config: [{ subnet: '10.0.0.0/24' }] } }, 'forbidden', ownConfiguration],
  [
    { configFrom: 'shape', options: { [MTU]: '1' } },
    'forbidden',
    `network driver options are not supported ${depends}`,
  ],
  [{ configFrom: 'shapes' }, 'not-found', 'configuration network "shapes" does not exist'],
  [{ configFrom: 'bridge' }, 'not-found', 'configuration network "bridge" does not exist'],
];
for (const [request, code, message] of refused) {
  test(`refused: ${JSON.stringify(request)}`, async () => {
    using rig = await Rig.started();
    await rig.controller.createNetwork(config);
    await assert.rejects(rig.controller.createNetwork({ name: 'app', ...request }), { code, message });
    rig.assertConsistent();
  });
}

test('what the command sends along without being asked is no configuration of its own', async () => {
  using rig = await Rig.started();
  await rig.controller.createNetwork(config);
  const ipam = { driver: 'default', options: {}, config: [] };
  await rig.controller.createNetwork({
    name: 'app',
    driver: 'bridge',
    configFrom: 'shape',
    options: {},
    labels: {},
    ipam,
  });
});
